"""Variants of pictures as readers get them: whole, by range, in pieces, by slow ones and without a store."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import httpx
import msgspec
import pytest
from litestar.exceptions import LitestarException
from litestar.types import ASGIApp, HTTPRequestEvent, Message, Receive, Scope, Send
from sdc_core import keys
from sdc_core.objects import Endpoint, ObjectStore
from sdc_core.settings import Settings
from sdc_core.sqlite import execute
from sdc_core.variants import Manifest, StoredVariant
from sdc_web.app import build
from sdc_web.db import Databases
from sdc_web.site import pictures

ASSET_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
BODY = bytes(range(256)) * 4_000
SMALL = b"a small variant"
FOREVER = "public, max-age=31536000, immutable"
SQL_ASSET = """
INSERT INTO media_assets (id, sha256, file_name, content_type, size_bytes, alt, state, manifest, uploaded_at_us)
VALUES (:id, '0', 'a.jpg', 'image/jpeg', 1, '', 'ready', :manifest, 1)
"""


def _variant(name: str, size_bytes: int = len(BODY)) -> StoredVariant:
    return StoredVariant(name=name, width=960, height=480, format="webp", size_bytes=size_bytes)


@pytest.fixture
async def asset(databases: Databases) -> None:
    """A ready asset with three variants, the second of which is lost."""
    variants = (_variant("960.webp"), _variant("480.webp"), _variant("240.webp", len(SMALL)))
    manifest = Manifest(recipe="r1", width=960, height=480, placeholder="", color="", variants=variants)
    values = {"id": ASSET_ID, "manifest": msgspec.json.encode(manifest).decode()}
    async with databases.site.transaction() as connection:
        await execute(connection, SQL_ASSET, values)


@pytest.fixture
async def with_store(
    settings: Settings,
    asset: None,
    object_store_endpoint: Endpoint,
    object_store: ObjectStore,
    fresh_bucket: Callable[[], Awaitable[str]],
    running: Callable[..., Any],
) -> AsyncGenerator[ASGIApp]:
    """An application that has an object store, with two of the variants in it."""
    bucket = await fresh_bucket()
    for name, body in (("960.webp", BODY), ("240.webp", SMALL)):
        await object_store.put(bucket, keys.variant(ASSET_ID, "r1", name), body, content_type="image/webp")
    await object_store.put(bucket, keys.original(ASSET_ID), b"secret place", content_type="image/jpeg")
    app = build(
        settings.model_copy(
            update={
                "S3_ENDPOINT_URL": object_store_endpoint.url,
                "S3_ACCESS_KEY_ID": object_store_endpoint.access_key_id,
                "S3_SECRET_ACCESS_KEY": type(settings.S3_SECRET_ACCESS_KEY)(object_store_endpoint.secret_access_key),
                "S3_MEDIA_BUCKET": bucket,
            }
        )
    )
    async with running(app):
        yield app


@pytest.fixture
async def stored(with_store: ASGIApp) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of that application."""
    transport = httpx.ASGITransport(with_store)  # ty: ignore[invalid-argument-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


@asynccontextmanager
async def _slow_readers(app: ASGIApp, count: int, path: str) -> AsyncGenerator[None]:
    """So many clients that have asked for a file and take no byte of it, while the block runs."""
    held = asyncio.Semaphore(0)

    async def receive() -> HTTPRequestEvent:
        # No body was announced, so whoever asks waits for the client to leave.
        await asyncio.Event().wait()
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        held.release()
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    async def read_slowly() -> None:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"localhost")],
            "client": ("127.0.0.1", 1),
            "server": ("localhost", 80),
            "state": {},
        }
        await app(scope, receive, send)  # ty: ignore[invalid-argument-type]

    async with asyncio.TaskGroup() as group:
        readers = [group.create_task(read_slowly()) for _ in range(count)]
        for _ in range(2 * count):  # the start of the answer, and its first piece
            await held.acquire()
        yield
        for reader in readers:
            reader.cancel()


async def test_a_cdn_may_ask_by_the_path_of_the_object_store(stored: httpx.AsyncClient) -> None:
    answer = await stored.get(f"/media/{ASSET_ID}/r1/960.webp")
    assert (answer.status_code, answer.content, answer.headers["cache-control"]) == (200, BODY, FOREVER)


async def test_no_file_is_kept_under_the_name_of_a_recipe_that_it_is_not_of(stored: httpx.AsyncClient) -> None:
    for path in (f"/media/{ASSET_ID}/r0/960.webp", f"/media/{ASSET_ID}/960.webp?r=r0"):
        answer = await stored.get(path)
        assert (answer.status_code, answer.headers["cache-control"]) == (302, "no-cache")
        assert answer.headers["location"] == f"/media/{ASSET_ID}/960.webp?r=r1"


