"""Mail of jobs: what it says, and the loop that keeps at it."""

import asyncio
import logging
from email.message import EmailMessage

from sdc_core import clock
from sdc_core.errors import Conflict
from sdc_core.mail import SEND_S, UNSET, addressed, configured, send
from sdc_core.settings import Settings
from sdc_core.sqlite import Database

from sdc_worker.alerts import store
from sdc_worker.alerts.store import Waiting
from sdc_worker.webhooks import seen

POLL_S = 2.0
TRY_S = 8.0
"""While a person waits."""
AT_ONCE = 10
FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 3_600.0
GIVEN_UP_US = 2 * clock.DAY_US
KEPT_US = 60 * clock.DAY_US
TIDY_EVERY_US = 3_600 * clock.SECOND_US

log = logging.getLogger(__name__)


async def run(database: Database, settings: Settings) -> None:
    """The loop: for ever, send what is due."""
    tidy_us = 0
    while True:
        if clock.monotonic_us() >= tidy_us:
            tidy_us = clock.monotonic_us() + TIDY_EVERY_US
            await _tidy(database)
        await send_due(database, settings)
        await asyncio.sleep(POLL_S)


async def send_due(database: Database, settings: Settings) -> int:
    """Mail what is due, one after the other; returns how many were tried. Where no server is set that is what is
    recorded, so that nothing old goes out when one is.
    """
    async with database.read() as connection:
        due = await store.due(connection, now_us=clock.now_us(), limit=AT_ONCE)
    for each in due:
        error = await send(settings, message(settings, each), SEND_S) if configured(settings) else UNSET
        now_us = clock.now_us()
        again = error and configured(settings) and now_us - each.created_us < GIVEN_UP_US
        next_us = now_us + _pause_us(each.attempts) if again else None
        async with database.transaction() as connection:
            sent_us = None if error else now_us
            await store.settle(connection, each.id, next_us=next_us, sent_us=sent_us, error=error)
        if error and configured(settings):
            log.warning("an alert could not be mailed", extra={"job": each.job, "reason": error})
    return len(due)


def message(settings: Settings, alert: Waiting) -> EmailMessage:
    """The same bytes with each attempt: who gets it twice sees one."""
    words = {"recovered": "works again", "late": "is late"}.get(alert.kind) or alert.outcome.replace("_", " ")
    made = addressed(settings, f"{alert.job} {words}", alert.id, alert.created_us)
    said = "\n".join(f"    {line}" for line in alert.output.splitlines()) or "    nothing"
    lines = [
        f"The job {alert.job} {words}.",
        "",
        "What is known:" if alert.kind == "late" else "What it said:",
        said,
        "",
    ]
    if alert.kind != "recovered":
        lines += ["While this goes on you hear of it once a day, and when it works again.", ""]
    made.set_content("\n".join([*lines, f"{settings.site_url}/author/jobs/{alert.job}", ""]))
    return made


async def try_out(database: Database, settings: Settings, message_id: str) -> str:
    """Send a mail that tells of nothing; empty when a server took it, else the reason in words. Raises Conflict for a
    message that asked before.
    """
    async with database.transaction() as connection:
        if not await seen.first(connection, message_id):
            message = "this test was asked for before"
            raise Conflict(message)
    if not configured(settings):
        return UNSET
    now_us = clock.now_us()
    mail = addressed(settings, "A test of alerts", f"test_{clock.new_id()}", now_us)
    words = "This is how a failure of a job would reach you. Nothing has failed."
    mail.set_content(f"{words}\n\n{settings.site_url}/author/jobs\n")
    return await send(settings, mail, TRY_S)


async def _tidy(database: Database) -> None:
    now_us = clock.now_us()
    async with database.transaction() as connection:
        await store.trim(connection, before_us=now_us - KEPT_US)
        await store.hasten(connection, after_us=now_us + 2 * int(LONGEST_PAUSE_S) * clock.SECOND_US, now_us=now_us)


def _pause_us(attempts: int) -> int:
    pause_s = min(FIRST_PAUSE_S * 2 ** min(attempts, 16), LONGEST_PAUSE_S)
    return int((pause_s + clock.jitter(pause_s / 4)) * clock.SECOND_US)
