"""What stands behind the address of a page that reads no query changes nothing of the answer, for anybody."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import pytest
from litestar.types import ASGIApp
from sdc_core import access_log, clock
from sdc_core.access_log import Line
from sdc_core.settings import Settings
from sdc_core.sqlite import execute
from sdc_web import redirects, site
from sdc_web.app import Routes, build
from sdc_web.db import Databases
from sdc_web.posts import Post
from sdc_web.site.routes import cacheable

from raw_requests import Answer, ask
from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]

KEPT = {
    "/": "/",
    "/posts": "/posts",
    "/posts/{slug:str}": "/posts/fog",
    "/projects": "/projects",
    "/projects/{slug:str}": "/projects/a-lamp",
    "/tags": "/tags",
    "/tags/{tag:str}": "/tags/weather",
    "/tags/{tag:str}/{year:str}": "/tags/weather/2026",
    "/series/{slug:str}": "/series/on-fog",
    "/{slug:str}": "/about",
    "/feed/{name:str}": "",
    **{each: each for each in ("/robots.txt", "/manifest.webmanifest", "/opensearch.xml")},
    "/share/{post_id:str}/{name:str}": "",
    "/icon/{name:str}": "",
    **{f"{place}/{name}": f"{where}/{name}" for place, where in {
        "": "", "/projects": "/projects", "/tags/{tag:str}": "/tags/weather", "/series/{slug:str}": "/series/on-fog",
    }.items() for name in ("feed.xml", "rss.xml", "feed.json")},
}  # fmt: skip
"""Routes whose answers are kept, each with an address that it answers."""
NOT_PAGES = frozenset({
    *("/search", "/health", "/health/live", "/metrics", "/webmention", "/pages/read", "/preview/{token:str}"),
    *("/.well-known/security.txt", "/static/{path:path}", "/look/{name:str}"),
})  # fmt: skip
"""What reads its query, or is no page."""
MADE = ("/sitemap", "/media/", "/apple-touch-icon", "/favicon")
QUERIES = [
    b"utm_source=evil.example&utm_medium=%3Cscript%3E",
    b"fbclid=evil",
    b"q=evil&page=2&tag=evil&r=evil&said=saved&_method=DELETE",
    b"<script>evil</script>",
    b"\xff\xfe=evil",
    b"&a=evil" * 10_000,
]
BROTLI = [(b"accept-encoding", b"br")]


@pytest.fixture
async def written(publish: Publish) -> Post:
    """One of each kind, with a tag and a series."""
    await publish("A lamp", kind="project", tags=["weather"])
    await publish("About", kind="page")
    at_us = clock.from_datetime(clock.to_datetime(clock.now_us()).replace(year=2026, month=1, day=2))
    return await publish("Fog", tags=["weather"], series="On fog", at_us=at_us)


def told(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return answer.status, headers, answer.body


def test_every_public_route_is_one_that_is_kept_or_one_that_is_no_page() -> None:
    found = {path for handler in site.route_handlers for path in handler.paths}
    assert {each for each in found if not each.startswith(MADE)} == KEPT.keys() | NOT_PAGES


async def test_no_query_changes_what_is_answered_nor_what_the_next_one_is_answered(
    app: ASGIApp, databases: Databases, written: Post
) -> None:
    page = (await ask(app, "GET", written_at(written))).text
    card = page.partition('property="og:image" content="http://localhost:8000')[2].partition('"')[0]
    icon = page.partition('<link rel="icon" href="')[2].partition('"')[0]
    for path in [*filter(None, KEPT.values()), card, icon, "/sitemap.xml"]:
        assert cacheable(path), path
        for query in QUERIES:
            async with databases.site.transaction() as connection:
                await execute(connection, "UPDATE generation SET n = n + 1")
            first = await ask(app, "GET", path, query=query, headers=BROTLI)
            again = await ask(app, "GET", path, query=query, headers=BROTLI)
            plain = await ask(app, "GET", path, headers=BROTLI)
            assert told(first) == told(again) == told(plain), (path, query)
            known = [*BROTLI, (b"if-none-match", plain.headers["etag"].encode())]
            assert (await ask(app, "GET", path, query=query, headers=known)).status == 304, (path, query)
            head = await ask(app, "HEAD", path, query=query, headers=BROTLI)
            assert told(head) == (*told(plain)[:2], b""), (path, query)
        assert plain.status == 200, path
        assert plain.headers["vary"] == "accept-encoding", path
        assert path in (card, icon, "/robots.txt") or plain.headers["content-encoding"] == "br", path
        assert b"evil" not in (await ask(app, "GET", path)).body, path


def written_at(post: Post) -> str:
    return f"/posts/{post.slug}"


async def test_what_has_moved_leads_on_with_the_query_it_was_asked_with(app: ASGIApp, databases: Databases) -> None:
    await redirects.add_own(databases.site, OWNER, "/posts/old", "/posts/new", "http://localhost:8000")
    for _ in range(2):
        answer = await ask(app, "GET", "/posts/old", query=b"utm_source=a&b=\xff%20c")
        assert (answer.status, answer.headers["location"]) == (301, "/posts/new?utm_source=a&b=%C3%BF%20c")
    spelled = await ask(app, "GET", "/Posts", query=b"a=1")
    assert (spelled.status, spelled.headers["location"]) == (301, "/posts?a=1")
    assert (await ask(app, "GET", "/tags//feed.xml", query=b"a=1")).headers["location"] == "/tags/feed.xml?a=1"


async def test_the_line_of_the_log_has_path_and_campaign_made_or_kept(
    files: None, settings: Settings, routes: Routes, running: Callable[[ASGIApp], AbstractAsyncContextManager[None]]
) -> None:
    app = build(settings, routes)
    async with running(app):
        for _ in range(3):
            await ask(app, "GET", "/posts", query=b"utm_source=paper&id=7&utm_term=fog")
        await ask(app, "GET", "/posts")
    lines = await asyncio.to_thread(logged, settings)
    assert [(line.path, line.query) for line in lines] == [("/posts", "utm_source=paper&utm_term=fog")] * 3 + [
        ("/posts", "")
    ]
    assert len({(line.status, line.bytes, line.type) for line in lines}) == 1


def logged(settings: Settings) -> list[Line]:
    files = sorted(settings.log_dir.rglob("*.ndjson"))
    return [access_log.decode(line) for file in files for line in file.read_bytes().splitlines()]


@pytest.mark.parametrize("path", ["/posts", "/feed.xml", "/favicon.ico"])
async def test_the_line_names_the_type_of_what_the_reader_has_already(
    files: None,
    settings: Settings,
    routes: Routes,
    running: Callable[[ASGIApp], AbstractAsyncContextManager[None]],
    path: str,
) -> None:
    app = build(settings, routes)
    async with running(app):
        etag = (await ask(app, "GET", path)).headers["etag"].encode()
        for coding in (b"identity", b"br", b"br"):  # kept, made for this one, kept since
            known = [(b"if-none-match", b"*"), (b"accept-encoding", coding)]
            assert (await ask(app, "GET", path, headers=known)).status == 304
    async with running(app := build(settings, routes)):
        assert (await ask(app, "GET", path, headers=[(b"if-none-match", etag)])).status == 304  # made anew
    lines = await asyncio.to_thread(logged, settings)
    assert [line.status for line in lines] == [200, 304, 304, 304, 304]
    assert len({line.type for line in lines}) == 1
    assert lines[0].type
