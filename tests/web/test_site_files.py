import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin

import httpx
import msgspec
import pytest
from litestar.types import ASGIApp, HTTPRequestEvent, Message
from sdc_core import keys
from sdc_core.objects import Endpoint, ObjectStore
from sdc_core.settings import Settings
from sdc_core.sqlite import execute
from sdc_core.variants import Manifest, StoredVariant
from sdc_web import templating
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


async def test_a_large_picture_comes_in_pieces_and_by_range(
    stored: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "WHOLE_BYTES", len(BODY) - 1)
    whole = await stored.get(f"/media/{ASSET_ID}/960.webp")
    part = await stored.get(f"/media/{ASSET_ID}/960.webp", headers={"range": "bytes=5-9"})
    assert (whole.content, whole.headers["content-length"]) == (BODY, str(len(BODY)))
    assert (part.status_code, part.content) == (HTTPStatus.PARTIAL_CONTENT, BODY[5:10])


async def test_every_file_is_served_at_its_own_address_for_ever(client: httpx.AsyncClient) -> None:
    for name, file in templating.static_files().items():
        answer = await client.get(templating.static_address(name))
        assert answer.status_code == HTTPStatus.OK, name
        assert answer.content == file.body, name
        assert answer.headers["cache-control"] == FOREVER, name


async def test_a_file_under_its_plain_name_is_asked_about_each_time(client: httpx.AsyncClient) -> None:
    answer = await client.get("/static/css/site.css")
    assert answer.headers["cache-control"] == "no-cache"
    again = await client.get("/static/css/site.css", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == HTTPStatus.NOT_MODIFIED


async def test_an_address_of_former_days_gets_the_file_as_it_is_now_and_is_not_kept(client: httpx.AsyncClient) -> None:
    answer = await client.get("/static/css/site.00000000.css")
    assert answer.status_code == HTTPStatus.OK
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, br", "br"),
        ("gzip, deflate", "gzip"),
        ("gzip, zstd", "zstd"),
        ("br;q=0, gzip", "gzip"),
        ("deflate", None),
    ],
)
async def test_text_files_come_compressed(client: httpx.AsyncClient, accepted: str, coding: str | None) -> None:
    answer = await client.get("/static/css/site.css", headers={"accept-encoding": accepted})
    assert answer.headers.get("content-encoding") == coding
    assert answer.content == templating.static_files()["css/site.css"].body
    known = {"accept-encoding": accepted, "if-none-match": answer.headers["etag"]}
    assert (await client.get("/static/css/site.css", headers=known)).status_code == HTTPStatus.NOT_MODIFIED


async def test_every_file_that_a_page_names_is_there(client: httpx.AsyncClient) -> None:
    css = templating.static_files()["css/site.css"].body.decode()
    pages = (await client.get("/")).text
    for address in {part.split('"')[0] for part in pages.split('="') if part.startswith("/static/")}:
        assert (await client.get(address)).status_code == HTTPStatus.OK, address
    for part in css.split("url(")[1:]:
        address = part.split(")")[0].strip("'\"")
        if address.startswith("/static/"):
            assert (await client.get(address)).status_code == HTTPStatus.OK, address


async def test_a_script_names_what_it_imports_by_its_content_and_finds_it_there(client: httpx.AsyncClient) -> None:
    scripts = [name for name in templating.static_files() if name.startswith("js/")]
    named: list[str] = []
    for name in scripts:
        address = templating.static_address(name)
        text = (await client.get(address)).text
        named += [urljoin(address, found) for found in re.findall(r'\b(?:from |import |import\()"([^"]+)"', text)]
    assert len(named) > 10
    for address in set(named):
        assert (await client.get(address)).headers["cache-control"] == FOREVER, address


def test_vendored_files_are_those_that_were_looked_at() -> None:
    files = templating.static_files()
    sums = (templating.ROOT / "static/vendor/SHA256SUMS").read_text(encoding="utf-8").splitlines()
    found = {f"vendor/{name}": digest for digest, name in (line.split() for line in sums)}
    assert found == {
        name: hashlib.sha256(file.body).hexdigest()
        for name, file in files.items()
        if name.startswith("vendor/") and name.endswith(".js")
    }


@pytest.mark.parametrize("name", sorted(name for name in templating.static_files() if name.endswith(".css")))
def test_every_rule_of_a_style_sheet_lies_in_a_layer(name: str) -> None:
    """A brace too many ends the layer, and what follows outweighs everything."""
    css = re.sub(r"/\*.*?\*/", "", templating.static_files()[name].body.decode(), flags=re.DOTALL)
    depth, outermost, written = 0, [], ""
    for letter in css:
        if letter == "{" and depth == 0:
            outermost.append(written.split(maxsplit=1)[0])
        depth += {"{": 1, "}": -1}.get(letter, 0)
        assert depth >= 0
        written = "" if letter in "{};" else written + letter
    assert depth == 0
    assert set(outermost) <= {"@layer", "@font-face"}
