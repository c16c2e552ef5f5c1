"""The trash of texts: off the site at once, back as it was, an address that another took, and the end."""

import re
from collections.abc import Awaitable, Callable
from html import unescape

import httpx
import pytest
from markupsafe import escape
from sdc_core import clock
from sdc_core.errors import Forbidden, NotFound
from sdc_core.sqlite import execute, fetch_value
from sdc_web import audit, posts
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post, ProjectFacts, home, preview_links, trash
from sdc_web.posts.listing import Filters
from sdc_web.posts.revisions import Stale
from sdc_web.sessions.confirm import FRESH_US

from signing_in import BROWSER, OWNER, PASSWORD, come_in, make_author, send, sign_in

Publish = Callable[..., Awaitable[Post]]
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
LISTS = ("/", "/posts", "/sitemap.xml", "/feed.xml", "/rss.xml", "/feed.json", "/search?q=fog")


@pytest.fixture
async def signed_in(client: httpx.AsyncClient, databases: Databases) -> httpx.AsyncClient:
    await come_in(client, databases)
    return client


@pytest.fixture
async def draft(databases: Databases, author_id: str) -> Post:
    assert author_id
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="One", body="Text."), 1)
    return await current(databases, post.id)


async def out(databases: Databases, title: str, body: str, slug: str = "") -> Post:
    """A post that readers see."""
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title=title, body=body, slug=slug), 1)
    return await posts.publish(databases.site, OWNER, post.id)


async def current(databases: Databases, post_id: str) -> Post:
    async with databases.site.read() as connection:
        return await posts.find(connection, OWNER, post_id)


async def in_trash(databases: Databases) -> list[trash.Trashed]:
    async with databases.site.read() as connection:
        return await trash.listed(connection, OWNER, 99)


async def statuses(client: httpx.AsyncClient, *paths: str) -> list[int]:
    return [(await client.get(path)).status_code for path in paths]


