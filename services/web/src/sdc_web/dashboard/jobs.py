"""Cron jobs: how each fares, what ran, running one now, pausing one."""

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from sdc_core.answers.jobs import JobReport, Run
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings

from sdc_web import htmx, pages
from sdc_web.dashboard import badges, schedules
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.reports import asking, jobs
from sdc_web.sessions.signed_in import SignedIn

ROW = "author/jobs/_job.html"
RUNS = 50
MAX_ID = 64


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job as its row shows it."""

    name: str
    help: str
    schedule_words: str
    zone: str
    state: str
    paused: bool
    next_us: int | None
    next_words: str
    last_run: Run | None
    upcoming: list[int]
    good_us: int | None
    cron: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A job and a page of its runs; `older` is the run that the next page begins after, empty on the last."""

    job: JobView
    runs: list[Run]
    older: str


@get("/author/jobs", right="jobs.read")
async def index(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """All jobs, and what went wrong lately."""
    report = await asking.unless_away(jobs.report(worker))
    shown = None if report is None else [view(job) for job in report.jobs]
    return await pages.page(
        request,
        databases,
        "author/jobs/index.html",
        author=author,
        jobs=shown,
        runs=report.troubles if report else [],
        alerts=report.alerts if report else [],
        badge=badges.address(settings),
    )


@get("/author/jobs/{name:str}", right="jobs.read")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
    name: FromPath[str],
    before: FromQuery[str] = "",
) -> Response[str]:
    """A job and its own runs, a page at a time; to htmx, which waits for a run to end, its row."""
    if htmx.wants_fragment(request):
        return pages.fragment(ROW, author, job=view(await jobs.find(worker, name)))
    told = await asking.unless_away(_told(worker, name, before[:MAX_ID]))
    return await pages.page(
        request,
        databases,
        "author/jobs/show.html",
        author=author,
        name=name,
        job=told.job if told else None,
        runs=told.runs if told else [],
        older=told.older if told else "",
        newest=not before,
        badge=badges.address(settings, name),
    )


@post("/author/jobs/{name:str}/runs", status_code=303, right="jobs.change")
async def run(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
    name: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Run a job now."""
    await jobs.start(worker, databases.site, author.actor, name)
    if not htmx.wants_fragment(request):
        return pages.redirect("/author/jobs", "started")
    return pages.fragment(ROW, author, job=view(await jobs.find(worker, name)))


@put("/author/jobs/{name:str}/pause", status_code=303, right="jobs.change")
async def pause(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
    name: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Let its due times pass without a run."""
    return _answer(request, author, await jobs.pause(worker, databases.site, author.actor, name, paused=True))


@delete("/author/jobs/{name:str}/pause", status_code=303, right="jobs.change")
async def resume(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
    name: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Run it when it is due, from now on."""
    return _answer(request, author, await jobs.pause(worker, databases.site, author.actor, name, paused=False))


@post("/author/alerts/tests", status_code=303, right="jobs.change")
async def try_mail(
    databases: NamedDependency[Databases],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
) -> Response[bytes]:
    """Send a test mail to whoever hears of failures."""
    await jobs.try_mail(worker, databases.site, author.actor)
    return pages.redirect("/author/jobs", "mailed")


def _answer(request: AnyRequest, author: SignedIn, job: JobReport) -> Response[bytes] | Response[str]:
    """The job's row for htmx, the page for everyone else."""
    if not htmx.wants_fragment(request):
        return pages.redirect("/author/jobs")
    return pages.fragment(ROW, author, job=view(job))


def view(job: JobReport) -> JobView:
    """What a row shows."""
    return JobView(
        name=job.name,
        help=job.help,
        schedule_words=job.words,
        zone=job.zone,
        state=jobs.shown_state(job),
        paused=job.paused,
        next_us=job.next_us,
        next_words="" if job.next_us is None else schedules.until(job.next_us),
        last_run=job.last_run,
        upcoming=job.upcoming,
        good_us=job.good_us,
        cron=job.cron,
    )


async def _told(worker: ServiceClient, name: str, before: str) -> Told:
    job = view(await jobs.find(worker, name))
    runs = await jobs.runs(worker, name, RUNS + 1, before)
    return Told(job=job, runs=runs[:RUNS], older=runs[RUNS - 1].id if len(runs) > RUNS else "")


route_handlers = [index, show, run, pause, resume, try_mail]
