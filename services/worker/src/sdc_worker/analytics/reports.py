"""The questions the dashboard asks, each one statement over `visits.SQL_HITS` or `SQL_VIEWS`.

A visitor is a salted hash of one day: a period's visitors are the sum of its days'. Under a filter a visit counts when
one of its page views passes the filter, and with its whole duration. But for percentiles every figure is a plain sum
over days: what two sets of days come to is what they come to together.
"""

import asyncio
import heapq
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec
from sdc_core import clock
from sdc_core.answers.analytics import (
    Batch,
    Breakdown,
    Dimension,
    Known,
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

from sdc_worker.analytics.dimensions import CLIENTS, DIMENSIONS, TOLD, TOLD_NOTHING
from sdc_worker.analytics.hits import Cell, Hits
from sdc_worker.analytics.kept import Table, added
from sdc_worker.analytics.questions import MINUTE_US, Question
from sdc_worker.analytics.visits import SQL_HITS, SQL_VIEWS

MAX_ROWS = 20_000
MOST_AT_ONCE = 1_000
"""Rows from which some are chosen within a moment; among more of them, nobody is kept waiting."""
LIVE_US = 5 * MINUTE_US
LIVE_MINUTES = 30
LIVE_PAGES = 8
LATENCY_ROWS = 100

_COLUMNS = ("part", "key", "visitors", "page_views", "visits", "bounces", "requests", "bytes", "clients", "readings",
            "read_us", "depth")  # fmt: skip
"""Of `_sliced`, by the names that a Slice has for them."""

_Fine: TypeAlias = Literal["day", "hour"]
_STEPS: dict[_Fine, str] = {"day": "day", "hour": "ts // 3600000000"}
_SHOWN: dict[_Fine, str] = {
    "day": "step",
    "hour": "strftime(make_timestamp(step * 3600000000), '%Y-%m-%dT%H:00Z')",
}
_SUMMED = """
read AS (
    SELECT step, count(DISTINCT visitor) AS visitors, count(*) AS visits, sum(visit_views) AS page_views,
        count(*) FILTER (WHERE visit_views = 1) AS bounces, sum(visit_us) AS us
    FROM rows WHERE entry GROUP BY step
)
"""
"""Visits by day, where each is there with all its page views: the first of them tells everything."""
_DISTINCT = """
visited AS (
    SELECT step, visit, any_value(visitor) AS visitor, count(*) AS page_views, any_value(visit_views) AS visit_views,
        any_value(visit_us) AS us
    FROM rows WHERE page GROUP BY step, visit
), read AS (
    SELECT step, count(DISTINCT visitor) AS visitors, count(*) AS visits, sum(page_views) AS page_views,
        count(*) FILTER (WHERE visit_views = 1) AS bounces, sum(us) AS us
    FROM visited GROUP BY step
)
"""
"""By their page views of each step that pass: `visit` says which belong together, and no two days have the same."""


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for besides totals and course."""

    step: Step
    dimensions: Sequence[Dimension] = ()
    limit: int = 10
    latency: bool = False
    live: bool = False
    pages: int = 0


async def batch(hits: Hits, asked: Question, before: Question | None, parts: Parts) -> Batch:
    """All that one page shows, in one answer; `before` is the period compared with, whose course is there whole also
    where only a part of its last day is compared. With so many `pages` those read most. Raises Invalid.
    """
    _check(parts.limit)
    if parts.pages and asked.conditions:
        message = "the pages read most are told without filters"
        raise Invalid(message, field="pages")
    whole = before.whole if before else None
    async with asyncio.TaskGroup() as group:
        totals = [group.create_task(summary(hits, each)) for each in (asked, before) if each]
        courses = [group.create_task(timeseries(hits, each, parts.step)) for each in (asked, whole) if each]
        slices = group.create_task(breakdowns(hits, asked, parts.dimensions, parts.limit, before))
        times = [group.create_task(latency(hits, each)) for each in (asked, whole) if each and parts.latency]
        now = group.create_task(live(hits, asked.within_s)) if parts.live else None
        read = group.create_task(pages(hits, asked, "", parts.pages)) if parts.pages else None
    return Batch(
        summary=totals[0].result(),
        timeseries=courses[0].result(),
        summary_before=totals[1].result() if before else None,
        timeseries_before=courses[1].result() if before else None,
        breakdowns=slices.result(),
        latency=times[0].result() if times else None,
        latency_before=times[1].result() if times[1:] else None,
        live=now.result() if now else None,
        pages=read.result() if read else None,
    )


async def summary(hits: Hits, asked: Question) -> Summary:
    """The period's totals: the sums of its days'."""
    days = await _course(hits, asked.whole, "day")
    if asked.minutes:
        # The course of the whole days is asked for beside this, and worked out once for both.
        days = [row for row in days if row[0] != asked.last]
        days += await _course(hits, asked.parts[-1], "day")
    totals = [sum(_number(row[place]) for row in days) for place in range(1, 8)]
    visitors, visits, page_views, bounces, duration_us, requests, size_bytes = totals
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
    """The period's course. A visit counts in every step in which it has a page view; a month is the sum of its days.
    Raises Invalid for more days than have hours.
    """
    if by == "hour":
        asked.require_fine()
    rows = await _course(hits, asked, "hour" if by == "hour" else "day")
    if by == "month":
        rows = added([(str(at)[:7], *numbers) for at, *numbers in rows], [], 1)
    found = {
        str(at): Point(
            at=str(at),
            visitors=_number(visitors),
            visits=_number(visits),
            page_views=_number(page_views),
            requests=_number(requests),
            bytes=_number(size_bytes),
        )
        for at, visitors, visits, page_views, _, _, requests, size_bytes in rows
    }
    return Timeseries(by=by, points=[found.get(at) or Point(at=at) for at in asked.steps(by)])


async def _course(hits: Hits, asked: Question, by: _Fine) -> list[tuple[Cell, ...]]:
    """By step: visitors, visits, page views, bounces, duration, requests, bytes. Of days, totals and course are one
    statement, whose answer is worked out once for both. A step lies within a day, so its visitors differ by their hash.
    """
    whole = by == "day" and asked.keeps_visits
    read = _SUMMED if whole else _DISTINCT
    sql = f"""
    WITH {SQL_HITS}, rows AS MATERIALIZED (
        SELECT {_STEPS[by]} AS step, page, entry, day, visitor, visit, visit_views, visit_us, bytes FROM hits
        WHERE true{asked.where}
    ), {read}, sent AS (SELECT step, count(*) AS requests, sum(bytes) AS size_bytes FROM rows GROUP BY step)
    SELECT {_SHOWN[by]} AS step, visitors, visits, page_views, bounces, us, requests, size_bytes
    FROM sent LEFT JOIN read USING (step)
    """  # noqa: S608 - from the closed tables above; what a caller sent is bound
    return await _count(hits, sql, asked, keys=1)


async def breakdown(
    hits: Hits, asked: Question, by: Dimension, limit: int, before: Question | None = None
) -> Breakdown:
    """The period by one property, the largest first, beside the period compared with; `limit` from 1 to `MAX_ROWS`.
    Raises Invalid.
    """
    (found,) = await breakdowns(hits, asked, (by,), limit, before)
    return found


async def breakdowns(
    hits: Hits, asked: Question, by: Sequence[Dimension], limit: int, before: Question | None = None
) -> list[Breakdown]:
    """The same by several properties, in one statement for each period."""
    _check(limit)
    if not by:
        return []
    now = await _rows(hits, asked, by)
    earlier = await _rows(hits, before, by) if before else None

    def chosen() -> list[Breakdown]:
        parts, past = _by_part(now, by), _by_part(earlier, by) if earlier is not None else None
        return [_largest(each, parts[each], limit, past[each] if past else None) for each in by]

    many = len(now) + len(earlier or ()) > MOST_AT_ONCE
    return await asyncio.to_thread(chosen) if many else chosen()


async def _rows(hits: Hits, asked: Question, by: Sequence[Dimension]) -> Table:
    rows: Table = []
    for part in asked.parts:
        sql = f"WITH {SQL_HITS} " + " UNION ALL ".join(_sliced(each, part) for each in dict.fromkeys(by))
        found = await _count(hits, sql, part, keys=2)
        rows = await asyncio.to_thread(added, rows, found, 2) if rows else found
    return rows


def _by_part(rows: Table, by: Sequence[Dimension]) -> dict[Cell, Table]:
    parts: dict[Cell, Table] = {each: [] for each in by}
    for row in rows:
        parts[row[0]].append(row)
    return parts


def _sliced(by: Dimension, asked: Question) -> str:
    """The statement of one dimension."""
    kind = DIMENSIONS[by]
    rows = f"""(
        SELECT {kind.key} AS key, page, entry, visit_views, day, visitor, readers, bytes, query FROM hits
        WHERE {kind.present}{asked.where}
    )"""  # noqa: S608 - from the closed tables above; what a caller sent is bound
    read = f"""
        SELECT key, count(DISTINCT (day, visitor)) AS visitors, count(*) AS page_views,
            count(*) FILTER (WHERE entry) AS visits, count(*) FILTER (WHERE entry AND visit_views = 1) AS bounces
        FROM {rows} WHERE page GROUP BY key
    """  # noqa: S608
    asking = CLIENTS.format(rows) if kind.clients else "SELECT '' AS key, 0 AS clients WHERE false"
    told = TOLD if kind.told else TOLD_NOTHING
    return f"""
    SELECT '{by}' AS part, key, visitors, page_views, visits, bounces, requests, size_bytes, clients,
        readings, read_us, depth
    FROM (SELECT key, count(*) AS requests, sum(bytes) AS size_bytes, {told} FROM {rows} GROUP BY key)
    LEFT JOIN ({read}) USING (key) LEFT JOIN ({asking}) USING (key)
    """  # noqa: S608


def _largest(by: Dimension, rows: Table, limit: int, earlier: Table | None) -> Breakdown:
    """Of rows that may be a hundred thousand, only those that are told of become more than they are."""
    places = [_COLUMNS.index(name) for name in DIMENSIONS[by].largest]
    largest = heapq.nsmallest(limit, rows, key=lambda row: (*(-_number(row[place]) for place in places), str(row[1])))
    keys = {row[1] for row in largest}
    before = None if earlier is None else [_slice(row) for row in earlier if row[1] in keys]
    return Breakdown(by=by, rows=[*map(_slice, largest)], total=len(rows), before=before)


def _slice(row: Sequence[Cell]) -> Slice:
    visitors, page_views, visits, bounces, requests, size_bytes, clients, *told = map(_number, row[2:])
    readings, read_us, depth = told
    return Slice(
        key=str(row[1]),
        visitors=visitors,
        page_views=page_views,
        visits=visits,
        bounces=bounces,
        requests=requests,
        bytes=size_bytes,
        clients=clients,
        readings=readings,
        read_us=read_us,
        depth=depth,
    )


async def pages(hits: Hits, asked: Question, paths: str, limit: int, *, by_day: bool = True) -> PagesRead:
    """Page views by path and day, the page read most first; of `paths`, one a line, or of all when that is empty.
    `limit` as above. Raises Invalid.

    Without days every question about a period is one, of all of its pages: its answer is kept, whichever are told of.
    """
    _check(limit)
    asked.require_fine()
    if not by_day:
        wanted = frozenset(paths.split("\n")) if paths else None
        views = await _read(hits, asked)
        told = [PathDays(path=path, page_views=count, days=[]) for path, count in views if not wanted or path in wanted]
        return PagesRead(rows=_most(told, limit))
    # The days of every page of a large site are many rows, and those of the pages to tell of are few.
    chosen = paths or "\n".join(await _most_read(hits, asked, limit))
    sql = f"""
    WITH {SQL_VIEWS}
    SELECT path, day, count(*) AS page_views FROM views
    WHERE list_contains(string_split($paths, chr(10)), path) GROUP BY path, day
    """  # noqa: S608 - from the closed tables above; what a caller sent is bound
    found = await _count(hits, sql, asked, keys=2, values={"paths": chosen})
    places = {day: place for place, day in enumerate(asked.steps("day"))}
    by_path: dict[str, list[int]] = {}
    for path, day, page_views in found:
        by_path.setdefault(str(path), [0] * len(places))[places[str(day)]] = _number(page_views)
    read = [PathDays(path=path, page_views=sum(days), days=days) for path, days in by_path.items()]
    return PagesRead(rows=_most(read, limit))


def _most(read: list[PathDays], limit: int) -> list[PathDays]:
    return heapq.nsmallest(limit, read, key=lambda each: (-each.page_views, each.path))


async def _most_read(hits: Hits, asked: Question, limit: int) -> list[str]:
    """The paths of the pages read most, in the order of their names: what is asked of them next is the same question,
    whose answer may be kept, for as long as they are the same pages.
    """
    most = heapq.nsmallest(limit, await _read(hits, asked), key=lambda each: (-each[1], each[0]))
    return sorted(path for path, _ in most)


async def _read(hits: Hits, asked: Question) -> list[tuple[str, int]]:
    """Every page that was read, and how often."""
    sql = f"WITH {SQL_VIEWS} SELECT path, count(*) AS page_views FROM views GROUP BY path"  # noqa: S608 - as above
    return [(str(path), _number(count)) for path, count in await _count(hits, sql, asked, keys=1, values={})]


async def known(hits: Hits) -> Known:
    """Of which days there are lines."""
    first, last = await hits.days()
    return Known(first=first, last=last)


async def latency(hits: Hits, asked: Question) -> Latency:
    """How long the server took for its HTML, by path, the most requested first; exact percentiles.
    Lines of other servers that say nothing of it are left out.
    """
    sql = f"""
    WITH {SQL_HITS}
    SELECT path, requests, times[1], times[2], times[3] FROM (
        SELECT path, count(*) AS requests, quantile_disc(us, [0.5, 0.95, 0.99]) AS times
        FROM hits WHERE type = 'text/html' AND us > 0{asked.where}
        GROUP BY path ORDER BY requests DESC, path LIMIT {LATENCY_ROWS}
    )
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


async def live(hits: Hits, within_s: int = 0) -> Live:
    """Visitors and page views of the last five minutes, what they read, and the course of the last thirty; it may leave
    out what came in the last `within_s` seconds.
    """
    now_us = clock.now_us()
    since_us = now_us - LIVE_MINUTES * MINUTE_US
    # Of whole half hours, so that within one of them the question is the same.
    whole_us = since_us // (LIVE_MINUTES * MINUTE_US) * LIVE_MINUTES * MINUTE_US
    sql = f"""
    WITH {SQL_HITS}
    SELECT path, day, visitor, ts FROM hits WHERE page AND ts >= $since ORDER BY ts DESC LIMIT 100000
    """  # noqa: S608 - from the closed tables above; what a caller sent is bound
    first, last = clock.day_of(whole_us), clock.day_of(now_us)
    found = await hits.query(sql, {"since": whole_us}, first=first, last=last, within_s=within_s)
    rows = [row for row in found if since_us < _number(row[3]) <= now_us]
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
    return await hits.query(sql, asked.values, first=asked.first, last=asked.last, within_s=asked.within_s)


async def _count(
    hits: Hits, sql: str, asked: Question, *, keys: int, values: Mapping[str, Cell] | None = None
) -> list[tuple[Cell, ...]]:
    bound = asked.values if values is None else values
    return await hits.counted(sql, bound, first=asked.first, last=asked.last, keys=keys, within_s=asked.within_s)


def _check(limit: int) -> None:
    if not 1 <= limit <= MAX_ROWS:
        message = f"limit is from 1 to {MAX_ROWS}"
        raise Invalid(message, field="limit")


def _number(cell: Cell) -> int:
    return int(cell or 0)
