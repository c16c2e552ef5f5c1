import asyncio
import gzip
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path

import brotli
import httpx
import pytest
import zstandard
from litestar.types import ASGIApp, Receive, Scope, Send
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection, execute
from sdc_web import content_codings
from sdc_web.db import Databases
from sdc_web.page_cache import PageCache, kept
from sdc_web.posts import Post
from sdc_web.site.routes import cacheable

Publish = Callable[..., Awaitable[Post]]


class Pages:
    """An application that answers with the site's title, and counts how often it is asked. It waits for `gate` between
    reading and answering.
    """

    def __init__(self, databases: Databases) -> None:
        self.databases = databases
        self.asked = 0
        self.reading = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.status = 200
        self.headers = [(b"content-type", b"text/html; charset=utf-8"), (b"cache-control", b"no-cache")]
        self.filling = b""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        self.asked += 1
        async with self.databases.site.read() as connection:
            title = await _title(connection)
        self.reading.set()
        await self.gate.wait()
        body = title.encode() + self.filling
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


async def _title(connection: Connection) -> str:
    async with connection.execute("SELECT title FROM site") as cursor:
        (row,) = [tuple(row) async for row in cursor]
    return str(row[0])


async def _retitle(databases: Databases, title: str) -> None:
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE site SET title = :title", {"title": title})


@pytest.fixture
def pages(databases: Databases) -> Pages:
    return Pages(databases)


@pytest.fixture
def cache(pages: Pages, settings: Settings) -> PageCache:
    return PageCache(pages, settings.site_db, cacheable, cookie="sdc_session", max_bytes=100_000)


@pytest.fixture
async def cached(cache: PageCache) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(cache)  # ty: ignore[invalid-argument-type]
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers={"accept-encoding": ""})


async def test_a_page_is_made_once(cached: httpx.AsyncClient, pages: Pages) -> None:
    first, second = await cached.get("/posts"), await cached.get("/posts")
    assert first.text == second.text == "A new site"
    assert pages.asked == 1


async def test_a_change_is_in_the_very_next_answer(cached: httpx.AsyncClient, databases: Databases) -> None:
    for n in range(50):
        await _retitle(databases, f"Title {n}")
        assert (await cached.get("/")).text == f"Title {n}"


async def test_a_commit_that_changes_no_page_keeps_the_pages(
    cached: httpx.AsyncClient, pages: Pages, databases: Databases, author_id: str
) -> None:
    await cached.get("/")
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE authors SET password_hash = 'x'")
    await cached.get("/")
    assert pages.asked == 1


async def test_a_page_that_was_begun_before_a_change_is_not_shown_after_it(
    cached: httpx.AsyncClient, pages: Pages, databases: Databases
) -> None:
    pages.gate.clear()
    async with asyncio.TaskGroup() as group:
        slow = group.create_task(cached.get("/"))
        await pages.reading.wait()
        await _retitle(databases, "Changed")
        pages.gate.set()
    assert slow.result().text == "A new site"
    assert (await cached.get("/")).text == "Changed"


async def test_a_page_finished_after_the_new_one_does_not_replace_it(
    cached: httpx.AsyncClient, pages: Pages, databases: Databases
) -> None:
    pages.gate.clear()
    async with asyncio.TaskGroup() as group:
        group.create_task(cached.get("/"))
        await pages.reading.wait()
        held, pages.gate = pages.gate, asyncio.Event()
        pages.gate.set()
        await _retitle(databases, "Changed")
        assert (await cached.get("/")).text == "Changed"
        held.set()
    assert (await cached.get("/")).text == "Changed"


async def test_many_who_ask_at_once_make_one_page(cached: httpx.AsyncClient, pages: Pages) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(cached.get("/")) for _ in range(20)]
    assert {task.result().text for task in tasks} == {"A new site"}
    assert pages.asked == 1


async def test_those_who_wait_are_served_when_the_first_one_leaves(cached: httpx.AsyncClient, pages: Pages) -> None:
    pages.gate.clear()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(cached.get("/"))
        await pages.reading.wait()
        second = group.create_task(cached.get("/"))
        first.cancel()
        pages.gate.set()
    assert second.result().text == "A new site"


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip", "identity"])
async def test_a_page_comes_in_the_encoding_that_was_asked_for(cache: PageCache, pages: Pages, encoding: str) -> None:
    pages.filling = b" and more" * 100
    answer = await _raw(cache, "/", [(b"accept-encoding", encoding.encode())])
    decode = {"br": brotli.decompress, "zstd": zstandard.decompress, "gzip": gzip.decompress, "identity": bytes}[
        encoding
    ]
    assert decode(answer.body) == b"A new site" + pages.filling
    assert answer.headers.get(b"content-encoding", b"identity") == encoding.encode()
    assert answer.headers[b"content-length"] == str(len(answer.body)).encode()
    assert answer.headers[b"vary"] == b"accept-encoding"


