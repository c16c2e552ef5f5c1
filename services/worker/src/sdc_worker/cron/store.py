"""The rows of runs and of what is known of each job."""

from collections.abc import Iterable

import msgspec
from sdc_core.answers.jobs import Outcome, Run
from sdc_core.errors import Unavailable
from sdc_core.sqlite import Connection, OperationalError, execute, fetch_all, fetch_one

FAULTS = (Unavailable, OperationalError)
"""What a busy database or a full disk raises: later the same may succeed."""


class JobState(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a job: due times up to `considered_us` were run, missed or skipped; those from `since_us`
    on count for its state.
    """

    job: str
    paused: bool
    considered_us: int
    since_us: int


class _Good(msgspec.Struct, frozen=True, kw_only=True):
    job: str
    due_us: int | None


SQL_INSERT_RUN = """
INSERT INTO runs
    (id, job, trigger, attempt, due_us, started_us, ended_us, outcome, output, confirmable, confirms, message_id)
VALUES (:id, :job, :trigger, :attempt, :due_us, :started_us, :ended_us, :outcome, :output, :confirmable, :confirms,
    :message_id)
ON CONFLICT DO NOTHING
"""


async def insert_run(connection: Connection, run: Run, *, message_id: str | None = None) -> bool:
    """Add a run; False when that due time of the job, or that message, has one already."""
    values = {**msgspec.structs.asdict(run), "message_id": message_id}
    return await execute(connection, SQL_INSERT_RUN, values) == 1


SQL_START_RUN = "UPDATE runs SET attempt = :attempt, started_us = coalesce(started_us, :now_us) WHERE id = :id"


async def start_run(connection: Connection, id: str, *, attempt: int, now_us: int) -> None:  # noqa: A002
    """Say that an attempt begins; the run began with the first of them."""
    await execute(connection, SQL_START_RUN, {"id": id, "attempt": attempt, "now_us": now_us})


SQL_NOTE_RUN = "UPDATE runs SET output = :output WHERE id = :id"


async def note_run(connection: Connection, id: str, *, output: str) -> None:  # noqa: A002
    """Show why an attempt failed while the next is waited for."""
    await execute(connection, SQL_NOTE_RUN, {"id": id, "output": output})


SQL_END_RUN = """
UPDATE runs SET ended_us = :now_us, outcome = :outcome, output = :output, confirmable = :confirmable
WHERE id = :id AND outcome = 'running'
"""


async def end_run(
    connection: Connection,
    id: str,  # noqa: A002
    *,
    outcome: Outcome,
    output: str,
    now_us: int,
    confirmable: bool = False,
) -> None:
    """Say how a run ended; one that has ended keeps its outcome."""
    values = {"id": id, "outcome": outcome, "output": output, "now_us": now_us, "confirmable": confirmable}
    await execute(connection, SQL_END_RUN, values)


class Failing(msgspec.Struct, frozen=True, kw_only=True):
    """The failures of a job since it last went well; `first_us` is when the first of them ended."""

    runs: int
    first_us: int | None


SQL_FAILING = """
SELECT count(*) AS runs, min(ended_us) AS first_us FROM runs
WHERE job = :job AND outcome IN ('failed', 'timed_out')
    AND due_us > coalesce((SELECT max(due_us) FROM runs WHERE job = :job AND outcome = 'ok'), 0)
"""


async def failing(connection: Connection, job: str) -> Failing:
    """What has failed of a job since it last went well."""
    found = await fetch_one(connection, Failing, SQL_FAILING, {"job": job})
    return found or Failing(runs=0, first_us=None)


SQL_RUNNING = """
SELECT id, job, trigger, attempt, due_us, started_us, ended_us, outcome, output, confirmable, confirms FROM runs
WHERE outcome = 'running' ORDER BY due_us, id
"""


async def running(connection: Connection) -> list[Run]:
    """Runs that have not ended, by their rows."""
    return await fetch_all(connection, Run, SQL_RUNNING)


SQL_RUN_OF_MESSAGE = """
SELECT id, job, trigger, attempt, due_us, started_us, ended_us, outcome, output, confirmable, confirms FROM runs
WHERE message_id = :message_id
"""


async def run_of_message(connection: Connection, message_id: str) -> Run | None:
    """The manual run that a message asked for."""
    return await fetch_one(connection, Run, SQL_RUN_OF_MESSAGE, {"message_id": message_id})


SQL_LATEST_RUNS = """
SELECT id, job, trigger, attempt, due_us, started_us, ended_us, outcome, output, confirmable, confirms FROM runs
ORDER BY due_us DESC, id DESC LIMIT :limit
"""


async def latest_runs(connection: Connection, *, limit: int) -> list[Run]:
    """Runs of all jobs, newest first."""
    return await fetch_all(connection, Run, SQL_LATEST_RUNS, {"limit": limit})


SQL_RUNS_OF_JOB = """
SELECT id, job, trigger, attempt, due_us, started_us, ended_us, outcome, output, confirmable, confirms FROM runs
WHERE job = :job AND (:before = '' OR (due_us, id) < (SELECT due_us, id FROM runs WHERE id = :before))
ORDER BY due_us DESC, id DESC LIMIT :limit
"""


async def runs_of_job(connection: Connection, job: str, *, limit: int, before: str = "") -> list[Run]:
    """Runs of one job, newest first, from the one after that run on."""
    return await fetch_all(connection, Run, SQL_RUNS_OF_JOB, {"job": job, "limit": limit, "before": before})


SQL_RUN = """
SELECT id, job, trigger, attempt, due_us, started_us, ended_us, outcome, output, confirmable, confirms FROM runs
WHERE job = :job AND id = :id
"""


async def run_of_job(connection: Connection, job: str, id: str) -> Run | None:  # noqa: A002
    """One run of that job."""
    return await fetch_one(connection, Run, SQL_RUN, {"job": job, "id": id})


SQL_ONE = """
SELECT id, job, trigger, attempt, due_us, started_us, ended_us, outcome, output, confirmable, confirms FROM runs
WHERE id = :id
"""


async def run(connection: Connection, id: str) -> Run | None:  # noqa: A002
    """One run of whatever job."""
    return await fetch_one(connection, Run, SQL_ONE, {"id": id})


async def confirmed(connection: Connection, by: Run) -> str:
    """The words that a run confirms: those with which another one asked. Empty where it confirms none."""
    asked = await run(connection, by.confirms) if by.confirms is not None else None
    return asked.output if asked is not None else ""


SQL_TROUBLES = """
SELECT id, job, trigger, attempt, due_us, started_us, ended_us, outcome, output, confirmable, confirms FROM runs
WHERE outcome IN ('failed', 'timed_out', 'missed') ORDER BY due_us DESC LIMIT :limit
"""


async def troubles(connection: Connection, *, limit: int) -> list[Run]:
    """Runs of all jobs that went wrong, newest first."""
    return await fetch_all(connection, Run, SQL_TROUBLES, {"limit": limit})


SQL_GOOD = """
SELECT wanted.value AS job, (
    SELECT due_us FROM runs
    WHERE job = wanted.value AND (
        outcome = 'ok' OR (outcome = 'skipped' AND started_us IS NOT NULL AND job NOT LIKE 'drill.%')
    )
    ORDER BY due_us DESC LIMIT 1
) AS due_us
FROM json_each(:jobs) AS wanted
"""


async def good_us(connection: Connection, jobs: Iterable[str]) -> dict[str, int | None]:
    """When the newest run of each job was due that went well, or found nothing to do; a drill that was not made proves
    nothing.
    """
    wanted = {"jobs": msgspec.json.encode(list(jobs)).decode()}
    return {each.job: each.due_us for each in await fetch_all(connection, _Good, SQL_GOOD, wanted)}


SQL_LAST_RUNS = """
SELECT run.id, run.job, run.trigger, run.attempt, run.due_us, run.started_us, run.ended_us, run.outcome, run.output,
    run.confirmable, run.confirms
FROM json_each(:jobs) AS wanted CROSS JOIN runs AS run ON run.id = (
    SELECT id FROM runs WHERE job = wanted.value AND NOT (outcome = 'skipped' AND started_us IS NULL)
    ORDER BY due_us DESC, id DESC LIMIT 1
)
"""


async def last_runs(connection: Connection, jobs: Iterable[str]) -> dict[str, Run]:
    """The newest run of each job that was not skipped for another one, by the job's name."""
    wanted = {"jobs": msgspec.json.encode(list(jobs)).decode()}
    return {run.job: run for run in await fetch_all(connection, Run, SQL_LAST_RUNS, wanted)}


async def last_run(connection: Connection, job: str) -> Run | None:
    """The same of one job."""
    return (await last_runs(connection, [job])).get(job)


SQL_GOOD_RUN = """
SELECT id, job, trigger, attempt, due_us, started_us, ended_us, outcome, output, confirmable, confirms FROM runs
WHERE job = :job AND outcome = 'ok' ORDER BY due_us DESC, id DESC LIMIT 1
"""


async def good_run(connection: Connection, job: str) -> Run | None:
    """The newest run of a job that went well."""
    return await fetch_one(connection, Run, SQL_GOOD_RUN, {"job": job})


SQL_TRIM_RUNS = """
DELETE FROM runs WHERE outcome <> 'running' AND (due_us > :after_us OR (id IN (
    SELECT id FROM runs WHERE job = :job ORDER BY due_us DESC, id DESC LIMIT -1 OFFSET :keep
) OR (due_us < :before_us AND id NOT IN (
    SELECT id FROM runs WHERE job = :job ORDER BY due_us DESC, id DESC LIMIT :least
))) AND id NOT IN (
    SELECT id FROM runs WHERE job = :job AND outcome = 'ok' AND due_us <= :after_us
    ORDER BY due_us DESC, id DESC LIMIT 1
)) AND job = :job
"""


async def trim_runs(connection: Connection, job: str, *, before_us: int, after_us: int, keep: int, least: int) -> int:
    """Delete the ended runs of a job older than that, unless they are among the newest `least`, those of a clock that
    was ahead, which would pass for the newest, and all but the newest `keep`; returns how many. The newest that went
    well stays, however old: when that was is what people ask.
    """
    values = {"job": job, "before_us": before_us, "after_us": after_us, "keep": keep, "least": least}
    return await execute(connection, SQL_TRIM_RUNS, values)


SQL_STATES = "SELECT job, paused, considered_us, since_us FROM job_states ORDER BY job"


async def states(connection: Connection) -> dict[str, JobState]:
    """What is remembered of every job, by name."""
    return {state.job: state for state in await fetch_all(connection, JobState, SQL_STATES)}


SQL_CONSIDER = """
INSERT INTO job_states (job, paused, considered_us, since_us) VALUES (:job, 0, :at_us, :at_us)
ON CONFLICT (job) DO UPDATE SET considered_us = excluded.considered_us,
    since_us = CASE WHEN :anew THEN excluded.since_us ELSE since_us END
"""


async def consider(connection: Connection, job: str, *, at_us: int, anew: bool = False) -> None:
    """Remember that due times up to `at_us` are dealt with, and with `anew` that none before counts."""
    await execute(connection, SQL_CONSIDER, {"job": job, "at_us": at_us, "anew": anew})


SQL_PAUSE = """
INSERT INTO job_states (job, paused, considered_us, since_us) VALUES (:job, :paused, :now_us, :now_us)
ON CONFLICT (job) DO UPDATE SET paused = excluded.paused, since_us = excluded.since_us
"""


async def pause(connection: Connection, job: str, *, paused: bool, now_us: int) -> None:
    """Have due times of a job pass without a run, or no longer."""
    await execute(connection, SQL_PAUSE, {"job": job, "paused": paused, "now_us": now_us})