async def test_each_text_of_a_long_trash_is_on_one_of_its_pages(
    signed_in: httpx.AsyncClient, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sdc_web.author.posts_trash.LISTED", 2)
    ids = []
    for _ in range(5):
        ids.append((await posts.create(databases.site, OWNER, "post")).id)
        await trash.put(databases.site, OWNER, ids[-1])
    seen: list[str] = []
    path: str | None = "/author/posts/trash"
    while path:
        page = (await signed_in.get(path, headers=BROWSER)).text
        seen += re.findall(r'name="post" value="([^"]+)"', page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        path = unescape(found[1]) if found else None
    assert seen == list(reversed(ids))
    assert "5 texts" in page


async def test_a_deleted_text_leaves_every_list_at_once_and_its_address_says_that_it_is_gone(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    post = await publish("Fog", "Fog on the river.", tags=("weather",), series="On fog")
    linking = await publish("Mist", "As in [Fog](/posts/fog).")
    before = {path: (await client.get(path)).text for path in (*LISTS, "/tags/weather", "/series/on-fog", linking.path)}
    assert all("/posts/fog" in text for text in before.values())
    assert (await client.get("/posts/fog")).status_code == 200
    await trash.put(databases.site, OWNER, post.id)
    for path in LISTS:
        assert "/posts/fog<" not in (shown := (await client.get(path)).text), path
        assert '"/posts/fog"' not in shown, path
    assert await statuses(client, "/tags/weather", "/series/on-fog") == [404, 404]
    gone = await client.get("/posts/fog", headers={"Accept": "text/html"})
    assert (gone.status_code, gone.headers["cache-control"]) == (410, "no-store")
    assert "What was here has been taken away." in gone.text
    assert (await client.head("/posts/fog")).status_code == 410


async def test_a_text_comes_back_as_it_was(client: httpx.AsyncClient, databases: Databases, publish: Publish) -> None:
    post = await publish("Fog", "Fog on the river.", tags=("weather",), series="On fog")
    before = await current(databases, post.id)
    page = (await client.get("/posts/fog")).text
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Fog 2"), 2)
    await trash.put(databases.site, OWNER, post.id)
    back = await trash.bring_back(databases.site, OWNER, post.id)
    assert (back.words, await current(databases, post.id)) == ("", before)
    assert (await client.get("/posts/fog")).text == page
    assert "/posts/fog" in (await client.get("/tags/weather")).text
    assert "/posts/fog" in (await client.get("/search?q=river")).text
    async with databases.site.read() as connection:
        (row,) = (await posts.listing.page(connection, OWNER, Filters())).rows
    assert (row.title, row.state) == ("Fog 2", "changed")
    assert await in_trash(databases) == []


async def test_a_text_comes_back_as_this_release_renders_it(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    post = await publish("Fog", "> [!NOTE]\n> It is foggy.")
    page = (await client.get("/posts/fog")).text
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE revisions SET body_html = '<p>as before</p>' WHERE published_at_us > 0")
    await trash.put(databases.site, OWNER, post.id)
    await trash.bring_back(databases.site, OWNER, post.id)
    assert (await client.get("/posts/fog")).text == page


async def test_a_draft_comes_back_with_the_address_that_it_had(databases: Databases, draft: Post) -> None:
    before = await current(databases, draft.id)
    await trash.put(databases.site, OWNER, draft.id)
    assert (await trash.bring_back(databases.site, OWNER, draft.id)).words == ""
    assert await current(databases, draft.id) == before


async def test_a_text_whose_address_was_taken_comes_back_as_a_draft_nearby(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    post = await publish("Fog", "The first one.")
    await trash.put(databases.site, OWNER, post.id)
    await publish("Fog", "The second one.", slug="fog")
    assert "The second one." in (await client.get("/posts/fog")).text
    back = await trash.bring_back(databases.site, OWNER, post.id)
    assert (back.path, back.revision_id) == ("/posts/fog-2", None)
    assert back.words == "It is a draft at /posts/fog-2, as /posts/fog is another post's by now."
    assert "The second one." in (await client.get("/posts/fog")).text
    await posts.publish(databases.site, OWNER, post.id)
    assert "The first one." in (await client.get("/posts/fog-2")).text


async def test_what_was_scheduled_comes_back_as_a_draft_and_says_so(databases: Databases, draft: Post) -> None:
    await posts.publish(databases.site, OWNER, draft.id, clock.now_us() + clock.DAY_US)
    await trash.put(databases.site, OWNER, draft.id)
    assert (await posts.schedule.meet_due(databases.site, clock.now_us() + 2 * clock.DAY_US)).published == 0
    back = await trash.bring_back(databases.site, OWNER, draft.id)
    assert (back.scheduled_at_us, back.scheduled_revision_id) == (None, None)
    assert "set the moment anew" in back.words


async def test_what_was_to_leave_meanwhile_comes_back_as_a_draft(databases: Databases, publish: Publish) -> None:
    post = await publish("Fog", "Text.")
    await posts.schedule.set_end(databases.site, OWNER, post.id, clock.now_us() + clock.DAY_US)
    await trash.put(databases.site, OWNER, post.id)
    back = await trash.bring_back(databases.site, OWNER, post.id)
    assert (back.revision_id is None, back.unpublish_at_us is None, back.words) == (False, False, "")
    await trash.put(databases.site, OWNER, post.id)
    with clock.frozen(clock.now_us() + 2 * clock.DAY_US):
        back = await trash.bring_back(databases.site, OWNER, post.id)
    assert (back.revision_id, back.slug) == (None, "fog")
    assert "the moment has passed" in back.words


async def test_nothing_can_be_done_to_what_is_in_the_trash_but_to_bring_it_back(
    client: httpx.AsyncClient, databases: Databases, draft: Post
) -> None:
    link = await preview_links.make(databases, OWNER, draft.id, days=1)
    assert (await client.get(link.path)).status_code == 200
    await trash.put(databases.site, OWNER, draft.id)
    with pytest.raises(NotFound, match="in the trash"):
        await posts.publish(databases.site, OWNER, draft.id)
    with pytest.raises(NotFound, match="in the trash"):
        await posts.revisions.save(databases.site, OWNER, draft.id, Draft(title="New"), 2)
    with pytest.raises(NotFound, match="in the trash"):
        await trash.put(databases.site, OWNER, draft.id)
    assert (await client.get(link.path)).status_code == 404
    await trash.bring_back(databases.site, OWNER, draft.id)
    assert (await client.get(link.path)).status_code == 200


async def test_old_addresses_lead_nowhere_while_it_is_away_and_are_gone_for_good_afterwards(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    post = await publish("Fog", "Text.")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Fog", slug="mist"), 2)
    await posts.publish(databases.site, OWNER, post.id)
    assert await statuses(client, "/posts/fog", "/posts/mist") == [301, 200]
    await trash.put(databases.site, OWNER, post.id)
    assert await statuses(client, "/posts/fog", "/posts/mist") == [410, 410]
    await trash.bring_back(databases.site, OWNER, post.id)
    assert await statuses(client, "/posts/fog", "/posts/mist") == [301, 200]
    await trash.put(databases.site, OWNER, post.id)
    await trash.remove(databases.site, OWNER, post.id)
    assert await statuses(client, "/posts/fog", "/posts/mist", "/posts/never") == [410, 410, 404]
    await publish("Fog", "Another one.")
    assert await statuses(client, "/posts/fog", "/posts/mist") == [200, 410]


async def test_what_was_taken_off_the_site_is_gone_and_a_draft_never_was_there(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    post, page = await publish("Fog", "Text."), await publish("About", "Me.", kind="page")
    draft = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, draft.id, Draft(title="Hidden"), 1)
    await posts.unpublish(databases.site, OWNER, post.id)
    await posts.unpublish(databases.site, OWNER, page.id)
    assert await statuses(client, "/posts/fog", "/about", "/posts/hidden") == [410, 410, 404]
    await posts.publish(databases.site, OWNER, post.id)
    assert await statuses(client, "/posts/fog") == [200]


async def test_the_authors_own_redirect_is_followed_where_a_text_is_gone(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    post = await out(databases, "Fog", "Text.")
    await out(databases, "Mist", "Text.")
    await trash.put(databases.site, OWNER, post.id)
    form = {"path": "/posts/fog", "target": "/posts/mist"}
    assert (await send(signed_in, "/author/redirects", form)).status_code == 303
    answer = await signed_in.get("/posts/fog")
    assert (answer.status_code, answer.headers["location"]) == (301, "/posts/mist")


async def test_a_project_keeps_its_place_on_the_home_page(databases: Databases, publish: Publish) -> None:
    made = [await publish(title, "Text.", kind="project", project=ProjectFacts(status="idea")) for title in "ABC"]
    for each in made:
        await home.choose(databases.site, OWNER, each.id)
    await trash.put(databases.site, OWNER, made[1].id)
    async with databases.site.read() as connection:
        assert [each.title for each in await home.candidates(connection, OWNER)] == ["A", "C"]
    await trash.bring_back(databases.site, OWNER, made[1].id)
    async with databases.site.read() as connection:
        assert [each.title for each in await home.chosen(connection)] == ["A", "B", "C"]


async def test_after_thirty_days_it_is_deleted_for_good_and_not_before(databases: Databases, publish: Publish) -> None:
    post, kept = await publish("Fog", "Text."), await publish("Mist", "Text.")
    await trash.put(databases.site, OWNER, post.id)
    now_us = clock.now_us()
    assert await trash.empty(databases.site, now_us + trash.KEPT_US - clock.SECOND_US) == 0
    assert await trash.empty(databases.site, now_us + trash.KEPT_US + clock.SECOND_US) == 1
    with pytest.raises(NotFound):
        await trash.bring_back(databases.site, OWNER, post.id)
    assert (await current(databases, kept.id)).revision_id is not None
    async with databases.site.read() as connection:
        (entry, *_) = await audit.page(connection, OWNER, audit.Filters(), 9)
        assert await fetch_value(connection, "SELECT count(*) FROM trashed_posts") == 0
    assert (entry.action, entry.author_name, entry.words) == ("post.deleted", "system", "Fog")


async def test_more_than_one_round_of_old_ones_is_deleted_in_one_night(databases: Databases, author_id: str) -> None:
    for _ in range(trash.MAX_DUE + 1):
        post = await posts.create(databases.site, OWNER, "post")
        await trash.put(databases.site, OWNER, post.id)
    assert await trash.empty(databases.site, clock.now_us() + trash.KEPT_US + clock.SECOND_US) == trash.MAX_DUE + 1


async def test_what_is_not_in_the_trash_cannot_be_deleted_for_good(databases: Databases, draft: Post) -> None:
    with pytest.raises(NotFound, match="not in the trash"):
        await trash.remove(databases.site, OWNER, draft.id)
    assert (await trash.bring_back(databases.site, OWNER, draft.id)).id == draft.id


async def test_an_older_base_revision_is_refused(databases: Databases, draft: Post) -> None:
    with pytest.raises(Stale):
        await trash.put(databases.site, OWNER, draft.id, 1)
    assert await in_trash(databases) == []


async def test_who_did_it_is_told_in_the_trash_and_in_the_log(databases: Databases, draft: Post) -> None:
    await trash.put(databases.site, OWNER, draft.id)
    (found,) = await in_trash(databases)
    assert (found.by_name, found.name) == ("ada", "One")
    await trash.bring_back(databases.site, OWNER, draft.id)
    async with databases.site.read() as connection:
        told = [each.action for each in await audit.page(connection, OWNER, audit.Filters(), 2)]
    assert told == ["post.untrashed", "post.trashed"]


async def test_an_author_finds_their_own_alone_and_may_not_bring_back_anothers(
    databases: Databases, draft: Post
) -> None:
    await trash.put(databases.site, OWNER, draft.id)
    ben = Actor(id="01K00000000000000000000BEN", name="ben", role="author")
    async with databases.site.read() as connection:
        assert (await trash.listed(connection, ben, 9), await trash.count(connection, ben)) == ([], 0)
    with pytest.raises(Forbidden):
        await trash.bring_back(databases.site, ben, draft.id)
    with pytest.raises(Forbidden):
        await trash.remove(databases.site, ben, draft.id)


async def test_a_renamed_tag_has_its_new_name_when_a_text_comes_back(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    post, _ = await publish("Fog", "Text.", tags=("wether",)), await publish("Mist", "Text.", tags=("wether",))
    await trash.put(databases.site, OWNER, post.id)
    await posts.tags.change(databases.site, OWNER, "wether", {"name": "weather"})
    await posts.tags_following.go_on(databases.site)
    await trash.bring_back(databases.site, OWNER, post.id)
    assert "/posts/fog" in (await client.get("/tags/weather")).text
    assert (await client.get("/tags/wether")).status_code != 200


async def test_the_page_brings_back_and_deletes_what_is_ticked(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    first, second = await out(databases, "Fog <b>", "Text."), await out(databases, "Mist", "Text.")
    for each in (first, second):
        answer = await signed_in.post(f"/author/posts/{each.id}?_method=DELETE", headers=BROWSER)
        assert answer.headers["location"] == "/author/posts?said=trashed"
    shown = (await signed_in.get("/author/posts/trash", headers=BROWSER)).text
    assert "Fog &lt;b&gt;" in shown
    assert "Fog <b>" not in shown
    assert "/posts/mist" in shown
    opened = await signed_in.get(f"/author/posts/{first.id}", headers=BROWSER)
    assert (opened.status_code, "in the trash" in opened.text) == (404, True)
    back = await send(signed_in, "/author/posts/trash?_method=DELETE", {"post": first.id})
    assert back.headers["location"] == "/author/posts/trash?said=untrashed"
    gone = await send(signed_in, "/author/posts/trash/removals", {"post": second.id})
    assert gone.headers["location"] == "/author/posts/trash?said=deleted"
    assert "The trash is empty" in (await signed_in.get("/author/posts/trash", headers=BROWSER)).text


async def test_the_page_says_what_is_not_as_it_was(signed_in: httpx.AsyncClient, databases: Databases) -> None:
    post = await out(databases, "Fog", "Text.")
    await trash.put(databases.site, OWNER, post.id)
    await out(databases, "Fog", "Text.", slug="fog")
    answer = await send(signed_in, "/author/posts/trash?_method=DELETE", {"post": post.id})
    assert answer.status_code == 200
    assert "as /posts/fog is another post&#39;s by now" in answer.text


@pytest.mark.parametrize("path", ["trash?_method=DELETE", "trash/removals"])
async def test_a_form_of_the_trash_that_cannot_be_used_is_refused(signed_in: httpx.AsyncClient, path: str) -> None:
    headers = {**BROWSER, "Content-Type": "application/x-www-form-urlencoded"}
    nothing = await signed_in.post(f"/author/posts/{path}", content="", headers=headers)
    assert (nothing.status_code, "Tick at least one first." in nothing.text) == (422, True)
    unknown = await send(signed_in, f"/author/posts/{path}", {"post": "' OR 1=1 --"})
    assert unknown.status_code == 303
    many = await signed_in.post(f"/author/posts/{path}", content="&".join(["post=x"] * 300), headers=headers)
    assert many.status_code == 422


async def test_several_are_deleted_for_good_after_whoever_sits_there_has_confirmed(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await make_author(databases)
    await sign_in(client)
    made = [await out(databases, "Fog", "Text."), await out(databases, "Mist", "Text.")]
    for each in made:
        await trash.put(databases.site, OWNER, each.id)
    headers = {**BROWSER, "Content-Type": "application/x-www-form-urlencoded"}
    body = "&".join(f"post={each.id}" for each in made)
    with clock.frozen(clock.now_us() + FRESH_US + clock.SECOND_US):
        asked = await client.post("/author/posts/trash/removals", content=body, headers=headers)
        assert asked.status_code == 307
        held = await client.post(asked.headers["location"], content=body, headers=headers)
        assert len(await in_trash(databases)) == 2
        proof = {"password": PASSWORD, "action": "/author/posts/trash/removals", "held": body}
        assert escape(body) in held.text
        shown = (await send(client, "/author/confirm", proof)).text
        sent_on = "&".join(f"{name}={value}" for name, value in HIDDEN.findall(shown) if name != "opened_by")
        assert sent_on == body
        done = await client.post("/author/posts/trash/removals", content=sent_on, headers=headers)
    assert done.headers["location"] == "/author/posts/trash?said=deleted"
    assert await in_trash(databases) == []
