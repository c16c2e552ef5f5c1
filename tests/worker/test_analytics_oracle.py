"""300,000 lines through the whole worker, most days sealed, one with late lines, one not sealed: every figure of every
report equals plain Python's.
"""

import asyncio
import random
from datetime import date
from pathlib import Path
from typing import cast

import msgspec
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
from log_lines import day_start

pytestmark = pytest.mark.timeout(240)

FIRST, DAYS, DAILY = date(2026, 3, 1), 10, 30_000
LAST_US = clock.from_datetime(clock.EPOCH.fromisoformat("2026-03-10T23:59:00+00:00"))
CONTENTS = ("top", "%E8%8C%B6", "", "bottom%20")
SITES = ("", "", "example.org", "example.net:8443")
FILTERED = 40
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


async def test_every_figure_under_any_filters_equals_plain_python(
    database: Database, object_store: ObjectStore, fresh_bucket: FreshBucket, tmp_path: Path
) -> None:
    """Filters of any names and values that the lines have, and their opposites; days sealed, late and open."""
    hits = Hits(database, Segments(object_store, await fresh_bucket(), tmp_path / "analytics"))
    days = {day: told([each.line for each in some]) for day, some in traffic.month(FIRST, 3, 6_000, seed=2)}
    (first, lines), *_ = days.items()
    days[first] = [line for at, line in enumerate(lines) if at % 9] + lines[::9]
    late = len(lines[::9])
    intake = Intake(database)
    with clock.frozen(day_start(max(days)) + clock.DAY_US - 1):
        for day, whole in days.items():
            await commit(intake, day, whole[:-late] if day == first else whole)
        await seal(database, hits)
        await commit(intake, first, days[first][-late:], slot="1")
    rows = await asyncio.to_thread(oracle.seen, days)
    for number in range(FILTERED):
        dice = random.Random(number)  # noqa: S311 - the same filters each time
        filters = some_filters(dice, rows)
        asked = question(min(days), max(days), filters)
        passed = await asyncio.to_thread(oracle.passing, rows, filters)
        assert await reports.summary(hits, asked) == oracle.summary(passed), filters
        by_day = {point.at: point for point in (await reports.timeseries(hits, asked, "day")).points if point.requests}
        assert by_day == oracle.course(passed, oracle.day_of), filters
        chosen = dice.sample(list(oracle.KEYS), 6)
        for each in await reports.breakdowns(hits, asked, chosen, 20_000):
            expected = await asyncio.to_thread(oracle.breakdown, passed, each.by, rows)
            assert {row.key: row for row in each.rows} == expected, (each.by, filters)


def some_filters(dice: random.Random, rows: list[oracle.Seen]) -> dict[str, list[str]]:
    """Of values that some requests have."""
    filters: dict[str, list[str]] = {}
    for name in dice.sample([*oracle.OF_ROW, *oracle.OF_VISIT], dice.choice((1, 1, 2, 3))):
        told = (oracle.OF_ROW | oracle.OF_VISIT)[name]
        met = sorted({value for row in dice.sample(rows, 300) if (value := told(row)) is not None})
        values = dice.sample(met, min(len(met), dice.choice((1, 2, 4)))) or ["nothing"]
        if name == "path" and dice.random() < 0.5:
            values[0] = values[0][: len(values[0]) // 2] + "*"
        filters[f"not-{name}" if dice.random() < 0.4 else name] = values
    return filters


def made() -> dict[str, list[Line]]:
    """By day; every eleventh page that was there tells how it was read, some that a link led away; every 400th file is
    one to keep, and some visits come by links that tell of their campaign.
    """
    return {day: told([each.line for each in requests]) for day, requests in traffic.month(FIRST, DAYS, DAILY)}


def told(lines: list[Line]) -> list[Line]:
    """With what their pages tell."""
    found: list[Line] = []
    for at, made in enumerate(lines):
        line = made
        if at % 400 == 0 and line.type != "text/html":
            status = (200, 206, 404)[at // 400 % 3]
            line = msgspec.structs.replace(line, path=f"/files/{at % 7}.pdf", type="application/pdf", status=status)
        elif at % 610 == 0 and line.type == "text/html":
            query = f"utm_source=letter&utm_term=green+tea+{at % 5}&utm_content={CONTENTS[at % len(CONTENTS)]}"
            line = msgspec.structs.replace(line, query=query)
        found.append(line)
        if at % 11 == 0 and line.type == "text/html" and line.status in (200, 304):
            query = f"ms={at * 37 % 90_000}&depth={at % 101}&first={at % 2}&to={SITES[at % len(SITES)]}"
            more = {"method": "POST", "status": 204, "bytes": 0, "us": 90, "type": "", "ref": "", "query": query}
            found.append(msgspec.structs.replace(line, ts=line.ts + 1, **more))
    return found


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
    found["pages"] = (await reports.pages(hits, asked, "", MOST)).rows
    with clock.frozen(LAST_US):
        found["live"] = await reports.live(hits)
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
    days = sorted({row.day for row in rows})
    read = sorted(oracle.pages(rows, days).values(), key=lambda each: (-each.page_views, each.path))
    expected |= {"pages": read[:MOST], "live": oracle.live(rows, LAST_US)}
    for by in oracle.KEYS:
        slices = oracle.breakdown(rows, by)
        _, told = cast("tuple[int, list[Slice]]", found[by])
        expected[by] = (len(slices), [slices[row.key] for row in told if row.key in slices])
    return expected
