"""Cron jobs and their runs."""

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.sqlite import Database

from sdc_worker.api.signed import JSON_BYTES, message_id
from sdc_worker.cron import reports
from sdc_worker.cron.jobs import Run
from sdc_worker.cron.reports import JobReports
from sdc_worker.cron.scheduler import Scheduler


@get("/jobs")
async def index(database: NamedDependency[Database], scheduler: NamedDependency[Scheduler]) -> JobReports:
    """Every job and the newest runs."""
    return await reports.report(database, scheduler.jobs.values())


@post("/jobs/{name:str}/runs", status_code=202, request_max_body_size=JSON_BYTES)
async def run(
    request: Request[object, object, State], name: FromPath[str], scheduler: NamedDependency[Scheduler]
) -> Run:
    """Have a job run now."""
    return await scheduler.run_now(name, message_id(request))