async def test_a_variant_is_served_whole_and_for_ever(stored: httpx.AsyncClient) -> None:
    answer = await stored.get(f"/media/{ASSET_ID}/960.webp?r=r1")
    assert answer.status_code == HTTPStatus.OK
    assert answer.content == BODY
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["content-length"] == str(len(BODY))
    assert answer.headers["cache-control"] == FOREVER
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_variant_that_is_known_is_not_sent_again(stored: httpx.AsyncClient) -> None:
    etag = (await stored.get(f"/media/{ASSET_ID}/960.webp")).headers["etag"]
    answer = await stored.get(f"/media/{ASSET_ID}/960.webp", headers={"if-none-match": etag})
    assert (answer.status_code, answer.content) == (HTTPStatus.NOT_MODIFIED, b"")


async def test_an_address_without_recipe_is_asked_anew_each_time(stored: httpx.AsyncClient) -> None:
    answer = await stored.get(f"/media/{ASSET_ID}/960.webp")
    assert (answer.content, answer.headers["cache-control"]) == (BODY, "no-cache")


@pytest.mark.parametrize(
    ("wanted", "expected", "content_range"),
    [
        ("bytes=0-9", BODY[:10], f"bytes 0-9/{len(BODY)}"),
        ("bytes=1000-", BODY[1000:], f"bytes 1000-{len(BODY) - 1}/{len(BODY)}"),
        ("bytes=-5", BODY[-5:], f"bytes {len(BODY) - 5}-{len(BODY) - 1}/{len(BODY)}"),
    ],
)
async def test_a_range_is_passed_through(
    stored: httpx.AsyncClient, wanted: str, expected: bytes, content_range: str
) -> None:
    answer = await stored.get(f"/media/{ASSET_ID}/960.webp", headers={"range": wanted})
    assert answer.status_code == HTTPStatus.PARTIAL_CONTENT
    assert answer.content == expected
    assert answer.headers["content-range"] == content_range


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "lines=1-2", "bytes=", "bytes=-", "bytes=9-1"])
async def test_a_range_that_cannot_be_is_answered_whole(stored: httpx.AsyncClient, wanted: str) -> None:
    answer = await stored.get(f"/media/{ASSET_ID}/960.webp", headers={"range": wanted})
    assert (answer.status_code, len(answer.content)) == (HTTPStatus.OK, len(BODY))


async def test_a_range_beyond_the_end_is_refused_with_the_size(stored: httpx.AsyncClient) -> None:
    path = f"/media/{ASSET_ID}/960.webp?r=r1"
    for wanted in ("bytes=99999999-", f"bytes={len(BODY)}-", "bytes=99999998-99999999", "bytes=-0"):
        answer = await stored.get(path, headers={"range": wanted})
        assert (answer.status_code, answer.content) == (HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, b""), wanted
        assert answer.headers["content-range"] == f"bytes */{len(BODY)}"
        assert answer.headers["cache-control"] == "no-store"
        assert (await stored.head(path, headers={"range": wanted})).status_code == HTTPStatus.OK


async def test_a_part_is_sent_only_to_who_has_the_rest_of_the_same_picture(stored: httpx.AsyncClient) -> None:
    path, wanted = f"/media/{ASSET_ID}/960.webp", "bytes=5-9"
    etag = (await stored.get(path)).headers["etag"]
    same = await stored.get(path, headers={"range": wanted, "if-range": etag})
    assert (same.status_code, same.content) == (HTTPStatus.PARTIAL_CONTENT, BODY[5:10])
    for known in (etag.replace("r1", "r0"), f"W/{etag}", "Tue, 24 Nov 2026 12:00:00 GMT", ""):
        answer = await stored.get(path, headers={"range": wanted, "if-range": known})
        assert (answer.status_code, answer.content) == (HTTPStatus.OK, BODY), known
    beyond = await stored.get(path, headers={"range": "bytes=99999999-", "if-range": '"other"'})
    assert beyond.status_code == HTTPStatus.OK


async def test_head_of_a_variant_tells_its_size(stored: httpx.AsyncClient) -> None:
    answer = await stored.head(f"/media/{ASSET_ID}/960.webp")
    assert (answer.status_code, answer.content) == (HTTPStatus.OK, b"")
    assert answer.headers["content-length"] == str(len(BODY))


@pytest.mark.parametrize("name", ["original", "961.webp", "manifest.json", "..%2F..%2Foriginals", ASSET_ID])
async def test_nothing_but_a_variant_is_ever_served(stored: httpx.AsyncClient, name: str) -> None:
    answer = await stored.get(f"/media/{ASSET_ID}/{name}")
    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert b"secret place" not in answer.content


