import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace
from sdc_core import clock, messages
from sdc_core.messages import MediaUploaded
from sdc_core.service_client import connect
from sdc_core.sqlite import execute, fetch_value
from sdc_core.webhooks import Keyring, new_secret
from sdc_web import media
from sdc_web.db import Databases
from sdc_web.media import orders
from sdc_web.media.assets import Asset, insert, new_asset

ASSET = new_asset("ab" * 32, "a.jpg", "image/jpeg", 9, "")


class Heard:
    """The requests that a listener got: head and body of each."""

    def __init__(self, status: str) -> None:
        self.status = status
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.port = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.requests.append((headers | {"request": head[0]}, body))
        writer.write(f"HTTP/1.1 {self.status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def _listening(status: str) -> AsyncGenerator[Heard]:
    heard = Heard(status)
    async with await asyncio.start_server(heard.answer, "127.0.0.1", 0) as server:
        heard.port = server.sockets[0].getsockname()[1]
        yield heard


@pytest.fixture
def keyring() -> Keyring:
    return Keyring([new_secret()])


async def test_an_order_is_signed_and_names_the_asset(keyring: Keyring) -> None:
    async with _listening("202 Accepted") as heard, connect(f"http://127.0.0.1:{heard.port}", keyring) as worker:
        assert await media.order(worker, ASSET) == ""
    ((headers, body),) = heard.requests
    verified = keyring.verify(headers, body)
    message = messages.decode(body)
    assert headers["request"] == "POST /images HTTP/1.1"
    assert verified.message_id == f"media-uploaded/{ASSET.id}/{'ab' * 8}"
    assert isinstance(message, MediaUploaded)
    assert (message.data.asset_id, message.data.sha256) == (ASSET.id, ASSET.sha256)


async def test_an_order_that_is_refused_says_why(keyring: Keyring) -> None:
    async with _listening("503 Full") as heard, connect(f"http://127.0.0.1:{heard.port}", keyring) as worker:
        assert await media.order(worker, ASSET) == "it answered 503"


async def test_an_order_to_a_worker_that_is_away_says_why(keyring: Keyring) -> None:
    async with connect("http://127.0.0.1:9", keyring) as worker:
        assert await media.order(worker, ASSET)


@pytest.fixture
async def waiting(databases: Databases) -> list[Asset]:
    """Assets that wait for their variants; the request that took them in has had its time."""
    found = [new_asset(f"{number:064}", "a.jpg", "image/jpeg", 9, "") for number in range(orders.AT_ONCE + 2)]
    async with databases.site.transaction() as connection:
        for asset in found:
            await insert(connection, replace(asset, uploaded_at_us=asset.uploaded_at_us - clock.DAY_US))
    return found


async def _ordered(databases: Databases, keyring: Keyring, heard: Heard, after_s: int = 0) -> list[str]:
    """The assets that one round of the loop orders, so much later."""
    before = len(heard.requests)
    async with connect(f"http://127.0.0.1:{heard.port}", keyring) as worker:
        with clock.frozen(clock.now_us() + after_s * clock.SECOND_US):
            await orders.order_due(databases.site, worker)
    return [json.loads(body)["data"]["asset_id"] for _, body in heard.requests[before:]]


async def test_a_round_of_orders_is_short_and_the_next_one_takes_the_others(
    databases: Databases, keyring: Keyring, waiting: list[Asset]
) -> None:
    async with _listening("202 Accepted") as heard:
        first = await _ordered(databases, keyring, heard)
        second = await _ordered(databases, keyring, heard)
    assert (len(first), len(second)) == (orders.AT_ONCE, 2)
    assert {*first, *second} == {asset.id for asset in waiting}


async def test_an_asset_that_stays_pending_is_ordered_ever_less_often(
    databases: Databases, keyring: Keyring, waiting: list[Asset]
) -> None:
    async with databases.site.transaction() as connection:
        await execute(connection, "DELETE FROM media_assets WHERE id <> :id", {"id": waiting[0].id})
    async with _listening("202 Accepted") as heard:
        ordered = [len(await _ordered(databases, keyring, heard, after_s=each)) for each in (0, 6, 11, 16, 33, 50)]
    assert ordered == [1, 0, 1, 0, 1, 0]


async def test_a_worker_that_takes_nothing_is_asked_once_a_round_and_the_pause_does_not_grow(
    databases: Databases, keyring: Keyring, waiting: list[Asset]
) -> None:
    async with _listening("503 Full") as heard:
        asked = [len(await _ordered(databases, keyring, heard)) for _ in range(3)]
    assert asked == [1, 1, 1]


async def test_a_fresh_upload_is_left_to_the_request_that_took_it_in(databases: Databases, keyring: Keyring) -> None:
    async with databases.site.transaction() as connection:
        await insert(connection, new_asset("cd" * 32, "a.jpg", "image/jpeg", 9, ""))
    async with _listening("202 Accepted") as heard:
        ordered = [len(await _ordered(databases, keyring, heard, after_s=each)) for each in (0, 6)]
    assert ordered == [0, 1]


async def test_an_order_renders_no_page_again(databases: Databases, keyring: Keyring, waiting: list[Asset]) -> None:
    async with databases.site.read() as connection:
        before = await fetch_value(connection, "SELECT n FROM generation")
    async with _listening("202 Accepted") as heard:
        await _ordered(databases, keyring, heard)
    async with databases.site.read() as connection:
        assert await fetch_value(connection, "SELECT n FROM generation") == before


async def test_a_worker_that_is_away_and_comes_back_is_two_lines_in_the_log(
    databases: Databases,
    keyring: Keyring,
    waiting: list[Asset],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(orders, "AGAIN_S", 0.001)
    caplog.set_level("INFO", "sdc_web.media.orders")

    def told() -> list[str]:
        return [each.levelname for each in caplog.records if each.name == "sdc_web.media.orders"]

    async with (
        _listening("503 Full") as heard,
        connect(f"http://127.0.0.1:{heard.port}", keyring) as worker,
        asyncio.timeout(60),
        asyncio.TaskGroup() as group,
    ):
        loop = group.create_task(media.order_again(databases.site, worker))
        while len(heard.requests) < 3:  # noqa: ASYNC110 - the loop has nothing to tell
            await asyncio.sleep(0.001)
        heard.status = "202 Accepted"
        while len(told()) < 2:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.001)
        loop.cancel()
    assert told() == ["WARNING", "INFO"]


async def test_an_asset_of_a_clock_that_was_far_ahead_is_ordered(databases: Databases, waiting: list[Asset]) -> None:
    async with databases.site.transaction() as connection:
        await execute(connection, "DELETE FROM media_assets")
        future = replace(waiting[0], uploaded_at_us=clock.now_us() + 365 * clock.DAY_US)
        await insert(connection, future)
    async with databases.site.read() as connection:
        assert [each.stored_id for each in await orders.due(connection, clock.now_us())] == [future.id]
