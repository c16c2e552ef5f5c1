"""What the jobs look like from outside: their state, their next due time, their last runs."""

from collections.abc import Iterable, Sequence

from sdc_core import clock
from sdc_core.answers.jobs import JobReport, JobReports, JobRuns, Run, State
from sdc_core.errors import Invalid, NotFound
from sdc_core.sqlite import Connection, Database

from sdc_worker.alerts import store as alerts
from sdc_worker.cron import due, store
from sdc_worker.cron.jobs import Job
from sdc_worker.cron.store import JobState

LISTED_RUNS = 50
LISTED_TROUBLES = 20
LISTED_ALERTS = 10
UPCOMING = 5
DOWN_AFTER = 3
"""So many due times without a run that went well."""
MOST_RUNS = 200


async def report_one(database: Database, job: Job) -> JobReport:
    """One job."""
    async with database.read() as connection:
        (told,) = await _reports(connection, [job])
    return told


async def report(database: Database, jobs: Iterable[Job]) -> JobReports:
    """Every job, the newest runs of all of them, what went wrong, and who was told."""
    async with database.read() as connection:
        return JobReports(
            jobs=await _reports(connection, [*jobs]),
            runs=await store.latest_runs(connection, limit=LISTED_RUNS),
            troubles=await store.troubles(connection, limit=LISTED_TROUBLES),
            alerts=await alerts.latest(connection, limit=LISTED_ALERTS),
        )


async def run_of(database: Database, job: Job, run_id: str) -> Run:
    """One run of a job. Raises NotFound."""
    async with database.read() as connection:
        found = await store.run_of_job(connection, job.name, run_id)
    if found is None:
        message = f"{job.name} has no run {run_id}"
        raise NotFound(message)
    return found


async def runs_of(database: Database, job: Job, limit: int, before: str = "") -> JobRuns:
    """The newest runs of one job, or those before that run. Raises Invalid for a number of runs that is none."""
    if not 1 <= limit <= MOST_RUNS:
        message = f"limit is a number from 1 to {MOST_RUNS}"
        raise Invalid(message, field="limit")
    async with database.read() as connection:
        return JobRuns(runs=await store.runs_of_job(connection, job.name, limit=limit, before=before))


async def _reports(connection: Connection, jobs: Sequence[Job]) -> list[JobReport]:
    now_us = clock.now_us()
    names = [job.name for job in jobs]
    states = await store.states(connection)
    last = await store.last_runs(connection, names)
    good_us = await store.good_us(connection, names)
    return [_report(job, states.get(job.name), last.get(job.name), good_us[job.name], now_us) for job in jobs]


def _report(job: Job, known: JobState | None, last: Run | None, good_us: int | None, now_us: int) -> JobReport:
    paused = known is not None and known.paused
    upcoming = [] if paused else due.upcoming_us(job, now_us, UPCOMING)
    return JobReport(
        name=job.name,
        help=job.help,
        cron=job.cron,
        words=due.words(job),
        zone=job.zone,
        paused=paused,
        state="paused" if paused else _state(job, known, last, good_us, now_us),
        next_us=upcoming[0] if upcoming else None,
        last_run=last,
        upcoming=upcoming,
        good_us=good_us,
        since_us=known.since_us if known else None,
    )


def _state(job: Job, known: JobState | None, last: Run | None, good_us: int | None, now_us: int) -> State:
    """`down`: late or failed, and none of the last due times was met well, as far back as they count."""
    state = _last_state(job, known, last, now_us)
    if state == "ok" or known is None:
        return state
    first_us = due.latest_us(job, now_us - job.grace_us, DOWN_AFTER)
    return "down" if known.since_us < first_us and (good_us or 0) < first_us else state


def _last_state(job: Job, known: JobState | None, last: Run | None, now_us: int) -> State:
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
