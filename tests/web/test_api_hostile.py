"""The API against a program that has a token and no manners: the right 4xx as problem details, never a 500."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager

import httpx
import msgspec
import pytest
from litestar.types import ASGIApp
from sdc_core.settings import Settings
from sdc_web import posts
from sdc_web.app import build
from sdc_web.db import Databases

import api_document
from api_client import program, token
from hostile_input import BODIES, FORM, HEADERS, KNOWN, METHODS, PIECES, QUERIES
from raw_requests import Answer, ask
from signing_in import OWNER

JSON = (b"content-type", b"application/json")
LEAKS = ("Traceback", 'File "/', "sqlite3", "site-packages", "sdc_web.", "ValueError")
DEEP = 100_000
Running = Callable[[ASGIApp], AbstractAsyncContextManager[None]]

BAD_JSON = [
    (b"", 400),
    (b"{", 400),
    (b"\xff", 400),
    (b"\xef\xbb\xbf{}", 400),
    (b'{"title": "\xed\xa0\x80"}', 400),
    (b'{"title": "\\ud800"}', 400),
    (b'{"title": NaN}', 400),
    (b'{"title": "a\0b"}', 400),
    (b"{} {}", 400),
    (b"null", 422),
    (b"[]", 422),
    (b'"x"', 422),
    (b"[" * DEEP, 422),
    (b'{"x":' * DEEP, 422),
    (b'{"tags": ' + b"[" * DEEP, 422),
    (b'{"author_id": "x"}', 422),
    (b'{"published_at": "2020-01-01T00:00:00Z"}', 422),
    (b'{"kind": "essay"}', 422),
    (b'{"title": 1}', 422),
    (b'{"title": null}', 422),
    (b'{"title": ' + b"9" * 5_000 + b"}", 422),
    (b'{"title": "' + b"x" * 201 + b'"}', 422),
    (b'{"body": "' + b"x" * 400_001 + b'"}', 422),
    (b'{"tags": "fog"}', 422),
    (b'{"tags": [1]}', 422),
    (b'{"tags": ["a/b"]}', 422),
    (b'{"tags": [' + b",".join(b'"t%d"' % n for n in range(13)) + b"]}", 422),
    (b'{"series": "x", "series_position": 0}', 422),
    (b'{"series": "x", "series_position": 99999999999999999999}', 422),
    (b'{"series": "x", "series_position": true}', 422),
    (b'{"slug": "../etc"}', 422),
    (b'{"slug": "a\\u0000"}', 422),
    (b'{"cover_asset_id": "nobody"}', 422),
    (b'{"cover_asset_id": "\\u0000"}', 422),
    (b'{"kind": "page", "slug": "author"}', 422),
    (b'{"' + b"x" * 100_000 + b'": 1}', 422),
]
BAD_MOMENTS = [
    '"yesterday"',
    '"2026-01-01"',
    '"2026-01-01T00:00:00"',
    '"0001-01-01T00:00:00Z"',
    '"0001-01-01T00:00:00+14:00"',
    '"9999-12-31T23:59:59-14:00"',
    '"1969-12-31T23:59:59Z"',
    '"99999-01-01T00:00:00Z"',
    "1e400",
    "-1",
    "[]",
]
BAD_QUERIES = [
    b"limit=0",
    b"limit=101",
    b"limit=-1",
    b"limit=1e3",
    b"limit=x",
    b"limit=" + b"9" * 5_000,
    b"limit=1&limit=2",
    b"kind=",
    b"kind=essay",
    b"kind=null",
    b"state=live",
    b"cursor=",
    b"cursor=%00",
    b"cursor=~",
    b"cursor=" + b"x" * 10_000,
    b"word=x",
    b"q=" + b"x" * 10_000,
    b"%ff=1",
    b"kind=%ff",
    b"&".join(b"f%d=1" % n for n in range(100)),
]
MCP = "/api/mcp"
OF_THE_WORKER = tuple(f"/api/v1/{each}" for each in ("analytics/", "jobs", "backups"))


@pytest.fixture
async def bearer(databases: Databases, author_id: str) -> tuple[bytes, bytes]:
    """The header of a program that may write."""
    return b"authorization", b"Bearer " + (await token(databases, author_id)).encode()


@pytest.fixture
async def api(app: ASGIApp, bearer: tuple[bytes, bytes]) -> AsyncGenerator[httpx.AsyncClient]:
    async with program(app, bearer[1].decode().partition(" ")[2]) as opened:
        yield opened


@pytest.fixture
async def post_id(databases: Databases, author_id: str) -> str:
    return (await posts.create(databases.site, OWNER, "post")).id


def faults(answer: Answer, about: object) -> list[str]:
    """What is wrong with an answer, whatever was asked."""
    told = f"{answer.status} {about}: {answer.text[:200]}"
    # What the worker knows cannot be told: it is away here.
    away = answer.status == 503 and answer.scope["path"].startswith(OF_THE_WORKER)
    unknown = answer.status == 501 and answer.scope["method"] not in KNOWN
    found = [] if answer.status < 500 or away or unknown else [told]
    if answer.scope["method"] != "HEAD":
        found += api_document.faults(
            answer.scope["method"], answer.scope["path"], answer.status, answer.headers, answer.body
        )
    found += [f"leaks {leak}: {told}" for leak in LEAKS if leak in answer.text]
    if answer.status >= 400 and answer.scope["method"] != "HEAD":
        problem = msgspec.json.decode(answer.body, type=dict[str, object])
        if answer.scope["path"] == MCP and set(problem) == {"jsonrpc", "id", "error"} and answer.status == 400:
            # JSON-RPC has a form of its own for what is no message.
            return found
        if answer.headers["content-type"] != "application/problem+json" or problem["status"] != answer.status:
            found.append(f"is no problem: {told}")
    return found


async def test_a_body_that_is_wrong_is_refused_as_what_it_is(app: ASGIApp, bearer: tuple[bytes, bytes]) -> None:
    found: list[str] = []
    for body, expected in BAD_JSON:
        answer = await ask(app, "POST", "/api/v1/posts", headers=[bearer, JSON], body=body)
        found += faults(answer, body[:60])
        found += [] if answer.status == expected else [f"{answer.status}, not {expected}: {body[:60]!r} {answer.text}"]
    assert not found, "\n".join(found)


async def test_nothing_of_wrong_bodies_is_kept(app: ASGIApp, bearer: tuple[bytes, bytes], databases: Databases) -> None:
    for body, _ in BAD_JSON:
        await ask(app, "POST", "/api/v1/posts", headers=[bearer, JSON], body=body)
    async with databases.site.read() as connection:
        assert await posts.listing.last_saved(connection, OWNER, 99) == []


async def test_wrong_changes_are_refused_and_change_nothing(
    app: ASGIApp, bearer: tuple[bytes, bytes], databases: Databases, post_id: str
) -> None:
    path, headers = f"/api/v1/posts/{post_id}", [bearer, JSON, (b"if-match", b'"1"')]
    found: list[str] = []
    for body, expected in BAD_JSON:
        answer = await ask(app, "PATCH", path, headers=headers, body=body)
        found += faults(answer, body[:60])
        found += [] if answer.status == expected else [f"{answer.status}, not {expected}: {body[:60]!r}"]
    assert not found, "\n".join(found)
    async with databases.site.read() as connection:
        assert (await posts.revisions.newest(connection, OWNER, post_id)).number == 1


async def test_a_moment_that_is_none_is_refused(api: httpx.AsyncClient, post_id: str) -> None:
    await api.patch(f"/posts/{post_id}", json={"title": "A lamp"}, headers={"If-Match": '"1"'})
    json = {"Content-Type": "application/json"}
    for at in BAD_MOMENTS:
        answer = await api.post(f"/posts/{post_id}/publication", content=f'{{"at": {at}}}', headers=json)
        assert (answer.status_code, answer.json()["field"]) == (422, "at"), at


async def test_a_query_that_is_wrong_is_refused(app: ASGIApp, bearer: tuple[bytes, bytes]) -> None:
    found: list[str] = []
    for query in BAD_QUERIES:
        answer = await ask(app, "GET", "/api/v1/posts", headers=[bearer], query=query)
        found += faults(answer, query[:60])
        found += [] if answer.status == 422 else [f"{answer.status}: {query[:60]!r}"]
    assert not found, "\n".join(found)


async def test_another_type_of_body_is_refused(api: httpx.AsyncClient) -> None:
    for kind in ("", "text/plain", FORM[1].decode(), "multipart/form-data", "x", "application/jsonx"):
        answer = await api.post("/posts", content=b'{"title": "A lamp"}', headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type"), kind


async def test_a_compressed_body_is_refused(api: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert (await api.post("/posts", content=b"\x1f\x8b", headers=headers)).status_code == 415


async def test_a_body_that_is_too_large_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post("/posts", json={"body": "x" * 6_000_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_a_file_is_refused_for_now_while_the_store_is_away(api: httpx.AsyncClient) -> None:
    refused = await api.post("/media", content=b"\x89PNG\r\n\x1a\n", headers={"Content-Type": "image/png"})
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert int(refused.headers["retry-after"]) > 0
    assert (await api.get("/media")).json()["media"] == []


async def test_an_if_match_that_names_no_revision_is_refused(api: httpx.AsyncClient, post_id: str) -> None:
    for sent in ("7", '"', '"x"', "**", '*, "1"', '"1", "2"', '"-1"', '"9999999999"', '"1"x', "W/", '"²"'):
        answer = await api.patch(f"/posts/{post_id}", json={"title": "x"}, headers={b"If-Match": sent.encode()})
        assert (answer.status_code, answer.json()["field"]) == (422, "If-Match"), sent


async def test_a_text_keeps_no_control_characters(api: httpx.AsyncClient) -> None:
    sent = {"title": "a\0b", "summary": "c\0d", "body": "e\0f\r\ng", "tags": ["h\0i"]}
    told = (await api.post("/posts", json=sent)).json()
    assert (told["title"], told["summary"], told["body"], told["tags"]) == ("a b", "c d", "ef\ng", ["h i"])


async def routes(app: ASGIApp) -> list[tuple[str, list[str]]]:
    """The API's routes with their methods."""
    answer = await ask(app, "GET", "/health/live")
    found = sorted((route.path_format, sorted(route.methods)) for route in answer.scope["litestar_app"].routes)
    return [(path, methods) for path, methods in found if path.startswith("/api/")]


