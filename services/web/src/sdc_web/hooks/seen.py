"""Messages that have been seen: each is done once, and a repeat gets the answer of the first."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from sdc_core import clock
from sdc_core.errors import Conflict, SdcError, Unavailable
from sdc_core.sqlite import Connection, Database, execute, fetch_one

UNFINISHED_US = 60 * clock.SECOND_US
"""After this long, whoever began is dead, and the message is done again."""
DEADLINE_S = 45.0
REMEMBERED_US = 7 * clock.DAY_US
"""Longer than the last retry of a delivery."""


class InProgress(Conflict):
    """The same message is being done at this moment."""

    retry_after_s = 5


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A row: `answer` is None while the message is being done."""

    body_sha256: str
    answer: str | None
    started_at_us: int


async def once(
    ttl: Database, message_id: str, body_sha256: str, work: Callable[[], Awaitable[msgspec.Struct]]
) -> bytes:
    """The JSON answer of `work`, done now or when the message first came.

    Raises Conflict when the id came before with another body, InProgress while its first coming is still being done.
    What `work` raises is not remembered: the next try does it again.
    """
    stored = await _begin(ttl, message_id, body_sha256)
    if stored is not None:
        return stored.encode()
    try:
        async with asyncio.timeout(DEADLINE_S):
            answer = msgspec.json.encode(await work())
    except TimeoutError:
        await _forget(ttl, message_id)
        raise Unavailable("this took too long: send it again") from None
    except SdcError:
        await _forget(ttl, message_id)
        raise
    async with ttl.transaction() as connection:
        await finish(connection, message_id, answer.decode())
    return answer


async def _begin(ttl: Database, message_id: str, body_sha256: str) -> str | None:
    """The stored answer, or None when the caller must do the work. One transaction: of two at once, one works."""
    now_us = clock.now_us()
    async with ttl.transaction() as connection:
        seen = await find(connection, message_id, now_us)
        if seen is not None and seen.body_sha256 != body_sha256:
            raise Conflict("this webhook id was used for another message")
        if seen is not None and seen.answer is not None:
            return seen.answer
        if seen is not None and now_us - seen.started_at_us < UNFINISHED_US:
            raise InProgress("this message is being done: ask again in a moment")
        await begin(connection, message_id, body_sha256, now_us)
    return None


async def _forget(ttl: Database, message_id: str) -> None:
    async with ttl.transaction() as connection:
        await delete(connection, message_id)


SQL_FIND = """
SELECT body_sha256, answer, started_at_us FROM seen_messages
WHERE message_id = :message_id AND expires_at_us > :now_us
"""


async def find(connection: Connection, message_id: str, now_us: int) -> Seen | None:
    return await fetch_one(connection, Seen, SQL_FIND, {"message_id": message_id, "now_us": now_us})


SQL_BEGIN = """
INSERT INTO seen_messages (message_id, body_sha256, answer, started_at_us, expires_at_us)
VALUES (:message_id, :body_sha256, NULL, :started_at_us, :expires_at_us)
ON CONFLICT (message_id) DO UPDATE SET body_sha256 = excluded.body_sha256, answer = NULL,
    started_at_us = excluded.started_at_us, expires_at_us = excluded.expires_at_us
"""


async def begin(connection: Connection, message_id: str, body_sha256: str, now_us: int) -> None:
    values = {
        "message_id": message_id,
        "body_sha256": body_sha256,
        "started_at_us": now_us,
        "expires_at_us": now_us + REMEMBERED_US,
    }
    await execute(connection, SQL_BEGIN, values)


SQL_FINISH = "UPDATE seen_messages SET answer = :answer WHERE message_id = :message_id"


async def finish(connection: Connection, message_id: str, answer: str) -> None:
    await execute(connection, SQL_FINISH, {"message_id": message_id, "answer": answer})


SQL_DELETE = "DELETE FROM seen_messages WHERE message_id = :message_id AND answer IS NULL"


async def delete(connection: Connection, message_id: str) -> None:
    """An answered message stays."""
    await execute(connection, SQL_DELETE, {"message_id": message_id})
