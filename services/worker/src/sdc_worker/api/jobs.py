"""Cron jobs and their runs."""

import msgspec
from litestar import Request, delete, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from sdc_core.answers.jobs import JobReport, JobReports, JobRuns, Run
from sdc_core.errors import Invalid
from sdc_core.sqlite import Database

from sdc_worker.api.signed import JSON_BYTES, message_id, read_json
from sdc_worker.cron import reports
from sdc_worker.cron.scheduler import Scheduler


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A run that is asked for; `confirmed_run_id` is one that stopped to ask, and may go on."""

    confirmed_run_id: str | None = None


class Pausing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether due times of that job are to pass. The address and the method say as much, and are not signed."""

    job: str
    paused: bool


@get("/jobs")
async def index(database: NamedDependency[Database], scheduler: NamedDependency[Scheduler]) -> JobReports:
    """Every job, the newest runs, and what went wrong."""
    return await reports.report(database, scheduler.jobs.values())


@get("/jobs/{name:str}/runs")
async def runs(
    name: FromPath[str],
    database: NamedDependency[Database],
    scheduler: NamedDependency[Scheduler],
    limit: FromQuery[int] = reports.LISTED_RUNS,
    before: FromQuery[str] = "",
) -> JobRuns:
    """The newest runs of one job, whatever else ran, or those before a run."""
    return await reports.runs_of(database, scheduler.job(name), limit, before)


@get("/jobs/{name:str}/runs/{run_id:str}")
async def show_run(
    name: FromPath[str],
    run_id: FromPath[str],
    database: NamedDependency[Database],
    scheduler: NamedDependency[Scheduler],
) -> Run:
    """One run."""
    return await reports.run_of(database, scheduler.job(name), run_id)


@post("/jobs/{name:str}/runs", status_code=202, request_max_body_size=JSON_BYTES)
async def run(
    request: Request[object, object, State], name: FromPath[str], scheduler: NamedDependency[Scheduler]
) -> Run:
    """Have a job run now."""
    wanted = await read_json(request, Wanted) if await request.body() else Wanted()
    return await scheduler.run_now(name, message_id(request), confirms=wanted.confirmed_run_id)


@put("/jobs/{name:str}/pause", request_max_body_size=JSON_BYTES)
async def pause(
    request: Request[object, object, State],
    name: FromPath[str],
    database: NamedDependency[Database],
    scheduler: NamedDependency[Scheduler],
) -> JobReport:
    """Have its due times pass without a run; twice is once."""
    await _require_meant(request, Pausing(job=name, paused=True))
    await scheduler.pause(name, message_id(request), paused=True)
    return await reports.report_one(database, scheduler.job(name))


@delete("/jobs/{name:str}/pause", status_code=200, request_max_body_size=JSON_BYTES)
async def resume(
    request: Request[object, object, State],
    name: FromPath[str],
    database: NamedDependency[Database],
    scheduler: NamedDependency[Scheduler],
) -> JobReport:
    """Run it when it is due, from now on; twice is once."""
    await _require_meant(request, Pausing(job=name, paused=False))
    await scheduler.pause(name, message_id(request), paused=False)
    return await reports.report_one(database, scheduler.job(name))


async def _require_meant(request: Request[object, object, State], meant: Pausing) -> None:
    if await read_json(request, Pausing) != meant:
        message = f"send {msgspec.json.encode(meant).decode()}"
        raise Invalid(message)
