"""Mail: what it says, one attempt to send it, and the loop that keeps at it."""

import asyncio
import logging
import ssl
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

import aiosmtplib
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_core.sqlite import Database

from sdc_worker.alerts import store
from sdc_worker.alerts.store import Waiting

POLL_S = 2.0
SEND_S = 30.0
TRY_S = 8.0
"""While a person waits."""
AT_ONCE = 10
FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 3_600.0
GIVEN_UP_US = 2 * clock.DAY_US
KEPT_US = 60 * clock.DAY_US
TIDY_EVERY_US = 3_600 * clock.SECOND_US
UNSET = "no mail server is set (SDC_SMTP_URL, SDC_ALERT_MAIL_TO)"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

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
        error = await _send(settings, message(settings, each), SEND_S) if configured(settings) else UNSET
        now_us = clock.now_us()
        again = error and configured(settings) and now_us - each.created_us < GIVEN_UP_US
        next_us = now_us + _pause_us(each.attempts) if again else None
        async with database.transaction() as connection:
            sent_us = None if error else now_us
            await store.settle(connection, each.id, next_us=next_us, sent_us=sent_us, error=error)
        if error and configured(settings):
            log.warning("an alert could not be mailed", extra={"job": each.job, "reason": error})
    return len(due)


def configured(settings: Settings) -> bool:
    """Whether there is a server to send by and somebody to send to."""
    return bool(settings.SMTP_URL.get_secret_value() and settings.ALERT_MAIL_TO)


def message(settings: Settings, alert: Waiting) -> EmailMessage:
    """The same bytes with each attempt: who gets it twice sees one."""
    words = {"recovered": "works again", "late": "is late"}.get(alert.kind) or alert.outcome.replace("_", " ")
    made = _addressed(settings, f"{alert.job} {words}", alert.id, alert.created_us)
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


async def try_out(settings: Settings) -> str:
    """Send a mail that tells of nothing; empty when a server took it, else the reason in words."""
    if not configured(settings):
        return UNSET
    now_us = clock.now_us()
    mail = _addressed(settings, "A test of alerts", f"test_{clock.new_id()}", now_us)
    words = "This is how a failure of a job would reach you. Nothing has failed."
    mail.set_content(f"{words}\n\n{settings.site_url}/author/jobs\n")
    return await _send(settings, mail, TRY_S)


def _addressed(settings: Settings, subject: str, id_: str, at_us: int) -> EmailMessage:
    site = urlsplit(settings.site_url).hostname or "localhost"
    made = EmailMessage()
    made["Subject"] = f"{subject} ({site})"
    made["From"] = settings.ALERT_MAIL_FROM or settings.ALERT_MAIL_TO
    made["To"] = settings.ALERT_MAIL_TO
    made["Date"] = format_datetime(clock.to_datetime(at_us))
    made["Message-ID"] = f"<{id_}@{site}>"
    made["Auto-Submitted"] = "auto-generated"
    return made


async def _send(settings: Settings, mail: EmailMessage, deadline_s: float) -> str:
    """Empty when a server took it, else the reason in words, which hold no password."""
    parts = urlsplit(settings.SMTP_URL.get_secret_value())
    implicit = parts.scheme == "smtps"
    host = parts.hostname or "localhost"
    try:
        context = await asyncio.to_thread(ssl.create_default_context)
        async with asyncio.timeout(deadline_s):
            await aiosmtplib.send(
                mail,
                hostname=host,
                port=parts.port or (465 if implicit else 587),
                username=unquote(parts.username) if parts.username else None,
                password=unquote(parts.password) if parts.password else None,
                use_tls=implicit,
                # A password, and what a site says of itself, go unencrypted to this machine alone.
                start_tls=None if implicit or host in _LOOPBACK else True,
                tls_context=context,
                timeout=deadline_s,
            )
    except aiosmtplib.SMTPAuthenticationError:
        return "the mail server does not take the name and password"
    except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
        return _words(error)
    return ""


def _words(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return "the mail server does not take mail for that address"
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"the mail server answered {error.code} {error.message}"[:300]
    if isinstance(error, TimeoutError):
        return "the mail server did not answer in time"
    return f"the mail server cannot be reached ({type(error).__name__})"


async def _tidy(database: Database) -> None:
    now_us = clock.now_us()
    async with database.transaction() as connection:
        await store.trim(connection, before_us=now_us - KEPT_US)
        await store.hasten(connection, after_us=now_us + 2 * int(LONGEST_PAUSE_S) * clock.SECOND_US, now_us=now_us)


def _pause_us(attempts: int) -> int:
    pause_s = min(FIRST_PAUSE_S * 2 ** min(attempts, 16), LONGEST_PAUSE_S)
    return int((pause_s + clock.jitter(pause_s / 4)) * clock.SECOND_US)
