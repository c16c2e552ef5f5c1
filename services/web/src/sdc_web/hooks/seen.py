"""Messages that have been seen: each is done once, and a repeat gets the answer of the first."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec
from sdc_core import clock
from sdc_core.errors import Conflict, Unavailable
from sdc_core.sqlite import Database, OperationalError

from sdc_web.hooks import store

UNFINISHED_US = 60 * clock.SECOND_US
"""After this long, whoever began is dead, and the message is done again."""
DEADLINE_S = 45.0
FORGET_S = 5.0


class InProgress(Conflict):
    """The same message is being done at this moment."""

    retry_after_s = 5


async def once(
    ttl: Database, message_id: str, body_sha256: str, work: Callable[[], Awaitable[msgspec.Struct]]
) -> bytes:
    """The JSON answer of `work`, done now or when the message first came.

    Raises Conflict when the id came before with another body, InProgress while its first coming is still being done.
    What `work` raises is not remembered, nor that it was cancelled: the next try does it again.
    """
    stored = await _begin(ttl, message_id, body_sha256)
    if stored is not None:
        return stored.encode()
    deadline = asyncio.timeout(DEADLINE_S)
    try:
        async with deadline:
            answer = msgspec.json.encode(await work())
        async with ttl.transaction() as connection:
            await store.finish(connection, message_id, answer.decode())
    except BaseException as error:
        await _forget(ttl, message_id)
        if isinstance(error, TimeoutError) and deadline.expired():
            raise Unavailable("this took too long: send it again") from None
        raise
    return answer


async def _begin(ttl: Database, message_id: str, body_sha256: str) -> str | None:
    """The stored answer, or None when the caller must do the work. One transaction: of two at once, one works."""
    now_us = clock.now_us()
    async with ttl.transaction() as connection:
        seen = await store.find(connection, message_id, now_us)
        if seen is not None and seen.body_sha256 != body_sha256:
            raise Conflict("this webhook id was used for another message")
        if seen is not None and seen.answer is not None:
            return seen.answer
        # Either way: a clock that was ahead may have been put right since.
        if seen is not None and abs(now_us - seen.started_at_us) < UNFINISHED_US:
            raise InProgress("this message is being done: ask again in a moment")
        await store.begin(connection, message_id, body_sha256, now_us)
    return None


async def _forget(ttl: Database, message_id: str) -> None:
    """With a deadline of its own, for the caller may be cancelled; should it fail, `UNFINISHED_US` is the bound."""
    with suppress(TimeoutError, Unavailable, OperationalError):
        async with asyncio.timeout(FORGET_S), ttl.transaction() as connection:
            await store.delete(connection, message_id)
