"""A text that asks search engines to leave it out, and that readers find as any other."""

import httpx
import pytest
from sdc_core import clock
from sdc_core.errors import Forbidden
from sdc_web import audit, posts
from sdc_web.authors import accounts
from sdc_web.authors.rights import SYSTEM
from sdc_web.db import Databases
from sdc_web.imports import front_matter
from sdc_web.posts import Draft, Kind, Post

from signing_in import BROWSER, OWNER, come_in, send

NOINDEX = '<meta name="robots" content="noindex">'


async def published(databases: Databases, title: str, kind: Kind = "post") -> Post:
    post = await posts.create(databases.site, OWNER, kind)
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title=title, body="Words."), 1)
    return await posts.publish(databases.site, OWNER, post.id)


@pytest.mark.usefixtures("author_id")
@pytest.mark.parametrize("kind", ["post", "page", "project"])
async def test_engines_are_asked_at_once_and_readers_see_it_as_before(
    client: httpx.AsyncClient, databases: Databases, kind: Kind
) -> None:
    fog, _ = await published(databases, "Fog", kind), await published(databases, "Lamp", kind)
    before = await client.get(fog.path)
    assert NOINDEX not in before.text
    assert fog.path in (await client.get("/sitemap.xml")).text
    await posts.indexing.hide(databases.site, OWNER, fog.id, hidden=True)
    after = await client.get(fog.path)
    assert after.text.replace(f"{NOINDEX}\n", "") == before.text
    assert NOINDEX not in (await client.get("/posts")).text
    told = (await client.get("/sitemap.xml")).text
    assert (f"{fog.path}<" in told, "/lamp<" in told) == (False, True)
    assert "/fog" in (await client.get("/search?q=fog")).text
    assert kind != "post" or "/posts/fog" in (await client.get("/feed.xml")).text
    await posts.indexing.hide(databases.site, OWNER, fog.id, hidden=False)
    assert (await client.get(fog.path)).text == before.text
    assert fog.path in (await client.get("/sitemap.xml")).text


@pytest.mark.usefixtures("author_id")
async def test_the_page_that_opens_the_home_page_hides_that(client: httpx.AsyncClient, databases: Databases) -> None:
    home = await published(databases, "Home", "page")
    assert NOINDEX not in (await client.get("/")).text
    await posts.indexing.hide(databases.site, OWNER, home.id, hidden=True)
    assert NOINDEX in (await client.get("/")).text


@pytest.mark.usefixtures("author_id")
async def test_it_lasts_through_changes_and_the_trash_and_is_told_once(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    fog = await published(databases, "Fog")
    for _ in range(2):
        await posts.indexing.hide(databases.site, OWNER, fog.id, hidden=True)
    await posts.revisions.save(databases.site, OWNER, fog.id, Draft(title="Fog again"), 2)
    await posts.publish(databases.site, OWNER, fog.id)
    await posts.trash.put(databases.site, OWNER, fog.id)
    await posts.trash.bring_back(databases.site, OWNER, fog.id)
    assert NOINDEX in (await client.get("/posts/fog")).text
    async with databases.site.read() as connection:
        told = await audit.page(connection, OWNER, audit.Filters(kind="post"))
    assert [each.words for each in told if each.action == "post.indexing"] == ["Fog, hidden"]


async def test_it_takes_the_right_to_publish(databases: Databases, author_id: str) -> None:
    assert author_id
    fog = await published(databases, "Fog")
    grace = await accounts.create(databases, SYSTEM, name="grace", role="author", display_name="Grace")
    with pytest.raises(Forbidden):
        await posts.indexing.hide(databases.site, grace.actor, fog.id, hidden=True)


async def test_the_editor_hides_and_shows_it_and_keeps_what_was_typed(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    fog = await published(databases, "Fog")
    address = f"/author/posts/{fog.id}"
    assert "Hide from search engines" in (await client.get(address, headers=BROWSER)).text
    form = {"title": "Fog, typed", "base_revision": "2"}
    hidden = await send(client, f"{address}/noindex?_method=PUT", form)
    assert hidden.headers["location"] == f"{address}?said=noindex"
    page = (await client.get(address, headers=BROWSER)).text
    assert "Show to search engines" in page
    assert "Fog, typed" in page
    assert NOINDEX in (await client.get("/posts/fog")).text
    stale = await send(client, f"{address}/noindex?_method=DELETE", {"title": "Else", "base_revision": "1"})
    assert stale.status_code == 412
    shown = await send(client, f"{address}/noindex?_method=DELETE", {"title": "Fog", "base_revision": "3"})
    assert shown.headers["location"] == f"{address}?said=indexed"
    assert NOINDEX not in (await client.get("/posts/fog")).text


async def test_a_program_hides_it(api: httpx.AsyncClient, databases: Databases) -> None:
    fog = await published(databases, "Fog")
    assert (await api.get(f"/posts/{fog.id}")).json()["noindex"] is False
    hidden = await api.put(f"/posts/{fog.id}/indexing", json={"noindex": True})
    assert (hidden.status_code, hidden.json()["noindex"]) == (200, True)
    assert (await api.put(f"/posts/{fog.id}/indexing", json={"noindex": "yes"})).status_code in (400, 422)


def test_front_matter_says_so_in_the_words_of_export_and_import() -> None:
    fields, _ = front_matter.parted("---\ntitle: Fog\nnoindex: true\n---\nWords.\n")
    assert front_matter.word(fields.get("noindex")) == "true"


async def test_a_blank_draft_that_is_hidden_is_not_what_one_writes_in_next(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)

    async def begun() -> str:
        return (await send(client, "/author/posts", {"kind": "post"})).headers["location"]

    hidden = await begun()
    await posts.indexing.hide(databases.site, OWNER, hidden.rpartition("/")[2], hidden=True)
    with clock.frozen(clock.now_us() + 3600 * clock.SECOND_US):
        assert await begun() != hidden
