"""The loop that sends what waits: each endpoint by itself, so that a slow one holds up no other."""

import asyncio
import logging
from contextlib import suppress

from sdc_core import clock, tracing
from sdc_core.errors import Unavailable
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection, Database

from sdc_web import audit
from sdc_web.authors.rights import SYSTEM
from sdc_web.endpoints import queue, sending, store
from sdc_web.endpoints.records import Claimed, Endpoint, Try

EVERY_S = 1.0
AT_ONCE = 4
"""To one endpoint, by one process."""
HELD_US = 60 * clock.SECOND_US
"""Longer than an attempt: after this time another process takes over what a dead one held."""
DISABLE_AFTER_US = 5 * clock.DAY_US
DISABLE_AFTER_FAILURES = 10
LOCKED = "its secret was sealed on another machine: make a new one, and turn it on again"

log = logging.getLogger(__name__)


async def run(database: Database, settings: Settings) -> None:
    """The loop: for ever, send what is due. A database that is busy is asked again."""
    serving: dict[str, asyncio.Task[None]] = {}
    async with asyncio.TaskGroup() as group:
        while True:
            ready: list[str] = []
            with suppress(Unavailable):
                async with database.read() as connection:
                    ready = await queue.ready(connection, clock.now_us())
            serving = {name: task for name, task in serving.items() if not task.done()}
            for each in ready:
                if each not in serving:
                    serving[each] = group.create_task(serve(database, settings, each))
            await asyncio.sleep(EVERY_S)


async def serve(database: Database, settings: Settings, endpoint_id: str) -> None:
    """Send what is due to one endpoint. A database that is busy ends that for now and disturbs no other endpoint: what
    could not be written down is sent again when it is held no more.
    """
    try:
        await _serve(database, settings, endpoint_id)
    except* Unavailable:
        log.warning("webhooks wait for a busy database", extra={"endpoint": endpoint_id})


async def _serve(database: Database, settings: Settings, endpoint_id: str) -> None:
    """`AT_ONCE` side by side, until nothing is due."""
    while True:
        now_us = clock.now_us()
        async with database.transaction() as connection:
            held = await queue.claim(connection, endpoint_id, now_us=now_us, held_us=now_us + HELD_US, limit=AT_ONCE)
        if not held:
            return
        async with asyncio.TaskGroup() as group:
            for each in held:
                group.create_task(_deliver(database, settings, endpoint_id, each))


async def _deliver(database: Database, settings: Settings, endpoint_id: str, held: Claimed) -> None:
    async with database.read() as connection:
        endpoint = await store.one(connection, endpoint_id)
        message = await queue.message(connection, held.message_id)
    if endpoint is None or message is None:
        return
    keyring = await sending.keyring(settings, endpoint)
    if keyring is None:
        async with database.transaction() as connection:
            await queue.release(connection, held, clock.now_us())
            await _disable(connection, endpoint, LOCKED)
        return
    started_us = clock.now_us()
    sent = sending.body(message, settings.site_url)
    headers = keyring.headers(message.id, sent)
    # Not its address: that may hold what lets in there.
    with tracing.span(f"webhook {message.type}", "CLIENT", sdc__message_id=message.id) as span:
        attempt = await sending.send(endpoint, sent, headers, private=settings.WEBHOOKS_PRIVATE)
        span.answered(attempt.status, bad_from=300)
    async with database.transaction() as connection:
        await _settle(connection, endpoint, held, sending.told(attempt, started_us), attempt.retry_after_s)


async def _settle(connection: Connection, endpoint: Endpoint, held: Claimed, made: Try, retry_after_s: int) -> None:
    if not made.error:
        await queue.settle(connection, held, made, "delivered", None)
        await store.worked(connection, endpoint.id)
        return
    now_us = clock.now_us()
    pause_us = None if made.status == sending.GONE else sending.pause_us(held.tries + 1, retry_after_s)
    next_us = None if pause_us is None else now_us + pause_us
    await queue.settle(connection, held, made, "failed" if next_us is None else "waiting", next_us)
    await store.failed(connection, endpoint.id, made.error, now_us)
    present = await store.one(connection, endpoint.id)
    if present is not None and (made.status == sending.GONE or _fails_too_long(present, now_us)):
        await _disable(connection, present, made.error)


def _fails_too_long(endpoint: Endpoint, now_us: int) -> bool:
    since_us = now_us if endpoint.failing_since_us is None else endpoint.failing_since_us
    return endpoint.failures >= DISABLE_AFTER_FAILURES and now_us - since_us >= DISABLE_AFTER_US


async def _disable(connection: Connection, endpoint: Endpoint, reason: str) -> None:
    """Nothing more is sent until an owner turns it on; what happens meanwhile waits. Done once."""
    present = await store.one(connection, endpoint.id)
    if present is None or present.state != "on":
        return
    await store.set_state(connection, endpoint.id, "disabled", reason)
    await audit.record(connection, SYSTEM, "endpoint.disabled", endpoint.id, f"{endpoint.name}: {reason}")
    log.warning("an endpoint is disabled", extra={"endpoint": endpoint.name, "reason": reason})
