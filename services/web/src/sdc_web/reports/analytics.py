"""Visitors and what they read: the worker's analytics of a period of UTC days, both ends included."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Literal, TypeAlias, get_args

import msgspec
from sdc_core import clock
from sdc_core.answers.analytics import (
    Batch,
    Breakdown,
    Dimension,
    FilterName,
    Known,
    Latency,
    Live,
    Step,
    Summary,
    Timeseries,
)
from sdc_core.errors import Invalid
from sdc_core.service_client import ServiceClient

from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.reports import periods
from sdc_web.reports.asking import TIMEOUT_S, ask

FILTERS: tuple[FilterName, ...] = get_args(FilterName)
Compare: TypeAlias = Literal["before", "year", "none"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
STEP_MINUTES = 5
"""Of a part of a day: in between the same is asked, and its answer is kept."""
STEP_US = STEP_MINUTES * 60 * clock.SECOND_US
ROWS = 10
MOST_ROWS = 1_000
FILE_ROWS = 20_000
"""Of a table as a file, and of an answer of the API."""
RECENT_S = 60
"""Pages may leave out what came so short a time ago, and wait less; files and the API have all of it."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Days `YYYY-MM-DD`, both included, and what must hold of the requests counted: values by the name of a filter, or
    by `not-` and that name. The answer may leave out what came in the last `within_s` seconds. Of the last day of what
    is compared with, only so many `minutes` count where they are not 0.
    """

    from_day: str
    to_day: str
    filters: Mapping[str, Sequence[str]] = {}
    within_s: int = 0
    minutes: int = 0

    @property
    def days(self) -> int:
        """How many days the period has."""
        return (date.fromisoformat(self.to_day) - date.fromisoformat(self.from_day)).days + 1

    def earlier(self, compare: Compare) -> "Question | None":
        """The same of the period compared with: as many days, just before or a year earlier; None before all time. When
        the last day is today, so is that one's only compared up to the same time of day.
        """
        first, last = date.fromisoformat(self.from_day), date.fromisoformat(self.to_day)
        apart = {"before": self.days, "year": 364, "none": 0}[compare]
        if not apart or (first - timedelta(days=apart)).year < periods.FIRST_YEAR:
            return None
        from_day, to_day = ((day - timedelta(days=apart)).isoformat() for day in (first, last))
        now_us = clock.now_us()
        passed = max(now_us % clock.DAY_US // STEP_US, 1) * STEP_MINUTES
        minutes = passed if self.to_day == clock.day_of(now_us) else 0
        return Question(from_day=from_day, to_day=to_day, filters=self.filters, minutes=minutes)

    def query(self, **more: str | Sequence[str]) -> dict[str, str | Sequence[str]]:
        """The query string's fields."""
        within = {"within": str(self.within_s)} if self.within_s else {}
        return {"from": self.from_day, "to": self.to_day, **within, **self.filters, **more}


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for besides totals and course; `pages` is how many of those read most, which have no filters."""

    step: Step = "day"
    dimensions: Sequence[Dimension] = ()
    limit: int = ROWS
    latency: bool = False
    live: bool = False
    pages: int = 0


async def batch(worker: ServiceClient, by: Actor, question: Question, before: Question | None, parts: Parts) -> Batch:
    """All that one page shows, in one request; `before` is the period compared with. Raises Forbidden, Unavailable."""
    rights.require(by, "statistics.read")
    more: dict[str, str | Sequence[str]] = {"step": parts.step, "by": list(parts.dimensions), "limit": str(parts.limit)}
    more |= _compared(before)
    more |= {"latency": "1"} if parts.latency else {}
    more |= {"live": "1"} if parts.live else {}
    more |= {"pages": str(parts.pages)} if parts.pages else {}
    return await ask(worker, "/analytics/batch", Batch, question.query(**more))


async def summary(worker: ServiceClient, by: Actor, question: Question) -> Summary:
    """Totals. Raises Forbidden, Unavailable."""
    rights.require(by, "statistics.read")
    return await ask(worker, "/analytics/summary", Summary, question.query())


async def timeseries(worker: ServiceClient, by: Actor, question: Question, step: Step) -> Timeseries:
    """One point for each step, zeros included. Raises Forbidden, Unavailable, and Invalid for more days than are told
    by the hour.
    """
    rights.require(by, "statistics.read")
    if step == "hour" and question.days > periods.MAX_HOURLY_DAYS:
        message = f"by the hour, a period has at most {periods.MAX_HOURLY_DAYS} days"
        raise Invalid(message, field="by")
    return await ask(worker, "/analytics/timeseries", Timeseries, question.query(by=step))


async def breakdown(
    worker: ServiceClient,
    by: Actor,
    question: Question,
    dimension: Dimension,
    limit: int = ROWS,
    before: Question | None = None,
) -> Breakdown:
    """The largest values of one dimension, beside the period compared with. Raises Forbidden, Unavailable."""
    rights.require(by, "statistics.read")
    query = question.query(by=dimension, limit=str(limit)) | _compared(before)
    return await ask(worker, "/analytics/breakdown", Breakdown, query)


async def latency(worker: ServiceClient, by: Actor, question: Question) -> Latency:
    """How long answers took, by page. Raises Forbidden, Unavailable."""
    rights.require(by, "statistics.read")
    return await ask(worker, "/analytics/latency", Latency, question.query())


async def known(worker: ServiceClient, by: Actor) -> Known:
    """Of which days there are lines. Raises Forbidden, Unavailable."""
    rights.require(by, "statistics.read")
    return await ask(worker, "/analytics/days", Known)


async def live(worker: ServiceClient, by: Actor) -> Live:
    """Who is here now. Raises Forbidden, Unavailable."""
    rights.require(by, "statistics.read")
    return await ask(worker, "/analytics/live", Live)


async def parquet(
    worker: ServiceClient, by: Actor, question: Question, table: Dimension | Step | Literal["latency"]
) -> bytes:
    """A course, the answer times or a breakdown as a Parquet file, which the worker writes. Raises Forbidden,
    Unavailable.
    """
    rights.require(by, "statistics.read")
    attempt = await worker.send("GET", "/analytics/parquet", query=question.query(by=table), timeout_s=TIMEOUT_S)
    attempt.raise_unless_ok("the worker")
    return attempt.body


def _compared(before: Question | None) -> dict[str, str]:
    if before is None:
        return {}
    cut = {"before_minutes": str(before.minutes)} if before.minutes else {}
    return {"before_from": before.from_day, "before_to": before.to_day, **cut}
