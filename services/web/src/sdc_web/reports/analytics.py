"""Visitors and what they read: the worker's analytics of a period of UTC days, both ends included."""

from collections.abc import Mapping, Sequence
from typing import get_args

import msgspec
from sdc_core.answers.analytics import (
    Batch,
    Breakdown,
    Dimension,
    FilterName,
    Latency,
    Live,
    Step,
    Summary,
    Timeseries,
)
from sdc_core.service_client import ServiceClient

from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.reports.asking import TIMEOUT_S, ask

FILTERS: tuple[FilterName, ...] = get_args(FilterName)
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
ROWS = 10
MOST_ROWS = 1_000


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Days `YYYY-MM-DD`, both included, and what must hold of the requests counted: values by the name of a filter, or
    by `not-` and that name.
    """

    from_day: str
    to_day: str
    filters: Mapping[str, Sequence[str]] = {}

    def query(self, **more: str | Sequence[str]) -> dict[str, str | Sequence[str]]:
        """The query string's fields."""
        return {"from": self.from_day, "to": self.to_day, **self.filters, **more}


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for besides totals and course."""

    step: Step = "day"
    dimensions: Sequence[Dimension] = ()
    limit: int = ROWS
    latency: bool = False
    live: bool = False


async def batch(worker: ServiceClient, by: Actor, question: Question, before: Question | None, parts: Parts) -> Batch:
    """All that one page shows, in one request; `before` is the period compared with. Raises Forbidden, Unavailable."""
    rights.require(by, "statistics.read")
    more: dict[str, str | Sequence[str]] = {"step": parts.step, "by": list(parts.dimensions), "limit": str(parts.limit)}
    if before:
        more |= {"before_from": before.from_day, "before_to": before.to_day}
    more |= {"latency": "1"} if parts.latency else {}
    more |= {"live": "1"} if parts.live else {}
    return await ask(worker, "/analytics/batch", Batch, question.query(**more))


async def summary(worker: ServiceClient, by: Actor, question: Question) -> Summary:
    """Totals. Raises Forbidden, Unavailable."""
    rights.require(by, "statistics.read")
    return await ask(worker, "/analytics/summary", Summary, question.query())


async def timeseries(worker: ServiceClient, by: Actor, question: Question, step: Step) -> Timeseries:
    """One point for each day or hour, zeros included. Raises Forbidden, Unavailable."""
    rights.require(by, "statistics.read")
    return await ask(worker, "/analytics/timeseries", Timeseries, question.query(by=step))


async def breakdown(
    worker: ServiceClient, by: Actor, question: Question, dimension: Dimension, limit: int = ROWS
) -> Breakdown:
    """The largest values of one dimension. Raises Forbidden, Unavailable."""
    rights.require(by, "statistics.read")
    return await ask(worker, "/analytics/breakdown", Breakdown, question.query(by=dimension, limit=str(limit)))


async def latency(worker: ServiceClient, by: Actor, question: Question) -> Latency:
    """How long answers took, by page. Raises Forbidden, Unavailable."""
    rights.require(by, "statistics.read")
    return await ask(worker, "/analytics/latency", Latency, question.query())


async def live(worker: ServiceClient, by: Actor) -> Live:
    """Who is here now. Raises Forbidden, Unavailable."""
    rights.require(by, "statistics.read")
    return await ask(worker, "/analytics/live", Live)


async def parquet(worker: ServiceClient, by: Actor, question: Question, table: Dimension | Step) -> bytes:
    """A course or a breakdown as a Parquet file, which the worker writes. Raises Forbidden, Unavailable."""
    rights.require(by, "statistics.read")
    attempt = await worker.send("GET", "/analytics/parquet", query=question.query(by=table), timeout_s=TIMEOUT_S)
    attempt.raise_unless_ok("the worker")
    return attempt.body
