"""Questions about the traffic, answered."""

from collections.abc import Mapping
from typing import TypeVar, get_args

from litestar import Request, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from sdc_core.answers.analytics import (
    Breakdown,
    Dimension,
    FilterName,
    Latency,
    Live,
    PagesRead,
    Step,
    Summary,
    Timeseries,
)
from sdc_core.errors import Invalid

from sdc_worker.analytics import reports
from sdc_worker.analytics.hits import Hits
from sdc_worker.analytics.reports import Question

ROWS = 100
MAX_FILTER = 2_000
MAX_PATHS = 20_000
"""Characters of all paths that are asked for at once."""
FIRST_DAY, LAST_DAY = "1970-01-01", "9000-12-31"
"""Far enough from the ends of the calendar to count days from."""

STEPS: dict[str, Step] = {name: name for name in get_args(Step)}
DIMENSIONS: dict[str, Dimension] = {name: name for name in get_args(Dimension)}
T = TypeVar("T")
AnyRequest = Request[object, object, State]


@get("/summary")
async def summary(request: AnyRequest, hits: NamedDependency[Hits]) -> Summary:
    """The totals of a period."""
    return await reports.summary(hits, _question(request))


@get("/timeseries")
async def timeseries(request: AnyRequest, hits: NamedDependency[Hits]) -> Timeseries:
    """Its course, by day or hour."""
    by = _choice(request.query_params.get("by", "day"), STEPS, "by")
    return await reports.timeseries(hits, _question(request, "by"), by)


@get("/breakdown")
async def breakdown(request: AnyRequest, hits: NamedDependency[Hits]) -> Breakdown:
    """The period by one property."""
    by = _choice(request.query_params.get("by", "path"), DIMENSIONS, "by")
    limit = _number(request.query_params.get("limit", str(ROWS)), "limit")
    return await reports.breakdown(hits, _question(request, "by", "limit"), by, limit)


@get("/pages")
async def pages(request: AnyRequest, hits: NamedDependency[Hits]) -> PagesRead:
    """Page views by path and day; of `paths`, one a line, or of all."""
    limit = _number(request.query_params.get("limit", str(ROWS)), "limit")
    paths = _short(request.query_params.get("paths", ""), "paths", MAX_PATHS)
    asked = _question(request, "paths", "limit", filters=())
    return await reports.pages(hits, asked, paths, limit)


@get("/latency")
async def latency(request: AnyRequest, hits: NamedDependency[Hits]) -> Latency:
    """How long the server took, by path."""
    return await reports.latency(hits, _question(request))


@get("/live")
async def live(hits: NamedDependency[Hits]) -> Live:
    """Who is there now."""
    return await reports.live(hits)


def _question(request: AnyRequest, *more: str, filters: tuple[FilterName, ...] = get_args(FilterName)) -> Question:
    """Period and filters from the query; any other name is refused, so that a misspelt filter is not ignored."""
    query = request.query_params
    given: dict[FilterName, str | int] = {}
    for name in filters:
        if (value := query.get(name)) is not None:
            given[name] = _number(value, name) if name == "status" else _short(value, name)
    for name in query:
        if name not in (*filters, "from", "to", *more):
            message = f"there is no filter {name[:40]}"
            raise Invalid(message, field=name)
    for name in ("from", "to"):
        if not FIRST_DAY <= query.get(name, "") <= LAST_DAY:
            message = f"{name} is a day between {FIRST_DAY} and {LAST_DAY}"
            raise Invalid(message, field=name)
    return reports.question(query.get("from", ""), query.get("to", ""), given)


def _choice(value: str, choices: Mapping[str, T], name: str) -> T:
    if value not in choices:
        message = f"{name} is one of {', '.join(choices)}"
        raise Invalid(message, field=name)
    return choices[value]


def _number(value: str, name: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 6):
        message = f"{name} is a number"
        raise Invalid(message, field=name)
    return int(value)


def _short(value: str, name: str, most: int = MAX_FILTER) -> str:
    if len(value) > most:
        message = f"{name} has at most {most} characters"
        raise Invalid(message, field=name)
    return value


router = Router("/analytics", route_handlers=[summary, timeseries, breakdown, pages, latency, live])
