"""Cron jobs and their runs, as the worker reports them; starting, confirming and pausing."""

from urllib.parse import quote

import msgspec
from sdc_core import clock
from sdc_core.answers.jobs import JobReport, JobReports, JobRuns, MailTried, Run
from sdc_core.attempts import Attempt
from sdc_core.errors import Conflict, NotFound, Unavailable
from sdc_core.service_client import ServiceClient
from sdc_core.sqlite import Database

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.reports.asking import ask, decode

START_S = 10.0


def shown_state(job: JobReport) -> str:
    """The state, told more exactly where the last run says more."""
    if job.paused or job.last_run is None:
        return job.state if job.state != "ok" else "waiting"
    exact = job.state != "down" and job.last_run.outcome in ("running", "timed_out", "skipped")
    return job.last_run.outcome if exact else job.state


def shown(run: Run) -> Run:
    """A run as a person reads it: what a hook answered in numbers is told in words, `3 published, 0 unpublished`."""
    try:
        numbers = msgspec.json.decode(run.output, type=dict[str, int])
    except msgspec.DecodeError:
        return run
    told = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in numbers.items())
    return msgspec.structs.replace(run, output=told)


async def report(worker: ServiceClient) -> JobReports:
    """Every job. Raises Unavailable when the worker is away."""
    told = await ask(worker, "/jobs", JobReports)
    rows = [
        msgspec.structs.replace(job, last_run=None if job.last_run is None else shown(job.last_run))
        for job in told.jobs
    ]
    return msgspec.structs.replace(told, jobs=rows, runs=[shown(run) for run in told.runs])


async def find(worker: ServiceClient, name: str) -> JobReport:
    """One of them. Raises NotFound, and Unavailable."""
    for job in (await report(worker)).jobs:
        if job.name == name:
            return job
    message = "there is no such job"
    raise NotFound(message)


async def runs(worker: ServiceClient, name: str, limit: int, before: str = "") -> list[Run]:
    """The newest runs of one job, or those before that run, newest first. Raises Unavailable, for an unknown job as
    well.
    """
    query = {"limit": str(limit), "before": before}
    return [shown(run) for run in (await ask(worker, f"{_address(name)}/runs", JobRuns, query)).runs]


async def start(worker: ServiceClient, database: Database, by: Actor, name: str) -> Run:
    """Start a run now. Raises Forbidden, NotFound for an unknown job, and Unavailable."""
    rights.require(by, "jobs.change")
    attempt = await worker.send("POST", f"{_address(name)}/runs", message_id=f"run_{clock.new_id()}", timeout_s=START_S)
    _require_known(attempt, name)
    attempt.raise_unless_ok("the worker")
    await _record(database, by, "job.started", name)
    return decode(attempt.body, Run)


async def confirm(worker: ServiceClient, database: Database, by: Actor, name: str, run_id: str) -> Run:
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
    await _record(database, by, "job.confirmed", name)
    return decode(attempt.body, Run)


async def pause(worker: ServiceClient, database: Database, by: Actor, name: str, *, paused: bool) -> JobReport:
    """Have a job's due times pass without a run, or no longer. Raises Forbidden, NotFound, and Unavailable."""
    rights.require(by, "jobs.change")
    method, body = "PUT" if paused else "DELETE", msgspec.json.encode({"job": name, "paused": paused})
    attempt = await worker.send(method, f"{_address(name)}/pause", body=body, timeout_s=START_S)
    _require_known(attempt, name)
    attempt.raise_unless_ok("the worker")
    await _record(database, by, "job.paused" if paused else "job.resumed", name)
    return decode(attempt.body, JobReport)


async def try_mail(worker: ServiceClient, database: Database, by: Actor) -> None:
    """Have a test mail sent to whoever hears of failures. Raises Forbidden, and Unavailable with what the mail server
    said when it did not take it.
    """
    rights.require(by, "jobs.change")
    attempt = await worker.send("POST", "/alerts/tests", timeout_s=START_S)
    attempt.raise_unless_ok("the worker")
    if error := decode(attempt.body, MailTried).error:
        message = f"no mail was sent: {error}"
        raise Unavailable(message)
    async with database.transaction() as connection:
        await audit.record(connection, by, "site.mail_tested", "alerts", "alerts")


async def _record(database: Database, by: Actor, action: audit.Action, name: str) -> None:
    """After the worker has done it, which is another database: what is not done is not told of."""
    async with database.transaction() as connection:
        await audit.record(connection, by, action, name, name)


def _address(name: str) -> str:
    """What an author's browser sent as a name stays one piece of the address."""
    return f"/jobs/{quote(name, safe='')}"


def _require_known(attempt: Attempt, name: str) -> None:
    if attempt.status == 404:
        message = f"there is no job named {name}"
        raise NotFound(message)
