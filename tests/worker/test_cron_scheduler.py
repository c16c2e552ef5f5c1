"""When a job runs, and what is recorded of it."""

import msgspec
import pytest
from sdc_core import clock
from sdc_core.answers.jobs import Outcome
from sdc_core.errors import Conflict, Misconfigured, NotFound, Unavailable
from sdc_core.sqlite import Database, execute
from sdc_worker.cron import scheduler as scheduling
from sdc_worker.cron import store
from sdc_worker.cron.execution import STOPPED
from sdc_worker.cron.jobs import MAX_OUTPUT, ConfirmationNeeded, Job, Skipped
from sdc_worker.cron.scheduler import ABANDONED

from cron_work import MINUTE_US, NOON_US, Make, Work, ended, running, runs, said, state_of, tick


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


async def test_a_run_that_is_cut_off_goes_on_in_the_next_process_with_the_attempts_it_has_left(
    make: Make, job: Job, work: Work, database: Database
) -> None:
    job = msgspec.structs.replace(job, catch_up="once", retries=2)
    await tick(make(job), NOON_US - 1)
    work.go_on.clear()
    attempts = []
    with clock.frozen(NOON_US):
        for _ in range(3):
            work.began.clear()
            async with running(make(job)):
                await work.began.wait()
            (run,) = await runs(database)
            attempts.append((run.attempt, run.outcome))
        work.go_on.set()
        async with running(make(job)):
            await ended(database)
    assert attempts == [(1, "running"), (2, "running"), (3, "failed")]
    assert [each.attempt for each in work.runs] == [1, 2, 3]


async def test_a_run_that_was_killed_ends_well_in_the_next_process(make: Make, job: Job, database: Database) -> None:
    scheduler = make(msgspec.structs.replace(job, catch_up="once", retries=1))
    await tick(scheduler, NOON_US - 1)
    (started,) = await tick(scheduler, NOON_US)
    async with database.transaction() as connection:
        await store.start_run(connection, started.id, attempt=1, now_us=NOON_US)
    with clock.frozen(NOON_US + 1):
        async with running(make(msgspec.structs.replace(job, catch_up="once", retries=1))):
            (run,) = await ended(database)
    assert (run.id, run.outcome, run.attempt) == (started.id, "ok", 2)


async def test_a_run_that_somebody_has_confirmed_is_not_taken_up(make: Make, job: Job, database: Database) -> None:
    job = msgspec.structs.replace(job, catch_up="once", retries=1)
    scheduler = make(job)
    await tick(scheduler, NOON_US - 1)
    (started,) = await tick(scheduler, NOON_US)
    async with database.transaction() as connection:
        await execute(connection, "UPDATE runs SET confirms = 'run of before' WHERE id = :id", {"id": started.id})
    with clock.frozen(NOON_US + 1):
        async with running(make(job)):
            (run,) = await ended(database)
    assert (run.outcome, run.output) == ("failed", ABANDONED)


async def test_a_run_whose_job_is_due_again_is_not_taken_up(make: Make, job: Job, database: Database) -> None:
    scheduler = make(msgspec.structs.replace(job, catch_up="once", retries=1))
    await tick(scheduler, NOON_US - 1)
    await tick(scheduler, NOON_US)
    with clock.frozen(NOON_US + MINUTE_US):
        async with running(make(msgspec.structs.replace(job, catch_up="once", retries=1))):
            first, second = await ended(database, 2)
    assert (first.output, first.outcome, second.outcome) == (ABANDONED, "failed", "ok")


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
            with clock.frozen(NOON_US + MINUTE_US):
                assert [run async for run in scheduler.due_runs()] == []
            work.go_on.set()
            await ended(database, 2)
    outcomes = [run.outcome for run in await runs(database)]
    assert (sorted(outcomes), len(work.runs)) == (["ok", "skipped"], 1)


async def test_of_runs_that_are_asked_for_the_second_waits_and_the_third_is_skipped(
    make: Make, job: Job, work: Work, database: Database
) -> None:
    work.go_on.clear()
    scheduler = make(job)
    with clock.frozen(NOON_US):
        async with running(scheduler):
            asked = [await scheduler.run_now("test", f"msg_{number}") for number in range(3)]
            work.go_on.set()
            await ended(database, 3)
    assert [run.outcome for run in asked] == ["running", "running", "skipped"]
    assert [run.id for run in work.runs] == [asked[0].id, asked[1].id]


async def test_with_queue_one_what_is_due_during_another_waits_for_it(
    make: Make, job: Job, work: Work, database: Database
) -> None:
    work.go_on.clear()
    scheduler = make(msgspec.structs.replace(job, overlap="queue_one"))
    with clock.frozen(NOON_US):
        async with running(scheduler):
            await scheduler.run_now("test", "msg_1")
            await work.began.wait()
            with clock.frozen(NOON_US + MINUTE_US):
                assert [run.outcome async for run in scheduler.due_runs()] == ["running"]
            work.go_on.set()


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


async def test_a_run_that_is_asked_for_waits_for_no_back_off(
    make: Make, job: Job, work: Work, database: Database
) -> None:
    work.outcomes = [Unavailable("away"), "done"]
    scheduler = make(msgspec.structs.replace(job, retries=3, backoff_s=3_600))
    with clock.frozen(NOON_US):
        async with running(scheduler):
            await scheduler.run_now("test", "msg_1")
            await said(database, "attempt 1: away")
            await scheduler.run_now("test", "msg_2")
            first, second = await ended(database, 2)
    assert {(first.outcome, first.output), (second.outcome, second.output)} == {("failed", "away"), ("ok", "done")}


async def test_a_job_that_is_paused_is_not_tried_again(make: Make, job: Job, work: Work, database: Database) -> None:
    work.outcomes = [Unavailable("away"), "done"]
    scheduler = make(msgspec.structs.replace(job, retries=1, backoff_s=3_600))
    with clock.frozen(NOON_US):
        async with running(scheduler):
            await scheduler.run_now("test", "msg_1")
            await said(database, "attempt 1: away")
            await scheduler.pause("test", "msg_pause", paused=True)
            (run,) = await ended(database)
    assert (run.outcome, run.output, len(work.runs)) == ("failed", "away", 1)


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


@pytest.mark.parametrize(("outcome", "stays"), [("failed", False), ("ok", True)])
async def test_old_runs_are_trimmed_but_for_the_newest_that_went_well(
    make: Make, job: Job, database: Database, monkeypatch: pytest.MonkeyPatch, *, outcome: Outcome, stays: bool
) -> None:
    monkeypatch.setattr(scheduling, "LEAST_KEPT", 1)
    scheduler = make(msgspec.structs.replace(job, catch_up="once", cron="0 0 1 * *"))
    await tick(scheduler, NOON_US)
    (run,) = await tick(scheduler, NOON_US + 40 * clock.DAY_US)
    async with database.transaction() as connection:
        await store.end_run(connection, run.id, outcome=outcome, output="", now_us=1)
    await tick(scheduler, NOON_US + 140 * clock.DAY_US)
    assert (run.id in [each.id for each in await runs(database)]) is stays


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
