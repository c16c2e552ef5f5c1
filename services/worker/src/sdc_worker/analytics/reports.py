"""The questions the dashboard asks, each one statement over `visits.SQL_HITS` or `SQL_VIEWS`.

A visitor is a salted hash of one day: a period's visitors are the sum of its days'. Under a filter a visit counts when
one of its page views passes the filter, and with its whole duration. But for percentiles every figure is a plain sum
over days: what two sets of days come to is what they come to together.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from sdc_core import clock
from sdc_core.answers.analytics import (
    Batch,
    Breakdown,
    Dimension,
    Latency,
    Live,
    LivePage,
    PagesRead,
    PathDays,
    PathLatency,
    Point,
    Slice,
    Step,
    Summary,
    Timeseries,
)
from sdc_core.errors import Invalid

from sdc_worker.analytics.hits import Cell, Hits
from sdc_worker.analytics.questions import Question
from sdc_worker.analytics.visits import SQL_HITS, SQL_VIEWS

MAX_ROWS = 1_000
MINUTE_US = 60 * clock.SECOND_US
LIVE_US = 5 * MINUTE_US
LIVE_MINUTES = 30
LIVE_PAGES = 8
LATENCY_ROWS = 100

_STEPS: dict[Step, str] = {
    "day": "day",
    "hour": "strftime(make_timestamp(ts - ts % 3600000000), '%Y-%m-%dT%H:00Z')",
}
_FEED = "type IN ('application/atom+xml', 'application/rss+xml', 'application/feed+json')"
_DOWNLOAD = (
    "status IN (200, 206) AND (type LIKE 'application/%' OR type LIKE 'audio/%' OR type LIKE 'video/%') AND NOT "
    f"({_FEED}) AND type NOT IN ('application/json', 'application/problem+json', 'application/xml', "
    "'application/manifest+json', 'application/javascript')"
)
_AI = (
    "bot IN ('gptbot', 'chatgpt-user', 'oai-searchbot', 'claudebot', 'claude-web', 'claude-user', 'claude-searchbot', "
    "'anthropic-ai', 'perplexitybot', 'perplexity-user', 'google-extended', 'bytespider', 'ccbot', 'amazonbot', "
    "'meta-externalagent', 'applebot-extended', 'cohere-ai', 'mistralai-user', 'duckassistbot', 'ai2bot', 'diffbot')"
)


class _Kind(NamedTuple):
    """A dimension: the key's expression, which rows have one, what the largest is by, whether `clients` are counted."""

    key: str
    present: str
    largest: str = "visitors DESC, page_views DESC, requests DESC"
    clients: bool = False


