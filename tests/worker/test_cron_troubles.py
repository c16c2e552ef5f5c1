"""Cron while its database is busy, its clock was wrong, or a run is cancelled."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

import msgspec
import pytest
from sdc_core import clock, sqlite
from sdc_core.errors import Unavailable
from sdc_core.sqlite import Database, execute
from sdc_worker.cron import execution, store
from sdc_worker.cron import scheduler as scheduling
from sdc_worker.cron.execution import STOPPED
from sdc_worker.cron.jobs import Job, JobContext
from sdc_worker.mirror import child

from cron_work import MINUTE_US, NOON_US, Make, Work, ended, running, runs, state_of, tick

Busy = Callable[[], AbstractAsyncContextManager[None]]
SQL_REFUSE = """
CREATE TEMP TRIGGER refuse BEFORE INSERT ON runs WHEN NEW.job = 'broken' AND NEW.trigger = 'schedule'
BEGIN SELECT json('none'); END
"""


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
    """Until the log says so: whoever began to wait before the database was held waits as long as it always does."""
    async with asyncio.timeout(60):
        while said not in caplog.messages:  # noqa: ASYNC110 - the log tells no event
            await asyncio.sleep(0.01)


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
    async with running(made), asyncio.timeout(60):
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


async def test_an_action_whose_own_tasks_failed_is_tried_again_and_not_taken_for_cancelled(
    make: Make, job: Job, database: Database
) -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError("a bug")

    async def divided(context: JobContext) -> str:
        if context.run.attempt == 1:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
        return "done"

    made = make(msgspec.structs.replace(job, action=divided, retries=1, backoff_s=0.01))
    async with running(made):
        await made.run_now("test", "msg_1")
        (run,) = await ended(database)
    assert (run.outcome, run.output, run.attempt) == ("ok", "done", 2)


async def test_a_deadline_is_kept_by_an_action_whose_own_tasks_failed(make: Make, job: Job, database: Database) -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError("a bug")

    async def patient(_: JobContext) -> str:
        with suppress(ExceptionGroup):
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
        await asyncio.Event().wait()
        return "done"

    made = make(msgspec.structs.replace(job, action=patient, timeout_s=0.05))
    async with running(made):
        await made.run_now("test", "msg_1")
        (run,) = await ended(database)
    assert run.outcome == "timed_out"


async def test_what_an_attempt_had_started_is_gone_before_the_next_begins(
    make: Make, job: Job, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "GRACE_S", 0.1)
    deaf = ["/bin/sh", "-c", f"exec 9>{tmp_path}/lock; flock -n 9 || exit 7; trap '' TERM; exec tail -f /dev/null"]
    brief = ["/bin/sh", "-c", f"exec 9>{tmp_path}/lock; flock -n 9"]
    codes = []

    async def act(context: JobContext) -> str:
        ended = await child.run(deaf if context.run.attempt == 1 else brief, {"PATH": os.defpath}, deadline_s=60)
        codes.append(ended.code)
        return "done"

    made = make(msgspec.structs.replace(job, action=act, timeout_s=1, retries=1))
    async with running(made):
        await made.run_now("test", "msg_1")
        (run,) = await ended(database)
    assert (run.outcome, run.attempt, codes) == ("ok", 2, [0])
