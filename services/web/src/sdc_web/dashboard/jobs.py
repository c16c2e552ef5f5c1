"""Cron jobs: how each fares, what ran, running one now, pausing one."""

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.answers.jobs import JobReport, Run
from sdc_core.errors import NotFound
from sdc_core.service_client import ServiceClient

from sdc_web import htmx, pages
from sdc_web.dashboard import schedules
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.reports import asking, jobs
from sdc_web.sessions.signed_in import SignedIn

ROW = "author/jobs/_job.html"
RUNS = 50


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


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A job and its newest runs."""

    job: JobView
    runs: list[Run]


@get("/author/jobs", right="jobs.read")
async def index(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """All jobs and the last runs."""
    report = await asking.unless_away(jobs.report(worker))
    shown = None if report is None else [view(job) for job in report.jobs]
    runs = [] if report is None else report.runs
    return await pages.page(request, databases, "author/jobs/index.html", author=author, jobs=shown, runs=runs)


@get("/author/jobs/{name:str}", right="jobs.read")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
    name: FromPath[str],
) -> Response[str]:
    """A job and its own runs; to htmx, which waits for a run to end, its row."""
    if htmx.wants_fragment(request):
        return pages.fragment(ROW, job=await _find(worker, name))
    told = await asking.unless_away(_told(worker, name))
    job, runs = (told.job, told.runs) if told else (None, [])
    return await pages.page(request, databases, "author/jobs/show.html", author=author, name=name, job=job, runs=runs)


@post("/author/jobs/{name:str}/runs", status_code=303, right="jobs.change")
async def run(
    request: AnyRequest,
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
    name: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Run a job now."""
    await jobs.start(worker, author.actor, name)
    if not htmx.wants_fragment(request):
        return pages.redirect("/author/jobs", "started")
    return pages.fragment(ROW, job=await _find(worker, name))


@put("/author/jobs/{name:str}/pause", status_code=303, right="jobs.change")
async def pause(
    request: AnyRequest,
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
    name: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Let its due times pass without a run."""
    return _answer(request, await jobs.pause(worker, author.actor, name, paused=True))


@delete("/author/jobs/{name:str}/pause", status_code=303, right="jobs.change")
async def resume(
    request: AnyRequest,
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
    name: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Run it when it is due, from now on."""
    return _answer(request, await jobs.pause(worker, author.actor, name, paused=False))


def _answer(request: AnyRequest, job: JobReport) -> Response[bytes] | Response[str]:
    """The job's row for htmx, the page for everyone else."""
    if not htmx.wants_fragment(request):
        return pages.redirect("/author/jobs")
    return pages.fragment(ROW, job=view(job))


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
    )


async def _told(worker: ServiceClient, name: str) -> Told:
    job = await _find(worker, name)
    return Told(job=job, runs=await jobs.runs(worker, name, RUNS))


async def _find(worker: ServiceClient, name: str) -> JobView:
    report = await jobs.report(worker)
    for job in report.jobs:
        if job.name == name:
            return view(job)
    message = "there is no such job"
    raise NotFound(message)


route_handlers = [index, show, run, pause, resume]
