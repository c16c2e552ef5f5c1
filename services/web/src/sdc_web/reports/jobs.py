"""Cron jobs and their runs, as the worker reports them; starting, confirming and pausing."""

from typing import Literal, TypeAlias
from urllib.parse import quote

import msgspec
from sdc_core import clock
from sdc_core.errors import Conflict, NotFound
from sdc_core.service_client import Attempt, ServiceClient

from sdc_web.reports.asking import ask, decode

Outcome: TypeAlias = Literal["running", "ok", "failed", "timed_out", "missed", "skipped"]
START_S = 10.0


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One execution; `started_us` and `ended_us` are None until it did. A `confirmable` one stopped to ask."""

    id: str
    job: str
    trigger: str
    attempt: int
    due_us: int
    started_us: int | None
    ended_us: int | None
    outcome: Outcome
    output: str
    confirmable: bool = False

    @property
    def duration_us(self) -> int | None:
        """From start to end, None while one of them is missing."""
        return None if self.started_us is None or self.ended_us is None else self.ended_us - self.started_us


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A scheduled definition, and how it fares; `words` is its schedule in English."""

    name: str
    help: str
    cron: str
    words: str
    zone: str
    paused: bool
    state: str
    next_us: int | None
    last_run: Run | None

    @property
    def shown_state(self) -> str:
        """`state`, told more exactly where the last run says more."""
        if self.paused or self.last_run is None:
            return self.state if self.state != "ok" else "waiting"
        return self.last_run.outcome if self.last_run.outcome in ("running", "timed_out", "skipped") else self.state


class JobRuns(msgspec.Struct, frozen=True, kw_only=True):
    """The newest runs of one job first."""

    runs: list[Run]


class Jobs(msgspec.Struct, frozen=True, kw_only=True):
    """All jobs, and the newest runs first."""

    jobs: list[Job]
    runs: list[Run]


async def report(worker: ServiceClient) -> Jobs:
    """Every job. Raises Unavailable when the worker is away."""
    return await ask(worker, "/jobs", Jobs)


async def runs(worker: ServiceClient, name: str, limit: int) -> list[Run]:
    """The newest runs of one job, newest first. Raises Unavailable, for an unknown job as well."""
    return (await ask(worker, f"{_address(name)}/runs", JobRuns, {"limit": str(limit)})).runs


async def start(worker: ServiceClient, name: str) -> Run:
    """Start a run now. Raises NotFound for an unknown job, and Unavailable."""
    attempt = await worker.send("POST", f"{_address(name)}/runs", message_id=f"run_{clock.new_id()}", timeout_s=START_S)
    _require_known(attempt, name)
    attempt.raise_unless_ok("the worker")
    return decode(attempt.body, Run)


async def confirm(worker: ServiceClient, name: str, run_id: str) -> Run:
    """Have a run that stopped to ask go on, in a new run; twice is once. Raises Conflict when it is not the newest of
    the job or asked nothing, NotFound, and Unavailable.
    """
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


async def pause(worker: ServiceClient, name: str, *, paused: bool) -> Job:
    """Have a job's due times pass without a run, or no longer. Raises NotFound, and Unavailable."""
    attempt = await worker.send("PUT" if paused else "DELETE", f"{_address(name)}/pause", timeout_s=START_S)
    _require_known(attempt, name)
    attempt.raise_unless_ok("the worker")
    return decode(attempt.body, Job)


def _address(name: str) -> str:
    """What an author's browser sent as a name stays one piece of the address."""
    return f"/jobs/{quote(name, safe='')}"


def _require_known(attempt: Attempt, name: str) -> None:
    if attempt.status == 404:
        message = f"there is no job named {name}"
        raise NotFound(message)
