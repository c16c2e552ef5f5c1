import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime

import msgspec
import pytest
from sdc_core import clock, sqlite
from sdc_core.answers.jobs import Run
from sdc_core.errors import Conflict, Misconfigured, NotFound, Unavailable
from sdc_core.sqlite import Database, execute
from sdc_worker.app import Parts
from sdc_worker.cron import execution, reports, store
from sdc_worker.cron import scheduler as scheduling
from sdc_worker.cron.execution import STOPPED
from sdc_worker.cron.jobs import MAX_OUTPUT, ConfirmationNeeded, Job, JobContext, Skipped
from sdc_worker.cron.scheduler import ABANDONED, Scheduler

NOON_US = clock.from_datetime(datetime(2026, 3, 1, 12, tzinfo=UTC))
MINUTE_US = 60 * clock.SECOND_US
Make = Callable[..., Scheduler]
Busy = Callable[[], AbstractAsyncContextManager[None]]
SQL_REFUSE = """
CREATE TEMP TRIGGER refuse BEFORE INSERT ON runs WHEN NEW.job = 'broken' AND NEW.trigger = 'schedule'
BEGIN SELECT json('none'); END
"""


class Work:
    """An action that counts, that can be held up, and that does what the next of `outcomes` says."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.outcomes: list[str | Skipped | Exception] = []

    async def __call__(self, context: JobContext) -> str | Skipped:
        self.runs.append(context.run)
        self.began.set()
        await self.go_on.wait()
        outcome = self.outcomes.pop(0) if self.outcomes else "done"
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def job(work: Work) -> Job:
    return Job(name="test", help="A test", cron="* * * * *", action=work, backoff_s=0)


@pytest.fixture
def make(parts: Parts) -> Make:
    def made(*jobs: Job) -> Scheduler:
        return Scheduler(parts.database, jobs, parts.context)

    return made


@asynccontextmanager
async def running(scheduler: Scheduler) -> AsyncGenerator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(scheduler.run())
        yield
        task.cancel()


async def runs(database: Database) -> list[Run]:
    """Every run, oldest first."""
    async with database.read() as connection:
        return (await store.latest_runs(connection, limit=100))[::-1]


async def ended(database: Database, count: int = 1) -> list[Run]:
    """Every run, once `count` of them have ended."""
    async with asyncio.timeout(10):
        while True:
            found = await runs(database)
            if sum(run.ended_us is not None for run in found) >= count:
                return found
            await asyncio.sleep(0.01)


async def tick(scheduler: Scheduler, at_us: int) -> list[Run]:
    with clock.frozen(at_us):
        return [run async for run in scheduler.due_runs()]


@pytest.fixture
def busy(database: Database, monkeypatch: pytest.MonkeyPatch) -> Busy:
    """Keeps the database busy inside the block; whoever waits gives up at once, and asks again soon."""
    monkeypatch.setattr(execution, "FIRST_PAUSE_S", 0.01)

    @asynccontextmanager
    async def held() -> AsyncGenerator[None]:
        async with database.transaction():
            with monkeypatch.context() as patched:
                patched.setattr(sqlite, "LOCK_S", 0.01)
                yield

    return held


async def logged(caplog: pytest.LogCaptureFixture, said: str) -> None:
    """Until the log says so."""
    async with asyncio.timeout(5):
        while said not in caplog.messages:  # noqa: ASYNC110 - the log tells no event
            await asyncio.sleep(0.01)


async def test_a_new_job_has_missed_nothing(make: Make, job: Job, database: Database) -> None:
    assert await tick(make(job), NOON_US + 1) == []
    assert await runs(database) == []


async def test_a_due_time_is_run_once_however_often_it_is_asked(make: Make, job: Job) -> None:
    scheduler = make(job)
    await tick(scheduler, NOON_US - 1)
    (run,) = await tick(scheduler, NOON_US)
    assert (run.trigger, run.due_us) == ("schedule", NOON_US)
    assert [await tick(scheduler, NOON_US + at) for at in (0, 1, MINUTE_US - 1)] == [[], [], []]


async def test_a_due_time_is_not_run_again_after_a_kill(make: Make, job: Job, database: Database) -> None:
    scheduler = make(job)
    await tick(scheduler, NOON_US - 1)
    await tick(scheduler, NOON_US)
    async with database.transaction() as connection:
        # As if the memory of the due time had been lost with the process: the row of the run still stands.
        await execute(connection, "UPDATE job_states SET considered_us = 0")
    restarted = make(msgspec.structs.replace(job, catch_up="once"))
    assert await tick(restarted, NOON_US + 1) == []
    assert len(await runs(database)) == 1


async def test_a_run_of_a_killed_process_is_marked_failed_in_words(make: Make, job: Job, database: Database) -> None:
    scheduler = make(job)
    await tick(scheduler, NOON_US - 1)
    await tick(scheduler, NOON_US)
    with clock.frozen(NOON_US + 1):
        async with running(make(job)):
            (run,) = await ended(database)
    assert (run.outcome, run.output) == ("failed", ABANDONED)


async def test_after_downtime_one_row_says_what_was_missed(make: Make, job: Job, database: Database) -> None:
    scheduler = make(job)
    await tick(scheduler, NOON_US)
    hour_later_us = NOON_US + 60 * MINUTE_US
    (run,) = await tick(scheduler, hour_later_us + 1)
    missed, _ = await runs(database)
    assert (missed.outcome, missed.due_us, missed.started_us) == ("missed", hour_later_us - MINUTE_US, None)
    assert (run.trigger, run.due_us) == ("schedule", hour_later_us)


async def test_a_start_beyond_its_grace_is_missed(make: Make, job: Job, database: Database) -> None:
    scheduler = make(msgspec.structs.replace(job, cron="0 * * * *", grace_s=60))
    await tick(scheduler, NOON_US - 1)
    assert await tick(scheduler, NOON_US + 2 * MINUTE_US) == []
    assert [run.outcome for run in await runs(database)] == ["missed"]


async def test_catching_up_runs_the_latest_missed_due_time_alone(make: Make, job: Job, database: Database) -> None:
    scheduler = make(msgspec.structs.replace(job, cron="0 * * * *", catch_up="once"))
    await tick(scheduler, NOON_US)
    (run,) = await tick(scheduler, NOON_US + 5 * 60 * MINUTE_US + 30 * MINUTE_US)
    assert (run.trigger, run.due_us) == ("catch_up", NOON_US + 5 * 60 * MINUTE_US)
    assert await runs(database) == [run]


async def test_a_paused_job_is_not_run_and_misses_nothing(make: Make, job: Job, database: Database) -> None:
    scheduler = make(job)
    await tick(scheduler, NOON_US)
    async with database.transaction() as connection:
        await execute(connection, "UPDATE job_states SET paused = 1")
    assert await tick(scheduler, NOON_US + MINUTE_US) == []
    async with database.transaction() as connection:
        await execute(connection, "UPDATE job_states SET paused = 0")
    assert await tick(scheduler, NOON_US + MINUTE_US + 1) == []
    assert await runs(database) == []


async def test_a_manual_run_is_made_and_recorded(make: Make, job: Job, work: Work, database: Database) -> None:
    scheduler = make(job)
    with clock.frozen(NOON_US):
        async with running(scheduler):
            asked = await scheduler.run_now("test", "msg_1")
            (run,) = await ended(database)
    assert (asked.outcome, asked.started_us) == ("running", None)
    assert (run.id, run.outcome, run.output, run.trigger) == (asked.id, "ok", "done", "manual")
    assert (run.started_us, run.ended_us) == (NOON_US, NOON_US)
    assert [each.id for each in work.runs] == [asked.id]


async def test_the_same_message_runs_a_job_once(make: Make, job: Job, work: Work, database: Database) -> None:
    scheduler = make(job)
    with clock.frozen(NOON_US):
        async with running(scheduler):
            first = await scheduler.run_now("test", "msg_1")
            await ended(database)
            second = await scheduler.run_now("test", "msg_1")
    assert (second.id, second.outcome, len(work.runs)) == (first.id, "ok", 1)


async def test_an_unknown_job_cannot_be_run(make: Make, job: Job) -> None:
    with pytest.raises(NotFound):
        await make(job).run_now("other", "msg_1")


async def test_a_run_that_is_due_during_another_is_skipped(
    make: Make, job: Job, work: Work, database: Database
) -> None:
    work.go_on.clear()
    scheduler = make(job)
    with clock.frozen(NOON_US):
        async with running(scheduler):
            await scheduler.run_now("test", "msg_1")
            await work.began.wait()
            second = await scheduler.run_now("test", "msg_2")
            work.go_on.set()
            await ended(database, 2)
    assert (second.outcome, len(work.runs)) == ("skipped", 1)


async def test_with_queue_one_the_second_waits_and_the_third_is_skipped(
    make: Make, job: Job, work: Work, database: Database
) -> None:
    work.go_on.clear()
    scheduler = make(msgspec.structs.replace(job, overlap="queue_one"))
    with clock.frozen(NOON_US):
        async with running(scheduler):
            asked = [await scheduler.run_now("test", f"msg_{number}") for number in range(3)]
            work.go_on.set()
            await ended(database, 3)
    assert [run.outcome for run in asked] == ["running", "running", "skipped"]
    assert [run.id for run in work.runs] == [asked[0].id, asked[1].id]


async def test_a_failure_is_tried_again_with_the_same_run(make: Make, job: Job, work: Work, database: Database) -> None:
    work.outcomes = [Unavailable("web is away"), ValueError("a bug"), "done at last"]
    scheduler = make(msgspec.structs.replace(job, retries=2))
    with clock.frozen(NOON_US):
        async with running(scheduler):
            await scheduler.run_now("test", "msg_1")
            (run,) = await ended(database)
    assert (run.outcome, run.output, run.attempt) == ("ok", "done at last", 3)
    assert [(each.id, each.attempt) for each in work.runs] == [(run.id, 1), (run.id, 2), (run.id, 3)]


async def test_the_last_failure_is_the_outcome(make: Make, job: Job, work: Work, database: Database) -> None:
    work.outcomes = [Unavailable("away"), Unavailable("still away")]
    scheduler = make(msgspec.structs.replace(job, retries=1))
    with clock.frozen(NOON_US):
        async with running(scheduler):
            await scheduler.run_now("test", "msg_1")
            (run,) = await ended(database)
    assert (run.outcome, run.output, run.attempt) == ("failed", "still away", 2)


async def test_too_long_is_timed_out_and_not_failed(make: Make, job: Job, work: Work, database: Database) -> None:
    work.go_on.clear()
    scheduler = make(msgspec.structs.replace(job, timeout_s=0.05))
    with clock.frozen(NOON_US):
        async with running(scheduler):
            await scheduler.run_now("test", "msg_1")
            (run,) = await ended(database)
    assert (run.outcome, run.output) == ("timed_out", "it took longer than 0.05 s")


async def test_a_timeout_inside_the_action_is_a_failure(make: Make, job: Job, work: Work, database: Database) -> None:
    work.outcomes = [TimeoutError("its own")]
    scheduler = make(job)
    with clock.frozen(NOON_US):
        async with running(scheduler):
            await scheduler.run_now("test", "msg_1")
            (run,) = await ended(database)
    assert run.outcome == "failed"


async def test_long_output_is_cut(make: Make, job: Job, work: Work, database: Database) -> None:
    work.outcomes = ["x" * 10_000]
    scheduler = make(job)
    with clock.frozen(NOON_US):
        async with running(scheduler):
            await scheduler.run_now("test", "msg_1")
            (run,) = await ended(database)
    assert len(run.output) == MAX_OUTPUT


async def test_a_stop_marks_the_run_under_way(make: Make, job: Job, work: Work, database: Database) -> None:
    work.go_on.clear()
    scheduler = make(job)
    with clock.frozen(NOON_US):
        async with running(scheduler):
            await scheduler.run_now("test", "msg_1")
            await work.began.wait()
    (run,) = await runs(database)
    assert (run.outcome, run.output) == ("failed", STOPPED)


async def test_old_runs_are_trimmed(make: Make, job: Job, database: Database) -> None:
    scheduler = make(msgspec.structs.replace(job, catch_up="once", cron="0 0 1 * *"))
    await tick(scheduler, NOON_US)
    (run,) = await tick(scheduler, NOON_US + 40 * clock.DAY_US)
    async with database.transaction() as connection:
        await store.end_run(connection, run.id, outcome="ok", output="", now_us=1)
    await tick(scheduler, NOON_US + 140 * clock.DAY_US)
    assert run.id not in [each.id for each in await runs(database)]


async def state_of(database: Database, job: Job, at_us: int) -> str:
    with clock.frozen(at_us):
        return (await reports.report(database, [job])).jobs[0].state


async def test_a_job_is_late_when_its_due_time_was_passed_over(make: Make, job: Job, database: Database) -> None:
    await tick(make(job), NOON_US)
    assert await state_of(database, job, NOON_US + MINUTE_US) == "ok"
    assert await state_of(database, job, NOON_US + 3 * MINUTE_US) == "late"


async def test_a_job_is_failed_until_it_succeeds_again(make: Make, job: Job, work: Work, database: Database) -> None:
    work.outcomes = [Unavailable("away")]
    scheduler = make(job)
    async with running(scheduler):
        await scheduler.run_now("test", "msg_1")
        await ended(database)
        failed = await state_of(database, job, clock.now_us())
        await scheduler.run_now("test", "msg_2")
        await ended(database, 2)
        assert (failed, await state_of(database, job, clock.now_us())) == ("failed", "ok")


async def test_an_action_with_nothing_to_do_is_skipped_and_the_job_is_calm(
    make: Make, job: Job, work: Work, database: Database
) -> None:
    work.outcomes = [Unavailable("away"), Skipped(words="no remote is set")]
    scheduler = make(job)
    async with running(scheduler):
        await scheduler.run_now("test", "msg_1")
        await ended(database)
        await scheduler.run_now("test", "msg_2")
        (_, run) = await ended(database, 2)
    assert (run.outcome, run.output, run.started_us is None) == ("skipped", "no remote is set", False)
    assert await state_of(database, job, clock.now_us()) == "ok"


async def test_what_no_repeat_can_mend_is_final_for_the_run(
    make: Make, job: Job, work: Work, database: Database
) -> None:
    work.outcomes = [Misconfigured("the remote has no bucket b")]
    scheduler = make(msgspec.structs.replace(job, retries=2))
    async with running(scheduler):
        await scheduler.run_now("test", "msg_1")
        (run,) = await ended(database)
    assert (run.outcome, run.output, run.attempt) == ("failed", "the remote has no bucket b", 1)


async def test_a_run_that_asked_is_confirmed_once(make: Make, job: Job, work: Work, database: Database) -> None:
    work.outcomes = [ConfirmationNeeded("5 objects would go")]
    scheduler = make(msgspec.structs.replace(job, retries=2))
    async with running(scheduler):
        asked = await scheduler.run_now("test", "msg_1")
        (refused,) = await ended(database)
        confirmed = await scheduler.run_now("test", "msg_2", confirms=asked.id)
        await ended(database, 2)
        with pytest.raises(Conflict):
            await scheduler.run_now("test", "msg_3", confirms=asked.id)
    assert (refused.confirmable, refused.attempt, confirmed.confirms) == (True, 1, asked.id)
    assert [each.confirms for each in work.runs] == [None, asked.id]


async def test_a_run_that_asked_nothing_cannot_be_confirmed(make: Make, job: Job, database: Database) -> None:
    scheduler = make(job)
    async with running(scheduler):
        asked = await scheduler.run_now("test", "msg_1")
        await ended(database)
        with pytest.raises(Conflict, match="asked for nothing"):
            await scheduler.run_now("test", "msg_2", confirms=asked.id)


async def test_a_busy_database_at_the_end_of_a_run_ends_no_other_and_is_asked_again(
    make: Make, job: Job, work: Work, database: Database, busy: Busy, caplog: pytest.LogCaptureFixture
) -> None:
    other = Work()
    other.go_on.clear()
    work.go_on.clear()
    made = make(job, msgspec.structs.replace(job, name="other", action=other))
    with clock.frozen(NOON_US):
        async with running(made):
            await made.run_now("other", "msg_1")
            await made.run_now("test", "msg_2")
            await work.began.wait()
            await other.began.wait()
            async with busy():
                work.go_on.set()
                await logged(caplog, "the end of a run cannot be recorded yet")
            other.go_on.set()
            found = await ended(database, 2)
    assert [(run.outcome, run.output) for run in found] == [("ok", "done")] * 2


async def test_a_busy_database_at_the_start_of_an_attempt_is_a_failed_attempt(
    make: Make, job: Job, work: Work, database: Database, busy: Busy, caplog: pytest.LogCaptureFixture
) -> None:
    made = make(job)
    with clock.frozen(NOON_US):
        async with running(made):
            await made.run_now("test", "msg_1")
            async with busy():
                await logged(caplog, "the end of a run cannot be recorded yet")
            (run,) = await ended(database)
    assert (run.outcome, run.output, work.runs) == ("failed", "worker.db is busy", [])


async def test_a_due_time_that_cannot_be_recorded_ends_no_run_and_is_met_later(
    make: Make, job: Job, work: Work, database: Database, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr(scheduling, "LONGEST_SLEEP_S", 0.01)
    work.go_on.clear()
    made = make(msgspec.structs.replace(job, name="broken", overlap="queue_one"))
    await tick(made, NOON_US - MINUTE_US)
    async with database.transaction() as connection:
        await execute(connection, SQL_REFUSE)
    with clock.frozen(NOON_US):
        async with running(made):
            await made.run_now("broken", "msg_1")
            await work.began.wait()
            await logged(caplog, "a due time cannot be recorded yet")
            async with database.transaction() as connection:
                await execute(connection, "DROP TRIGGER refuse")
            work.go_on.set()
            found = await ended(database, 2)
    assert sorted((run.trigger, run.outcome) for run in found) == [("manual", "ok"), ("schedule", "ok")]


async def test_a_job_whose_row_cannot_be_written_holds_no_other_up(make: Make, job: Job, database: Database) -> None:
    made = make(*(msgspec.structs.replace(job, name=name) for name in ("first", "broken", "last")))
    await tick(made, NOON_US - MINUTE_US)
    async with database.transaction() as connection:
        await execute(connection, SQL_REFUSE)
    with clock.frozen(NOON_US):
        async with running(made):
            found = await ended(database, 2)
    assert sorted((run.job, run.outcome) for run in found) == [("first", "ok"), ("last", "ok")]


async def test_a_run_is_started_before_the_next_job_is_considered(make: Make, job: Job) -> None:
    made = make(job, msgspec.structs.replace(job, name="other"))
    await tick(made, NOON_US - MINUTE_US)
    with clock.frozen(NOON_US):
        due = made.due_runs()
        assert (await anext(due)).job == "test"
        await due.aclose()
        assert [run.job async for run in made.due_runs()] == ["other"]


async def test_a_clock_that_was_far_ahead_does_not_silence_a_job(
    make: Make, job: Job, caplog: pytest.LogCaptureFixture
) -> None:
    made = make(job)
    await tick(made, NOON_US + 400 * clock.DAY_US)
    assert await tick(made, NOON_US) == []
    (run,) = await tick(made, NOON_US + MINUTE_US)
    assert (run.trigger, run.due_us) == ("schedule", NOON_US + MINUTE_US)
    assert "the clock was ahead: a job begins anew" in caplog.messages


async def test_a_job_is_late_while_its_clock_was_ahead(make: Make, job: Job, database: Database) -> None:
    await tick(make(job), NOON_US + 400 * clock.DAY_US)
    assert await state_of(database, job, NOON_US) == "late"


async def test_a_run_from_the_future_hides_no_later_one(make: Make, job: Job, database: Database) -> None:
    made = make(job)
    await tick(made, NOON_US + 399 * clock.DAY_US)
    (future,) = await tick(made, NOON_US + 399 * clock.DAY_US + MINUTE_US)
    async with database.transaction() as connection:
        await store.end_run(connection, future.id, outcome="ok", output="", now_us=future.due_us)
    await tick(made, NOON_US)
    assert await runs(database) == []


@pytest.mark.parametrize("answer", [ValueError("a bug"), Unavailable("away"), "done"])
async def test_an_action_that_answers_its_cancellation_otherwise_is_stopped_all_the_same(
    make: Make, job: Job, database: Database, answer: Exception | str
) -> None:
    began = asyncio.Event()

    async def stubborn(_: JobContext) -> str:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if isinstance(answer, Exception):
                raise answer from None
        return "done"

    made = make(msgspec.structs.replace(job, action=stubborn, retries=5, backoff_s=60))
    async with running(made), asyncio.timeout(5):
        await made.run_now("test", "msg_1")
        await began.wait()
    (run,) = await runs(database)
    assert (run.outcome, run.output) == (("ok", "done") if answer == "done" else ("failed", STOPPED))


async def test_a_busy_database_does_not_take_the_place_of_a_cancellation(
    make: Make, job: Job, work: Work, busy: Busy
) -> None:
    work.go_on.clear()
    made = make(job)
    async with asyncio.TaskGroup() as group:
        loop = group.create_task(made.run())
        await made.run_now("test", "msg_1")
        await work.began.wait()
        async with busy():
            loop.cancel()
            await asyncio.wait({loop})
    assert loop.cancelled()


async def test_a_cancellation_that_nobody_asked_for_is_a_failure(make: Make, job: Job, database: Database) -> None:
    async def confused(_: JobContext) -> str:
        raise asyncio.CancelledError

    made = make(msgspec.structs.replace(job, action=confused))
    async with running(made):
        await made.run_now("test", "msg_1")
        (run,) = await ended(database)
    assert (run.outcome, run.output) == ("failed", "unexpected CancelledError: ")
