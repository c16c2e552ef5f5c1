"""Micropub against an app without manners: refused in words, nothing made, nothing broken."""

import errno
from collections.abc import AsyncGenerator

import pytest
from litestar.types import ASGIApp
from sdc_core import clock, disk, sqlite
from sdc_web import posts
from sdc_web.api import micropub_entries
from sdc_web.authors import accounts, store
from sdc_web.db import Databases
from sdc_web.posts import whole

from api_client import token
from hostile_input import BODIES
from signing_in import OWNER
from writing_app import SITE, App, bearing, entry


@pytest.fixture
async def writer(app: ASGIApp, databases: Databases, author_id: str) -> AsyncGenerator[App]:
    text = await token(databases, author_id)
    async with bearing(app, text) as client:
        yield App(client, text)


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"\xff", b'{"type": 1}', b"[" * 100_000, b'{"a":' * 100_000])
async def test_json_that_cannot_be_used_is_refused(writer: App, body: bytes) -> None:
    answer = await writer.client.post("/micropub", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"content": ["one", "two"]},
        {"content": [{"html": 1}]},
        {"content": [{"html": "<div>" * 50_000}]},
        {"content": ["x" * 400_001]},
        {"name": ["x" * 201]},
        {"category": ["a/b"]},
        {"category": [f"t{number}" for number in range(251)]},
        {"photo": [{"value": 1}]},
        {"photo": ["javascript:alert(1)"]},
        {"photo": ["file:///etc/passwd"]},
        {"photo": ["http://127.0.0.1:9/a.png"]},
        {"photo": ["http://user@10.0.0.1/a.png"]},
        {"photo": ["http://[::1"]},
        {"photo": [f"{SITE}/media/01JDF3WHN8M2K4P6R8T0V2X4Z6/480.webp"]},
        {"photo": ["http://10.0.0.1/a.png"] * 13},
        {"published": ["99999-01-01"]},
        {"name": {"no": "list"}},
        {f"p{number}": [] for number in range(61)},
    ],
)
async def test_an_entry_that_cannot_be_taken_is_refused_and_nothing_is_made(
    writer: App, databases: Databases, properties: dict[str, list[object]]
) -> None:
    answer = await writer.json({"type": ["h-entry"], "properties": properties})
    assert answer.status_code in (400, 413), answer.text
    assert answer.json()["error"] in ("invalid_request", "too_large")
    async with databases.site.read() as connection:
        assert await posts.listing.last_saved(connection, OWNER, 9) == []


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data", "", "application/xml"])
async def test_another_type_of_body_is_refused(writer: App, kind: str) -> None:
    answer = await writer.client.post("/micropub", content=b"content=a", headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "pairs", [[("h", "event")], [("action", "burn"), ("url", SITE)], [("action", "delete")], [("action", "update")]]
)
async def test_a_form_that_asks_for_what_is_not_done_here_is_refused(writer: App, pairs: list[tuple[str, str]]) -> None:
    answer = await writer.form(*pairs)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_body_that_never_ends_is_cut_off(writer: App) -> None:
    big = b"content=" + b"x" * (6 * 1024 * 1024)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await writer.client.post("/micropub", content=big, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


@pytest.mark.timeout(120)
async def test_nothing_that_is_sent_breaks_the_endpoint(writer: App) -> None:
    for own, body in BODIES:
        for kind in {own, b"application/json", b"application/x-www-form-urlencoded"}:
            for path in ("/micropub", "/micropub/media"):
                answer = await writer.client.post(path, content=body, headers=[(b"content-type", kind)])
                # No object store is there, so that a picture cannot be taken.
                assert answer.status_code < 500 or answer.json()["error"] == "unavailable", (
                    kind,
                    body[:80],
                    answer.text,
                )


async def test_what_a_full_disk_cannot_take_is_refused_in_words(writer: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(whole, "begin", no_room)
    answer = await writer.json(entry(content=["Fog"]))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, str(disk.FULL_RETRY_S))
    assert answer.json() == {"error": "unavailable", "error_description": disk.WORDS}


async def test_what_a_database_that_another_process_keeps_cannot_take_is_refused_in_words(
    writer: App, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "LOCK_S", 0.05)
    async with databases.site.transaction():
        answer = await writer.json(entry(content=["Fog"]))
    assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)
    assert answer.json() == {"error": "unavailable", "error_description": "site.db is busy"}


async def test_another_authors_post_is_refused(app: ASGIApp, databases: Databases, writer: App) -> None:
    ben = await accounts.prepare(name="ben", display_name="Ben", password=None, role="author")
    async with databases.site.transaction() as connection:
        await store.insert(connection, ben)
    other_text = await token(databases, ben.id, name="bens")
    url = await writer.makes(content=["Mine"], name=["Mine"])
    async with bearing(app, other_text) as client:
        other = App(client, other_text)
        for answer in (
            await other.asks(q="source", url=url),
            await other.update(url, replace={"content": ["Yours"]}),
            await other.form(("action", "delete"), ("url", url)),
        ):
            assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
    assert "Mine" in (await writer.client.get(url)).text


async def test_a_long_line_of_brackets_is_looked_at_in_no_time() -> None:
    body = "![" * 200_000
    before_us = clock.monotonic_us()
    assert micropub_entries._parted(body, SITE) == (body, ())
    assert clock.monotonic_us() - before_us < clock.SECOND_US
