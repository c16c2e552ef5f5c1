"""Sending messages to web's hook surface, and keeping at it."""

import asyncio
import logging

from sdc_core import clock, messages, tracing
from sdc_core.attempts import Attempt
from sdc_core.messages import Message
from sdc_core.service_client import ServiceClient
from sdc_core.sqlite import Connection, Database

from sdc_worker.webhooks import store

PATH = "/hooks"
TIMEOUT_S = 20.0
POLL_S = 1.0
AT_ONCE = 8
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 600.0
KEPT_US = 14 * clock.DAY_US
TIDY_EVERY_US = 3600 * clock.SECOND_US
LONGEST_WAIT_US = 2 * clock.DAY_US
"""More than any pause; what waits longer was put off by a clock that was ahead."""

_HOPELESS = frozenset({400, 404, 409, 410, 413, 415, 422})
"""Answers that the same bytes will get again, unless they say when to come back: so does 409 while web still does what
came first. 401 is not one: a secret or a clock may be put right.
"""

log = logging.getLogger(__name__)


async def call(web: ServiceClient, database: Database, message: Message, message_id: str) -> Attempt:
    """Send a message now, once, and record the attempt. The caller decides whether to call again, with the same id.
    Then the bytes are those of the first time: web refuses another body under a known id.
    """
    body = messages.encode(message)
    async with database.transaction() as connection:
        await _insert(connection, message, message_id, body, None)
        first = await store.stored(connection, message_id)
    body, made = (first.body, first.attempts) if first else (body, 0)
    return await _attempt(web, database, message_id, body, made + 1, again=False)


async def enqueue(connection: Connection, message: Message, message_id: str) -> None:
    """Have `deliver` send a message from now on until web takes it, in the caller's transaction: what was done and the
    word of it are recorded together. An id that is known changes nothing.
    """
    await _insert(connection, message, message_id, messages.encode(message), clock.now_us())


async def deliver(web: ServiceClient, database: Database) -> None:
    """The loop: sends what is due, for ever."""
    tidy_us = 0
    while True:
        if clock.monotonic_us() >= tidy_us:
            tidy_us = clock.monotonic_us() + TIDY_EVERY_US
            await _tidy(database)
        if not await deliver_due(web, database):
            await asyncio.sleep(POLL_S)


async def deliver_due(web: ServiceClient, database: Database) -> int:
    """Send what is due now, at most `AT_ONCE` messages side by side; returns how many were tried."""
    async with database.read() as connection:
        due = await store.due(connection, now_us=clock.now_us(), limit=AT_ONCE)
    async with asyncio.TaskGroup() as group:
        for each in due:
            group.create_task(_attempt(web, database, each.id, each.body, each.attempts + 1, again=True))
    return len(due)


async def _tidy(database: Database) -> None:
    now_us = clock.now_us()
    async with database.transaction() as connection:
        await store.trim(connection, before_us=now_us - KEPT_US)
        await store.hasten(connection, after_us=now_us + LONGEST_WAIT_US, now_us=now_us)


async def _insert(connection: Connection, message: Message, message_id: str, body: bytes, next_us: int | None) -> None:
    kind = str(type(message).__struct_config__.tag)
    await store.insert(connection, id=message_id, type=kind, body=body, now_us=clock.now_us(), next_us=next_us)


async def _attempt(
    web: ServiceClient, database: Database, message_id: str, body: bytes, number: int, *, again: bool
) -> Attempt:
    started_us = clock.now_us()
    with tracing.span("message to web", sdc__message_id=message_id, sdc__attempt=number):
        attempt = await web.send("POST", PATH, message_id=message_id, body=body, timeout_s=TIMEOUT_S)
    now_us = clock.now_us()
    error = "" if attempt.ok else attempt.error or f"web answered {attempt.status}"
    given_up = attempt.status in _HOPELESS and not attempt.retry_after_s
    next_us = None if attempt.ok or given_up or not again else now_us + _pause_us(number, attempt.retry_after_s)
    async with database.transaction() as connection:
        await store.record(
            connection,
            id=message_id,
            number=number,
            at_us=started_us,
            status=attempt.status,
            error=error,
            duration_us=attempt.duration_us,
        )
        await store.settle(
            connection,
            id=message_id,
            number=number,
            next_us=next_us,
            delivered_us=now_us if attempt.ok else None,
            error=error,
        )
    if again and given_up:
        log.warning("web refuses a message", extra={"message_id": message_id, "status": attempt.status})
    return attempt


def _pause_us(number: int, retry_after_s: int) -> int:
    pause_s = min(FIRST_PAUSE_S * 2 ** min(number - 1, 16), LONGEST_PAUSE_S)
    return int((max(pause_s, retry_after_s) + clock.jitter(pause_s / 4)) * clock.SECOND_US)
