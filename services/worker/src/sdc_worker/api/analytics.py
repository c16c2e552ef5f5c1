"""Questions about the traffic, answered."""

import asyncio
from collections.abc import Awaitable, Mapping
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
    Latency,
    Live,
    PagesRead,
    Step,
    Summary,
    Timeseries,
)
from sdc_core.errors import Invalid

from sdc_worker.analytics import questions, reports, tables
from sdc_worker.analytics.hits import Hits
from sdc_worker.analytics.questions import Question
from sdc_worker.analytics.reports import Parts

ROWS = 100
MAX_FILTER = 2_000
MAX_PATHS = 20_000
"""Characters of all paths that are asked for at once."""
MAX_PARTS = 24
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
    asked = _question(request, "paths", "limit", filtered=False)
    return await reports.pages(hits, asked, paths, limit)


@get("/latency")
async def latency(request: AnyRequest, hits: NamedDependency[Hits]) -> Latency:
    """How long the server took, by path."""
    return await reports.latency(hits, _question(request))


@get("/live")
async def live(hits: NamedDependency[Hits]) -> Live:
    """Who is there now."""
    return await reports.live(hits)


@get("/batch")
async def batch(request: AnyRequest, hits: NamedDependency[Hits]) -> Batch:
    """Several answers at once: totals, course, and of `by` each; with `before_from` and `before_to` the period compared
    with.
    """
    query = request.query_params
    asked = _question(request, "step", "by", "limit", "latency", "live", "before_from", "before_to")
    earlier = "before_from" in query
    before = (
        questions.question(query["before_from"], query.get("before_to", ""), _filters(request)) if earlier else None
    )
    parts = Parts(
        step=_choice(query.get("step", "day"), STEPS, "step"),
        dimensions=[_choice(each, DIMENSIONS, "by") for each in query.getall("by", [])[:MAX_PARTS]],
        limit=_number(query.get("limit", str(ROWS)), "limit"),
        latency="latency" in query,
        live="live" in query,
    )
    return await _alone(reports.batch(hits, asked, before, parts))


@get("/parquet")
async def parquet(request: AnyRequest, hits: NamedDependency[Hits]) -> Response[bytes]:
    """The course where `by` is `day` or `hour`, else a breakdown, as a Parquet file."""
    asked = _question(request, "by")
    by = _choice(request.query_params.get("by", "day"), {**STEPS, **DIMENSIONS}, "by")
    if by in STEPS:
        rows: list[msgspec.Struct] = [*(await reports.timeseries(hits, asked, STEPS[by])).points]
    else:
        rows = [*(await reports.breakdown(hits, asked, DIMENSIONS[by], reports.MAX_ROWS)).rows]
    body = await asyncio.to_thread(tables.parquet, msgspec.json.encode(rows), hits.segments.folder)
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
    """Period and filters from the query; any other name is refused, so that a misspelt filter is not ignored."""
    query = request.query_params
    filters = _filters(request) if filtered else {}
    for name in query:
        if name not in (*filters, "from", "to", *more):
            message = f"there is no filter {name[:40]}"
            raise Invalid(message, field=name)
    return questions.question(query.get("from", ""), query.get("to", ""), filters)


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


router = Router("/analytics", route_handlers=[summary, timeseries, breakdown, pages, latency, live, batch, parquet])
