"""The end of a run: its row, and what web and people are told of it, in one transaction."""

from sdc_core import clock
from sdc_core.answers.jobs import Outcome
from sdc_core.messages import JobFailed
from sdc_core.sqlite import Connection

from sdc_worker.alerts import store as alerts
from sdc_worker.cron import store
from sdc_worker.webhooks.deliveries import enqueue

QUIET_US = 20 * 3_600 * clock.SECOND_US
"""A job that fails each minute is told of once until it worked for so long; one that fails each day, each day."""


async def end(connection: Connection, run_id: str, *, outcome: Outcome, output: str, confirmable: bool = False) -> None:
    """Say how a run ended; one that has ended keeps its outcome. People hear of the failures that web hears of, and of
    the first run that is good after one.
    """
    now_us = clock.now_us()
    await store.end_run(connection, run_id, outcome=outcome, output=output, now_us=now_us, confirmable=confirmable)
    run = await store.run(connection, run_id)
    if run is None:
        return
    failed = await store.failure_to_tell(connection, run_id, quiet_us=QUIET_US)
    if failed is not None:
        await enqueue(connection, JobFailed(data=failed), f"failed_{run_id}")
        await alerts.insert(connection, run, "failed", now_us=now_us)
    elif run.outcome == "ok" and await alerts.is_troubled(connection, run.job):
        await alerts.insert(connection, run, "recovered", now_us=now_us)
