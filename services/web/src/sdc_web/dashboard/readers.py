"""Readers on the home page: the last two weeks as a whole, the texts read most, and what was asked for in vain."""

from datetime import date, timedelta

import msgspec
from sdc_core import clock
from sdc_core.answers.analytics import Breakdown, Live, PathDays
from sdc_core.errors import Unavailable
from sdc_core.service_client import ServiceClient

from sdc_web import posts, redirects
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.dashboard import panels
from sdc_web.db import Databases
from sdc_web.reports import analytics, charts, readership
from sdc_web.reports.analytics import RECENT_S, Parts, Question
from sdc_web.reports.charts import Chart

DAYS = 14
READ_MOST = 6
LOOKED_AT = 40
"""Pages that are asked for: lists and tags are read as well, and are no texts."""
NOT_FOUND = 5


class ReadPost(msgspec.Struct, frozen=True, kw_only=True):
    """A text and its page views, with its days as a small chart."""

    path: str
    title: str
    page_views: int
    chart: Chart


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """An address at which nothing is, how many people asked for it, and how often."""

    path: str
    people: int
    requests: int


class Readers(msgspec.Struct, frozen=True, kw_only=True):
    """The last fourteen days, today included."""

    days: int
    page_views_today: int
    visitors_today: int
    page_views: int
    visitors: int
    chart: Chart
    live: Live
    most_read: list[ReadPost]
    missed: list[Missed]


async def of_last_days(worker: ServiceClient, databases: Databases, by: Actor) -> Readers:
    """All of it, in one request. Raises Forbidden, and Unavailable when one part is missing."""
    rights.require(by, "statistics.read")
    today = date.fromisoformat(clock.today())
    first = today - timedelta(days=DAYS - 1)
    period = Question(from_day=first.isoformat(), to_day=today.isoformat(), within_s=RECENT_S)
    parts = Parts(dimensions=("missing",), live=True, pages=LOOKED_AT)
    found = await analytics.batch(worker, by, period, None, parts)
    points, live, read = found.timeseries.points, found.live, found.pages
    if live is None or read is None:
        raise Unavailable("the worker does not tell who is here and what they read")
    async with databases.site.read() as connection:
        former = await redirects.moved(connection, [each.path for each in read.rows])
        pages_read = readership.together(read.rows, former)
        titles = await posts.listing.titles_at(connection, [each.path for each in pages_read])
    return Readers(
        days=DAYS,
        page_views_today=points[-1].page_views if points else 0,
        visitors_today=points[-1].visitors if points else 0,
        page_views=sum(point.page_views for point in points),
        visitors=sum(point.visitors for point in points),
        chart=panels.page_view_chart(points, "day"),
        live=live,
        most_read=_most_read(pages_read, titles, period.from_day),
        missed=_missed(found.breakdowns[0]),
    )


def _most_read(read: list[PathDays], titles: dict[str, str], first_day: str) -> list[ReadPost]:
    first = date.fromisoformat(first_day)
    labels = [(first + timedelta(days=number)).isoformat() for number in range(DAYS)]
    shown = [each for each in read if each.path in titles][:READ_MOST]
    return [
        ReadPost(
            path=each.path,
            title=titles[each.path] or "Untitled",
            page_views=each.page_views,
            chart=charts.chart(each.days, labels[: len(each.days)], what="page views", step="day"),
        )
        for each in shown
    ]


def _missed(vain: Breakdown) -> list[Missed]:
    return [Missed(path=each.key, people=each.clients, requests=each.requests) for each in vain.rows[:NOT_FOUND]]
