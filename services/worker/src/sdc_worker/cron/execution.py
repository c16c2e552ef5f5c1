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
from sdc_worker.cron.jobs import MAX_OUTPUT, ConfirmationNeeded, Job, JobContext, Outcome, Run, Skipped

STOPPED = "the worker stopped while this was under way"
_LAST_WORDS_S = 2.0
_LONGEST_BACKOFF_S = 600.0

log = logging.getLogger(__name__)


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended. After a `final` one there is no other; `asks` when a person must confirm."""

    outcome: Outcome
    output: str
    final: bool = False
    asks: bool = False


async def execute(job: Job, run: Run, database: Database, context: Callable[[Run], JobContext]) -> None:
    """Make up to `retries + 1` attempts and record the outcome. A cancelled run is recorded as failed, in words."""
    try:
        if run.trigger == "schedule" and job.jitter_s:
            await asyncio.sleep(clock.jitter(job.jitter_s))
        ended = await _attempts(job, run, database, context)
    except asyncio.CancelledError:
        # With a deadline of its own: the process is about to end, and at the next start the row is marked anyway.
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                await _end(database, run, Ended(outcome="failed", output=STOPPED))
        raise
    await _end(database, run, ended)
    level = logging.INFO if ended.outcome in ("ok", "skipped") else logging.WARNING
    said = {"job": job.name, "run_id": run.id, "outcome": ended.outcome, "output": ended.output[:200]}
    log.log(level, "run ended", extra=said)


async def _attempts(job: Job, run: Run, database: Database, context: Callable[[Run], JobContext]) -> Ended:
    attempt = 0
    while True:
        attempt += 1
        started_us = clock.now_us()
        async with database.transaction() as connection:
            await store.start_run(connection, run.id, attempt=attempt, now_us=started_us)
        current = msgspec.structs.replace(run, attempt=attempt, started_us=run.started_us or started_us)
        ended = await _attempt(job, context(current))
        if ended.final or attempt > job.retries:
            return ended
        async with database.transaction() as connection:
            await store.note_run(connection, run.id, output=_cut(f"attempt {attempt}: {ended.output}"))
        pause_s = min(job.backoff_s * 2 ** (attempt - 1), _LONGEST_BACKOFF_S)
        await asyncio.sleep(pause_s + clock.jitter(pause_s / 4))


async def _attempt(job: Job, context: JobContext) -> Ended:
    try:
        async with asyncio.timeout(job.timeout_s) as deadline:
            done = await job.action(context)
    except SdcError as error:
        asks = isinstance(error, ConfirmationNeeded)
        return Ended(outcome="failed", output=str(error), final=error.permanent, asks=asks)
    except Exception as error:
        if isinstance(error, TimeoutError) and deadline.expired():
            return Ended(outcome="timed_out", output=f"it took longer than {job.timeout_s:g} s")
        log.exception("job failed unexpectedly", extra={"job": job.name, "run_id": context.run.id})
        return Ended(outcome="failed", output=f"unexpected {type(error).__name__}: {error}")
    if isinstance(done, Skipped):
        return Ended(outcome="skipped", output=done.words, final=True)
    return Ended(outcome="ok", output=done, final=True)


async def _end(database: Database, run: Run, ended: Ended) -> None:
    async with database.transaction() as connection:
        await store.end_run(
            connection,
            run.id,
            outcome=ended.outcome,
            output=_cut(ended.output),
            now_us=clock.now_us(),
            confirmable=ended.asks,
        )


def _cut(output: str) -> str:
    return output if len(output) <= MAX_OUTPUT else output[: MAX_OUTPUT - 1] + "…"
