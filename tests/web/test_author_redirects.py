"""Redirects of the author's own: made, refused, followed, counted, deleted."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from html import unescape
from http import HTTPStatus

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_core.sqlite import OperationalError, execute
from sdc_web import posts, redirects
from sdc_web.app import build
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post
from sdc_web.redirects import Redirect, uses
from sdc_web.redirects.nearest import nearest
from sdc_web.redirects.uses import Uses, open_uses

from raw_requests import ask
from signing_in import BROWSER, OWNER, come_in, send

Publish = Callable[..., Awaitable[Post]]
Running = Callable[[ASGIApp], AbstractAsyncContextManager[None]]
SITE = "http://localhost:8000"


@pytest.fixture
async def counted(databases: Databases) -> AsyncGenerator[Uses]:
    """A counter of the test's own."""
    async with open_uses(databases.site) as opened:
        yield opened


async def lead(databases: Databases, path: str, target: str) -> None:
    await redirects.add_own(databases.site, OWNER, path, target, SITE)


async def listed(databases: Databases) -> list[Redirect]:
    async with databases.site.read() as connection:
        return await redirects.page(connection, OWNER, "", "", 10)


async def where(client: httpx.AsyncClient, address: str) -> tuple[int, str]:
    answer = await client.get(address)
    return answer.status_code, answer.headers.get("location", "")


