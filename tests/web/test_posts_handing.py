"""A text is given to another author: in the list, by the API, and what each of them sees then."""

import httpx
import pytest
from sdc_core.errors import Forbidden, Invalid, NotFound
from sdc_web import audit, posts
from sdc_web.authors import accounts
from sdc_web.authors.rights import SYSTEM
from sdc_web.authors.store import Author
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post

from signing_in import BROWSER, OWNER, come_in, send


@pytest.fixture
async def grace(databases: Databases) -> Author:
    """Another author of the site."""
    return await accounts.create(databases, SYSTEM, name="grace", role="author", display_name="Grace")


@pytest.fixture
async def fog(databases: Databases, author_id: str) -> Post:
    """A published text of the owner's."""
    assert author_id
    return await published(databases)


async def published(databases: Databases) -> Post:
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Fog"), 1)
    return await posts.publish(databases.site, OWNER, post.id)


async def test_who_gets_it_is_named_at_once_and_may_change_it(
    client: httpx.AsyncClient, databases: Databases, fog: Post, grace: Author
) -> None:
    assert "Written by Ada Lovelace<" in (await client.get("/posts/fog")).text
    with pytest.raises(Forbidden):
        await posts.revisions.save(databases.site, grace.actor, fog.id, Draft(title="Hers"), 2)
    await posts.handing.hand_over(databases.site, OWNER, fog.id, "grace")
    await posts.handing.hand_over(databases.site, OWNER, fog.id, "grace")
    assert "Written by Grace<" in (await client.get("/posts/fog")).text
    await posts.revisions.save(databases.site, grace.actor, fog.id, Draft(title="Hers"), 2)
    async with databases.site.read() as connection:
        told = await audit.page(connection, OWNER, audit.Filters(kind="post"))
        listed = await posts.listing.page(connection, grace.actor, posts.listing.Filters())
    assert [each.words for each in told if each.action == "post.given"] == ["Fog, to grace"]
    assert [each.id for each in listed.rows] == [fog.id]


@pytest.mark.parametrize("name", ["", "nobody", "vera", "gone"])
async def test_nobody_gets_it_who_cannot_have_texts(databases: Databases, fog: Post, name: str) -> None:
    await accounts.create(databases, SYSTEM, name="vera", role="viewer")
    with pytest.raises(Invalid):
        await posts.handing.hand_over(databases.site, OWNER, fog.id, name)


async def test_only_owners_give_texts_away(databases: Databases, fog: Post, grace: Author) -> None:
    with pytest.raises(Forbidden):
        await posts.handing.hand_over(databases.site, grace.actor, fog.id, "grace")
    with pytest.raises(NotFound):
        await posts.handing.hand_over(databases.site, OWNER, "01ARZ3NDEKTSV4RRFFQ69G5FAV", "grace")


async def test_several_are_given_from_the_list(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    fog = await published(databases)
    assert 'value="author"' not in (await client.get("/author/posts", headers=BROWSER)).text
    grace = await accounts.create(databases, SYSTEM, name="grace", role="author", display_name="Grace <H>")
    assert 'value="author"' in (await client.get("/author/posts", headers=BROWSER)).text
    asked = await client.get(f"/author/posts/selection?action=author&post={fog.id}", headers=BROWSER)
    assert "Another author for 1 text?" in asked.text
    assert '<option value="grace">Grace &lt;H&gt;</option>' in asked.text
    form = {"action": "author", "post": fog.id}
    refused = await send(client, "/author/posts/selection", form)
    assert (refused.status_code, 'id="error-writer"' in refused.text) == (422, True)
    unknown = await send(client, "/author/posts/selection", {**form, "writer": "nobody"})
    assert (unknown.status_code, "No owner or author of the site" in unknown.text) == (422, True)
    done = await send(client, "/author/posts/selection", {**form, "writer": "grace"})
    assert (done.status_code, done.headers["location"]) == (303, "/author/posts?said=saved")
    async with databases.site.read() as connection:
        assert (await posts.find(connection, OWNER, fog.id)).author_id == grace.id


@pytest.mark.usefixtures("grace")
async def test_a_program_of_an_owner_gives_a_text(api: httpx.AsyncClient, fog: Post) -> None:
    assert (await api.get(f"/posts/{fog.id}")).json()["author"] == "ada"
    given = await api.put(f"/posts/{fog.id}/author", json={"author": "grace"})
    assert (given.status_code, given.json()["author"]) == (200, "grace")
    assert (await api.get("/posts")).json()["posts"][0]["author"] == "grace"
    refused = await api.put(f"/posts/{fog.id}/author", json={"author": "nobody"})
    assert (refused.status_code, refused.json()["field"]) == (422, "author")
