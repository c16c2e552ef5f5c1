"""The figures of the statistics page, made ready for its template. Every text of the log is hostile until escaped."""

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec
from sdc_core import clock
from sdc_core.answers.analytics import Batch, Breakdown, PathLatency, Point, Slice, Summary, Unread

from sdc_web.dashboard.asked import METRICS, Asked
from sdc_web.dashboard.kinds import HEADS, KINDS, ONLY_WHERE_TOLD, key_label
from sdc_web.reports import charts, timechart
from sdc_web.reports.charts import Chart
from sdc_web.reports.timechart import Column, TimeChart
from sdc_web.templating import bytes_in_words, duration_in_words, number

LATENCY_ROWS = 10
WEEKS_AFTER = 120
NONE = "\u2013"
"""Of a longer period the chart has a point a week."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A total: how it changed, "" where it is not compared, and which course it shows."""

    label: str
    words: str
    note: str = ""
    change: str = ""
    direction: str = ""
    url: str = ""
    current: bool = False


class PointView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the table behind the chart."""

    label: str
    url: str
    visitors: int
    page_views: int
    requests: int
    size_bytes: int
    before: str


class SliceView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a breakdown: `url` filters by it, `open_url` is the page itself, `share` its percentage."""

    key: str
    label: str
    url: str
    open_url: str
    redirect: str
    counts: tuple[str, str]
    share: int
    change: str = ""


class BreakdownView(msgspec.Struct, frozen=True, kw_only=True):
    """One dimension; `total` is how many rows there are, `more_url` where they stand; rows of one that is `compared`
    tell how their first count changed.
    """

    id: str
    title: str
    key_label: str
    heads: tuple[str, str]
    rows: list[SliceView]
    total: int
    more_url: str
    empty: str
    compared: bool = False


class PathTimes(msgspec.Struct, frozen=True, kw_only=True):
    """How long answers of a page took, and how the time that 95 of 100 kept to changed."""

    told: PathLatency
    change: str


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """Everything below the filters."""

    figures: list[Figure]
    chart: TimeChart
    points: list[PointView]
    by: str
    metric: str
    breakdowns: list[BreakdownView]
    latency: list[PathTimes]
    unread: Unread | None


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the chart marks: a text published, or a note of the author."""

    day: str
    words: str
    url: str = ""
    note_id: str = ""


def panel(found: Batch, asked: Asked, happened: Sequence[Happening], *, may_redirect: bool) -> Panel:
    """What the page shows of the worker's answer."""
    points = found.timeseries.points
    earlier = [*(found.timeseries_before.points if found.timeseries_before else []), *(len(points) * [None])]
    return Panel(
        figures=figures(found.summary, found.summary_before, asked),
        chart=course(found, asked, happened),
        points=[
            PointView(
                label=label(each.at),
                url=_days_of(asked, each.at, each.at),
                visitors=each.visitors,
                page_views=each.page_views,
                requests=each.requests,
                size_bytes=each.bytes,
                before=_told(before, asked.metric) if before else "",
            )
            for each, before in zip(points, earlier, strict=False)
        ],
        by=asked.step,
        metric=METRICS[asked.metric],
        breakdowns=[
            breakdown(each, asked, may_redirect=may_redirect)
            for each in found.breakdowns
            if each.rows or each.by not in ONLY_WHERE_TOLD
        ],
        latency=latency(found),
        unread=found.unread,
    )


def figures(now: Summary, before: Summary | None, asked: Asked) -> list[Figure]:
    """The totals; those with a course of their own lead to it."""
    earlier = before or now
    bounce, bounce_before = _bounce(now), _bounce(earlier)
    lasting, lasting_before = _lasting(now), _lasting(earlier)
    told = before is not None

    def figure(name: str, words: str, one: float, other: float, metric: str = "", note: str = "") -> Figure:
        change, direction = _change(one, other) if told else ("", "")
        url = msgspec.structs.replace(asked, metric=metric).address() if metric else ""
        return Figure(
            label=name,
            words=words,
            note=note,
            change=change,
            direction=direction,
            url=url,
            current=metric == asked.metric,
        )

    return [
        figure("Visitors", number(now.visitors), now.visitors, earlier.visitors, "visitors"),
        figure("Visits", number(now.visits), now.visits, earlier.visits, "visits"),
        figure("Page views", number(now.page_views), now.page_views, earlier.page_views, "page_views"),
        figure("One page only", f"{bounce} %" if now.visits else NONE, bounce, bounce_before),
        figure("Time of a visit", duration_in_words(round(lasting)) if now.visits else NONE, lasting, lasting_before),
        figure("Requests", number(now.requests), now.requests, earlier.requests, "requests"),
        figure("Sent", bytes_in_words(now.bytes), now.bytes, earlier.bytes, "bytes"),
    ]