_DIMENSIONS: dict[Dimension, _Kind] = {
    "page": _Kind("path", "page"),
    "path": _Kind("path", "true"),
    "entry": _Kind("path", "entry"),
    "exit": _Kind("path", "exit"),
    "referrer": _Kind("ref", "ref <> ''"),
    "country": _Kind("country", "true"),
    "browser": _Kind("browser", "bot = ''"),
    "os": _Kind("os", "bot = ''"),
    "device": _Kind("device", "bot = ''"),
    "status": _Kind("CAST(status AS VARCHAR)", "true", "requests DESC"),
    "type": _Kind("type", "true", "size_bytes DESC, requests DESC"),
    "heavy": _Kind("path", "true", "size_bytes DESC, requests DESC"),
    "missing": _Kind("path", "status = 404", "clients DESC, requests DESC", clients=True),
    "feed": _Kind("path", _FEED, "clients DESC, requests DESC", clients=True),
    "feed_reader": _Kind(
        "CASE bot WHEN '' THEN browser ELSE bot END", _FEED, "clients DESC, requests DESC", clients=True
    ),
    "download": _Kind("path", _DOWNLOAD, "clients DESC, requests DESC", clients=True),
    "bot": _Kind("bot", "bot <> ''", "requests DESC"),
    "crawled": _Kind("path", _AI, "requests DESC"),
}


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for besides totals and course."""

    step: Step
    dimensions: Sequence[Dimension] = ()
    limit: int = 10
    latency: bool = False
    live: bool = False


async def batch(hits: Hits, asked: Question, before: Question | None, parts: Parts) -> Batch:
    """All that one page shows, in one answer; `before` is the period compared with. Raises Invalid."""
    _check(parts.limit)
    async with asyncio.TaskGroup() as group:
        totals = [group.create_task(summary(hits, each)) for each in (asked, before) if each]
        courses = [group.create_task(timeseries(hits, each, parts.step)) for each in (asked, before) if each]
        slices = [group.create_task(breakdown(hits, asked, each, parts.limit)) for each in parts.dimensions]
        times = group.create_task(latency(hits, asked)) if parts.latency else None
        now = group.create_task(live(hits)) if parts.live else None
    return Batch(
        summary=totals[0].result(),
        timeseries=courses[0].result(),
        summary_before=totals[1].result() if before else None,
        timeseries_before=courses[1].result() if before else None,
        breakdowns=[each.result() for each in slices],
        latency=times.result() if times else None,
        live=now.result() if now else None,
    )


async def summary(hits: Hits, asked: Question) -> Summary:
    """The period's totals."""
    sql = f"""
    WITH {SQL_HITS}, rows AS MATERIALIZED (SELECT * FROM hits WHERE true{asked.where}),
    read AS (
        SELECT count(DISTINCT (day, visitor)) AS visitors, count(DISTINCT visit) AS visits, count(*) AS page_views,
            count(*) FILTER (WHERE visit_views = 1) AS bounces
        FROM rows WHERE page
    ), lasting AS (SELECT sum(us) AS us FROM (SELECT any_value(visit_us) AS us FROM rows WHERE page GROUP BY visit)),
    sent AS (SELECT sum(bytes) AS size_bytes, count(*) AS requests FROM rows)
    SELECT visitors, visits, page_views, bounces, us, size_bytes, requests FROM read, lasting, sent
    """  # noqa: S608 - from the closed tables above; what a caller sent is bound
    (row,) = await _ask(hits, sql, asked)
    visitors, visits, page_views, bounces, duration_us, size_bytes, requests = map(_number, row)
    return Summary(
        visitors=visitors,
        visits=visits,
        page_views=page_views,
        bounces=bounces,
        duration_us=duration_us,
        bytes=size_bytes,
        requests=requests,
    )


async def timeseries(hits: Hits, asked: Question, by: Step) -> Timeseries:
    """The period's course. A visit counts in every step in which it has a page view."""
    sql = f"""
    WITH {SQL_HITS}, rows AS MATERIALIZED (
        SELECT {_STEPS[by]} AS step, page, visitor, visit, bytes FROM hits WHERE true{asked.where}
    ), read AS (
        SELECT step, count(DISTINCT visitor) AS visitors, count(DISTINCT visit) AS visits, count(*) AS page_views
        FROM rows WHERE page GROUP BY step
    ), sent AS (SELECT step, count(*) AS requests, sum(bytes) AS size_bytes FROM rows GROUP BY step)
    SELECT step, visitors, visits, page_views, requests, size_bytes FROM sent LEFT JOIN read USING (step)
    """  # noqa: S608 - from the closed tables above; what a caller sent is bound
    found = {
        str(at): Point(
            at=str(at),
            visitors=_number(visitors),
            visits=_number(visits),
            page_views=_number(page_views),
            requests=_number(requests),
            bytes=_number(size_bytes),
        )
        for at, visitors, visits, page_views, requests, size_bytes in await _ask(hits, sql, asked)
    }
    return Timeseries(by=by, points=[found.get(at) or Point(at=at) for at in asked.steps(by)])


async def breakdown(hits: Hits, asked: Question, by: Dimension, limit: int) -> Breakdown:
    """The period by one property, the largest first; `limit` from 1 to `MAX_ROWS`. Raises Invalid."""
    _check(limit)
    kind = _DIMENSIONS[by]
    clients = "count(DISTINCT (day, visitor))" if kind.clients else "0"
    sql = f"""
    WITH {SQL_HITS}, rows AS MATERIALIZED (
        SELECT {kind.key} AS key, page, day, visitor, bytes FROM hits WHERE {kind.present}{asked.where}
    ), read AS (
        SELECT key, count(DISTINCT (day, visitor)) AS visitors, count(*) AS page_views FROM rows WHERE page GROUP BY key
    ), sent AS (
        SELECT key, count(*) AS requests, sum(bytes) AS size_bytes, {clients} AS clients FROM rows GROUP BY key
    )
    SELECT key, coalesce(visitors, 0) AS visitors, coalesce(page_views, 0) AS page_views, requests, size_bytes, clients,
        count(*) OVER () AS total
    FROM sent LEFT JOIN read USING (key) ORDER BY {kind.largest}, key LIMIT {limit:d}
    """  # noqa: S608 - from the closed tables above; what a caller sent is bound
    found = await _ask(hits, sql, asked)
    slices = [
        Slice(
            key=str(name),
            visitors=_number(visitors),
            page_views=_number(page_views),
            requests=_number(requests),
            bytes=_number(size_bytes),
            clients=_number(clients),
        )
        for name, visitors, page_views, requests, size_bytes, clients, _ in found
    ]
    return Breakdown(by=by, rows=slices, total=_number(found[0][6]) if found else 0)


