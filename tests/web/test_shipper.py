import asyncio
import gzip
import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from litestar.types import ASGIApp, Receive, Scope, Send
from sdc_core import access_log, clock
from sdc_core.access_log import Line
from sdc_core.errors import Unavailable
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.sqlite import execute, fetch_value
from sdc_core.supervise import Board
from sdc_core.webhooks import Keyring
from sdc_web.request_log import retention, shipper, slots
from sdc_web.request_log.shipper import Shipper, offsets
from sdc_web.request_log.slots import Slot
from sdc_web.request_log.writer import Writer
from sdc_worker import app as worker_app
from sdc_worker.app import Parts

NOW_US = 1_800_000_000_000_000
DAY = clock.day_of(NOW_US)
YESTERDAY = clock.day_of(NOW_US - clock.DAY_US)
BODY = b"".join(
    access_log.encode(Line(ts=NOW_US + index, visitor=f"{index:016x}", path=f"/{index}", status=200))
    for index in range(24_000)
)


class Wire:
    """The way to the worker, which a test may break: `fail` refuses so many requests, `lose` loses so many answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.fail = 0
        self.lose = 0
        self.asked: list[tuple[str, str]] = []
        self.queries: list[bytes] = []
        self.reached = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        self.asked.append((scope["method"], scope["path"]))
        self.queries.append(scope["query_string"])
        if self.fail:
            self.fail -= 1
            await answer_503(send)
        elif self.lose and scope["method"] == "PUT":
            self.lose -= 1
            await self._app(scope, receive, swallow)
            await answer_503(send)
        else:
            await self._app(scope, receive, send)
            if scope["method"] == "PUT":
                self.reached.set()


async def swallow(_: object) -> None:
    """An answer that never arrives."""


async def answer_503(send: Send) -> None:
    """Not now."""
    await send({"type": "http.response.start", "status": 503, "headers": []})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


@pytest.fixture
async def parts(settings: Settings) -> AsyncGenerator[Parts]:
    """A real worker on the same data folder."""
    async with worker_app.open_parts(settings) as opened:
        yield opened


@pytest.fixture
def wire(parts: Parts) -> Wire:
    """The way to it."""
    return Wire(worker_app.build(parts, Board([])))


@pytest.fixture
async def worker(wire: Wire, settings: Settings) -> AsyncGenerator[ServiceClient]:
    """Web's client of it."""
    async with httpx.AsyncClient(transport=to(wire), base_url="http://worker") as client:
        yield ServiceClient(client, Keyring(settings.webhook_secrets))


def to(app: ASGIApp) -> httpx.ASGITransport:
    """The way to an application, which httpx types more loosely than the framework."""
    return httpx.ASGITransport(app)  # ty: ignore[invalid-argument-type]


@asynccontextmanager
async def claimed(settings: Settings) -> AsyncGenerator[Slot]:
    slot = await asyncio.to_thread(slots.claim_lowest, settings.log_dir)
    try:
        yield slot
    finally:
        slots.release(slot)


async def write(settings: Settings, day: str, body: bytes, slot: str = "0") -> Path:
    path = settings.log_dir / slot / f"{day}.ndjson"
    await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
    await asyncio.to_thread(path.write_bytes, body)
    return path


async def at(worker: ServiceClient, slot: str, day: str) -> tuple[int, bool]:
    found = (await offsets(worker, "2000-01-01"))[slot, day]
    return found.at, found.closed


def shipping(settings: Settings, slot: Slot, worker: ServiceClient) -> Shipper:
    return Shipper(settings.log_dir, slot, Writer(slot.folder), worker)


async def test_every_whole_line_reaches_the_worker_once(
    settings: Settings, worker: ServiceClient, parts: Parts
) -> None:
    await write(settings, DAY, BODY)
    with clock.frozen(NOW_US):
        async with claimed(settings) as slot:
            await shipping(settings, slot, worker).ship_all()
        assert await at(worker, "0", DAY) == (len(BODY), False)
    async with parts.database.read() as connection:
        assert await fetch_value(connection, "SELECT count(*) > 1 FROM log_batches") == 1


