"""Sealing is killed at each of its steps, while late lines come: at every moment each request is counted once."""

import asyncio
import signal
from collections.abc import Iterable
from pathlib import Path

import pytest
from sdc_core import clock
from sdc_core.access_log import Line
from sdc_core.objects import Endpoint, ObjectStore
from sdc_core.sqlite import Database
from sdc_worker.analytics import reports, store
from sdc_worker.analytics.hits import Hits
from sdc_worker.analytics.questions import question
from sdc_worker.analytics.seal import KEPT_US, seal
from sdc_worker.analytics.segments import Segments
from sdc_worker.db import open_worker
from sdc_worker.ingest import store as ingest

import analytics_oracle as oracle
import killed_services
from conftest import FreshBucket
from killed_services import Step
from log_lines import day_start, fill, page_view

pytestmark = pytest.mark.timeout(240)

DAYS = ("2026-03-01", "2026-03-02", "2026-03-03")
BEGUN_US = day_start("2026-04-01")
STEPS = [
    Step(owner, name, after)
    for owner, name in (
        ("Hits", "write"),
        ("Segments", "upload"),
        ("store", "enter"),
        ("store", "keep_replaced"),
        ("store", "drop_batches"),
        ("Hits", "forget"),
        ("Segments", "discard"),
        ("store", "forget_replaced"),
    )
    for after in (False, True)
]


def views(day: str, number: int) -> list[Line]:
    """Of 30 visitors, who come again each time."""
    start_us = day_start(day) + number * 7 * 60 * clock.SECOND_US
    return [page_view(start_us + at * clock.SECOND_US, f"{at % 30:016x}", f"/posts/{at % 17}") for at in range(120)]


async def test_no_death_while_sealing_loses_or_doubles_a_request(
    tmp_path: Path, object_store_endpoint: Endpoint, object_store: ObjectStore, fresh_bucket: FreshBucket
) -> None:
    bucket, context = await fresh_bucket(), killed_services.forks()
    segments = Segments(object_store, bucket, tmp_path / "reader")
    log: dict[str, list[Line]] = {day: [] for day in DAYS}
    async with open_worker(tmp_path / "worker.db") as database:
        # The first day is sealed from the beginning, and each time again; the others are so in turns.
        await come(database, log, DAYS[:1], 0)
        with clock.frozen(BEGUN_US):
            await seal(database, Hits(database, Segments(object_store, bucket, tmp_path / "analytics")))
        for number, step in enumerate(STEPS, 1):
            await come(database, log, {DAYS[0], DAYS[number % 3]}, number)
            # Replaced files of one round have had their time in the next.
            now_us = BEGUN_US + number * 2 * KEPT_US
            dying = killed_services.seal_until(context, tmp_path, object_store_endpoint, bucket, step, now_us)
            await asyncio.to_thread(dying.join, 60)
            assert dying.exitcode == -signal.SIGKILL, step
            assert await counted(Hits(database, segments)) == await asyncio.to_thread(truth, log), step
        with clock.frozen(BEGUN_US + 2 * len(STEPS) * KEPT_US):
            await seal(database, Hits(database, Segments(object_store, bucket, tmp_path / "analytics")))
        assert await counted(Hits(database, segments)) == await asyncio.to_thread(truth, log)
        async with database.read() as connection:
            assert await ingest.count_batches(connection) == 0
            assert len(await store.segments(connection)) == len(DAYS)


async def come(database: Database, log: dict[str, list[Line]], days: Iterable[str], number: int) -> None:
    """Lines of those days, from another process."""
    late = {day: views(day, number) for day in days}
    await fill(database, late, slot=str(number))
    for day, lines in late.items():
        log[day] += lines


async def counted(hits: Hits) -> object:
    """Of all days: totals, and each day's course."""
    asked = question(DAYS[0], DAYS[-1], {})
    course = await reports.timeseries(hits, asked, "day")
    return await reports.summary(hits, asked), {point.at: point for point in course.points if point.requests}


def truth(log: dict[str, list[Line]]) -> object:
    """The same in plain Python."""
    rows = oracle.seen({day: lines for day, lines in log.items() if lines})
    return oracle.summary(rows), oracle.course(rows, oracle.day_of)
