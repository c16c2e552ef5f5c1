"""Visitors and what they read: the worker's analytics of a period of UTC days, both ends included."""

from collections.abc import Mapping
from typing import get_args

import msgspec
from sdc_core.answers.analytics import Breakdown, Dimension, FilterName, Latency, Live, Step, Summary, Timeseries
from sdc_core.service_client import ServiceClient

from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.reports.asking import ask, together

FILTERS: tuple[FilterName, ...] = get_args(FilterName)
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
ROWS = 10


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Days `YYYY-MM-DD`, both included, and what must hold of the requests counted."""

    from_day: str
    to_day: str
    filters: Mapping[FilterName, str] = {}

    def query(self, **more: str) -> dict[str, str]:
        """The query string's fields."""
        return {"from": self.from_day, "to": self.to_day, **self.filters, **more}


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the statistics page shows of one question."""

    summary: Summary
    timeseries: Timeseries
    breakdowns: list[Breakdown]
    latency: Latency
    live: Live


async def whole(worker: ServiceClient, by: Actor, question: Question, step: Step) -> Whole:
    """All of it, asked at once. Raises Forbidden, and Unavailable when one part is missing."""
    async with together() as group:
        found_summary = group.create_task(summary(worker, question))
        series = group.create_task(timeseries(worker, question, step))
        parts = [group.create_task(breakdown(worker, question, each)) for each in DIMENSIONS]
        times = group.create_task(ask(worker, "/analytics/latency", Latency, question.query()))
        now = group.create_task(live(worker, by))
    return Whole(
        summary=found_summary.result(),
        timeseries=series.result(),
        breakdowns=[part.result() for part in parts],
        latency=times.result(),
        live=now.result(),
    )


async def summary(worker: ServiceClient, question: Question) -> Summary:
    """Totals."""
    return await ask(worker, "/analytics/summary", Summary, question.query())


async def timeseries(worker: ServiceClient, question: Question, step: Step) -> Timeseries:
    """One point for each day or hour, zeros included."""
    return await ask(worker, "/analytics/timeseries", Timeseries, question.query(by=step))


async def breakdown(worker: ServiceClient, question: Question, by: Dimension) -> Breakdown:
    """The largest values of one dimension."""
    return await ask(worker, "/analytics/breakdown", Breakdown, question.query(by=by, limit=str(ROWS)))


async def live(worker: ServiceClient, by: Actor) -> Live:
    """Who is here now. Raises Forbidden, Unavailable."""
    rights.require(by, "statistics.read")
    return await ask(worker, "/analytics/live", Live)
