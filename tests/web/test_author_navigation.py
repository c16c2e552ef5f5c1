"""The navigation: made by itself, then the author's: added to, put in order, removed, marked, given back."""

from collections.abc import Awaitable, Callable

import httpx
import pytest
from sdc_core import clock
from sdc_core.sqlite import fetch_value
from sdc_web import posts, redirects
from sdc_web.db import Databases
from sdc_web.posts import Draft, Entry, Post
from sdc_web.posts.navigation import Standing

from signing_in import BROWSER, OWNER, come_in, send

Publish = Callable[..., Awaitable[Post]]
IN_2026_US = 1_780_000_000 * clock.SECOND_US
SITE = "http://localhost:8000"
ABOUT = {"title_1": "Posts", "url_1": "/posts", "title_2": "About", "url_2": "/about"}


async def press(client: httpx.AsyncClient, intent: str = "save", **fields: str) -> httpx.Response:
    return await send(client, "/author/navigation?_method=PUT", {"intent": intent} | fields)


async def links(databases: Databases) -> list[tuple[str, str]]:
    """As readers get them."""
    async with databases.site.read() as connection:
        return [(each.title, each.url) for each in (await posts.front(connection, "")).navigation]


async def titles(databases: Databases) -> list[str]:
    return [title for title, _ in await links(databases)]


