"""One dimension of the statistics in full, and every table of them as a file."""

import asyncio
from typing import Literal, TypeAlias

from litestar import Response, get
from litestar.di import NamedDependency
from sdc_core import clock
from sdc_core.answers.analytics import Dimension, Step
from sdc_core.errors import Invalid
from sdc_core.service_client import ServiceClient

from sdc_web import pages
from sdc_web.dashboard import bars, panels
from sdc_web.dashboard.asked import Asked
from sdc_web.dashboard.kinds import KINDS
from sdc_web.dashboard.statistics import begun, read
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.reports import analytics, asking, tables
from sdc_web.sessions.signed_in import SignedIn

Format: TypeAlias = Literal["csv", "json", "parquet"]
Table: TypeAlias = Dimension | Step | Literal["latency"]
MEDIA_TYPES: dict[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}


@get("/author/statistics/rows", right="statistics.read")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """Up to a thousand rows of what `by` names."""
    question, by = await begun(worker, author, read(request)), _dimension(request)
    found, refusal = await asking.or_why(
        analytics.breakdown(worker, author.actor, question.question, by, analytics.MOST_ROWS, question.before)
    )
    return await pages.page(
        request,
        databases,
        "author/statistics/rows.html",
        author=author,
        asked=question,
        bar=bars.bar(question, clock.today(), []),
        title=KINDS[by].title,
        by=by,
        breakdown=panels.breakdown(found, question, may_redirect=author.may("site.change")) if found else None,
        refusal=refusal,
        file_rows=analytics.FILE_ROWS,
    )


@get("/author/statistics/export", right="statistics.read")
async def export(
    request: AnyRequest, worker: NamedDependency[ServiceClient], author: NamedDependency[SignedIn]
) -> Response[bytes]:
    """A table as a file: the course where `by` is a step, the answer times, else a dimension. Raises Unavailable."""
    question, kind = await begun(worker, author, read(request)), _format(request)
    by = request.query_params.get("by", "day")
    table = by if by in ("day", "hour", "month", "latency") else _dimension(request)
    body = await _file(worker, author, question, table, kind)
    name = f"statistics-{by}-{question.from_day}-{question.to_day}.{kind}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(body, headers=headers, media_type=MEDIA_TYPES[kind])


async def _file(worker: ServiceClient, author: SignedIn, question: Asked, table: Table, kind: Format) -> bytes:
    if kind == "parquet":
        return await analytics.parquet(worker, author.actor, question.question, table)
    if table == "latency":
        times = await analytics.latency(worker, author.actor, question.question)
        return tables.encode(times.rows, kind)
    if table in ("day", "hour", "month"):
        course = await analytics.timeseries(worker, author.actor, question.question, table)
        return await asyncio.to_thread(tables.encode, course.points, kind)
    found = await analytics.breakdown(worker, author.actor, question.question, table, analytics.FILE_ROWS)
    return await asyncio.to_thread(tables.encode, found.rows, kind)


def _dimension(request: AnyRequest) -> Dimension:
    by = request.query_params.get("by", "page")
    found = next((each for each in KINDS if each == by), None)
    if found is None:
        raise Invalid("there is no such table in the statistics", field="by")
    return found


def _format(request: AnyRequest) -> Format:
    match request.query_params.get("format", "csv"):
        case "csv" | "json" | "parquet" as kind:
            return kind
        case _:
            raise Invalid("a file is csv, json or parquet", field="format")


route_handlers = [show, export]
