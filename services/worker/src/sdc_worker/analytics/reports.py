"""The questions the dashboard asks, each one statement over `visits.SQL_HITS` or `SQL_VIEWS`.

A visitor is a salted hash of one day: a period's visitors are the sum of its days'. Under a filter a visit counts when
one of its page views passes the filter, and with its whole duration.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import msgspec
from sdc_core import clock
from sdc_core.answers.analytics import (
    Breakdown,
    Dimension,
    FilterName,
    Latency,
    Live,
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
from sdc_worker.analytics.visits import SQL_HITS, SQL_VIEWS

MAX_DAYS = 400
MAX_ROWS = 1_000
LIVE_US = 5 * 60 * clock.SECOND_US


_FILTERS: dict[FilterName, str] = {
    "path": " AND path = $path",
    "referrer": " AND ref = $referrer",
    "country": " AND country = $country",
    "browser": " AND browser = $browser",
    "os": " AND os = $os",
    "device": " AND device = $device",
    "status": " AND status = $status",
}
_STEPS: dict[Step, str] = {
    "day": "day",
    "hour": "strftime(make_timestamp(ts - ts % 3600000000), '%Y-%m-%dT%H:00Z')",
}
_DIMENSIONS: dict[Dimension, tuple[str, str]] = {
    "path": ("path", "true"),
    "referrer": ("ref", "ref <> ''"),
    "country": ("country", "true"),
    "browser": ("browser", "bot = ''"),
    "os": ("os", "bot = ''"),
    "device": ("device", "bot = ''"),
    "status": ("CAST(status AS VARCHAR)", "true"),
    "bot": ("bot", "bot <> ''"),
    "entry": ("path", "entry"),
    "exit": ("path", "exit"),
}
"""By dimension: the key's expression, and which rows have one."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A period of days, both inclusive, UTC, and values that columns must equal."""

    first: str
    last: str
    filters: dict[FilterName, str | int]


def question(first: str, last: str, filters: dict[FilterName, str | int]) -> Question:
    """A checked question. Raises Invalid for days that are none, in the wrong order or more than `MAX_DAYS`."""
    begin, end = _day(first, "from"), _day(last, "to")
    if end < begin:
        message = "the period ends before it begins"
        raise Invalid(message, field="to")
    if (end - begin).days >= MAX_DAYS:
        message = f"a period has at most {MAX_DAYS} days"
        raise Invalid(message, field="from")
    return Question(first=first, last=last, filters=filters)