async def test_each_encoding_has_a_strong_etag_of_its_own(cache: PageCache, pages: Pages) -> None:
    pages.filling = b" and more" * 100
    answers = [await _raw(cache, "/", [(b"accept-encoding", each)]) for each in (b"br", b"zstd", b"gzip", b"")]
    tags = [answer.headers[b"etag"] for answer in answers]
    assert len(set(tags)) == 4
    assert all(tag.startswith(b'"') for tag in tags)


@pytest.mark.parametrize("form", [b"%s", b"W/%s", b'"other", %s', b"*"])
async def test_a_page_that_is_known_is_not_sent_again(cache: PageCache, form: bytes) -> None:
    etag = (await _raw(cache, "/", [])).headers[b"etag"]
    answer = await _raw(cache, "/", [(b"if-none-match", form % etag if b"%" in form else form)])
    assert (answer.status, answer.body) == (HTTPStatus.NOT_MODIFIED, b"")
    assert answer.headers[b"etag"] == etag
    assert answer.headers[b"cache-control"] == b"no-cache"


async def test_a_page_that_changed_is_sent_though_an_old_one_is_known(cache: PageCache, databases: Databases) -> None:
    etag = (await _raw(cache, "/", [])).headers[b"etag"]
    await _retitle(databases, "Changed")
    answer = await _raw(cache, "/", [(b"if-none-match", etag)])
    assert (answer.status, answer.body) == (HTTPStatus.OK, b"Changed")


async def test_a_first_conditional_request_fills_the_cache_with_the_whole_page(cache: PageCache, pages: Pages) -> None:
    answer = await _raw(cache, "/", [(b"if-none-match", b'"unknown"'), (b"range", b"bytes=0-1")])
    assert answer.body == b"A new site"
    assert (await _raw(cache, "/", [])).body == b"A new site"


async def test_head_has_the_headers_and_no_body_hit_or_miss(cache: PageCache) -> None:
    miss, hit = await _raw(cache, "/", [], "HEAD"), await _raw(cache, "/", [], "HEAD")
    assert miss.body == hit.body == b""
    assert miss.headers == hit.headers
    assert miss.headers[b"content-length"] == b"10"


@pytest.mark.parametrize(
    ("path", "headers", "method"),
    [
        ("/search?q=b", [], "GET"),
        ("/", [(b"cookie", b"a=b; sdc_session=x")], "GET"),
        ("/", [(b"cookie", b"__Host-sdc_session=x")], "GET"),
        ("/author", [], "GET"),
        ("/media/a/b", [], "GET"),
        ("/search", [], "GET"),
        ("/health", [], "GET"),
        ("/", [], "POST"),
        ("//", [], "GET"),
        ("/posts/", [], "GET"),
        ("/tags//feed.xml", [], "GET"),
        ("/share//x.png", [], "GET"),
        ("/posts/a/b", [], "GET"),
    ],
)
async def test_what_is_not_the_same_for_all_goes_past(
    cache: PageCache, pages: Pages, path: str, headers: list[tuple[bytes, bytes]], method: str
) -> None:
    await _raw(cache, path, headers, method)
    await _raw(cache, path, headers, method)
    assert pages.asked == 2


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (404, [(b"content-type", b"text/html"), (b"cache-control", b"no-cache")]),
        (200, [(b"content-type", b"application/json"), (b"cache-control", b"no-cache")]),
        (200, [(b"content-type", b"text/html"), (b"cache-control", b"no-store")]),
        (200, [(b"content-type", b"text/html")]),
        (200, [(b"content-type", b"text/html"), (b"cache-control", b"no-cache"), (b"set-cookie", b"a=b")]),
    ],
)
async def test_an_answer_that_is_no_public_page_is_passed_on_and_not_kept(
    cache: PageCache, pages: Pages, status: int, headers: list[tuple[bytes, bytes]]
) -> None:
    pages.status, pages.headers = status, headers
    first, _ = await _raw(cache, "/", []), await _raw(cache, "/", [])
    assert (first.status, first.body) == (status, b"A new site")
    assert (pages.asked, cache.size_bytes) == (2, 0)


async def test_the_pages_never_take_more_than_their_bytes(cache: PageCache, pages: Pages) -> None:
    pages.filling = bytes(range(256)) * 40
    for n in range(100):
        await _raw(cache, f"/posts/{n}", [])
        assert cache.size_bytes <= 100_000
    assert cache.size_bytes > 10_000


