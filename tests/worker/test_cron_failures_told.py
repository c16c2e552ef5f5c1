"""A run that fails is told to web, in the transaction that records it, and not each minute."""

from sdc_core import clock, messages
from sdc_core.errors import Unavailable
from sdc_core.messages import JobFailed
from sdc_core.sqlite import Database
from sdc_worker.cron import ending
from sdc_worker.cron.jobs import Job
from sdc_worker.webhooks import store

from cron_work import NOON_US, Make, Work, ended, running


async def fail_at(make: Make, work: Work, at_us: int, number: int, database: Database) -> None:
    work.outcomes = [Unavailable("the store is away")]
    with clock.frozen(at_us):
        made = make()
        async with running(made):
            await made.run_now("test", f"msg_{number}")
            await ended(database, number)


async def told(database: Database) -> list[JobFailed]:
    async with database.read() as connection:
        waiting = await store.due(connection, now_us=NOON_US * 2, limit=100)
    read = [messages.decode(each.body) for each in waiting]
    return [each for each in read if isinstance(each, JobFailed)]


async def test_a_failed_run_is_told(make: Make, job: Job, work: Work, database: Database) -> None:
    await fail_at(lambda: make(job), work, NOON_US, 1, database)
    (failed,) = await told(database)
    assert (failed.data.job, failed.data.outcome) == ("test", "failed")
    assert failed.data.output == "the store is away"


async def test_a_run_that_works_is_not(make: Make, job: Job, database: Database) -> None:
    with clock.frozen(NOON_US):
        made = make(job)
        async with running(made):
            await made.run_now("test", "msg_1")
            await ended(database)
    assert await told(database) == []


async def test_a_job_that_goes_on_failing_is_told_of_again_after_most_of_a_day(
    make: Make, job: Job, work: Work, database: Database
) -> None:
    for number, at_us in enumerate((0, clock.SECOND_US, ending.QUIET_US + 2 * clock.SECOND_US), 1):
        await fail_at(lambda: make(job), work, NOON_US + at_us, number, database)
    assert [each.data.due_us - NOON_US for each in await told(database)] == [0, ending.QUIET_US + 2 * clock.SECOND_US]
