import asyncio

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_core import clock
from sdc_core.errors import Conflict, Forbidden, Invalid, NotFound, Throttled
from sdc_core.settings import Settings
from sdc_core.sqlite import execute, fetch_value
from sdc_web import audit, posts
from sdc_web.authors import accounts, roster
from sdc_web.authors import store as authors
from sdc_web.authors.rights import SYSTEM, Actor
from sdc_web.db import Databases
from sdc_web.hooks.expiry import expire
from sdc_web.posts import Draft, Post, history, preview_links
from sdc_web.request_log.asked import logged_path
from sdc_web.sessions import signed_in
from sdc_web.site.looks import MOST, MOST_ADDRESSES, WINDOW_US, Looks

from pictures import picture
from signing_in import BROWSER, OWNER, come_in, send

FRIEND = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Accept": "text/html"}
OTHER = Actor(id="01K00000000000000000000BOB", name="bob", role="author")


@pytest.fixture
async def post(databases: Databases, author_id: str) -> Post:
    """A draft, its number 2 saved."""
    made = await posts.create(databases.site, OWNER, "post")
    draft = Draft(title="Fog & lamp", body="A *first* text.", summary="Not out yet.")
    await posts.revisions.save(databases.site, OWNER, made.id, draft, 1)
    return made


async def write(databases: Databases, post: Post, body: str) -> None:
    async with databases.site.read() as connection:
        newest = await posts.revisions.newest(connection, OWNER, post.id)
    draft = Draft(title="Fog & lamp", body=body)
    await posts.revisions.save(databases.site, OWNER, post.id, draft, newest.number)


async def newest_id(databases: Databases, post: Post) -> str:
    async with databases.site.read() as connection:
        return (await posts.revisions.newest(connection, OWNER, post.id)).id


async def views(databases: Databases, post: Post) -> list[int]:
    return [each.views for each in await preview_links.listing(databases, OWNER, post.id)]


async def test_a_link_shows_the_newest_text_to_anybody(
    client: httpx.AsyncClient, databases: Databases, post: Post
) -> None:
    made = await preview_links.make(databases, OWNER, post.id, days=7)
    await write(databases, post, "A *second* text.")
    page = await client.get(made.path, headers=FRIEND)
    assert page.status_code == 200
    assert "<em>second</em>" in page.text
    assert "A draft, shared with you." in page.text


async def test_a_link_to_a_revision_shows_that_one_for_good(
    client: httpx.AsyncClient, databases: Databases, post: Post
) -> None:
    shared = await newest_id(databases, post)
    made = await preview_links.make(databases, OWNER, post.id, days=30, note="Bob", revision_id=shared)
    await write(databases, post, "A *second* text.")
    assert "<em>first</em>" in (await client.get(made.path, headers=FRIEND)).text
    async with databases.site.read() as connection:
        assert (await history.entry(connection, post.id, shared)).name == "Shared: Bob"


@pytest.mark.parametrize("shared", [True, False])
async def test_nobody_reads_along_in_a_text_that_is_begun_in_a_blank_draft_they_know(
    databases: Databases, author_id: str, *, shared: bool
) -> None:
    left = await posts.blank(databases, OWNER, "post")
    if shared:
        await preview_links.make(databases, OWNER, left.id, days=7)
    with clock.frozen(clock.now_us() + 3600 * clock.SECOND_US):
        assert ((await posts.blank(databases, OWNER, "post")).id == left.id) is not shared


async def test_nobody_keeps_finds_or_is_told_of_a_shared_page(
    client: httpx.AsyncClient, databases: Databases, post: Post
) -> None:
    made = await preview_links.make(databases, OWNER, post.id, days=7)
    page = await client.get(made.path, headers=FRIEND)
    assert page.headers["cache-control"] == "private, no-store"
    assert page.headers["x-robots-tag"] == "noindex, nofollow, noarchive"
    assert page.headers.get_list("referrer-policy") == ["no-referrer"]
    assert "etag" not in page.headers
    for said in ('rel="canonical"', "og:", "/fog-lamp", "/author"):
        assert said not in page.text
    for listing in ("/sitemap.xml", "/robots.txt", "/", "/feed.xml", "/search?q=lamp"):
        assert "preview" not in (await client.get(listing)).text