async def pages(hits: Hits, asked: Question, paths: str, limit: int) -> PagesRead:
    """Page views by path and day, the page read most first; of `paths`, one a line, or of all when that is empty.
    `limit` as above. Raises Invalid.
    """
    _check(limit)
    sql = f"""
    WITH {SQL_VIEWS}, counted AS (
        SELECT path, day, count(*) AS number FROM views
        WHERE $paths = '' OR list_contains(string_split($paths, chr(10)), path) GROUP BY path, day
    )
    SELECT path, sum(number) AS page_views, string_agg(day || ' ' || number, ',') FROM counted
    GROUP BY path ORDER BY page_views DESC, path LIMIT {limit:d}
    """  # noqa: S608 - from the closed tables above; what a caller sent is bound
    found = await hits.query(sql, {"paths": paths}, first=asked.first, last=asked.last)
    days = list(asked.steps("day"))
    rows = []
    for path, page_views, by_day in found:
        numbers = {day: int(number) for day, _, number in (each.partition(" ") for each in str(by_day).split(","))}
        rows.append(
            PathDays(path=str(path), page_views=_number(page_views), days=[numbers.get(day, 0) for day in days])
        )
    return PagesRead(rows=rows)


async def latency(hits: Hits, asked: Question) -> Latency:
    """How long the server took for its HTML, by path, the most requested first; exact percentiles."""
    sql = f"""
    WITH {SQL_HITS}
    SELECT path, count(*) AS requests, quantile_disc(us, 0.5), quantile_disc(us, 0.95), quantile_disc(us, 0.99)
    FROM hits WHERE type = 'text/html'{asked.where} GROUP BY path ORDER BY requests DESC, path LIMIT {LATENCY_ROWS}
    """  # noqa: S608 - from the closed tables above; what a caller sent is bound
    paths = [
        PathLatency(
            path=str(path),
            requests=_number(requests),
            p50_us=_number(p50),
            p95_us=_number(p95),
            p99_us=_number(p99),
        )
        for path, requests, p50, p95, p99 in await _ask(hits, sql, asked)
    ]
    return Latency(rows=paths)


async def live(hits: Hits) -> Live:
    """Visitors and page views of the last five minutes, what they read, and the course of the last thirty."""
    now_us = clock.now_us()
    since_us = now_us - LIVE_MINUTES * MINUTE_US
    sql = f"""
    WITH {SQL_HITS}
    SELECT path, day, visitor, ts FROM hits WHERE page AND ts > $since AND ts <= $now ORDER BY ts DESC LIMIT 100000
    """  # noqa: S608 - from the closed tables above; what a caller sent is bound
    rows = await hits.query(
        sql, {"since": since_us, "now": now_us}, first=clock.day_of(since_us), last=clock.day_of(now_us)
    )
    minutes = [0] * LIVE_MINUTES
    by_path: dict[str, set[tuple[Cell, Cell]]] = {}
    recent = [row for row in rows if _number(row[3]) > now_us - LIVE_US]
    for *_, ts in rows:
        minutes[-1 - (now_us - _number(ts)) // MINUTE_US] += 1
    for path, day, visitor, _ in recent:
        by_path.setdefault(str(path), set()).add((day, visitor))
    read = sorted(((len(who), path) for path, who in by_path.items()), key=lambda each: (-each[0], each[1]))
    return Live(
        visitors=len({(day, visitor) for _, day, visitor, _ in recent}),
        page_views=len(recent),
        minutes=minutes,
        pages=[LivePage(path=path, visitors=visitors) for visitors, path in read[:LIVE_PAGES]],
    )


async def _ask(hits: Hits, sql: str, asked: Question) -> list[tuple[Cell, ...]]:
    return await hits.query(sql, asked.values, first=asked.first, last=asked.last)


def _check(limit: int) -> None:
    if not 1 <= limit <= MAX_ROWS:
        message = f"limit is from 1 to {MAX_ROWS}"
        raise Invalid(message, field="limit")


def _number(cell: Cell) -> int:
    return int(cell or 0)
