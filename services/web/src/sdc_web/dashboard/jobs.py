"""Cron jobs: how each fares, what ran, running one now, pausing one."""

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import NotFound
from sdc_core.service_client import ServiceClient

from sdc_web.dashboard import pages, schedules
from sdc_web.dashboard.pages import AnyRequest
from sdc_web.db import Databases
from sdc_web.reports import jobs
from sdc_web.reports.jobs import Job, Run
from sdc_web.sessions.signed_in import SignedIn


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


@get("/author/jobs")
async def index(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """All jobs and the last runs."""
    report = await pages.unless_away(jobs.report(worker))
    shown = None if report is None else [view(job) for job in report.jobs]
    runs = [] if report is None else report.runs
    return await pages.page(request, databases, author, "author/jobs/index.html", jobs=shown, runs=runs)


@get("/author/jobs/{name:str}")
async def show(
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],  # noqa: ARG001 - asked for so that nobody else gets here
    name: FromPath[str],
) -> Response[str]:
    """One row, for the page that waits for a run to end."""
    return pages.fragment("author/jobs/_job.html", job=await _find(worker, name))


@post("/author/jobs/{name:str}/runs", status_code=303)
async def run(
    request: AnyRequest,
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],  # noqa: ARG001 - asked for so that nobody else gets here
    name: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Run a job now."""
    await _find(worker, name)
    await jobs.start(worker, name)
    return _answer(request, await _find(worker, name), "started")


@put("/author/jobs/{name:str}/pause", status_code=303)
async def pause(
    request: AnyRequest,
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],  # noqa: ARG001 - asked for so that nobody else gets here
    name: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Let its due times pass without a run."""
    await _find(worker, name)
    return _answer(request, view(await jobs.pause(worker, name, paused=True)))


@delete("/author/jobs/{name:str}/pause", status_code=303)
async def resume(
    request: AnyRequest,
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],  # noqa: ARG001 - asked for so that nobody else gets here
    name: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Run it when it is due, from now on."""
    await _find(worker, name)
    return _answer(request, view(await jobs.pause(worker, name, paused=False)))


def _answer(request: AnyRequest, job: JobView, said: str = "") -> Response[bytes] | Response[str]:
    """The job's row for htmx, the page for everyone else."""
    if not pages.is_htmx(request):
        return pages.redirect("/author/jobs", said)
    answer = pages.fragment("author/jobs/_job.html", job=job)
    answer.status_code = 200
    return answer


def view(job: Job) -> JobView:
    """What a row shows."""
    return JobView(
        name=job.name,
        help=job.help,
        schedule_words=job.words,
        zone=job.zone,
        state=job.shown_state,
        paused=job.paused,
        next_us=job.next_us,
        next_words="" if job.next_us is None else schedules.until(job.next_us),
        last_run=job.last_run,
    )


async def _find(worker: ServiceClient, name: str) -> JobView:
    report = await jobs.report(worker)
    for job in report.jobs:
        if job.name == name:
            return view(job)
    message = "there is no such job"
    raise NotFound(message)


route_handlers = [index, show, run, pause, resume]
