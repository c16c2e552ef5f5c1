"""Cron jobs and their runs, as the worker reports them; starting, confirming and pausing."""

from urllib.parse import quote

import msgspec
from sdc_core import clock
from sdc_core.answers.jobs import JobReport, JobReports, JobRuns, Run
from sdc_core.attempts import Attempt
from sdc_core.errors import Conflict, NotFound
from sdc_core.service_client import ServiceClient

from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.reports.asking import ask, decode

START_S = 10.0


def shown_state(job: JobReport) -> str:
    """The state, told more exactly where the last run says more."""
    if job.paused or job.last_run is None:
        return job.state if job.state != "ok" else "waiting"
    return job.last_run.outcome if job.last_run.outcome in ("running", "timed_out", "skipped") else job.state


async def report(worker: ServiceClient) -> JobReports:
    """Every job. Raises Unavailable when the worker is away."""
    return await ask(worker, "/jobs", JobReports)


async def runs(worker: ServiceClient, name: str, limit: int) -> list[Run]:
    """The newest runs of one job, newest first. Raises Unavailable, for an unknown job as well."""
    return (await ask(worker, f"{_address(name)}/runs", JobRuns, {"limit": str(limit)})).runs


async def start(worker: ServiceClient, by: Actor, name: str) -> Run:
    """Start a run now. Raises Forbidden, NotFound for an unknown job, and Unavailable."""
    rights.require(by, "jobs.change")
    attempt = await worker.send("POST", f"{_address(name)}/runs", message_id=f"run_{clock.new_id()}", timeout_s=START_S)
    _require_known(attempt, name)
    attempt.raise_unless_ok("the worker")
    return decode(attempt.body, Run)


async def confirm(worker: ServiceClient, by: Actor, name: str, run_id: str) -> Run:
    """Have a run that stopped to ask go on, in a new run; twice is once. Raises Conflict when it is not the newest of
    the job or asked nothing, Forbidden, NotFound, and Unavailable.
    """
    rights.require(by, "jobs.change")
    attempt = await worker.send(
        "POST",
        f"{_address(name)}/runs",
        message_id=f"confirm_{run_id}",
        body=msgspec.json.encode({"confirmed_run_id": run_id}),
        timeout_s=START_S,
    )
    _require_known(attempt, name)
    if attempt.status == 409:
        message = "that run can no longer be confirmed: look at the newest one"
        raise Conflict(message)
    attempt.raise_unless_ok("the worker")
    return decode(attempt.body, Run)


async def pause(worker: ServiceClient, by: Actor, name: str, *, paused: bool) -> JobReport:
    """Have a job's due times pass without a run, or no longer. Raises Forbidden, NotFound, and Unavailable."""
    rights.require(by, "jobs.change")
    attempt = await worker.send("PUT" if paused else "DELETE", f"{_address(name)}/pause", timeout_s=START_S)
    _require_known(attempt, name)
    attempt.raise_unless_ok("the worker")
    return decode(attempt.body, JobReport)


def _address(name: str) -> str:
    """What an author's browser sent as a name stays one piece of the address."""
    return f"/jobs/{quote(name, safe='')}"


def _require_known(attempt: Attempt, name: str) -> None:
    if attempt.status == 404:
        message = f"there is no job named {name}"
        raise NotFound(message)
