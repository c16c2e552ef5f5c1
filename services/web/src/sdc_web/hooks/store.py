"""The rows of messages that have been seen."""

import msgspec
from sdc_core import clock
from sdc_core.sqlite import Connection, execute, fetch_one

REMEMBERED_US = 7 * clock.DAY_US
"""Longer than the last retry of a delivery."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A row: `answer` is None while the message is being done."""

    body_sha256: str
    answer: str | None
    started_at_us: int


SQL_FIND = """
SELECT body_sha256, answer, started_at_us FROM seen_messages
WHERE message_id = :message_id AND expires_at_us > :now_us
"""


async def find(connection: Connection, message_id: str, now_us: int) -> Seen | None:
    """What is remembered of a message."""
    return await fetch_one(connection, Seen, SQL_FIND, {"message_id": message_id, "now_us": now_us})


SQL_BEGIN = """
INSERT INTO seen_messages (message_id, body_sha256, answer, started_at_us, expires_at_us)
VALUES (:message_id, :body_sha256, NULL, :started_at_us, :expires_at_us)
ON CONFLICT (message_id) DO UPDATE SET body_sha256 = excluded.body_sha256, answer = NULL,
    started_at_us = excluded.started_at_us, expires_at_us = excluded.expires_at_us
"""


async def begin(connection: Connection, message_id: str, body_sha256: str, now_us: int) -> None:
    """Remember that it is being done from now on."""
    values = {
        "message_id": message_id,
        "body_sha256": body_sha256,
        "started_at_us": now_us,
        "expires_at_us": now_us + REMEMBERED_US,
    }
    await execute(connection, SQL_BEGIN, values)


SQL_FINISH = "UPDATE seen_messages SET answer = :answer WHERE message_id = :message_id"


async def finish(connection: Connection, message_id: str, answer: str) -> None:
    """Remember what it was answered."""
    await execute(connection, SQL_FINISH, {"message_id": message_id, "answer": answer})


SQL_DELETE = "DELETE FROM seen_messages WHERE message_id = :message_id AND answer IS NULL"


async def delete(connection: Connection, message_id: str) -> None:
    """An answered message stays."""
    await execute(connection, SQL_DELETE, {"message_id": message_id})