async def test_half_a_line_waits_for_its_end(settings: Settings, worker: ServiceClient) -> None:
    with clock.frozen(NOW_US):
        async with claimed(settings) as slot:
            path = await write(settings, DAY, BODY[:1_000])
            whole = BODY[:1_000].rfind(b"\n") + 1
            ship = shipping(settings, slot, worker)
            await ship.ship_all()
            assert await at(worker, "0", DAY) == (whole, False)
            await asyncio.to_thread(path.write_bytes, BODY)
            await ship.ship_all()
            assert await at(worker, "0", DAY) == (len(BODY), False)


async def test_a_lost_answer_neither_loses_nor_doubles_a_line(
    settings: Settings, worker: ServiceClient, wire: Wire
) -> None:
    await write(settings, DAY, BODY)
    wire.lose = 1
    with clock.frozen(NOW_US):
        async with claimed(settings) as slot:
            with pytest.raises(Unavailable):
                await shipping(settings, slot, worker).ship_all()
            await shipping(settings, slot, worker).ship_all()
            file = settings.log_dir / "0" / f"{DAY}.ndjson"
            digest = hashlib.sha256(await asyncio.to_thread(file.read_bytes)).hexdigest()
        with clock.frozen(NOW_US + 2 * clock.DAY_US):
            async with claimed(settings) as slot:
                await shipping(settings, slot, worker).ship_all()
            assert await at(worker, "0", DAY) == (len(BODY), True)
    assert digest == hashlib.sha256(BODY).hexdigest()