async def test_a_link_gives_no_right_to_anything_else(
    client: httpx.AsyncClient, databases: Databases, post: Post
) -> None:
    made = await preview_links.make(databases, OWNER, post.id, days=7)
    page = await client.get(made.path, headers=FRIEND)
    assert "set-cookie" not in page.headers
    assert (await client.post(made.path, headers=FRIEND)).status_code == 405
    assert (await client.get(f"/author/posts/{post.id}", headers=FRIEND)).status_code == 303


async def test_pictures_of_a_draft_are_shown(client: httpx.AsyncClient, databases: Databases, post: Post) -> None:
    asset_id = await picture(databases, "A lamp")
    await write(databases, post, f"![A lamp](media:{asset_id})")
    made = await preview_links.make(databases, OWNER, post.id, days=7)
    page = await client.get(made.path, headers=FRIEND)
    assert f'src="/media/{asset_id}/' in page.text
    assert 'alt="A lamp"' in page.text


@pytest.mark.parametrize("how", ["unknown", "revoked", "expired", "post deleted", "revision gone", "odd"])
async def test_links_that_lead_nowhere_all_look_alike(
    client: httpx.AsyncClient, databases: Databases, post: Post, how: str
) -> None:
    strange = await client.get(f"/preview/{'x' * 43}", headers=FRIEND)
    made = await preview_links.make(
        databases,
        OWNER,
        post.id,
        days=1,
        revision_id=await newest_id(databases, post) if how == "revision gone" else None,
    )
    path, at_us = made.path, clock.now_us()
    match how:
        case "unknown":
            path = f"{made.path[:-1]}{'A' if made.path[-1] != 'A' else 'B'}"
        case "odd":
            path = "/preview/%ff%00"
        case "revoked":
            await preview_links.revoke(databases, OWNER, post.id, made.link.id)
        case "expired":
            at_us += clock.DAY_US
        case "post deleted":
            await posts.trash.put(databases.site, OWNER, post.id)
        case "revision gone":
            await write(databases, post, "Another.")
            async with databases.site.transaction() as connection:
                await execute(connection, "DELETE FROM revisions WHERE number = 2")
    with clock.frozen(at_us):
        answer = await client.get(path, headers=FRIEND)
    told = [name for name in answer.headers if name != "x-request-id"]
    assert (answer.status_code, answer.text) == (404, strange.text)
    assert told == [name for name in strange.headers if name != "x-request-id"]


async def test_only_the_digest_of_a_token_is_stored(databases: Databases, post: Post, settings: Settings) -> None:
    made = await preview_links.make(databases, OWNER, post.id, days=7)
    token = made.path.rpartition("/")[2]
    assert len(token) == 43
    async with databases.ttl.read() as connection:
        stored = await fetch_value(connection, "SELECT token_sha256 FROM preview_links")
    assert len(str(stored)) == 64
    for file in settings.DATA_DIR.rglob("*.db*"):
        assert token.encode() not in file.read_bytes()


@pytest.mark.parametrize("path", ["/preview/SECRET", "//preview//SECRET", "/preview/SECRET/more"])
def test_the_access_log_keeps_no_token(path: str) -> None:
    assert "SECRET" not in logged_path(path)


async def test_only_people_are_counted(client: httpx.AsyncClient, databases: Databases, post: Post) -> None:
    made = await preview_links.make(databases, OWNER, post.id, days=7)
    await client.get(made.path, headers=FRIEND)
    for agent in ("Slackbot-LinkExpanding 1.0", "WhatsApp/2.23", "facebookexternalhit/1.1", "curl/8", ""):
        await client.get(made.path, headers={**FRIEND, "User-Agent": agent})
    await client.head(made.path, headers=FRIEND)
    await client.get(made.path, headers={**FRIEND, "Sec-Purpose": "prefetch"})
    await client.get(made.path, headers={**FRIEND, "Cookie": "sdc_session=anything"})
    assert await views(databases, post) == [1]
    await client.get(made.path, headers=FRIEND)
    assert await views(databases, post) == [2]


