"""300,000 lines through the whole worker, most days sealed, one with late lines, one not sealed: every figure of every
report equals plain Python's.
"""

import asyncio
from datetime import date
from pathlib import Path
from typing import cast

import pytest
import traffic
from sdc_core import access_log, clock
from sdc_core.access_log import Line
from sdc_core.answers.analytics import PathLatency, Slice
from sdc_core.objects import ObjectStore
from sdc_core.sqlite import Database
from sdc_worker.analytics import reports, store
from sdc_worker.analytics.hits import Hits
from sdc_worker.analytics.questions import question
from sdc_worker.analytics.seal import seal
from sdc_worker.analytics.segments import Segments
from sdc_worker.analytics.store import Segment
from sdc_worker.ingest.packing import MAX_BYTES
from sdc_worker.ingest.streams import Intake

import analytics_oracle as oracle
from conftest import FreshBucket

pytestmark = pytest.mark.timeout(240)

FIRST, DAYS, DAILY = date(2026, 3, 1), 10, 30_000
LAST_US = clock.from_datetime(clock.EPOCH.fromisoformat("2026-03-10T23:59:00+00:00"))
MOST, MOST_BYTES = 1_000, 17
"""Rows of an answer, and bytes of a sealed request."""


async def manifest(database: Database) -> list[Segment]:
    """The sealed days."""
    async with database.read() as connection:
        return await store.segments(connection)


async def commit(intake: Intake, day: str, lines: list[Line], slot: str = "0") -> None:
    """In ranges as large as they may be."""
    body, at = b"".join(map(access_log.encode, lines)), 0
    while at < len(body):
        at = (
            await intake.append(slot=slot, day=day, at=at, body=body[at : body.rfind(b"\n", at, at + MAX_BYTES) + 1])
        ).at


async def test_every_figure_of_300_000_lines_equals_plain_python(
    database: Database,
    object_store: ObjectStore,
    fresh_bucket: FreshBucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Sealed days are counted two by two.
    monkeypatch.setattr("sdc_worker.analytics.hits.MANY_ROWS", DAILY)
    monkeypatch.setattr("sdc_worker.analytics.hits.ROWS_AT_ONCE", 2 * DAILY + DAILY // 2)
    hits = Hits(database, Segments(object_store, await fresh_bucket(), tmp_path / "analytics"))
    days = await asyncio.to_thread(made)
    late = {day: lines[::50] for day, lines in list(days.items())[:2]}
    days |= {day: [line for at, line in enumerate(lines) if at % 50] for day, lines in days.items() if day in late}
    intake = Intake(database)
    with clock.frozen(LAST_US):
        for day, lines in days.items():
            await commit(intake, day, lines)
        await seal(database, hits)
        sealed = await manifest(database)
        for day, lines in late.items():
            await commit(intake, day, lines, slot="1")
            days[day] += lines
    rows = await asyncio.to_thread(oracle.seen, days)
    found = await figures(hits, rows)
    expected = await asyncio.to_thread(oracles, rows, found)
    assert len(rows) > 290_000
    assert sum(each.size_bytes for each in sealed) <= MOST_BYTES * sum(each.rows for each in sealed)
    assert [name for name in expected if found[name] != expected[name]] == []


def made() -> dict[str, list[Line]]:
    """By day."""
    return {day: [each.line for each in requests] for day, requests in traffic.month(FIRST, DAYS, DAILY)}


async def figures(hits: Hits, rows: list[oracle.Seen]) -> dict[str, object]:
    """As the engine says; of a dimension with more values than an answer has, the largest."""
    asked = question(rows[0].day, rows[-1].day, {})
    by_day = await reports.timeseries(hits, asked, "day")
    by_hour = await reports.timeseries(hits, asked, "hour")
    found: dict[str, object] = {
        "summary": await reports.summary(hits, asked),
        "day": {point.at: point for point in by_day.points},
        "hour": {point.at: point for point in by_hour.points if point.requests},
        "latency": (await reports.latency(hits, asked)).rows,
    }
    for by in oracle.KEYS:
        told = await reports.breakdown(hits, asked, by, MOST)
        found[by] = (told.total, told.rows)
    return found


def oracles(rows: list[oracle.Seen], found: dict[str, object]) -> dict[str, object]:
    """As plain Python says, of the values that were found."""
    slow = cast("list[PathLatency]", found["latency"])
    expected: dict[str, object] = {
        "summary": oracle.summary(rows),
        "day": oracle.course(rows, oracle.day_of),
        "hour": oracle.course(rows, oracle.hour_of),
        "latency": [oracle.latency(rows, each.path) for each in slow],
    }
    for by in oracle.KEYS:
        slices = oracle.breakdown(rows, by)
        _, told = cast("tuple[int, list[Slice]]", found[by])
        expected[by] = (len(slices), [slices[row.key] for row in told if row.key in slices])
    return expected
