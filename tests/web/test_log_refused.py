"""Log files that the worker does not take, or has otherwise: what is told of them, and how they go on."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
from sdc_core import access_log, clock
from sdc_core.access_log import Line
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.supervise import Board
from sdc_core.webhooks import Keyring
from sdc_web.request_log import service, shipper
from sdc_web.request_log.service import RequestLog, open_request_log
from sdc_web.request_log.shipper import offsets
from sdc_worker import app as worker_app

from signing_in import seen

NOW_US = 1_800_000_000_000_000
DAY = clock.day_of(NOW_US)
LATER_US = NOW_US + 2 * clock.DAY_US
LATER = clock.day_of(LATER_US)
LINE = access_log.encode(Line(ts=1_700_000_000_000_000, visitor="0" * 16, path="/", status=200))
"""Written before any process of today began."""


@pytest.fixture
def settings(settings_with_worker: Settings) -> Settings:
    return settings_with_worker


@pytest.fixture
async def wire(worker: worker_app.Parts, settings: Settings) -> AsyncGenerator[ServiceClient]:
    """Web's client of a real worker, which shares the test's clock."""
    transport = httpx.ASGITransport(worker_app.build(worker, Board([])))  # ty: ignore[invalid-argument-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://worker") as client:
        yield ServiceClient(client, Keyring(settings.webhook_secrets))


@pytest.fixture
async def log(settings: Settings, wire: ServiceClient) -> AsyncGenerator[RequestLog]:
    """The log of one process, whose loops do not run."""
    async with open_request_log(settings, wire) as opened:
        yield opened


async def write(settings: Settings, day: str, body: bytes, slot: str = "0") -> Path:
    path = settings.log_dir / slot / f"{day}.ndjson"
    await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
    await asyncio.to_thread(path.write_bytes, body)
    return path


async def test_a_day_that_was_in_the_future_is_shipped_once_it_is_not(
    settings: Settings, wire: ServiceClient, log: RequestLog, caplog: pytest.LogCaptureFixture
) -> None:
    """A clock that was ahead for a moment began the file, and its process lives on."""
    await write(settings, LATER, LINE)
    with clock.frozen(NOW_US):
        for _ in range(3):
            await log.shipper.ship_all()
        assert list(log.shipper.refused) == [("0", LATER)]
    with clock.frozen(LATER_US):
        await log.shipper.ship_all()
        assert (await offsets(wire, LATER))["0", LATER].at == len(LINE)
    assert log.shipper.refused == {}
    assert [record.levelname for record in caplog.records].count("ERROR") == 1


async def test_a_log_that_came_back_shorter_goes_on_once_it_is_longer(
    settings: Settings, wire: ServiceClient, log: RequestLog
) -> None:
    path = await write(settings, DAY, LINE * 3)
    with clock.frozen(NOW_US):
        await log.shipper.ship_all()
        await asyncio.to_thread(path.write_bytes, LINE)
        await log.shipper.ship_all()
        assert log.shipper.refused == {("0", DAY): shipper.SHORTER}
        await asyncio.to_thread(path.write_bytes, LINE * 9)
        await log.shipper.ship_all()
        assert (await offsets(wire, DAY))["0", DAY].at == 9 * len(LINE)
    assert log.shipper.refused == {}


async def test_a_log_that_began_anew_is_whole_at_the_worker_also_where_it_is_longer(
    settings: Settings, wire: ServiceClient, log: RequestLog
) -> None:
    """The folder was lost while the worker was away: nobody saw the new file while it was shorter."""
    fresh = access_log.encode(Line(ts=NOW_US, visitor="0" * 16, path="/anew", status=200)) * 9
    path = await write(settings, DAY, LINE)
    with clock.frozen(NOW_US):
        await log.shipper.ship_all()
        await asyncio.to_thread(path.write_bytes, fresh)
        for _ in range(2):
            await log.shipper.ship_all()
        found = await offsets(wire, DAY)
    assert {key: each.at for key, each in found.items()} == {("0", DAY): len(LINE), ("100", DAY): len(fresh)}


async def test_a_log_that_came_back_shorter_and_other_goes_on_at_its_next_line(
    settings: Settings, wire: ServiceClient, log: RequestLog
) -> None:
    other = LINE.replace(b'"/"', b'"/other"')
    path = await write(settings, DAY, LINE * 3)
    with clock.frozen(NOW_US):
        for body in (LINE * 3, other, other * 9):
            await asyncio.to_thread(path.write_bytes, body)
            await log.shipper.ship_all()
        assert {key: each.at for key, each in (await offsets(wire, DAY)).items()} == {("0", DAY): 9 * len(other)}
    assert log.shipper.refused == {}


async def test_a_day_that_a_clock_far_ahead_took_for_over_goes_on(
    settings: Settings, wire: ServiceClient, log: RequestLog
) -> None:
    path = await write(settings, DAY, LINE)
    told = []
    for at_us, lines in ((LATER_US, 1), (NOW_US, 3), (LATER_US, 3)):
        await asyncio.to_thread(path.write_bytes, LINE * lines)
        with clock.frozen(at_us):
            await log.shipper.ship_all()
            stream = (await offsets(wire, DAY))["0", DAY]
        told.append((stream.at // len(LINE), stream.closed))
    assert told == [(1, True), (3, False), (3, True)]
    assert log.shipper.refused == {}


async def test_files_that_cannot_be_read_stand_in_nobodys_way_and_are_tried_again(
    settings: Settings, wire: ServiceClient, log: RequestLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder in the place of a file answers as a bad disk does, whoever reads it."""
    before = clock.day_of(NOW_US - clock.DAY_US)
    await write(settings, DAY, LINE)
    await write(settings, DAY, LINE, slot="7")
    for slot in ("0", "5"):
        await asyncio.to_thread((settings.log_dir / slot / f"{before}.ndjson").mkdir, parents=True)
    with clock.frozen(NOW_US):
        await log.shipper.ship_all()
        found = await offsets(wire, before)
    assert {key: each.at for key, each in found.items()} == {("0", DAY): len(LINE), ("7", DAY): len(LINE)}
    assert log.shipper.refused == {("0", before): shipper.UNREADABLE, ("5", before): shipper.UNREADABLE}
    (settings.log_dir / "0" / f"{before}.ndjson").rmdir()
    await write(settings, before, LINE)
    with clock.frozen(NOW_US):
        await log.shipper.ship_all()
        assert ("0", before) in log.shipper.refused, "it is not tried all the time"
        monkeypatch.setattr(log.shipper, "_again_at_us", 0)
        await log.shipper.ship_all()
        assert (await offsets(wire, before))["0", before].at == len(LINE)
    assert ("0", before) not in log.shipper.refused