async def test_each_way_of_asking_has_its_own_reply_however_often_it_is_asked(cache: PageCache, pages: Pages) -> None:
    etag = (await _raw(cache, "/", [])).headers[b"etag"]
    for _ in range(3):
        whole = await _raw(cache, "/", [])
        head = await _raw(cache, "/", [], "HEAD")
        known = await _raw(cache, "/", [(b"if-none-match", etag)])
        other = await _raw(cache, "/", [(b"if-none-match", b'"other"')])
        packed = await _raw(cache, "/", [(b"accept-encoding", b"gzip")])
        assert (whole.status, head.status, known.status, other.status) == (200, 200, 304, 200)
        assert (whole.body, head.body, known.body, other.body) == (b"A new site", b"", b"", b"A new site")
        assert packed.body == b"A new site"
    assert pages.asked == 1


async def test_replies_that_are_ready_have_a_bound_in_number_and_length(
    cache: PageCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MAX_READY", 10)
    for number in range(25):
        await _raw(cache, "/", [(b"if-none-match", b'"%d"' % number)])
        assert len(cache._pages.ready) <= 10
    cache._pages.ready.clear()
    assert (await _raw(cache, "/", [(b"if-none-match", b'"x"' * 1_000)])).body == b"A new site"
    assert (await _raw(cache, "/", [(b"accept-encoding", b"x" * 1_000)])).body == b"A new site"
    assert len(cache._pages.ready) == 0


async def test_a_page_that_made_room_leaves_no_reply_behind(cache: PageCache, pages: Pages) -> None:
    pages.filling = bytes(range(256)) * 80
    for path in [f"/posts/{number}" for number in range(10)]:
        await _raw(cache, path, [])
        await _raw(cache, path, [])
        assert {asked[1] for asked in cache._pages.ready} <= set(cache._pages.kept)


async def test_a_page_too_big_to_keep_is_still_served(cache: PageCache, pages: Pages) -> None:
    pages.filling = b"x" * 200_000
    answer = await _raw(cache, "/", [])
    assert len(answer.body) == 200_010
    assert cache.size_bytes == 0


async def test_without_a_database_the_application_answers_by_itself(
    databases: Databases, pages: Pages, tmp_path: Path
) -> None:
    cache = PageCache(pages, tmp_path / "none.db", cacheable, cookie="sdc_session")
    assert (await _raw(cache, "/", [])).body == b"A new site"
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("", "identity"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, zstd", "zstd"),
        ("zstd;q=0, gzip", "gzip"),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("br;q=0.0, gzip;q=0.000", "identity"),
        ("*", "br"),
        ("*;q=0", "identity"),
        ("*;q=0, gzip", "gzip"),
        ("identity, br;q=0.1", "identity"),
        ("identity;q=0", "identity"),
        ("deflate, compress", "identity"),
        ("br; q=1.0", "br"),
        ("br;q=x", "identity"),
        ("br;q=2", "identity"),
        ("br;q=nan", "identity"),
        (",,;;q", "identity"),
    ],
)
def test_the_encoding_follows_the_weights(accepted: str, chosen: str) -> None:
    assert content_codings.best(accepted.encode()) == chosen


async def test_a_publication_by_another_process_is_in_the_very_next_answer(
    client: httpx.AsyncClient, publish: Publish
) -> None:
    assert "Nothing is published" in (await client.get("/posts")).text
    for n in range(10):
        await publish(f"Number {n}")
        assert f"Number {n}" in (await client.get("/posts")).text
        assert f"Number {n}" in (await client.get("/feed.xml")).text


class _Answer:
    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = b""


async def _raw(app: ASGIApp, target: str, headers: list[tuple[bytes, bytes]], method: str = "GET") -> _Answer:
    """The answer as it goes over the wire, compressed or not."""
    path, _, query = target.partition("?")
    answer = _Answer()

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], dict(message["headers"])  # ty: ignore
        else:
            answer.body += message.get("body", b"")  # ty: ignore

    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": headers}
    await app(scope, receive, send)  # ty: ignore[invalid-argument-type]
    return answer


async def test_a_cdn_may_keep_a_page_for_as_long_as_is_set_and_a_browser_may_not(
    pages: Pages, settings: Settings
) -> None:
    cache = PageCache(pages, settings.site_db, cacheable, cookie="sdc_session", cdn_seconds=60)
    transport = httpx.ASGITransport(cache)  # ty: ignore[invalid-argument-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as browser:
        first = await browser.get("/")
        again = await browser.get("/", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == HTTPStatus.NOT_MODIFIED
    for answer in (first, again):
        assert answer.headers["cache-control"] == "public, max-age=0, must-revalidate, s-maxage=60"
        assert answer.headers["cdn-cache-control"] == "public, max-age=60, stale-while-revalidate=60"


def test_what_is_remembered_of_a_strangers_wish_is_short() -> None:
    before = content_codings._best.cache_info().currsize
    for number in range(5):
        assert content_codings.best(f"br, {'x' * 50_000}{number}".encode()) == "br"
    assert content_codings._best.cache_info().currsize <= before + 1
