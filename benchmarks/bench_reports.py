"""How long each report takes over a month of sealed days, the first time and again, and how long the loop is held.

`SDC_BENCH_DAILY` says how many requests a day the month has: 33,000, a million lines, unless it is set. The object
store plays no part: sealed days are read from this machine.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import NamedTuple, get_args

from sdc_core import access_log, clock
from sdc_core.answers.analytics import Dimension
from sdc_core.objects import Endpoint, open_store
from sdc_core.sqlite import Database
from sdc_worker.analytics import reports
from sdc_worker.analytics.hits import Hits
from sdc_worker.analytics.questions import Question, question
from sdc_worker.analytics.reports import Parts
from sdc_worker.analytics.seal import seal
from sdc_worker.analytics.segments import Segments
from sdc_worker.analytics.store import Segment
from sdc_worker.db import open_worker
from sdc_worker.ingest.packing import MAX_BYTES
from sdc_worker.ingest.streams import Intake

import traffic

FIRST_DAY, DAYS = date(2026, 3, 1), 30
LOOK_S = 0.001
NOBODY = Endpoint(url="http://127.0.0.1:9", access_key_id="nobody", secret_access_key="is here")  # noqa: S106 - of nobody
PAGE: tuple[Dimension, ...] = ("page", "source", "country", "browser", "os", "device")


class Here(Segments):
    """Segments that stay on this machine."""

    async def upload(self, segment: Segment) -> None:
        """Nowhere."""


def main() -> None:
    """Print one table."""
    asyncio.run(measured(int(os.environ.get("SDC_BENCH_DAILY", "33000"))))


async def measured(requests_a_day: int) -> None:
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as name:
        async with open_worker(Path(name) / "worker.db") as database, open_store(NOBODY) as store:
            segments = Here(store, "analytics", Path(name) / "analytics")
            lines = await filled(database, Hits(database, segments), requests_a_day)
            heads = f"{'':<20}{'first':>9}{'its CPU':>10}{'again':>10}{'loop held':>11}"
            print(f"{lines:,} lines, {DAYS} sealed days\n\n{heads}")
            # An engine that has counted nothing yet; files are in the memory of the system.
            hits = Hits(database, segments)
            asked = question(FIRST_DAY.isoformat(), date.fromordinal(FIRST_DAY.toordinal() + DAYS - 1).isoformat(), {})
            await reports.summary(hits, question(asked.first, asked.first, {}))
            for title, ask in questions(hits, asked).items():
                first, again = await timed(ask), await timed(ask)
                held = max(first.held_ms, again.held_ms)
                print(f"{title:<20}{first.ms:6.0f} ms{first.cpu_ms:7.0f} ms{again.ms:7.1f} ms{held:8.1f} ms")


def questions(hits: Hits, asked: Question) -> dict[str, Callable[[], Awaitable[object]]]:
    """Every report, and last all that one page shows, under a filter that was not asked for before."""
    by: dict[str, Callable[[], Awaitable[object]]] = {
        f"by {name}": lambda name=name: reports.breakdown(hits, asked, name, 10) for name in get_args(Dimension)
    }
    filtered = question(asked.first, asked.last, {"country": "DE"})
    return {
        "totals": lambda: reports.summary(hits, asked),
        "course by day": lambda: reports.timeseries(hits, asked, "day"),
        "course by hour": lambda: reports.timeseries(hits, asked, "hour"),
        "latency by page": lambda: reports.latency(hits, asked),
        **by,
        "a page, filtered": lambda: reports.batch(hits, filtered, None, Parts(step="day", dimensions=PAGE)),
    }


class Took(NamedTuple):
    """Milliseconds until the answer, of CPU, and the longest that the loop was held meanwhile."""

    ms: float
    cpu_ms: float
    held_ms: float


async def timed(ask: Callable[[], Awaitable[object]]) -> Took:
    """What an answer takes."""
    held = [0.0]

    async def look() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(LOOK_S)
            held[0] = max(held[0], time.perf_counter() - before - LOOK_S)

    async with asyncio.TaskGroup() as group:
        looking = group.create_task(look())
        started, cpu = time.perf_counter(), time.process_time()
        await ask()
        took = Took((time.perf_counter() - started) * 1000, (time.process_time() - cpu) * 1000, held[0] * 1000)
        looking.cancel()
    return took._replace(held_ms=held[0] * 1000)


async def filled(database: Database, hits: Hits, requests_a_day: int) -> int:
    """The month, sealed; returns its lines."""
    intake, lines = Intake(database), 0
    for day, requests in traffic.month(FIRST_DAY, DAYS, requests_a_day):
        body, at = b"".join(access_log.encode(each.line) for each in requests), 0
        lines += len(requests)
        with clock.frozen(requests[-1].line.ts):
            while at < len(body):
                piece = body[at : body.rfind(b"\n", at, at + MAX_BYTES) + 1]
                at = (await intake.append(slot="0", day=day, at=at, body=piece)).at
    await seal(database, hits)
    return lines


if __name__ == "__main__":
    main()