async def test_the_shipper_goes_where_the_worker_says(settings: Settings, worker: ServiceClient, wire: Wire) -> None:
    await write(settings, DAY, BODY)
    half = BODY[: len(BODY) // 2].rfind(b"\n") + 1
    with clock.frozen(NOW_US):
        async with claimed(settings) as slot:
            ship = shipping(settings, slot, worker)
            ship._offsets = {}
            for offset in (0, shipper.RANGE_BYTES):
                body = BODY[offset:half]
                await worker.send(
                    "PUT", f"/logs/0/{DAY}", query={"at": str(offset)}, message_id=f"0/{DAY}/{offset}",
                    body=gzip.compress(body[: body[: shipper.RANGE_BYTES].rfind(b"\n") + 1], mtime=0),
                    headers={"content-encoding": "gzip"},
                )  # fmt: skip
            await ship.ship_all()
        assert await at(worker, "0", DAY) == (len(BODY), False)


async def test_a_worker_restored_from_an_older_copy_gets_the_rest_again(
    settings: Settings, worker: ServiceClient, parts: Parts
) -> None:
    await write(settings, DAY, BODY)
    with clock.frozen(NOW_US):
        async with claimed(settings) as slot:
            await shipping(settings, slot, worker).ship_all()
            async with parts.database.transaction() as connection:
                await execute(connection, "DELETE FROM log_batches")
                await execute(connection, "DELETE FROM log_streams")
            await shipping(settings, slot, worker).ship_all()
        assert await at(worker, "0", DAY) == (len(BODY), False)


async def test_a_finished_day_is_closed_by_length_and_digest(settings: Settings, worker: ServiceClient) -> None:
    await write(settings, YESTERDAY, BODY)
    with clock.frozen(NOW_US):
        async with claimed(settings) as slot:
            await shipping(settings, slot, worker).ship_all()
        assert await at(worker, "0", YESTERDAY) == (len(BODY), True)


async def test_a_day_whose_last_lines_wait_in_memory_is_not_closed(settings: Settings, worker: ServiceClient) -> None:
    await write(settings, YESTERDAY, BODY)
    with clock.frozen(NOW_US):
        async with claimed(settings) as slot:
            waiting = Writer(slot.folder)
            waiting.append(Line(ts=NOW_US - clock.DAY_US, visitor="", path="/late", status=200))
            await Shipper(settings.log_dir, slot, waiting, worker).ship_all()
        assert await at(worker, "0", YESTERDAY) == (len(BODY), False)


async def test_a_file_that_differs_from_what_was_shipped_is_told_of(
    settings: Settings, worker: ServiceClient, caplog: pytest.LogCaptureFixture
) -> None:
    path = await write(settings, YESTERDAY, BODY)
    with clock.frozen(NOW_US - clock.DAY_US):
        async with claimed(settings) as slot:
            await shipping(settings, slot, worker).ship_all()
    await asyncio.to_thread(path.write_bytes, BODY.replace(b'"/1"', b'"/2"'))
    with clock.frozen(NOW_US):
        async with claimed(settings) as slot:
            ship = shipping(settings, slot, worker)
            await ship.ship_all()
            await ship.ship_all()
    assert [getattr(record, "reason", "") for record in caplog.records].count(shipper.DIFFERS) == 1


async def test_a_log_that_began_anew_is_shipped_whole_by_another_name(
    settings: Settings, worker: ServiceClient
) -> None:
    fresh = access_log.encode(Line(ts=NOW_US + 9, visitor="0" * 16, path="/anew", status=200)) * 9
    path = await write(settings, DAY, BODY)
    with clock.frozen(NOW_US + 1):
        async with claimed(settings) as slot:
            await shipping(settings, slot, worker).ship_all()
            await asyncio.to_thread(path.write_bytes, fresh)
            await shipping(settings, slot, worker).ship_all()
            await asyncio.to_thread(path.write_bytes, fresh * 2)
    with clock.frozen(NOW_US + 2 * clock.DAY_US):
        async with claimed(settings) as slot:
            await shipping(settings, slot, worker).ship_all()
        found = await offsets(worker, DAY)
        assert {key: (each.at, each.closed) for key, each in found.items()} == {
            ("0", DAY): (len(BODY), False), ("100", DAY): (len(fresh) * 2, True),
        }  # fmt: skip
        await retention.retire(settings.log_dir, worker, 1)
        assert list(path.parent.iterdir()) == [path.parent / "lock"]


async def test_a_log_that_began_anew_is_shipped_once_it_has_a_line(settings: Settings, worker: ServiceClient) -> None:
    fresh = access_log.encode(Line(ts=NOW_US + 9, visitor="0" * 16, path="/anew", status=200))
    path = await write(settings, DAY, BODY)
    with clock.frozen(NOW_US + 1):
        async with claimed(settings) as slot:
            await shipping(settings, slot, worker).ship_all()
            ships = shipping(settings, slot, worker)
            for torn in (b"", fresh[:9], fresh):
                await asyncio.to_thread(path.write_bytes, torn)
                await ships.ship_all()
        assert (await offsets(worker, DAY))["100", DAY].at == len(fresh)


async def test_a_log_that_came_back_shorter_is_told_of_once(
    settings: Settings, worker: ServiceClient, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    path = await write(settings, DAY, BODY)
    with clock.frozen(NOW_US + clock.DAY_US // 2):
        async with claimed(settings) as slot:
            ship = shipping(settings, slot, worker)
            await ship.ship_all()
            await asyncio.to_thread(path.write_bytes, BODY[: BODY.index(b"\n") + 1])
            wire.asked.clear()
            await ship.ship_all()
            await ship.ship_all()
    told = [record for record in caplog.records if getattr(record, "reason", "") == shipper.SHORTER]
    assert ([getattr(each, "at_worker_bytes", 0) for each in told], wire.asked) == ([len(BODY)], [])


async def test_files_of_a_dead_process_are_shipped_by_another(settings: Settings, worker: ServiceClient) -> None:
    await write(settings, DAY, BODY, slot="7")
    with clock.frozen(NOW_US):
        async with claimed(settings) as slot:
            await shipping(settings, slot, worker).ship_all()
        assert await at(worker, "7", DAY) == (len(BODY), False)


async def test_a_file_that_the_worker_refuses_does_not_stand_in_the_way_of_others(
    settings: Settings, worker: ServiceClient
) -> None:
    await write(settings, "2999-01-01", BODY)
    await write(settings, YESTERDAY, b"\0" * 300_000, slot="5")
    await write(settings, DAY, BODY, slot="7")
    with clock.frozen(NOW_US):
        async with claimed(settings) as slot:
            await shipping(settings, slot, worker).ship_all()
        assert await at(worker, "7", DAY) == (len(BODY), False)


async def test_files_of_a_living_process_are_left_to_it(settings: Settings, worker: ServiceClient) -> None:
    await write(settings, DAY, BODY, slot="7")
    held = await asyncio.to_thread(slots.claim, settings.log_dir, "7")
    assert held is not None
    with clock.frozen(NOW_US):
        async with claimed(settings) as slot:
            await shipping(settings, slot, worker).ship_all()
        assert ("7", DAY) not in await offsets(worker, DAY)
    slots.release(held)


async def test_the_loop_catches_up_when_the_worker_is_back(
    settings: Settings, worker: ServiceClient, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipper, "FIRST_PAUSE_S", 0.01)
    await write(settings, DAY, BODY)
    wire.fail = 3
    with clock.frozen(NOW_US):
        async with claimed(settings) as slot, asyncio.TaskGroup() as group, asyncio.timeout(60):
            running = group.create_task(shipping(settings, slot, worker).run())
            await wire.reached.wait()
            running.cancel()
    assert wire.asked[:4] == [("GET", "/logs")] * 4


async def test_a_slot_that_was_left_waits_for_its_next_owner_while_the_site_starts(
    settings: Settings, worker: ServiceClient, wire: Wire
) -> None:
    await write(settings, DAY, BODY)
    await write(settings, DAY, BODY, slot="1")
    with clock.frozen(NOW_US):
        async with claimed(settings) as slot, asyncio.TaskGroup() as group, asyncio.timeout(60):
            ships = shipping(settings, slot, worker)
            running = group.create_task(ships.run())
            await wire.reached.wait()
            await ships.ship_all()
            running.cancel()
        assert ("1", DAY) not in await offsets(worker, DAY)


async def test_logs_past_retention_go_only_when_the_worker_has_them_whole(
    settings: Settings, worker: ServiceClient
) -> None:
    old, older = (clock.day_of(NOW_US - days * clock.DAY_US) for days in (40, 41))
    kept = await write(settings, DAY, BODY)
    shipped, unshipped = await write(settings, old, BODY), await write(settings, older, BODY, slot="1")
    with clock.frozen(NOW_US):
        held = await asyncio.to_thread(slots.claim, settings.log_dir, "1")
        async with claimed(settings) as slot:
            await shipping(settings, slot, worker).ship_all()
        retired = await retention.retire(settings.log_dir, worker, 30)
    assert (retired.deleted, retired.kept_unshipped) == (1, 1)
    assert [await asyncio.to_thread(path.exists) for path in (kept, shipped, unshipped)] == [True, False, True]
    assert held is not None
    slots.release(held)


async def test_retention_of_years_deletes_what_the_worker_has_whole(settings: Settings, worker: ServiceClient) -> None:
    shipped = await write(settings, clock.day_of(NOW_US - 401 * clock.DAY_US), BODY)
    with clock.frozen(NOW_US):
        async with claimed(settings) as slot:
            await shipping(settings, slot, worker).ship_all()
        retired = await retention.retire(settings.log_dir, worker, 400)
    assert (retired.deleted, retired.kept_unshipped) == (1, 0)
    assert not await asyncio.to_thread(shipped.exists)


async def test_a_file_of_last_year_that_the_worker_has_is_not_sent_again(
    settings: Settings, worker: ServiceClient, wire: Wire
) -> None:
    last_year = clock.day_of(NOW_US - 200 * clock.DAY_US)
    await write(settings, last_year, BODY)
    with clock.frozen(NOW_US):
        async with claimed(settings) as slot:
            await shipping(settings, slot, worker).ship_all()
            wire.asked.clear()
            await shipping(settings, slot, worker).ship_all()
    assert wire.asked == [("GET", "/logs")]
    assert wire.queries[-1] == f"since={last_year}".encode()