async def test_one_address_may_look_so_often_in_a_minute(
    client: httpx.AsyncClient, databases: Databases, post: Post
) -> None:
    made = await preview_links.make(databases, OWNER, post.id, days=7)
    answers = [(await client.get(f"/preview/{number}", headers=FRIEND)).status_code for number in range(MOST + 1)]
    assert answers == [404] * MOST + [429]
    refused = await client.get(made.path, headers=FRIEND)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")


def test_all_addresses_of_one_ipv6_network_count_as_one() -> None:
    looks = Looks()
    for number in range(MOST):
        looks.take(f"2001:db8::{number:x}", 0)
    with pytest.raises(Throttled):
        looks.take("2001:db8:0:0:ffff::1", 0)
    looks.take("2001:db8:0:1::1", 0)
    looks.take("192.0.2.1", 0)


def test_looks_are_forgotten_after_a_minute_and_addresses_fill_no_memory() -> None:
    looks = Looks()
    for _ in range(MOST):
        looks.take("a", 0)
    looks.take("a", WINDOW_US)
    for number in range(3 * MOST_ADDRESSES):
        looks.take(str(number), WINDOW_US + number)
    assert len(looks._windows) <= MOST_ADDRESSES


async def test_expired_links_are_deleted_with_the_rest(databases: Databases, post: Post) -> None:
    await preview_links.make(databases, OWNER, post.id, days=1)
    assert await expire(databases.ttl, clock.now_us()) == 0
    assert await expire(databases.ttl, clock.now_us() + clock.DAY_US) == 1


async def test_a_text_has_at_most_fifty_links(databases: Databases, post: Post) -> None:
    for _ in range(preview_links.MOST):
        await preview_links.make(databases, OWNER, post.id, days=1)
    with pytest.raises(Conflict):
        await preview_links.make(databases, OWNER, post.id, days=1)


async def test_two_at_once_do_not_make_one_too_many(databases: Databases, post: Post) -> None:
    for _ in range(preview_links.MOST - 1):
        await preview_links.make(databases, OWNER, post.id, days=1)

    async def tried() -> bool:
        try:
            await preview_links.make(databases, OWNER, post.id, days=1)
        except Conflict:
            return False
        return True

    async with asyncio.TaskGroup() as group:
        both = [group.create_task(tried()) for _ in range(2)]
    assert sorted(each.result() for each in both) == [False, True]
    assert len(await preview_links.listing(databases, OWNER, post.id)) == preview_links.MOST


async def test_who_has_no_right_to_a_text_is_not_told_how_many_links_it_has(databases: Databases, post: Post) -> None:
    for _ in range(preview_links.MOST):
        await preview_links.make(databases, OWNER, post.id, days=1)
    with pytest.raises(Forbidden):
        await preview_links.make(databases, OTHER, post.id, days=1)


async def test_a_link_that_is_refused_names_no_revision_and_is_not_told(databases: Databases, post: Post) -> None:
    for _ in range(preview_links.MOST):
        await preview_links.make(databases, OWNER, post.id, days=1)
    revision_id = await newest_id(databases, post)
    with pytest.raises(Conflict):
        await preview_links.make(databases, OWNER, post.id, days=1, revision_id=revision_id)
    async with databases.site.read() as connection:
        assert not await history.has_name(connection, revision_id)
        assert len(await audit.page(connection, OWNER, audit.Filters(kind="post"), 99)) == preview_links.MOST + 1


