"""The figures of the statistics page, made ready for its template."""

from urllib.parse import urlencode

import msgspec
from sdc_core.answers.analytics import Breakdown, PathLatency, Point, Summary

from sdc_web.reports import charts
from sdc_web.reports.analytics import FILTERS, Question, Whole
from sdc_web.reports.charts import Chart

LATENCY_ROWS = 10
_TITLES = {
    "path": ("Pages", "Page"),
    "referrer": ("Where they come from", "Site"),
    "country": ("Countries", "Country"),
    "browser": ("Browsers", "Browser"),
    "os": ("Systems", "System"),
    "device": ("Devices", "Device"),
    "status": ("Answers", "Status"),
    "bot": ("Bots, not counted above", "Bot"),
    "entry": ("First pages of a visit", "Page"),
    "exit": ("Last pages of a visit", "Page"),
}


class PointView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the table below the chart."""

    label: str
    page_views: int
    visitors: int


class SliceView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a breakdown; `url` adds it as a filter, `share` is a percentage of the largest."""

    label: str
    url: str
    visitors: int
    page_views: int
    share: int


class BreakdownView(msgspec.Struct, frozen=True, kw_only=True):
    """One dimension."""

    title: str
    key_label: str
    rows: list[SliceView]


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """Everything below the filters; `visit_duration_us` is the mean."""

    summary: Summary
    bounce_percent: int
    visit_duration_us: int
    chart: Chart
    points: list[PointView]
    by: str
    breakdowns: list[BreakdownView]
    latency: list[PathLatency]


def panel(whole: Whole, question: Question) -> Panel:
    """What the page shows of the worker's answers."""
    points, step = whole.timeseries.points, whole.timeseries.by
    visits = max(1, whole.summary.visits)
    return Panel(
        summary=whole.summary,
        bounce_percent=round(100 * whole.summary.bounces / visits),
        visit_duration_us=whole.summary.duration_us // visits,
        chart=page_view_chart(points, step),
        points=[PointView(label=label(each.at), page_views=each.page_views, visitors=each.visitors) for each in points],
        by=step,
        breakdowns=[_breakdown(each, question) for each in whole.breakdowns],
        latency=whole.latency.rows[:LATENCY_ROWS],
    )


def page_view_chart(points: list[Point], step: str) -> Chart:
    """Page views over a period."""
    return charts.chart(
        [each.page_views for each in points], [label(each.at) for each in points], what="page views", step=step
    )


def label(at: str) -> str:
    """`2026-11-24` as it is, an hour as `14:00`."""
    return f"{at[11:13]}:00" if "T" in at else at


def _breakdown(found: Breakdown, question: Question) -> BreakdownView:
    title, key_label = _TITLES.get(found.by, (found.by, found.by))
    # Bots have no page views, and an answer need not be a page: there the requests are what compares.
    counted = [max(row.page_views, row.requests if found.by in ("bot", "status") else 0) for row in found.rows]
    shares = charts.shares(counted)
    return BreakdownView(
        title=title,
        key_label=key_label,
        rows=[
            SliceView(
                label=row.key or "not known",
                url=_filter_url(found.by, row.key, question),
                visitors=row.visitors,
                page_views=views,
                share=share,
            )
            for row, views, share in zip(found.rows, counted, shares, strict=True)
            if views
        ],
    )


def _filter_url(by: str, key: str, question: Question) -> str:
    name = "path" if by in ("entry", "exit") else by
    if name not in FILTERS or not key:
        return ""
    return "?" + urlencode({"from": question.from_day, "to": question.to_day, **question.filters, name: key})
