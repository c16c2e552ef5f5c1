"""What the jobs look like from outside: their state, their next due time, their last runs."""

from collections.abc import Iterable

from sdc_core import clock
from sdc_core.answers.jobs import JobReport, JobReports, JobRuns, Run, State
from sdc_core.errors import Invalid
from sdc_core.sqlite import Database

from sdc_worker.cron import due, store
from sdc_worker.cron.jobs import Job
from sdc_worker.cron.store import JobState

LISTED_RUNS = 50
MOST_RUNS = 200


async def report_one(database: Database, job: Job) -> JobReport:
    """One job."""
    async with database.read() as connection:
        states = await store.states(connection)
        return _report(job, states.get(job.name), await store.last_run(connection, job.name), clock.now_us())


async def report(database: Database, jobs: Iterable[Job]) -> JobReports:
    """Every job, and the newest runs of all of them."""
    now_us = clock.now_us()
    async with database.read() as connection:
        states = await store.states(connection)
        rows = [_report(job, states.get(job.name), await store.last_run(connection, job.name), now_us) for job in jobs]
        return JobReports(jobs=rows, runs=await store.latest_runs(connection, limit=LISTED_RUNS))


async def runs_of(database: Database, job: Job, limit: int) -> JobRuns:
    """The newest runs of one job. Raises Invalid for a number of runs that is none."""
    if not 1 <= limit <= MOST_RUNS:
        message = f"limit is a number from 1 to {MOST_RUNS}"
        raise Invalid(message, field="limit")
    async with database.read() as connection:
        return JobRuns(runs=await store.runs_of_job(connection, job.name, limit=limit))


def _report(job: Job, known: JobState | None, last: Run | None, now_us: int) -> JobReport:
    paused = known is not None and known.paused
    return JobReport(
        name=job.name,
        help=job.help,
        cron=job.cron,
        words=due.words(job),
        zone=job.zone,
        paused=paused,
        state="paused" if paused else _state(job, known, last, now_us),
        next_us=None if paused else due.next_us(job, now_us),
        last_run=last,
    )


def _state(job: Job, known: JobState | None, last: Run | None, now_us: int) -> State:
    """`late`: the scheduler has not come round to a due time, or takes all of them for past because the clock was
    ahead, or a run takes longer than it may.
    """
    longest_us = int(job.timeout_s * (job.retries + 1) * clock.SECOND_US) + job.grace_us
    if known is not None and known.considered_us > now_us + job.grace_us:
        return "late"
    if last is not None and last.outcome in ("failed", "timed_out"):
        return "failed"
    if last is not None and last.outcome == "missed":
        return "late"
    if last is not None and last.outcome == "running" and now_us - last.due_us > longest_us:
        return "late"
    if known is not None and due.latest_us(job, now_us - job.grace_us) > known.considered_us:
        return "late"
    return "ok"