async def test_what_is_published_makes_it_until_the_author_saves_one(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    author = await come_in(client, databases)
    await client.get("/")
    assert 'value="/posts"' in (await client.get("/author/navigation", headers=BROWSER)).text
    answer = await press(client, **ABOUT, title_3="Code", url_3="https://code.example/~ada")
    assert answer.headers["location"] == "/author/navigation?said=saved"
    home = (await client.get("/", headers={"cookie": ""})).text
    assert '<li><a href="/about">About</a></li>' in home
    assert '<li><a href="https://code.example/~ada" rel="external">Code</a></li>' in home
    page = await posts.create(databases.site, author.actor, "page")
    await posts.revisions.save(databases.site, author.actor, page.id, Draft(title="Later"), 1)
    await posts.publish(databases.site, OWNER, page.id)
    assert await titles(databases) == ["Posts", "About", "Code"]
    await send(client, "/author/navigation?_method=DELETE", {})
    assert await titles(databases) == ["Posts", "Later"]
    assert "Code" not in (await client.get("/", headers={"cookie": ""})).text


@pytest.mark.parametrize(
    ("intent", "expected", "focus"),
    [
        ("up-2", ["B", "A", "C"], "#down-1"),
        ("up-3", ["A", "C", "B"], "#up-2"),
        ("down-2", ["A", "C", "B"], "#up-3"),
        ("down-1", ["B", "A", "C"], "#down-2"),
        ("up-1", ["A", "B", "C"], "#down-1"),
        ("down-3", ["A", "B", "C"], "#up-3"),
        ("remove-1", ["B", "C"], ""),
        ("remove-12", ["A", "B", "C"], ""),
    ],
)
async def test_a_button_moves_or_removes_one_entry_and_what_was_typed_is_kept(
    client: httpx.AsyncClient, databases: Databases, intent: str, expected: list[str], focus: str
) -> None:
    await come_in(client, databases)
    fields = {f"title_{n}": title for n, title in zip((1, 2, 3), "ABC", strict=True)}
    answer = await press(client, intent, **fields, url_1="/a", url_2="/b", url_3="/c")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/author/navigation?said=saved{focus}")
    assert await titles(databases) == expected
    if focus:
        assert f'id="{focus[1:]}"' in (await client.get("/author/navigation", headers=BROWSER)).text


async def test_a_list_without_entries_is_the_authors_too(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    await press(client)
    assert await links(databases) == []
    assert "Use the automatic list" in (await client.get("/author/navigation", headers=BROWSER)).text


@pytest.mark.parametrize(
    ("title", "url", "field"),
    [
        ("", "/about", "title_2"),
        ("x" * 41, "/about", "title_2"),
        ("About", "", "url_2"),
        ("About", "about", "url_2"),
        ("About", "//evil.example", "url_2"),
        ("About", "javascript:alert(1)", "url_2"),
        ("About", "http://old.example", "url_2"),
        ("About", "/\\evil.example", "url_2"),
    ],
)
async def test_what_cannot_be_is_said_at_its_field_and_nothing_is_changed(
    client: httpx.AsyncClient, databases: Databases, title: str, url: str, field: str
) -> None:
    await come_in(client, databases)
    answer = await press(client, "up-1", title_1="Kept", url_1="/posts", title_2=title, url_2=url)
    assert (answer.status_code, f'id="error-{field}"' in answer.text) == (422, True)
    assert 'value="Kept"' in answer.text
    assert await titles(databases) == ["Posts"]


async def test_more_entries_than_fit_and_buttons_that_are_none_are_refused(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    full = {f"{name}_{n}": f"/{n}" for n in range(1, 13) for name in ("title", "url")}
    assert (await press(client, **full)).status_code == 303
    assert "New address" not in (await client.get("/author/navigation", headers=BROWSER)).text
    assert (await press(client, **full, title_13="13", url_13="/13")).status_code == 422
    assert (await press(client, "sideways-2", **full)).status_code == 422
    assert len(await links(databases)) == 12


async def test_titles_are_text_and_addresses_of_the_site_are_paths(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    await press(client, title_1='<b>"&', url_1=f'{SITE}/posts?a="b"')
    shown = (await client.get("/", headers={"cookie": ""})).text
    assert '<a href="/posts?a=%22b%22">&lt;b&gt;&#34;&amp;</a>' in shown


async def test_what_readers_do_not_find_is_marked_in_words(client: httpx.AsyncClient, databases: Databases) -> None:
    author = await come_in(client, databases)
    page = await posts.create(databases.site, author.actor, "page")
    await posts.revisions.save(databases.site, author.actor, page.id, Draft(title="About"), 1)
    await press(client, **ABOUT, title_3="Gone", url_3="/gone")
    shown = (await client.get("/author/navigation", headers=BROWSER)).text
    assert shown.count("Not published: readers find nothing here.") == 1
    assert shown.count("Nothing is at this address.") == 1


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/", "there"),
        ("/posts", "there"),
        ("/projects/", "there"),
        ("/feed.xml", "there"),
        ("/about?x#y", "there"),
        ("/posts/fog", "there"),
        ("/posts/2026", "there"),
        ("/projects/lamp", "there"),
        ("/tags/c%23", "there"),
        ("/tags/c%23/feed.xml", "there"),
        ("/tags/c%23/2026", "there"),
        ("/tags/c%23/1999", "missing"),
        ("/series/weather", "there"),
        ("https://else.example/", "away"),
        ("/old", "moved"),
        ("/later", "draft"),
        ("/posts/later", "missing"),
        ("/posts/1999", "missing"),
        ("/projects/1999", "missing"),
        ("/tags/nothing", "missing"),
        ("/series/nothing", "missing"),
        ("/tags/c%23/feed.pdf", "missing"),
        ("/a/b/c", "missing"),
    ],
)
async def test_an_address_is_judged_as_a_reader_finds_it(
    databases: Databases, publish: Publish, author_id: str, url: str, expected: Standing
) -> None:
    with clock.frozen(IN_2026_US):
        await publish("Fog", tags=("c#",), series="Weather")
    for title, kind in (("Lamp", "project"), ("About", "page")):
        await publish(title, kind=kind)
    later = await posts.create(databases.site, OWNER, "page")
    await posts.revisions.save(databases.site, OWNER, later.id, Draft(title="Later"), 1)
    await redirects.add_own(databases.site, OWNER, "/old", "/posts/fog", SITE)
    async with databases.site.read() as connection:
        assert await posts.navigation.standing(connection, url) == expected


async def test_each_change_is_a_new_generation(databases: Databases) -> None:
    async def generation() -> object:
        async with databases.site.read() as connection:
            return await fetch_value(connection, "SELECT n FROM generation")

    seen = [await generation()]
    await posts.navigation.put(databases.site, OWNER, [Entry(title="A", url="/a")], SITE)
    seen.append(await generation())
    await posts.navigation.forget(databases.site, OWNER)
    seen.append(await generation())
    assert len({*seen}) == 3
