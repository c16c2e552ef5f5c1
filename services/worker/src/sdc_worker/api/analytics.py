"""Questions about the traffic, answered."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import TypeVar, get_args

import msgspec
from litestar import Request, Response, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from sdc_core.answers.analytics import (
    NOT,
    Batch,
    Breakdown,
    Dimension,
    Known,
    Latency,
    Live,
    PagesRead,
    PathLatency,
    Point,
    Slice,
    Step,
    Summary,
    Timeseries,
)
from sdc_core.errors import Invalid
from sdc_core.sqlite import Database

from sdc_worker.analytics import questions, reports, tables
from sdc_worker.analytics.hits import Hits
from sdc_worker.analytics.questions import Question
from sdc_worker.analytics.reports import Parts
from sdc_worker.ingest import store as ingest

ROWS = 100
MAX_FILTER = 2_000
MAX_PATHS = 20_000
"""Characters of all paths that are asked for at once."""
MAX_WITHIN_S = 600
BEFORE = ("before_from", "before_to", "before_minutes")
PARQUET = "application/vnd.apache.parquet"

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
    """Its course, by day, hour or month."""
    by = _choice(request.query_params.get("by", "day"), STEPS, "by")
    return await reports.timeseries(hits, _question(request, "by"), by)


@get("/breakdown")
async def breakdown(request: AnyRequest, hits: NamedDependency[Hits]) -> Breakdown:
    """The period by one property, with `before_from` and `before_to` beside that period, of whose last day only the
    first `before_minutes` count where that is sent.
    """
    by = _choice(request.query_params.get("by", "path"), DIMENSIONS, "by")
    limit = _number(request.query_params.get("limit", str(ROWS)), "limit")
    asked = _question(request, "by", "limit", *BEFORE)
    return await reports.breakdown(hits, asked, by, limit, _before(request))


@get("/pages")
async def pages(request: AnyRequest, hits: NamedDependency[Hits]) -> PagesRead:
    """Page views by path and day; of `paths`, one a line, or of all. With `days=0` without the days."""
    limit = _number(request.query_params.get("limit", str(ROWS)), "limit")
    paths = _short(request.query_params.get("paths", ""), "paths", MAX_PATHS)
    by_day = _choice(request.query_params.get("days", "1"), {"0": False, "1": True}, "days")
    asked = _question(request, "paths", "limit", "days", filtered=False)
    return await reports.pages(hits, asked, paths, limit, by_day=by_day)


@get("/latency")
async def latency(request: AnyRequest, hits: NamedDependency[Hits]) -> Latency:
    """How long the server took, by path."""
    return await reports.latency(hits, _question(request))


@get("/live")
async def live(request: AnyRequest, hits: NamedDependency[Hits]) -> Live:
    """Who is there now."""
    return await reports.live(hits, _within(request))


@get("/days")
async def days(hits: NamedDependency[Hits]) -> Known:
    """Of which days there are lines."""
    return await reports.known(hits)


@get("/batch")
async def batch(request: AnyRequest, hits: NamedDependency[Hits], database: NamedDependency[Database]) -> Batch:
    """Several answers at once: totals, course, and of `by` each; with `before_from` and `before_to` the period compared
    with; with `pages` so many of those read most.
    """
    query = request.query_params
    asked = _question(request, "step", "by", "limit", "latency", "live", "pages", *BEFORE)
    parts = Parts(
        step=_choice(query.get("step", "day"), STEPS, "step"),
        dimensions=[_choice(each, DIMENSIONS, "by") for each in dict.fromkeys(query.getall("by", []))],
        limit=_number(query.get("limit", str(ROWS)), "limit"),
        latency="latency" in query,
        live="live" in query,
        pages=_number(query.get("pages", "0"), "pages"),
    )
    answer = await _alone(reports.batch(hits, asked, _before(request), parts))
    async with database.read() as connection:
        unread = await ingest.unread(connection, first=asked.first, last=asked.last)
    return msgspec.structs.replace(answer, unread=unread)


@get("/parquet")
async def parquet(request: AnyRequest, hits: NamedDependency[Hits]) -> Response[bytes]:
    """The course where `by` is a step, the answer times where it is `latency`, else a breakdown, as a Parquet file."""
    asked = _question(request, "by")
    by = _choice(request.query_params.get("by", "day"), {**STEPS, **DIMENSIONS, "latency": "latency"}, "by")
    kind: type[msgspec.Struct]
    rows: Sequence[msgspec.Struct]
    if by == "latency":
        kind, rows = PathLatency, (await reports.latency(hits, asked)).rows
    elif by in STEPS:
        kind, rows = Point, (await reports.timeseries(hits, asked, STEPS[by])).points
    else:
        kind, rows = Slice, (await reports.breakdown(hits, asked, DIMENSIONS[by], reports.MAX_ROWS)).rows
    body = await asyncio.to_thread(tables.parquet, msgspec.json.encode(rows), kind, hits.segments.folder)
    return Response(body, media_type=PARQUET)


async def _alone(answer: Awaitable[T]) -> T:
    """The answer, or of what failed together the first, which has a status of its own."""
    try:
        return await answer
    except ExceptionGroup as errors:
        leaf: BaseException = errors
        while isinstance(leaf, BaseExceptionGroup):
            leaf = leaf.exceptions[0]
        raise leaf from None


def _question(request: AnyRequest, *more: str, filtered: bool = True) -> Question:
    """Period, filters and `within` from the query; any other name is refused: a misspelt filter is not ignored."""
    query = request.query_params
    filters = _filters(request) if filtered else {}
    for name in query:
        if name not in (*filters, "from", "to", "within", *more):
            message = f"there is no filter {name[:40]}"
            raise Invalid(message, field=name)
    return questions.question(query.get("from", ""), query.get("to", ""), filters, _within(request))


def _before(request: AnyRequest) -> Question | None:
    """The period compared with, by the same filters."""
    query = request.query_params
    if "before_from" not in query:
        return None
    minutes = _number(query.get("before_minutes", "0"), "before_minutes")
    days = query["before_from"], query.get("before_to", "")
    return questions.question(*days, _filters(request), _within(request), minutes)


def _within(request: AnyRequest) -> int:
    """How many seconds the answer may be behind."""
    within_s = _number(request.query_params.get("within", "0"), "within")
    if within_s > MAX_WITHIN_S:
        message = f"within is at most {MAX_WITHIN_S} seconds"
        raise Invalid(message, field="within")
    return within_s


def _filters(request: AnyRequest) -> dict[str, list[str]]:
    sent = {name: request.query_params.getall(name, []) for name in request.query_params}
    filters = {name: values for name, values in sent.items() if name.removeprefix(NOT) in questions.NAMES}
    for name, values in filters.items():
        for value in values:
            _short(value, name)
    return filters


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


router = Router(
    "/analytics", route_handlers=[summary, timeseries, breakdown, pages, latency, live, days, batch, parquet]
)
