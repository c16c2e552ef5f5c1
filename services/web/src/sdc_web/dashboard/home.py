"""The author's first page: readers, backups, jobs, and what was changed last."""

from datetime import date, timedelta

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from sdc_core import clock
from sdc_core.answers.analytics import Live
from sdc_core.answers.jobs import JobReports
from sdc_core.service_client import ServiceClient

from sdc_web import pages, posts
from sdc_web.dashboard import panels, schedules
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.reports import analytics, asking, backups, jobs
from sdc_web.reports.analytics import Question
from sdc_web.reports.charts import Chart
from sdc_web.sessions.signed_in import SignedIn

DAYS = 7
POSTS = 5
WELL = frozenset({"ok", "running", "waiting", "paused", "skipped"})


class Readers(msgspec.Struct, frozen=True, kw_only=True):
    """Today and the last seven days, today included."""

    page_views_today: int
    visitors_today: int
    page_views_7_days: int
    visitors_7_days: int
    chart: Chart
    live: Live


class FailingJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job that needs a look."""

    name: str
    help: str
    outcome: str
    ended_us: int | None


class NextJob(msgspec.Struct, frozen=True, kw_only=True):
    """What runs next, and when in words."""

    name: str
    words: str


class JobsInShort(msgspec.Struct, frozen=True, kw_only=True):
    """How the jobs fare as a whole."""

    total: int
    failing: list[FailingJob]
    next: NextJob | None


@get("/author", right="account.change")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """The page; each part that the worker does not give says so, the rest stands. Nobody sees what they may not."""
    async with asking.together() as group:
        asked_readers = group.create_task(asking.unless_away(_readers(worker, author)))
        may_jobs, may_backups = author.may("jobs.read"), author.may("backups.read")
        asked_jobs = group.create_task(asking.unless_away(jobs.report(worker))) if may_jobs else None
        asked_backups = group.create_task(asking.unless_away(backups.report(worker))) if may_backups else None
        async with databases.site.read() as connection:
            may_posts = author.may("posts.read")
            listed = await posts.listing.last_saved(connection, author.actor, POSTS) if may_posts else None
    told_jobs = asked_jobs.result() if asked_jobs else None
    told_backups = asked_backups.result() if asked_backups else None
    return await pages.page(
        request,
        databases,
        "author/home/show.html",
        author=author,
        statistics=asked_readers.result(),
        jobs=in_short(told_jobs) if told_jobs else None,
        backups=backups.cards(told_backups, clock.now_us()) if told_backups else None,
        posts=listed,
    )


def in_short(report: JobReports) -> JobsInShort:
    """Those that need a look, and the next one due."""
    failing = [
        FailingJob(
            name=job.name,
            help=job.help,
            outcome=jobs.shown_state(job),
            ended_us=job.last_run.ended_us if job.last_run else None,
        )
        for job in report.jobs
        if jobs.shown_state(job) not in WELL
    ]
    due = sorted((job.next_us, job.name) for job in report.jobs if job.next_us is not None)
    following = NextJob(name=due[0][1], words=schedules.until(due[0][0])) if due else None
    return JobsInShort(total=len(report.jobs), failing=failing, next=following)


async def _readers(worker: ServiceClient, author: SignedIn) -> Readers:
    today = date.fromisoformat(clock.today())
    week = Question(from_day=(today - timedelta(days=DAYS - 1)).isoformat(), to_day=today.isoformat())
    series = await analytics.timeseries(worker, week, "day")
    last = series.points[-1] if series.points else None
    return Readers(
        page_views_today=last.page_views if last else 0,
        visitors_today=last.visitors if last else 0,
        page_views_7_days=sum(point.page_views for point in series.points),
        visitors_7_days=sum(point.visitors for point in series.points),
        chart=panels.page_view_chart(series.points, "day"),
        live=await analytics.live(worker, author.actor),
    )


route_handlers = [show]