async def summary(hits: Hits, asked: Question) -> Summary:
    """The period's totals."""
    sql = f"""
    WITH {SQL_HITS}, rows AS (SELECT * FROM hits WHERE true{_where(asked)})
    SELECT count(DISTINCT (day, visitor)) FILTER (WHERE page), count(DISTINCT visit), count(*) FILTER (WHERE page),
        count(*) FILTER (WHERE visit_views = 1),
        coalesce((SELECT sum(us) FROM (SELECT any_value(visit_us) AS us FROM rows WHERE page GROUP BY visit)), 0),
        coalesce(sum(bytes), 0), count(*)
    FROM rows
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
    WITH {SQL_HITS}
    SELECT {_STEPS[by]} AS step, count(DISTINCT visitor) FILTER (WHERE page), count(DISTINCT visit),
        count(*) FILTER (WHERE page), count(*), sum(bytes)
    FROM hits WHERE true{_where(asked)} GROUP BY step
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
    return Timeseries(by=by, points=[found.get(at) or Point(at=at) for at in _steps(asked, by)])


async def breakdown(hits: Hits, asked: Question, by: Dimension, limit: int) -> Breakdown:
    """The period by one property, most visitors first; `limit` from 1 to `MAX_ROWS`. Raises Invalid."""
    if not 1 <= limit <= MAX_ROWS:
        message = f"limit is from 1 to {MAX_ROWS}"
        raise Invalid(message, field="limit")
    key, present = _DIMENSIONS[by]
    sql = f"""
    WITH {SQL_HITS}
    SELECT {key} AS key, count(DISTINCT (day, visitor)) FILTER (WHERE page) AS visitors,
        count(*) FILTER (WHERE page) AS page_views, count(*) AS requests, sum(bytes) AS size_bytes
    FROM hits WHERE {present}{_where(asked)}
    GROUP BY key ORDER BY visitors DESC, page_views DESC, requests DESC, key LIMIT {limit:d}
    """  # noqa: S608 - from the closed tables above; what a caller sent is bound
    slices = [
        Slice(
            key=str(name),
            visitors=_number(visitors),
            page_views=_number(page_views),
            requests=_number(requests),
            bytes=_number(size_bytes),
        )
        for name, visitors, page_views, requests, size_bytes in await _ask(hits, sql, asked)
    ]
    return Breakdown(by=by, rows=slices)


async def pages(hits: Hits, asked: Question, paths: str, limit: int) -> PagesRead:
    """Page views by path and day, the page read most first; of `paths`, one a line, or of all when that is empty.
    `limit` as above. Raises Invalid.
    """
    if not 1 <= limit <= MAX_ROWS:
        message = f"limit is from 1 to {MAX_ROWS}"
        raise Invalid(message, field="limit")
    sql = f"""
    WITH {SQL_VIEWS}, counted AS (
        SELECT path, day, count(*) AS number FROM views
        WHERE $paths = '' OR list_contains(string_split($paths, chr(10)), path) GROUP BY path, day
    )
    SELECT path, sum(number) AS page_views, string_agg(day || ' ' || number, ',') FROM counted
    GROUP BY path ORDER BY page_views DESC, path LIMIT {limit:d}
    """  # noqa: S608 - from the closed tables above; what a caller sent is bound
    found = await hits.query(sql, {"paths": paths}, first=asked.first, last=asked.last)
    days = list(_steps(asked, "day"))
    rows = []
    for path, page_views, by_day in found:
        numbers = {day: int(number) for day, _, number in (each.partition(" ") for each in str(by_day).split(","))}
        rows.append(
            PathDays(path=str(path), page_views=_number(page_views), days=[numbers.get(day, 0) for day in days])
        )
    return PagesRead(rows=rows)


async def latency(hits: Hits, asked: Question) -> Latency:
    """How long the server took for its HTML, by path, the most requested 100 first; exact percentiles."""
    sql = f"""
    WITH {SQL_HITS}
    SELECT path, count(*) AS requests, quantile_disc(us, 0.5), quantile_disc(us, 0.95), quantile_disc(us, 0.99)
    FROM hits WHERE type = 'text/html'{_where(asked)} GROUP BY path ORDER BY requests DESC, path LIMIT 100
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
    """Visitors and page views of the last five minutes."""
    now_us = clock.now_us()
    asked = Question(first=clock.day_of(now_us - LIVE_US), last=clock.day_of(now_us), filters={})
    sql = f"""
    WITH {SQL_HITS}
    SELECT count(DISTINCT (day, visitor)), count(*) FROM hits WHERE page AND ts > $since AND ts <= $now
    """  # noqa: S608 - from the closed tables above; what a caller sent is bound
    (row,) = await hits.query(sql, {"since": now_us - LIVE_US, "now": now_us}, first=asked.first, last=asked.last)
    return Live(visitors=_number(row[0]), page_views=_number(row[1]))


async def _ask(hits: Hits, sql: str, asked: Question) -> list[tuple[Cell, ...]]:
    values: dict[str, Cell] = {str(name): value for name, value in asked.filters.items()}
    return await hits.query(sql, values, first=asked.first, last=asked.last)


def _where(asked: Question) -> str:
    return "".join(_FILTERS[name] for name in asked.filters)


def _steps(asked: Question, by: Step) -> Iterator[str]:
    day = date.fromisoformat(asked.first)
    while day.isoformat() <= asked.last:
        if by == "day":
            yield day.isoformat()
        else:
            yield from (f"{day.isoformat()}T{hour:02}:00Z" for hour in range(24))
        day += timedelta(days=1)


def _day(text: str, field: str) -> date:
    try:
        parsed = date.fromisoformat(text)
    except ValueError:
        parsed = None
    if parsed is None or parsed.isoformat() != text:
        message = f"{field} is a day, written YYYY-MM-DD"
        raise Invalid(message, field=field)
    return parsed


def _number(cell: Cell) -> int:
    return int(cell or 0)