async def test_links_of_anothers_text_are_out_of_reach(databases: Databases, post: Post, author_id: str) -> None:
    made = await preview_links.make(databases, OWNER, post.id, days=1)
    with pytest.raises(Forbidden):
        await preview_links.make(databases, OTHER, post.id, days=1)
    with pytest.raises(Forbidden):
        await preview_links.listing(databases, OTHER, post.id)
    with pytest.raises(Forbidden):
        await preview_links.revoke(databases, OTHER, post.id, made.link.id)
    own = await posts.create(databases.site, OWNER, "post")
    with pytest.raises(NotFound):
        await preview_links.revoke(databases, OWNER, own.id, made.link.id)
    with pytest.raises(Invalid):
        await preview_links.make(databases, OWNER, post.id, days=1, note="x" * 81)


@pytest.mark.parametrize("how", ["removed", "less"])
async def test_a_link_ends_with_the_right_of_whoever_made_it(
    client: httpx.AsyncClient, databases: Databases, post: Post, how: str
) -> None:
    eve = await accounts.create(databases, SYSTEM, name="eve", role="owner")
    made = await preview_links.make(databases, eve.actor, post.id, days=30)
    assert (await client.get(made.path, headers=FRIEND)).status_code == 200
    assert len(await preview_links.listing(databases, OWNER, post.id)) == 1
    if how == "removed":
        await roster.remove(databases, OWNER, eve.id, OWNER.id)
    else:
        await roster.change_role(databases, OWNER, eve.id, "author")
    assert (await client.get(made.path, headers=FRIEND)).status_code == 404
    assert await preview_links.listing(databases, OWNER, post.id) == []


async def test_a_link_is_made_shown_once_listed_and_taken_back(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    made = await posts.create(databases.site, OWNER, "page")
    await posts.revisions.save(databases.site, OWNER, made.id, Draft(title="About", body="Not yet."), 1)
    address = f"/author/posts/{made.id}/preview-links"
    answer = await send(client, address, {"note": "Bob <b>", "days": "30", "revision_id": ""})
    link = answer.text.partition('id="made-link" value="')[2].partition('"')[0]
    assert answer.status_code == 201
    assert link.startswith("http://localhost:8000/preview/")
    client.cookies.clear()
    assert "Not yet." in (await client.get(link, headers=FRIEND)).text
    await _in_again(client, databases)
    listed = (await client.get(address, headers=BROWSER)).text
    assert "Bob &lt;b&gt;" in listed
    assert "1 time, last" in listed
    assert link.rpartition("/")[2] not in listed
    (found,) = await preview_links.listing(databases, OWNER, made.id)
    taken = await send(client, f"{address}/{found.id}?_method=DELETE", {})
    assert taken.headers["location"] == f"{address}?said=taken-back"
    assert (await client.get(link, headers=FRIEND)).status_code == 404


async def _in_again(client: httpx.AsyncClient, databases: Databases) -> None:
    async with databases.site.read() as connection:
        author = await authors.by_id(connection, OWNER.id)
    assert author is not None
    started = await signed_in.start(databases, author, user_agent="Browser", country="")
    client.cookies["sdc_session"] = started.token


@pytest.mark.parametrize(
    "form", [{"days": "8"}, {"days": "x"}, {"more": "x"}, {"note": "x" * 81}, {"revision_id": "01NO"}]
)
async def test_a_link_that_cannot_be_is_refused_and_what_was_typed_stays(
    client: httpx.AsyncClient, databases: Databases, form: dict[str, str]
) -> None:
    await come_in(client, databases)
    made = await posts.create(databases.site, OWNER, "post")
    answer = await send(client, f"/author/posts/{made.id}/preview-links", form)
    assert answer.status_code in (404, 422)
    if "note" in form:
        assert form["note"] in answer.text
    assert await preview_links.listing(databases, OWNER, made.id) == []


async def test_the_page_cache_never_holds_a_shared_page(
    app: ASGIApp, client: httpx.AsyncClient, databases: Databases, post: Post
) -> None:
    made = await preview_links.make(databases, OWNER, post.id, days=7)
    await client.get(made.path, headers=FRIEND)
    await write(databases, post, "A *second* text.")
    assert "<em>second</em>" in (await client.get(made.path, headers=FRIEND)).text
