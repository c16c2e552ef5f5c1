"""How a job fares as it is told outside: late, failed, down, and what comes next."""

from collections.abc import Callable

import msgspec
import pytest
from sdc_core import clock
from sdc_core.answers.jobs import JobReport, Outcome, Run
from sdc_core.errors import Unavailable
from sdc_core.service_client import ServiceClient
from sdc_core.sqlite import Database
from sdc_worker.cron import reports, store
from sdc_worker.cron.jobs import Job, Skipped
from sdc_worker.cron.scheduler import KEPT_US, LEAST_KEPT

from cron_work import MINUTE_US, NOON_US, Make, Work, ended, running, state_of, tick

READERS_AT_MOST = 8
"""Of a database; they take turns."""


async def meet(make: Make, job: Job, database: Database, at_us: int, number: int) -> None:
    """Have the due time at that moment met by a scheduler that runs."""
    with clock.frozen(at_us):
        async with running(make(job)):
            await ended(database, number)


def nothing(_: str) -> None:
    pass


async def tell(database: Database, statements: Callable[[str], None]) -> None:
    """Have every reader tell its statements."""
    for _ in range(READERS_AT_MOST):
        async with database.read() as connection:
            await connection.set_trace_callback(statements)


async def asked_of(database: Database, jobs: list[Job]) -> int:
    """How many statements a report of those jobs takes."""
    seen: list[str] = []
    await tell(database, seen.append)
    seen.clear()
    await reports.report(database, jobs)
    count = len(seen)
    await tell(database, nothing)
    return count


async def reported(database: Database, job: Job, at_us: int) -> JobReport:
    with clock.frozen(at_us):
        return await reports.report_one(database, job)


async def test_a_job_that_fails_again_and_again_is_down_until_it_works(
    make: Make, job: Job, work: Work, database: Database
) -> None:
    await tick(make(job), NOON_US)
    work.outcomes = [Unavailable("away") for _ in range(4)]
    states = []
    for number in range(1, 6):
        await meet(make, job, database, NOON_US + number * MINUTE_US, number)
        states.append(await state_of(database, job, NOON_US + number * MINUTE_US + job.grace_us))
    assert states == ["failed", "failed", "down", "down", "ok"]


async def test_nothing_to_do_is_as_good_as_done(make: Make, job: Job, work: Work, database: Database) -> None:
    await tick(make(job), NOON_US)
    work.outcomes = [Skipped(words="no remote is set")]
    await meet(make, job, database, NOON_US + MINUTE_US, 1)
    assert (await reported(database, job, NOON_US + MINUTE_US)).good_us == NOON_US + MINUTE_US


async def test_a_drill_that_was_not_made_is_not_good(make: Make, job: Job, work: Work, database: Database) -> None:
    job = msgspec.structs.replace(job, name="drill.restore")
    await tick(make(job), NOON_US)
    work.outcomes = [Skipped(words="the mirror is being written")]
    await meet(make, job, database, NOON_US + MINUTE_US, 1)
    assert (await reported(database, job, NOON_US + MINUTE_US)).good_us is None


async def test_a_job_that_nobody_comes_round_to_is_late_and_then_down(make: Make, job: Job, database: Database) -> None:
    await tick(make(job), NOON_US)
    minutes = [await state_of(database, job, NOON_US + minute * MINUTE_US) for minute in (1, 2, 3, 4)]
    assert minutes == ["ok", "late", "late", "down"]


async def test_a_job_that_was_paused_for_long_is_not_down_when_it_is_resumed(
    make: Make, job: Job, work: Work, database: Database
) -> None:
    made = make(job)
    await tick(made, NOON_US)
    work.outcomes = [Unavailable("away")]
    await meet(make, job, database, NOON_US + MINUTE_US, 1)
    later_us = NOON_US + 60 * MINUTE_US
    await made.pause("test", "msg_pause", paused=True)
    with clock.frozen(later_us):
        await tick(made, later_us)
        await made.pause("test", "msg_resume", paused=False)
    assert await state_of(database, job, later_us + 1) == "failed"


async def test_the_next_five_due_times_are_told_and_none_while_it_is_paused(
    make: Make, job: Job, database: Database
) -> None:
    with clock.frozen(NOON_US):
        told = await reported(database, job, NOON_US)
        await make(job).pause("test", "msg_pause", paused=True)
        paused = await reported(database, job, NOON_US)
    assert told.upcoming == [NOON_US + number * MINUTE_US for number in range(1, 6)]
    assert told.next_us == told.upcoming[0]
    assert (paused.state, paused.upcoming, paused.next_us) == ("paused", [], None)


async def old_runs(database: Database, count: int, last_us: int) -> list[Run]:
    made = [
        Run(
            id=f"run_{number:03}", job="test", trigger="manual", attempt=1, due_us=last_us - number, started_us=1,
            ended_us=2, outcome="ok", output="",
        )
        for number in range(count)
    ]  # fmt: skip
    async with database.transaction() as connection:
        for each in made:
            await store.insert_run(connection, each)
    return made


async def test_the_newest_runs_of_a_rare_job_are_kept_however_old_they_are(
    make: Make, job: Job, database: Database
) -> None:
    made = make(job)
    await tick(made, NOON_US)
    runs = await old_runs(database, LEAST_KEPT + 5, NOON_US - 2 * KEPT_US)
    await made.pause("test", "msg_pause", paused=True)
    await tick(made, NOON_US + MINUTE_US)
    async with database.read() as connection:
        kept = await store.runs_of_job(connection, "test", limit=100)
    assert [run.id for run in kept] == [run.id for run in runs[:LEAST_KEPT]]


async def test_the_runs_of_a_job_are_read_page_by_page(job: Job, database: Database) -> None:
    runs = await old_runs(database, 7, NOON_US)
    seen: list[str] = []
    for _ in range(4):
        page = await reports.runs_of(database, job, 3, seen[-1] if seen else "")
        seen += [run.id for run in page.runs]
    assert seen == [run.id for run in runs]


async def test_a_run_is_found_whatever_ran_since(client: ServiceClient, job: Job, database: Database) -> None:
    runs = await old_runs(database, 300, NOON_US)
    async with database.transaction() as connection:
        wanted = msgspec.structs.replace(runs[-1], id="run_wanted", job="mirror.daily", due_us=1)
        await store.insert_run(connection, wanted)
    answer = await client.send("GET", "/jobs/mirror.daily/runs/run_wanted")
    assert msgspec.json.decode(answer.body, type=Run) == wanted
    assert (await client.send("GET", "/jobs/cron.expire/runs/run_wanted")).status == 404


@pytest.mark.parametrize(
    ("outcome", "told"), [("failed", 1), ("timed_out", 1), ("missed", 1), ("ok", 0), ("skipped", 0)]
)
async def test_what_went_wrong_is_told_apart_from_what_ran(
    job: Job, database: Database, outcome: Outcome, told: int
) -> None:
    (run,) = await old_runs(database, 1, NOON_US)
    async with database.transaction() as connection:
        wrong = msgspec.structs.replace(run, id="run_other", due_us=1, outcome=outcome)
        await store.insert_run(connection, wrong)
    report = await reports.report(database, [job])
    assert [each.id for each in report.troubles] == ["run_other"] * told


async def test_a_report_of_many_jobs_asks_no_more_often_than_that_of_one(database: Database, job: Job) -> None:
    many = [msgspec.structs.replace(job, name=f"test.{number}") for number in range(10)]
    assert await asked_of(database, many) == await asked_of(database, [job])
