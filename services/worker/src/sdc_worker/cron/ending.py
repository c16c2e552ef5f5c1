"""The end of a run: its row, and the word of a failure for web, in one transaction."""

from sdc_core import clock
from sdc_core.answers.jobs import Outcome
from sdc_core.messages import JobFailed
from sdc_core.sqlite import Connection

from sdc_worker.cron import store
from sdc_worker.webhooks.deliveries import enqueue

QUIET_US = 20 * 3_600 * clock.SECOND_US
"""A job that fails each minute is told of once until it worked for so long; one that fails each day, each day."""


async def end(connection: Connection, run_id: str, *, outcome: Outcome, output: str, confirmable: bool = False) -> None:
    """Say how a run ended; one that has ended keeps its outcome."""
    await store.end_run(
        connection, run_id, outcome=outcome, output=output, now_us=clock.now_us(), confirmable=confirmable
    )
    failed = await store.failure_to_tell(connection, run_id, quiet_us=QUIET_US)
    if failed is not None:
        await enqueue(connection, JobFailed(data=failed), f"failed_{run_id}")
