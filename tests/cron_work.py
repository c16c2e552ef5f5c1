"""What the tests of cron share: an action that does as it is told, and a look at the runs."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sdc_core import clock
from sdc_core.answers.jobs import Run
from sdc_core.sqlite import Database
from sdc_worker.cron import reports, store
from sdc_worker.cron.jobs import Job, JobContext, Skipped
from sdc_worker.cron.scheduler import Scheduler

NOON_US = clock.from_datetime(datetime(2026, 3, 1, 12, tzinfo=UTC))
MINUTE_US = 60 * clock.SECOND_US
Make = Callable[..., Scheduler]


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
    async with asyncio.timeout(60):
        while True:
            found = await runs(database)
            if sum(run.ended_us is not None for run in found) >= count:
                return found
            await asyncio.sleep(0.01)


async def said(database: Database, words: str) -> None:
    """Return once a run has noted that."""
    async with asyncio.timeout(60):
        while True:
            if any(run.output == words for run in await runs(database)):
                return
            await asyncio.sleep(0.01)


async def tick(scheduler: Scheduler, at_us: int) -> list[Run]:
    with clock.frozen(at_us):
        return [run async for run in scheduler.due_runs()]


async def state_of(database: Database, job: Job, at_us: int) -> str:
    with clock.frozen(at_us):
        return (await reports.report(database, [job])).jobs[0].state