@pytest.mark.timeout(120)
async def test_nothing_breaks_a_route_for_who_may_write(app: ASGIApp, bearer: tuple[bytes, bytes]) -> None:
    found: list[str] = []
    for path, methods in await routes(app):

        def named(piece: str, path: str = path) -> str:
            return "/".join(piece if part.startswith("{") else part for part in path.split("/"))

        for method in METHODS:
            found += faults(await ask(app, method, named("x"), headers=[bearer]), (method, path))
        for method in {*methods} - {"OPTIONS"}:
            for query in QUERIES:
                answer = await ask(app, method, named("x"), headers=[bearer], query=query)
                found += faults(answer, (method, path, query[:60]))
            for header in HEADERS:
                found += faults(await ask(app, method, named("x"), headers=[bearer, header]), (method, path, header))
            if "{" in path:
                for piece in PIECES:
                    answer = await ask(app, method, named(piece), headers=[bearer, (b"if-match", b'"1"')])
                    found += faults(answer, (method, path, piece[:60]))
    assert not found, "\n".join(sorted(set(found)))


async def test_no_form_breaks_a_route_for_who_may_write(
    app: ASGIApp, bearer: tuple[bytes, bytes], post_id: str
) -> None:
    found: list[str] = []
    for path, methods in await routes(app):
        where = path.replace("{post_id}", post_id)
        for method in {*methods} - {"GET", "HEAD", "OPTIONS"}:
            for kind, body in BODIES:
                headers = [bearer, (b"content-type", kind), (b"if-match", b'"9"')]
                found += faults(await ask(app, method, where, headers=headers, body=body), (method, path, body[:60]))
    assert not found, "\n".join(sorted(set(found)))


async def test_a_token_is_in_no_log(
    settings: Settings, running: Running, bearer: tuple[bytes, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    text = bearer[1].partition(b" ")[2]
    caplog.set_level("DEBUG")
    built = build(settings)
    async with running(built):
        for method in ("GET", "POST", "DELETE"):
            await ask(built, method, "/api/v1/posts", headers=[bearer], query=b"access_token=" + text)
    files = list(settings.log_dir.rglob("*.ndjson"))
    written = b"".join([await asyncio.to_thread(each.read_bytes) for each in files])
    assert written.count(b'"/api/v1/posts"') == 3
    assert text not in written + caplog.text.encode()


async def test_no_other_site_may_read_an_answer(app: ASGIApp, bearer: tuple[bytes, bytes]) -> None:
    origin = (b"origin", b"https://evil.example")
    for method in ("GET", "OPTIONS"):
        asked = [bearer, origin, (b"access-control-request-method", b"GET")]
        answer = await ask(app, method, "/api/v1/posts", headers=asked)
        assert [name for name in answer.headers if name.startswith("access-control")] == [], method


async def test_an_answer_is_kept_by_no_shared_cache(api: httpx.AsyncClient) -> None:
    assert (await api.get("/posts")).headers["cache-control"] == "private, no-cache"