async def test_one_is_led_elsewhere_and_keeps_how_often_it_was_used(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    await lead(databases, "/2019/fog & mist", "/posts/fog")
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE redirects SET uses = 7")
    page = (await client.get("/author/redirects", headers=BROWSER)).text
    (address,) = re.findall(r'href="(/author/redirects\?change=[^"#]+)', page)
    form = (await client.get(unescape(address), headers=BROWSER)).text
    assert 'action="/author/redirects?_method=PUT"' in form
    assert 'value="/posts/fog"' in form
    path = unescape(re.findall(r'id="field-path"[^>]* value="([^"]+)"', form)[0])
    refused = await send(client, "/author/redirects?_method=PUT", {"path": path, "target": "nowhere"})
    assert (refused.status_code, 'id="error-target"' in refused.text) == (422, True)
    assert 'action="/author/redirects?_method=PUT"' in refused.text
    answer = await send(client, "/author/redirects?_method=PUT", {"path": path, "target": "/posts/mist"})
    assert answer.headers["location"] == "/author/redirects?said=saved"
    assert [(each.own_target, each.uses) for each in await listed(databases)] == [("/posts/mist", 7)]
    assert (await send(client, "/author/redirects?_method=PUT", {"path": "/none", "target": "/x"})).status_code == 404


async def test_what_leads_nowhere_cannot_be_changed(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    answer = await client.get("/author/redirects", params={"change": "/none"}, headers=BROWSER)
    assert answer.status_code == 404


async def test_one_is_made_listed_and_deleted(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    form = {"path": "/2019/05/fog.html", "target": "/posts/fog"}
    answer = await send(client, "/author/redirects", form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/author/redirects?said=saved")
    assert "/2019/05/fog.html" in (await client.get("/author/redirects", headers=BROWSER)).text
    assert await where(client, "/2019/05/fog.html") == (301, "/posts/fog")
    await send(client, "/author/redirects?_method=DELETE", {"path": "/2019/05/fog.html"})
    assert await where(client, "/2019/05/fog.html") == (404, "")


async def test_every_redirect_is_on_exactly_one_page_and_is_found_by_a_part_of_either_address(
    client: httpx.AsyncClient, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sdc_web.author.redirects.LISTED", 2)
    await come_in(client, databases)
    with clock.frozen(clock.now_us()):
        for number in range(5):
            await lead(databases, f"/old/{number}", f"/posts/new-{number}")
    seen: list[str] = []
    address = "/author/redirects"
    while address:
        page = (await client.get(address, headers=BROWSER)).text
        seen += re.findall(r'<th scope="row">(.+?)</th>', page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        # One that goes meanwhile takes no other off the list.
        if found and len(seen) == 2:
            await redirects.delete(databases.site, OWNER, seen[-1])
        address = unescape(found[1]) if found else ""
    assert seen == [f"/old/{number}" for number in range(5)]
    searched = (await client.get("/author/redirects?q=NEW-3", headers=BROWSER)).text
    assert re.findall(r'<th scope="row">(.+?)</th>', searched) == ["/old/3"]
    assert "No old address is like that" in (await client.get("/author/redirects?q=100%25", headers=BROWSER)).text
    gone = await send(client, "/author/redirects", {"path": "/old/3", "q": "new & old"}, "DELETE")
    assert gone.headers["location"] == "/author/redirects?q=new+%26+old&said=deleted"
    assert "Deleted." in (await client.get(gone.headers["location"], headers=BROWSER)).text


async def test_the_text_whose_address_is_most_like_an_old_one_is_suggested(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    for title in ("Fog in the harbour", "A foggy day", "Tea", "A harbour tool"):
        post = await posts.create(databases.site, OWNER, "project" if "tool" in title else "post")
        await posts.revisions.save(databases.site, OWNER, post.id, Draft(title=title, body="A text."), 1)
        await posts.publish(databases.site, OWNER, post.id)
    found = {
        "/2019/05/fog-in-the-harbour.html": "/posts/fog-in-the-harbour",
        "/blog/Fog_in_teh_harbor/": "/posts/fog-in-the-harbour",
        "/work/harbour-tool.php": "/projects/a-harbour-tool",
        "/?p=12": "",
        "/%00%ff": "",
        "/about-something-else": "",
    }
    async with databases.site.read() as connection:
        assert {path: await nearest(connection, path) for path in found} == found
    form = (await client.get("/author/redirects?path=/2019/tea.html", headers=BROWSER)).text
    assert 'value="/posts/tea"' in form
    assert "look whether it is meant" in form
    assert "look whether it is meant" not in (await client.get("/author/redirects", headers=BROWSER)).text


@pytest.mark.parametrize("after", ["x", "12", "/old", "1" * 19 + "/old", "²/old"])
async def test_a_place_in_the_list_that_is_none_is_the_senders_fault(
    client: httpx.AsyncClient, databases: Databases, after: str
) -> None:
    await come_in(client, databases)
    assert (await client.get("/author/redirects", params={"after": after}, headers=BROWSER)).status_code == 422


@pytest.mark.parametrize(
    ("path", "target", "field"),
    [
        ("fog", "/posts/fog", "path"),
        ("/author/site", "/posts/fog", "path"),
        ("/posts/here", "/posts/fog", "path"),
        ("/old", "/posts/fog", "path"),
        ("/new", "//evil.example", "target"),
        ("/new", "/new/", "target"),
        ("/new", "/%6Eew?a", "target"),
        ("/new", "/old", "target"),
        ("/new", "/ol%64/", "target"),
    ],
)
async def test_what_cannot_be_is_said_at_its_field_and_kept_in_the_form(
    client: httpx.AsyncClient, databases: Databases, path: str, target: str, field: str
) -> None:
    author = await come_in(client, databases)
    post = await posts.create(databases.site, author.actor, "post")
    await posts.revisions.save(databases.site, author.actor, post.id, Draft(title="Here"), 1)
    await posts.publish(databases.site, OWNER, post.id)
    await lead(databases, "/old", "/posts/fog")
    answer = await send(client, "/author/redirects", {"path": path, "target": target})
    assert (answer.status_code, f'id="error-{field}"' in answer.text) == (422, True)
    assert f'value="{path}"' in answer.text
    assert [each.path for each in await listed(databases)] == ["/old"]


@pytest.mark.parametrize(
    "path", ["/old", "/a/b/c/d.html", "/posts/x/y", "/tags/x/y.php", "/static/x.png", "/media/a.jpg", "/fög"]
)
async def test_any_path_that_nothing_else_answers_leads_on(
    client: httpx.AsyncClient, databases: Databases, path: str
) -> None:
    assert (await where(client, path))[0] == HTTPStatus.NOT_FOUND
    await lead(databases, path, "https://else.example/x?y=1#z")
    assert await where(client, f"{path}?a=b%20c") == (301, "https://else.example/x?y=1&a=b%20c#z")
    head = await client.head(path)
    assert (head.status_code, head.headers["location"]) == (301, "https://else.example/x?y=1#z")


async def test_what_answers_by_itself_does_not_lead_on(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    await lead(databases, "/posts/fog", "/posts")
    await lead(databases, "/tags", "/posts")
    assert await where(client, "/posts/fog") == (301, "/posts")
    assert (await where(client, "/tags"))[0] == HTTPStatus.OK
    await publish("Fog", slug="fog")
    assert (await where(client, "/posts/fog"))[0] == HTTPStatus.OK


async def test_a_form_that_is_sent_to_an_old_address_does_not_lead_on(app: ASGIApp, databases: Databases) -> None:
    await lead(databases, "/a/b/c", "/posts")
    assert (await ask(app, "POST", "/a/b/c")).status == HTTPStatus.NOT_FOUND


async def test_renamed_posts_and_own_redirects_never_go_round_in_a_circle(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    post = await publish("A")
    await lead(databases, "/posts/b", "/posts/a")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="A", slug="b"), 2)
    await posts.publish(databases.site, OWNER, post.id)
    assert await where(client, "/posts/a") == (301, "/posts/b")
    assert (await where(client, "/posts/b"))[0] == HTTPStatus.OK


async def test_a_redirect_of_a_renamed_post_is_listed_with_where_it_leads(
    databases: Databases, publish: Publish
) -> None:
    post = await publish("A")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="A", slug="b"), 2)
    await posts.publish(databases.site, OWNER, post.id)
    (row,) = await listed(databases)
    assert (row.path, row.target, row.own_target, row.uses) == ("/posts/a", "/posts/b", None, 0)


async def test_uses_are_counted_and_written_when_the_site_stops(
    settings: Settings, databases: Databases, running: Running
) -> None:
    await lead(databases, "/old", "/posts")
    built = build(settings)
    async with running(built):
        for _ in range(2):
            await ask(built, "GET", "/old")
    (row,) = await listed(databases)
    assert (row.uses, row.used_at_us is not None) == (2, True)


async def test_no_request_waits_for_the_count(client: httpx.AsyncClient, databases: Databases) -> None:
    await lead(databases, "/old", "/posts")
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE site SET title = 'x'")
        assert await where(client, "/old") == (301, "/posts")


async def test_uses_of_a_deleted_redirect_are_forgotten(counted: Uses, databases: Databases) -> None:
    await lead(databases, "/old", "/posts")
    counted.count("/old")
    await redirects.delete(databases.site, OWNER, "/old")
    await counted.write()
    assert await listed(databases) == []


async def test_what_could_not_be_written_is_counted_later(counted: Uses, databases: Databases) -> None:
    await lead(databases, "/old", "/posts")
    counted.count("/old")
    async with databases.site.transaction() as connection:
        await execute(connection, "ALTER TABLE redirects RENAME TO away")
    with pytest.raises(OperationalError):
        await counted.write()
    async with databases.site.transaction() as connection:
        await execute(connection, "ALTER TABLE away RENAME TO redirects")
    counted.count("/old")
    await counted.write()
    assert [row.uses for row in await listed(databases)] == [2]


async def test_the_count_has_a_bound(counted: Uses, databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uses, "MAX_PATHS", 1)
    for path in ("/one", "/two"):
        await lead(databases, path, "/posts")
        counted.count(path)
        counted.count(path)
    await counted.write()
    assert {row.path: row.uses for row in await listed(databases)} == {"/one": 2, "/two": 0}
