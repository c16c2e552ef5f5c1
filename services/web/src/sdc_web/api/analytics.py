"""Visitors and what they read, for programs: the figures of the statistics, with the same filters."""

from typing import Annotated, TypeAlias

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from msgspec import UNSET, Meta, UnsetType
from sdc_core import clock
from sdc_core.answers.analytics import NOT, Dimension, Step
from sdc_core.service_client import ServiceClient

from sdc_web.api import answers, incoming
from sdc_web.problems import AnyRequest
from sdc_web.reports import analytics, periods
from sdc_web.reports.analytics import FILTERS, Compare, Question
from sdc_web.tokens import Bearer

Day: TypeAlias = Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="A day, UTC, included.")]
VALUES = Meta(max_length=20, description="One value, or alternatives: the parameter may be repeated.")
Texts: TypeAlias = Annotated[list[Annotated[str, Meta(max_length=512)]], VALUES]
Statuses: TypeAlias = Annotated[list[Annotated[str, Meta(pattern="^[0-9]{3}$")]], VALUES]
Limit: TypeAlias = Annotated[int, Meta(ge=1, le=analytics.FILE_ROWS)]


def _query(name: str, *more: tuple[str, object, object]) -> type[msgspec.Struct]:
    """A period, every filter and its opposite, and the fields of one request."""
    names = {"from_day": "from", "to_day": "to", **{f"not_{each}": f"{NOT}{each}" for each in FILTERS}}
    filters = [*FILTERS, *(f"not_{each}" for each in FILTERS)]
    fields: list[tuple[str, object, object]] = [
        ("from_day", Day | UnsetType, UNSET),
        ("to_day", Day | UnsetType, UNSET),
        *((each, (Statuses if each.endswith("status") else Texts) | UnsetType, UNSET) for each in filters),
        *more,
    ]
    return msgspec.defstruct(name, fields, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=names)


LISTS = frozenset((*FILTERS, *(f"{NOT}{each}" for each in FILTERS)))
AnalyticsQuery = _query("AnalyticsQuery")
TimeseriesQuery = _query("TimeseriesQuery", ("by", Step, "day"))
BreakdownQuery = _query(
    "BreakdownQuery", ("by", Dimension, "page"), ("limit", Limit, 100), ("compare", Compare, "none")
)


@get("/analytics/summary", right="statistics.read")
async def summary(
    request: AnyRequest, worker: NamedDependency[ServiceClient], reader: NamedDependency[Bearer]
) -> Response[bytes]:
    """The totals of a period."""
    question, _ = _asked(request, AnalyticsQuery)
    return answers.send(request, await analytics.summary(worker, reader.actor, question))


@get("/analytics/timeseries", right="statistics.read")
async def timeseries(
    request: AnyRequest, worker: NamedDependency[ServiceClient], reader: NamedDependency[Bearer]
) -> Response[bytes]:
    """The course of a period, by day, hour or month, without gaps."""
    question, more = _asked(request, TimeseriesQuery)
    step = msgspec.convert(more["by"], Step)
    return answers.send(request, await analytics.timeseries(worker, reader.actor, question, step))


@get("/analytics/breakdown", right="statistics.read")
async def breakdown(
    request: AnyRequest, worker: NamedDependency[ServiceClient], reader: NamedDependency[Bearer]
) -> Response[bytes]:
    """A period by one property, the largest values first; beside the days before or a year before with `compare`."""
    question, more = _asked(request, BreakdownQuery)
    by, limit = msgspec.convert(more["by"], Dimension), msgspec.convert(more["limit"], int)
    before = question.earlier(msgspec.convert(more["compare"], Compare))
    return answers.send(request, await analytics.breakdown(worker, reader.actor, question, by, limit, before))


@get("/analytics/latency", right="statistics.read")
async def latency(
    request: AnyRequest, worker: NamedDependency[ServiceClient], reader: NamedDependency[Bearer]
) -> Response[bytes]:
    """How long answers took, by page, those asked for most first."""
    question, _ = _asked(request, AnalyticsQuery)
    return answers.send(request, await analytics.latency(worker, reader.actor, question))


@get("/analytics/live", right="statistics.read")
async def live(
    request: AnyRequest, worker: NamedDependency[ServiceClient], reader: NamedDependency[Bearer]
) -> Response[bytes]:
    """Who is here now: the last five minutes, and the course of the last thirty."""
    return answers.send(request, await analytics.live(worker, reader.actor))


def _asked(request: AnyRequest, form: type[msgspec.Struct]) -> tuple[Question, dict[str, object]]:
    """The question, and what else the query says. Raises Invalid."""
    sent: dict[str, object] = msgspec.to_builtins(incoming.query(request, form, LISTS))
    first, last = (str(sent.pop(name)) if name in sent else None for name in ("from", "to"))
    from_day, to_day = periods.between(first, last, clock.today())
    filters = {name: msgspec.convert(sent[name], tuple[str, ...]) for name in sent if name in LISTS}
    return Question(from_day=from_day, to_day=to_day, filters=filters), sent


route_handlers = [summary, timeseries, breakdown, latency, live]
