"""The end of a run: its row, and what web and people are told of it, in one transaction."""

from sdc_core import clock
from sdc_core.answers.jobs import Outcome, Run
from sdc_core.messages import JobFailed, RunFailed
from sdc_core.sqlite import Connection

from sdc_worker.alerts import store as alerts
from sdc_worker.cron import store
from sdc_worker.webhooks.deliveries import enqueue

QUIET_US = 20 * 3_600 * clock.SECOND_US
"""A job that fails each minute is told of once in this time; one that fails each day, each day."""
LASTING_RUNS = 3
LASTING_US = 3_600 * clock.SECOND_US
"""Within the quiet time a job that worked again is told of once more when it fails so often in a row, or for so long:
one that comes and goes is not.
"""
MAX_TOLD = 500
TROUBLES: frozenset[Outcome] = frozenset({"failed", "timed_out"})


async def end(connection: Connection, run_id: str, *, outcome: Outcome, output: str, confirmable: bool = False) -> None:
    """Say how a run ended; one that has ended keeps its outcome. People hear of the failures that web hears of, and of
    the first run that is good after one.
    """
    now_us = clock.now_us()
    await store.end_run(connection, run_id, outcome=outcome, output=output, now_us=now_us, confirmable=confirmable)
    run = await store.run(connection, run_id)
    if run is None:
        return
    if run.outcome in TROUBLES:
        await tell_failure(connection, run, f"failed_{run_id}", now_us=now_us)
    elif run.outcome == "ok" and await alerts.is_troubled(connection, run.job):
        await alerts.insert(connection, run, "recovered", f"recovered_{run_id}", now_us=now_us)


async def tell_failure(connection: Connection, run: Run, alert_id: str, *, now_us: int) -> None:
    """Have people and web told of a run that failed, where that is news."""
    failing = await store.failing(connection, run.job)
    lasting = failing.runs >= LASTING_RUNS or now_us - (failing.first_us or now_us) >= LASTING_US
    if not await is_news(connection, run.job, lasting=lasting, now_us=now_us):
        return
    output = run.output[:MAX_TOLD]
    told = RunFailed(job=run.job, run_id=run.id, due_us=run.due_us, outcome=run.outcome, output=output)
    await enqueue(connection, JobFailed(data=told), alert_id)
    await alerts.insert(connection, run, "failed", alert_id, now_us=now_us)


async def is_news(connection: Connection, job: str, *, lasting: bool, now_us: int) -> bool:
    """Whether people have yet to hear that something is wrong with a job; `lasting` when it does not just come and go.
    What they were told counts, not what runs came to.
    """
    if not await alerts.is_told(connection, job, after_us=now_us - QUIET_US, now_us=now_us):
        return True
    return lasting and not await alerts.is_troubled(connection, job)
