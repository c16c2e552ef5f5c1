"""One run from its first attempt to its outcome."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

import msgspec
from sdc_core import clock, tracing
from sdc_core.answers.jobs import Outcome, Run
from sdc_core.errors import SdcError
from sdc_core.sqlite import Database

from sdc_worker.cron import due, ending, store
from sdc_worker.cron.jobs import MAX_OUTPUT, ConfirmationNeeded, Job, JobContext, Skipped

STOPPED = "the worker stopped while this was under way"
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
_LAST_WORDS_S = 2.0
_LONGEST_BACKOFF_S = 12 * 3600.0
"""What comes once a month is tried for more than a day."""

log = logging.getLogger(__name__)


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended. After a `final` one there is no other; `asks` when a person must confirm."""

    outcome: Outcome
    output: str
    final: bool = False
    asks: bool = False


async def execute(
    job: Job, run: Run, database: Database, context: Callable[[Run], JobContext], given_up: asyncio.Event
) -> Outcome:
    """Make up to `retries + 1` attempts, until the run is `given_up`, and record the outcome, however long the database
    is busy. Returns it. A run that is cancelled is recorded as failed, in words, where it does not go on.
    """
    ended = None
    try:
        if run.trigger == "schedule" and job.jitter_s and run.started_us is None:
            await asyncio.sleep(clock.jitter(job.jitter_s))
        with tracing.span(f"job {job.name}", sdc__run_id=run.id, sdc__trigger=run.trigger) as span:
            ended = await _attempts(job, run, database, context, given_up)
            span.note(sdc__outcome=ended.outcome)
            if ended.outcome not in ("ok", "skipped"):
                span.failed(ended.outcome)
        await _record(database, run, ended)
    except asyncio.CancelledError:
        # With a deadline of its own: the process is about to end, and at the next start the row is marked anyway.
        with suppress(TimeoutError, *store.FAULTS):
            async with asyncio.timeout(_LAST_WORDS_S):
                await _cut_off(job, run, database, ended)
        raise
    level = logging.INFO if ended.outcome in ("ok", "skipped") else logging.WARNING
    said = {"job": job.name, "run_id": run.id, "outcome": ended.outcome, "output": ended.output[:200]}
    log.log(level, "run ended", extra=said)
    return ended.outcome


async def _attempts(
    job: Job, run: Run, database: Database, context: Callable[[Run], JobContext], given_up: asyncio.Event
) -> Ended:
    attempt = run.attempt - 1
    while True:
        attempt += 1
        started_us = clock.now_us()
        current = msgspec.structs.replace(run, attempt=attempt, started_us=run.started_us or started_us)
        ended = await _attempt(job, database, context(current), started_us)
        if ended.final or attempt > job.retries:
            return ended
        with suppress(*store.FAULTS):
            async with database.transaction() as connection:
                await store.note_run(connection, run.id, output=_cut(f"attempt {attempt}: {ended.output}"))
        wait_s = pause_s(job, attempt)
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s + clock.jitter(wait_s / 4)):
                await given_up.wait()
        if given_up.is_set():
            return ended


def goes_on(job: Job, run: Run) -> bool:
    """Whether a run that is cut off by the end of the worker is taken up by the next one: it has attempts left, and no
    later due time takes its place. What somebody has confirmed was the state of that moment: they are asked again.
    """
    wanted = job.catch_up == "once" and run.confirms is None
    return wanted and run.attempt <= job.retries and due.latest_us(job, clock.now_us()) <= run.due_us


def pause_s(job: Job, attempt: int) -> float:
    """Seconds after that attempt, twice as many each time."""
    return min(job.backoff_s * 2 ** (attempt - 1), _LONGEST_BACKOFF_S)


async def _attempt(job: Job, database: Database, context: JobContext, started_us: int) -> Ended:
    try:
        async with database.transaction() as connection:
            await store.start_run(connection, context.run.id, attempt=context.run.attempt, now_us=started_us)
    except store.FAULTS as error:
        return _failure(job, context.run, error)
    # A task of its own: whatever the action makes of a cancellation, or leaves behind of one, this one is cancelled
    # when it was meant, and only then.
    try:
        async with asyncio.TaskGroup() as group:
            acting = group.create_task(_act(job, context))
    except asyncio.CancelledError:
        if not acting.cancelled() and acting.result().outcome in ("ok", "skipped"):
            # What is done is done.
            return acting.result()
        raise
    return _failure(job, context.run, asyncio.CancelledError()) if acting.cancelled() else acting.result()


async def _act(job: Job, context: JobContext) -> Ended:
    deadline = asyncio.timeout(job.timeout_s)
    try:
        async with deadline:
            done = await job.action(context)
    except (Exception, asyncio.CancelledError) as error:
        # Up to Python 3.12 a deadline comes out as a cancellation where a task group has failed before.
        if deadline.expired() and isinstance(error, (TimeoutError, asyncio.CancelledError)):
            return Ended(outcome="timed_out", output=f"it took longer than {job.timeout_s:g} s")
        if isinstance(error, asyncio.CancelledError):
            raise
        return _failure(job, context.run, error)
    if isinstance(done, Skipped):
        return Ended(outcome="skipped", output=done.words, final=True)
    return Ended(outcome="ok", output=done, final=True)


def _failure(job: Job, run: Run, error: BaseException) -> Ended:
    if isinstance(error, SdcError):
        asks = isinstance(error, ConfirmationNeeded)
        return Ended(outcome="failed", output=str(error), final=error.permanent, asks=asks)
    log.error("job failed unexpectedly", exc_info=error, extra={"job": job.name, "run_id": run.id})
    return Ended(outcome="failed", output=f"unexpected {type(error).__name__}: {error}")


async def _record(database: Database, run: Run, ended: Ended) -> None:
    """Until it is done: a row that says for ever that its run is under way would hold up all later ones."""
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            return await _end(database, run, ended)
        except store.FAULTS as error:
            log.warning("the end of a run cannot be recorded yet", extra={"run_id": run.id, "error": str(error)})
        await asyncio.sleep(pause_s + clock.jitter(pause_s / 4))
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


async def _cut_off(job: Job, run: Run, database: Database, ended: Ended | None) -> None:
    async with database.read() as connection:
        row = await store.run(connection, run.id)
    if ended is None and row is not None and goes_on(job, row):
        return
    await _end(database, run, ended or Ended(outcome="failed", output=STOPPED))


async def _end(database: Database, run: Run, ended: Ended) -> None:
    async with database.transaction() as connection:
        await ending.end(connection, run.id, outcome=ended.outcome, output=_cut(ended.output), confirmable=ended.asks)


def _cut(output: str) -> str:
    return output if len(output) <= MAX_OUTPUT else output[: MAX_OUTPUT - 1] + "…"