async def test_a_variant_that_the_store_lost_is_unavailable_and_not_gone(stored: httpx.AsyncClient) -> None:
    answer = await stored.get(f"/media/{ASSET_ID}/480.webp")
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert answer.headers["cache-control"] == "no-store"


async def test_a_store_that_is_away_is_unavailable_in_words(client: httpx.AsyncClient, asset: None) -> None:
    answer = await client.get(f"/media/{ASSET_ID}/960.webp")
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "retry-after" in answer.headers
    assert answer.json()["code"] == "unavailable"


async def test_health_of_a_site_with_its_store_names_the_part_that_is_away(stored: httpx.AsyncClient) -> None:
    parts = (await stored.get("/health")).json()["parts"]
    assert {name for name, part in parts.items() if not part["ok"]} == {"worker"}


async def test_readers_who_take_nothing_keep_nobody_from_a_picture(
    with_store: ASGIApp, stored: httpx.AsyncClient
) -> None:
    async with asyncio.timeout(60), _slow_readers(with_store, 40, f"/media/{ASSET_ID}/960.webp"), asyncio.timeout(2):
        answer = await stored.get(f"/media/{ASSET_ID}/960.webp")
    assert answer.content == BODY


async def test_readers_of_large_pictures_who_take_nothing_keep_nobody_from_a_small_one(
    with_store: ASGIApp, stored: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "WHOLE_BYTES", len(BODY) - 1)
    monkeypatch.setattr(pictures, "OPEN_S", 0.3)
    async with asyncio.timeout(60), _slow_readers(with_store, 40, f"/media/{ASSET_ID}/960.webp"), asyncio.timeout(2):
        answer = await stored.get(f"/media/{ASSET_ID}/240.webp")
    assert answer.content == SMALL


async def test_readers_of_large_pictures_who_leave_give_their_place_back(
    with_store: ASGIApp, stored: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "WHOLE_BYTES", len(BODY) - 1)
    async with asyncio.timeout(60):
        async with _slow_readers(with_store, pictures.STREAMS, f"/media/{ASSET_ID}/960.webp"):
            pass
        answer = await stored.get(f"/media/{ASSET_ID}/960.webp")
    assert answer.content == BODY


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("", slice(None)),
        ("bytes=5-9", slice(5, 10)),
        ("bytes=100000-300000", slice(100_000, 300_001)),
        ("bytes=1000-", slice(1_000, None)),
        ("bytes=1000-99999999", slice(1_000, None)),
        ("bytes=-200000", slice(-200_000, None)),
        ("bytes=-99999999", slice(None)),
    ],
)
async def test_a_large_picture_comes_in_pieces_and_by_range(
    stored: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, wanted: str, part: slice
) -> None:
    path, headers = f"/media/{ASSET_ID}/960.webp", {"range": wanted} if wanted else {}
    at_once = await stored.get(path, headers=headers)
    monkeypatch.setattr(pictures, "WHOLE_BYTES", 64 * 1024)
    answer = await stored.get(path, headers=headers)
    assert answer.status_code == (HTTPStatus.PARTIAL_CONTENT if wanted else HTTPStatus.OK)
    assert answer.content == BODY[part]
    assert dict(answer.headers) == dict(at_once.headers) | {"x-request-id": answer.headers["x-request-id"]}


async def test_a_slow_reader_gets_all_of_a_large_picture_as_long_as_something_is_taken(
    with_store: ASGIApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "WHOLE_BYTES", 64 * 1024)
    monkeypatch.setattr(pictures, "SEND_S", 0.5)

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        async def take_slowly(message: Message) -> None:
            await asyncio.sleep(0.1)
            await send(message)

        await with_store(scope, receive, take_slowly)

    transport = httpx.ASGITransport(slow)  # ty: ignore[invalid-argument-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as phone:
        answer = await phone.get(f"/media/{ASSET_ID}/960.webp")
    assert answer.content == BODY


async def test_a_reader_of_a_large_picture_who_takes_nothing_is_given_up(
    with_store: ASGIApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "WHOLE_BYTES", 64 * 1024)
    monkeypatch.setattr(pictures, "SEND_S", 0.1)

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        async def take_nothing(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.body":
                await asyncio.Event().wait()

        await with_store(scope, receive, take_nothing)

    transport = httpx.ASGITransport(slow)  # ty: ignore[invalid-argument-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as reader, asyncio.timeout(10):
        with pytest.raises(LitestarException, match="after response started"):
            await reader.get(f"/media/{ASSET_ID}/960.webp")
