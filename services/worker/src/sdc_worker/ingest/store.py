"""The rows of log streams, batches and rejects."""

import msgspec
from sdc_core.answers.analytics import Unread
from sdc_core.answers.logs import Stream
from sdc_core.sqlite import Connection, execute, fetch_all, fetch_one, fetch_value


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A committed range of lines; `body` is packed (`packing`). `whole` says that each of its lines is one."""

    id: int
    day: str
    body: bytes
    whole: bool


SQL_STREAMS = """
SELECT slot, day, at, closed_us IS NOT NULL AS closed, lines FROM log_streams WHERE day >= :since
ORDER BY day, slot LIMIT :limit
"""


async def streams(connection: Connection, *, since: str, limit: int) -> list[Stream]:
    """The oldest streams of that day and later."""
    return await fetch_all(connection, Stream, SQL_STREAMS, {"since": since, "limit": limit})


SQL_STREAM = """
SELECT slot, day, at, closed_us IS NOT NULL AS closed, lines FROM log_streams WHERE slot = :slot AND day = :day
"""


async def stream(connection: Connection, *, slot: str, day: str) -> Stream:
    """One stream; an unknown one is empty and open."""
    found = await fetch_one(connection, Stream, SQL_STREAM, {"slot": slot, "day": day})
    return found or Stream(slot=slot, day=day, at=0, closed=False, lines=0)


SQL_ADVANCE = """
INSERT INTO log_streams (slot, day, at, changed_us, closed_us, sha256, lines)
VALUES (:slot, :day, :at, :now_us, NULL, NULL, :lines)
ON CONFLICT (slot, day) DO UPDATE SET
    at = excluded.at, changed_us = excluded.changed_us, lines = log_streams.lines + excluded.lines,
    closed_us = NULL, sha256 = NULL
"""


async def advance(connection: Connection, *, slot: str, day: str, at: int, now_us: int, lines: int = 0) -> None:
    """Set the committed length of a stream, which has so many `lines` more and is open."""
    await execute(connection, SQL_ADVANCE, {"slot": slot, "day": day, "at": at, "now_us": now_us, "lines": lines})


SQL_CLOSE = """
UPDATE log_streams SET closed_us = :now_us, sha256 = :sha256 WHERE slot = :slot AND day = :day
"""


async def close(connection: Connection, *, slot: str, day: str, sha256: str, now_us: int) -> None:
    """Say that a stream is whole and proved."""
    await execute(connection, SQL_CLOSE, {"slot": slot, "day": day, "sha256": sha256, "now_us": now_us})


SQL_ADD_BATCH = """
INSERT INTO log_batches (slot, day, at, size_bytes, body, whole)
VALUES (:slot, :day, :at, :size_bytes, :body, :whole)
"""


async def add_batch(
    connection: Connection, *, slot: str, day: str, at: int, size_bytes: int, body: bytes, whole: bool
) -> None:
    """Add a range; `body` is packed, `size_bytes` its length before that; `whole` as in `Batch`."""
    values = {"slot": slot, "day": day, "at": at, "size_bytes": size_bytes, "body": body, "whole": whole}
    await execute(connection, SQL_ADD_BATCH, values)


SQL_ADD_REJECT = """
INSERT INTO log_rejects (slot, day, at, reason, lines) VALUES (:slot, :day, :at, :reason, :lines)
ON CONFLICT DO NOTHING
"""


async def add_reject(connection: Connection, *, slot: str, day: str, at: int, reason: str, lines: int) -> None:
    """Count a line that is none; `at` is where it begins in the stream. It stands for so many `lines`."""
    values = {"slot": slot, "day": day, "at": at, "reason": reason, "lines": lines}
    await execute(connection, SQL_ADD_REJECT, values)


SQL_UNREAD = """
SELECT sum(lines) OVER () AS lines, slot, day, at, reason FROM log_rejects WHERE day BETWEEN :first AND :last
ORDER BY day DESC, slot, at DESC LIMIT 1
"""


async def unread(connection: Connection, *, first: str, last: str) -> Unread | None:
    """How many lines of those days are none, with the newest of them; None when all could be read."""
    return await fetch_one(connection, Unread, SQL_UNREAD, {"first": first, "last": last})


SQL_COUNT_UNREAD = "SELECT coalesce(sum(lines), 0) FROM log_rejects"


async def count_unread(connection: Connection) -> int:
    """Lines of all days that are none."""
    found = await fetch_value(connection, SQL_COUNT_UNREAD)
    return found if isinstance(found, int) else 0


SQL_STREAM_BATCH = """
SELECT id, day, body, whole FROM log_batches WHERE slot = :slot AND day = :day AND at = :at
"""


async def stream_batch(connection: Connection, *, slot: str, day: str, at: int) -> Batch | None:
    """The range of a stream that begins there, unless it is sealed."""
    return await fetch_one(connection, Batch, SQL_STREAM_BATCH, {"slot": slot, "day": day, "at": at})


SQL_BATCHES_AFTER = "SELECT id, day, body, whole FROM log_batches WHERE id > :after ORDER BY id LIMIT :limit"


async def batches_after(connection: Connection, *, after: int, limit: int) -> list[Batch]:
    """Ranges committed after the one with that id, in the order of their commits."""
    return await fetch_all(connection, Batch, SQL_BATCHES_AFTER, {"after": after, "limit": limit})


SQL_DAY_BATCHES = """
SELECT id, day, body, whole FROM log_batches WHERE day = :day AND id > :after ORDER BY id LIMIT :limit
"""


async def day_batches(connection: Connection, *, day: str, after: int, limit: int) -> list[Batch]:
    """The same of one day."""
    return await fetch_all(connection, Batch, SQL_DAY_BATCHES, {"day": day, "after": after, "limit": limit})


SQL_BATCH_COUNT = "SELECT count(*) FROM log_batches"


async def count_batches(connection: Connection) -> int:
    """Ranges that no segment holds yet."""
    found = await fetch_value(connection, SQL_BATCH_COUNT)
    return found if isinstance(found, int) else 0