def course(found: Batch, asked: Asked, happened: Sequence[Happening]) -> TimeChart:
    """The chart of the chosen figure, beside the period compared with."""
    points = found.timeseries.points
    before = found.timeseries_before.points if found.timeseries_before else []
    now_us = clock.now_us()
    now = clock.to_datetime(now_us).strftime({"hour": "%Y-%m-%dT%H:00Z", "month": "%Y-%m"}.get(asked.step, "%Y-%m-%d"))
    width = 7 if len(points) > WEEKS_AFTER and asked.step == "day" else 1
    amount, unit = (bytes_in_words, "sent") if asked.metric == "bytes" else (number, METRICS[asked.metric])
    told: dict[str, list[str]] = {}
    for each in happened if asked.step != "hour" else ():
        told.setdefault(each.day[: len(now)], []).append(each.words)
    columns = []
    for start in range(0, len(points), width):
        part = points[start : start + width]
        value = _sum(part, asked.metric) if part[0].at <= now else None
        earlier = _sum(before[start : start + width], asked.metric) if start < len(before) else None
        columns.append(
            Column(
                label=label(part[0].at) if width == 1 else f"week of {label(part[0].at)}",
                value=value,
                before=earlier,
                words="" if value is None else f"{amount(value)} {unit}",
                before_words="" if earlier is None else f"{amount(earlier)} before",
                url=_days_of(asked, part[0].at, part[-1].at),
                happened=[words for each in reversed(part) for words in told.get(each.at, ())],
                late=start * 2 > len(points),
            )
        )
    return timechart.draw(
        columns,
        amount,
        what=unit,
        step="week" if width > 1 else asked.step,
        unfinished=any(each.at == now for each in points),
    )


def breakdown(found: Breakdown, asked: Asked, *, may_redirect: bool) -> BreakdownView:
    """One dimension for the template. Rows without any of what is compared are left out."""
    kind = KINDS[found.by]
    first, second = kind.counts
    rows = [row for row in found.rows if _amount(row, first, asked) or _amount(row, second, asked)]
    shares = charts.shares([_amount(row, first, asked) for row in rows])
    earlier = {row.key: _amount(row, first, asked) for row in found.before or []}
    changes = [_change(_amount(row, first, asked), earlier.get(row.key, 0))[0] for row in rows]
    return BreakdownView(
        id=found.by,
        title=kind.title,
        key_label=kind.key,
        heads=(HEADS[first], HEADS[second]),
        rows=[
            SliceView(
                key=row.key,
                label=key_label(found.by, row.key),
                url=asked.having(kind.filter, row.key).address() if kind.filter and row.key else "",
                open_url=row.key if kind.key in ("Page", "File") and found.by != "missing" and opens(row.key) else "",
                redirect=row.key if found.by == "missing" and may_redirect else "",
                counts=(_count(row, first, asked), _count(row, second, asked)),
                share=share,
                change=change,
            )
            for row, share, change in zip(rows, shares, changes, strict=True)
        ],
        total=found.total,
        more_url=asked.address("/author/statistics/rows", by=found.by),
        empty=kind.empty,
        compared=found.before is not None,
    )


def latency(found: Batch) -> list[PathTimes]:
    """Answer times by page."""
    earlier = {each.path: each.p95_us for each in found.latency_before.rows} if found.latency_before else {}
    return [
        PathTimes(told=each, change=_change(each.p95_us, earlier[each.path])[0] if each.path in earlier else "")
        for each in (found.latency.rows[:LATENCY_ROWS] if found.latency else [])
    ]


def page_view_chart(points: list[Point], step: str) -> Chart:
    """Page views over a period, small."""
    return charts.chart(
        [each.page_views for each in points], [label(each.at) for each in points], what="page views", step=step
    )


def label(at: str) -> str:
    """`2026-11-24` as `24 Nov`, an hour as `14:00`, a month as `Nov 2026`."""
    if "T" in at:
        return f"{at[11:13]}:00"
    if len(at) == len("2026-11"):
        return f"{date.fromisoformat(at + '-01'):%b %Y}"
    day = date.fromisoformat(at)
    return f"{day.day} {day:%b}"


def opens(path: str) -> bool:
    """Whether the path of a log line can be an address of this site and of no other."""
    return path.startswith("/") and not path.startswith(("//", "/\\")) and "*" not in path


def _count(row: Slice, name: str, asked: Asked) -> str:
    amount = _amount(row, name, asked)
    match name:
        case "bytes":
            return bytes_in_words(amount)
        case "read_time":
            return duration_in_words(amount)
        case "depth":
            return f"{amount} %"
        case _:
            return number(amount)


def _amount(row: Slice, name: str, asked: Asked) -> int:
    """A figure of the row; `a_day` are its clients on the mean day, of which there was at least a part of one;
    `read_time` in microseconds and `depth` are those of the mean reading.
    """
    match name:
        case "a_day":
            return -(-row.clients // asked.days)
        case "clicks":
            return row.requests
        case "read_time":
            return round(row.read_us / row.readings) if row.readings else 0
        case "depth":
            return round(row.depth / row.readings) if row.readings else 0
        case _:
            return getattr(row, name)


def _told(point: Point, metric: str) -> str:
    amount = _sum([point], metric)
    return bytes_in_words(amount) if metric == "bytes" else number(amount)


def _sum(points: Sequence[Point], metric: str) -> int:
    return sum(getattr(each, metric) for each in points)


def _days_of(asked: Asked, first: str, last: str) -> str:
    """Where those days, or months, are shown; nowhere for hours."""
    if asked.step == "hour":
        return ""
    if asked.step == "month":
        after = date.fromisoformat(last + "-01") + timedelta(days=31)
        first, last = f"{first}-01", (after.replace(day=1) - timedelta(days=1)).isoformat()
    return asked.of_days(max(first, asked.from_day), min(last, asked.to_day)).address()


def _bounce(of: Summary) -> int:
    return round(100 * of.bounces / of.visits) if of.visits else 0


def _lasting(of: Summary) -> float:
    return of.duration_us / of.visits if of.visits else 0.0


def _change(one: float, other: float) -> tuple[str, str]:
    """`+12 %` and whether it went up or down."""
    if not other:
        return ("new", "up") if one else ("", "")
    percent = round(100 * (one - other) / other)
    if percent == 0:
        return "±0 %", ""
    return (f"+{percent} %", "up") if percent > 0 else (f"\u2212{-percent} %", "down")