async def test_a_file_that_is_moved_away_is_told_of_no_longer(
    settings: Settings, wire: ServiceClient, log: RequestLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older copy of the log folder came back: the file is shorter than what the worker has, and stays so."""
    paths = [await write(settings, DAY, LINE * 3, slot=slot) for slot in ("0", "7")]
    with clock.frozen(NOW_US):
        await log.shipper.ship_all()
        for path in paths:
            await asyncio.to_thread(path.write_bytes, LINE)
        told = []
        for path in (None, *paths):
            if path is not None:
                await asyncio.to_thread(path.rename, settings.DATA_DIR / f"{path.parent.name}.ndjson")
            monkeypatch.setattr(log.shipper, "_orphans_at_us", 0)
            await log.shipper.ship_all()
            told.append(log.shipper.refused)
        assert (await offsets(wire, DAY))["0", DAY].at == 3 * len(LINE), "what the worker has stays counted"
    assert told == [
        {("0", DAY): shipper.SHORTER, ("7", DAY): shipper.SHORTER},
        {("7", DAY): shipper.SHORTER},
        {},
    ]


async def test_health_names_the_files_and_why_and_readers_are_served(
    settings: Settings, worker: worker_app.Parts, client: httpx.AsyncClient
) -> None:
    await write(settings, "2999-01-01", LINE)
    assert (await client.get("/")).status_code == 200
    words = "2999-01-01 of log slot 0: the worker refuses these lines: it answered 400; " + service.REMEDY
    figures = await seen(client, 'sdc_log_files_refused{process="0"} 1\n', "/metrics")
    assert 'sdc_part_ok{part="access_log"} 1\n' in figures
    assert (await client.get("/health")).json()["parts"]["access_log"] == {"ok": True, "reason": words}


async def test_of_many_files_the_first_are_named(log: RequestLog) -> None:
    assert log.waiting() == ""
    log.shipper.refused = {("0", f"2026-01-0{number}"): shipper.DIFFERS for number in range(1, 8)}
    told = log.waiting().split("; ")
    assert told[0] == f"2026-01-01 of log slot 0: {shipper.DIFFERS}"
    assert told[service.MOST_NAMED :] == ["and 4 more log files", service.REMEDY]
    log.shipper.error = "http://10.0.0.7: refused"
    assert log.waiting().startswith("the worker does not take lines: the log of web says why; ")
    assert "10.0.0.7" not in log.waiting()
