"""One run from its first attempt to its outcome."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

import msgspec
from sdc_core import clock
from sdc_core.errors import SdcError
from sdc_core.sqlite import Database

from sdc_worker.cron import store
from sdc_worker.cron.jobs import MAX_OUTPUT, Job, JobContext, Outcome, Run

STOPPED = "the worker stopped while this was under way"
_LAST_WORDS_S = 2.0
_LONGEST_BACKOFF_S = 600.0

log = logging.getLogger(__name__)


async def execute(job: Job, run: Run, database: Database, context: Callable[[Run], JobContext]) -> None:
    """Make up to `retries + 1` attempts and record the outcome. A cancelled run is recorded as failed, in words."""
    try:
        if run.trigger == "schedule" and job.jitter_s:
            await asyncio.sleep(clock.jitter(job.jitter_s))
        outcome, output = await _attempts(job, run, database, context)
    except asyncio.CancelledError:
        # With a deadline of its own: the process is about to end, and at the next start the row is marked anyway.
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                await _end(database, run, "failed", STOPPED)
        raise
    await _end(database, run, outcome, output)
    level = logging.INFO if outcome == "ok" else logging.WARNING
    log.log(level, "run ended", extra={"job": job.name, "run_id": run.id, "outcome": outcome, "output": output[:200]})


async def _attempts(
    job: Job, run: Run, database: Database, context: Callable[[Run], JobContext]
) -> tuple[Outcome, str]:
    attempt = 0
    while True:
        attempt += 1
        started_us = clock.now_us()
        async with database.transaction() as connection:
            await store.start_run(connection, run.id, attempt=attempt, now_us=started_us)
        current = msgspec.structs.replace(run, attempt=attempt, started_us=run.started_us or started_us)
        outcome, output = await _attempt(job, context(current))
        if outcome == "ok" or attempt > job.retries:
            return outcome, output
        async with database.transaction() as connection:
            await store.note_run(connection, run.id, output=_cut(f"attempt {attempt}: {output}"))
        pause_s = min(job.backoff_s * 2 ** (attempt - 1), _LONGEST_BACKOFF_S)
        await asyncio.sleep(pause_s + clock.jitter(pause_s / 4))


async def _attempt(job: Job, context: JobContext) -> tuple[Outcome, str]:
    try:
        async with asyncio.timeout(job.timeout_s) as deadline:
            return "ok", await job.action(context)
    except SdcError as error:
        return "failed", str(error)
    except Exception as error:
        if isinstance(error, TimeoutError) and deadline.expired():
            return "timed_out", f"it took longer than {job.timeout_s:g} s"
        log.exception("job failed unexpectedly", extra={"job": job.name, "run_id": context.run.id})
        return "failed", f"unexpected {type(error).__name__}: {error}"


async def _end(database: Database, run: Run, outcome: Outcome, output: str) -> None:
    async with database.transaction() as connection:
        await store.end_run(connection, run.id, outcome=outcome, output=_cut(output), now_us=clock.now_us())


def _cut(output: str) -> str:
    return output if len(output) <= MAX_OUTPUT else output[: MAX_OUTPUT - 1] + "…"
