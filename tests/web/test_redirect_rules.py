"""Redirects of more than one address: all below a folder, and the numbers of WordPress."""

import json
from collections.abc import Awaitable, Callable

import httpx
import pytest
from litestar.types import Receive, Scope, Send
from sdc_core.errors import Invalid
from sdc_web import posts, redirects
from sdc_web.db import Databases
from sdc_web.exports import redirect_files
from sdc_web.posts import Post
from sdc_web.redirects import addresses
from sdc_web.redirects.store import SQL_FOLLOW
from sdc_web.redirects.uses import open_uses
from sdc_web.site.moved import Moved

from raw_requests import ask
from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]
SITE = "http://localhost:8000"


async def lead(databases: Databases, path: str, target: str) -> None:
    await redirects.add_own(databases.site, OWNER, path, target, SITE)


async def where(client: httpx.AsyncClient, address: str) -> tuple[int, str]:
    answer = await client.get(address)
    return answer.status_code, answer.headers.get("location", "")


async def _nothing(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def test_all_below_a_folder_leads_on_with_what_follows_it(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await lead(databases, "/blog/*", "/posts/*")
    assert await where(client, "/blog/fog") == (301, "/posts/fog")
    assert await where(client, "/blog/2019/f%C3%B6g%3F.html?a=1") == (301, "/posts/2019/f%C3%B6g%3F.html?a=1")
    assert await where(client, "/blog") == (301, "/posts")
    assert await where(client, "/blogs/fog") == (404, "")
    await lead(databases, "/news/*", "https://else.example/x/*")
    assert await where(client, "/news/a") == (301, "https://else.example/x/a")
    await lead(databases, "/shop/*", "/gone-shop")
    assert await where(client, "/shop/a/b") == (301, "/gone-shop")
    await lead(databases, "/home/*", "/*")
    assert await where(client, "/home/%2F%2Fevil.example") == (308, "/home/evil.example")
    assert await where(client, "/home/%5Cevil.example") == (301, "/%5Cevil.example")


async def test_the_address_itself_comes_before_a_rule_and_the_deepest_rule_before_others(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    await publish("Here")
    await lead(databases, "/posts/*", "https://else.example/*")
    await lead(databases, "/a/*", "/one")
    await lead(databases, "/a/b/*", "/two")
    await lead(databases, "/a/b/c", "/three")
    assert [(await where(client, path))[1] for path in ("/a/x", "/a/b/x", "/a/b/c", "/a/b")] == [
        "/one", "/two", "/three", "/two",
    ]  # fmt: skip
    assert await where(client, "/posts/here") == (200, "")
    assert await where(client, "/posts/away") == (301, "https://else.example/away")


async def test_uses_of_a_rule_count_as_its_own(databases: Databases) -> None:
    await lead(databases, "/blog/*", "/posts")
    async with open_uses(databases.site) as uses:
        moved = Moved(_nothing, lambda: (databases.site, uses))
        for path in ("/blog/a", "/blog/b/c"):
            assert (await ask(moved, "GET", path)).status == 301
    async with databases.site.read() as connection:
        assert (await redirects.show(connection, OWNER, "/blog/*")).uses == 2
        assert await posts.navigation.standing(connection, "/blog/x") == "moved"
        assert await posts.navigation.standing(connection, "/blag/x") == "missing"


@pytest.mark.parametrize(
    ("path", "target", "field"),
    [
        ("/*", "/posts/*", "path"),
        ("/author/*", "/posts/*", "path"),
        ("/old/*", "/old/new/*", "target"),
        ("/old/*", "/old", "target"),
        ("/old", "/posts/*", "target"),
        ("/old", "https://a.example/*", "target"),
        ("/old/*", "/blog/deeper/*", "target"),
        ("/old/*", "/blog/fixed", "target"),
        ("/old", "/blog/fixed", "target"),
        ("/archive/*", "/else", "path"),
        ("/archive/deep/*", "/else", None),
    ],
)
async def test_no_rule_leads_round_in_a_circle(
    databases: Databases, author_id: str, path: str, target: str, field: str | None
) -> None:
    assert author_id
    await lead(databases, "/blog/*", "/archive/*")
    if field is None:
        await lead(databases, path, target)
        return
    with pytest.raises(Invalid) as refused:
        await lead(databases, path, target)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("first", "second", "field"),
    [
        (None, ("/?p=7", "/?p=7"), "target"),
        (None, ("/old", "/?p=8"), "target"),
        (("/b", "/a?y=1"), ("/a/*", "/b/*"), "path"),
        (("/b/x", "/a(b)/x"), ("/a(b)/*", "/b/*"), "path"),
        (("/b/x", "/caf%c3%a9/x"), ("/caf\u00e9/*", "/b/*"), "path"),
    ],
)
async def test_no_circle_is_hidden_in_how_an_address_is_written(
    databases: Databases, author_id: str, first: tuple[str, str] | None, second: tuple[str, str], field: str
) -> None:
    assert author_id
    if first:
        await lead(databases, *first)
    with pytest.raises(Invalid) as refused:
        await lead(databases, *second)
    assert refused.value.field == field


async def test_a_deep_address_costs_no_more_than_its_deepest_folders(databases: Databases) -> None:
    path = "/" + "/".join("a" * 400)
    assert len(addresses.rules(path)) == addresses.DEEPEST
    async with databases.site.read() as connection:
        values = {"path": path, "paths": json.dumps(addresses.rules(path))}
        plan = [str(row[3]) for row in await connection.execute_fetchall(f"EXPLAIN QUERY PLAN {SQL_FOLLOW}", values)]
    assert any("SEARCH redirects" in line for line in plan), plan


async def test_a_text_is_found_by_the_number_that_wordpress_gave_it(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    assert await where(client, "/?p=7") == (200, "")
    await lead(databases, "/?p=7", "/posts/fog")
    await lead(databases, f"{SITE}/?page_id=8", "/about")
    assert await where(client, "/?p=7") == (301, "/posts/fog")
    assert await where(client, "/?utm_source=a&p=7&b=c") == (301, "/posts/fog?utm_source=a&b=c")
    assert await where(client, "/?page_id=8") == (301, "/about")
    assert (await client.head("/?p=7")).headers["location"] == "/posts/fog"
    for other in ("/", "/?p=9", "/?p=x", "/?xp=7", "/?p=7x", "/posts?p=7"):
        assert await where(client, other) == (200, ""), other
    await publish("Seven")
    async with databases.site.transaction() as connection:
        await redirects.remove(connection, "/?p=7")
    assert await where(client, "/?p=7") == (200, "")


@pytest.mark.parametrize("path", ["/?p=", "/?p=x", "/?q=7", "/fog?p=7", "/?p=7#x", "/?p=123456789012345678901"])
def test_no_other_query_is_an_old_address(path: str) -> None:
    with pytest.raises(Invalid):
        addresses.old_path(path)


def test_hosts_of_static_copies_read_rules_after_addresses_and_the_deepest_first() -> None:
    told = [("/a/*", "/b/*"), ("/a/x/*", "/c"), ("/z", "/y"), ("/?p=7", "/posts/fog"), ("/with space", "/x")]
    assert redirect_files.lines(told).decode().splitlines() == [
        "/ p=7 /posts/fog 301",
        "/z /y 301",
        "/a/x/* /c 301",
        "/a/* /b/:splat 301",
    ]
    assert [redirect_files.is_pattern(path) for path, _ in told] == [True, True, False, True, False]
