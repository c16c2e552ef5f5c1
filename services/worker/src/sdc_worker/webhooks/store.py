"""The rows of deliveries and attempts."""

import msgspec
from sdc_core.sqlite import Connection, Value, execute, fetch_all, fetch_one, fetch_value


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A message to send; `attempts` counts those made so far."""

    id: str
    body: bytes
    attempts: int


SQL_INSERT = """
INSERT INTO deliveries (id, type, body, created_us, attempts, next_us, delivered_us, error)
VALUES (:id, :type, :body, :now_us, 0, :next_us, NULL, '')
ON CONFLICT (id) DO NOTHING
"""


async def insert(
    connection: Connection,
    *,
    id: str,  # noqa: A002
    type: str,  # noqa: A002
    body: bytes,
    now_us: int,
    next_us: int | None,
) -> None:
    """Record a message, unless its id is known."""
    values: dict[str, Value] = {"id": id, "type": type, "body": body, "now_us": now_us, "next_us": next_us}
    await execute(connection, SQL_INSERT, values)


SQL_DUE = """
SELECT id, body, attempts FROM deliveries WHERE next_us <= :now_us ORDER BY next_us LIMIT :limit
"""


async def due(connection: Connection, *, now_us: int, limit: int) -> list[Due]:
    """Messages whose time has come, the longest overdue first."""
    return await fetch_all(connection, Due, SQL_DUE, {"now_us": now_us, "limit": limit})


SQL_STORED = "SELECT id, body, attempts FROM deliveries WHERE id = :id"


async def stored(connection: Connection, id: str) -> Due | None:  # noqa: A002
    """A message as it was first recorded."""
    return await fetch_one(connection, Due, SQL_STORED, {"id": id})


SQL_RECORD = """
INSERT INTO attempts (delivery_id, number, at_us, status, error, duration_us)
VALUES (:id, :number, :at_us, :status, :error, :duration_us)
"""


async def record(
    connection: Connection,
    *,
    id: str,  # noqa: A002
    number: int,
    at_us: int,
    status: int,
    error: str,
    duration_us: int,
) -> None:
    """Add one attempt."""
    values: dict[str, Value] = {
        "id": id,
        "number": number,
        "at_us": at_us,
        "status": status,
        "error": error,
        "duration_us": duration_us,
    }
    await execute(connection, SQL_RECORD, values)


SQL_SETTLE = """
UPDATE deliveries
SET attempts = :number, next_us = :next_us, delivered_us = :delivered_us, error = :error
WHERE id = :id
"""


async def settle(
    connection: Connection,
    *,
    id: str,  # noqa: A002
    number: int,
    next_us: int | None,
    delivered_us: int | None,
    error: str,
) -> None:
    """Say what the newest attempt means for the message."""
    values: dict[str, Value] = {
        "id": id,
        "number": number,
        "next_us": next_us,
        "delivered_us": delivered_us,
        "error": error,
    }
    await execute(connection, SQL_SETTLE, values)


SQL_HASTEN = "UPDATE deliveries SET next_us = :now_us WHERE next_us > :after_us"


async def hasten(connection: Connection, *, after_us: int, now_us: int) -> None:
    """Have what waits until later than that sent now."""
    await execute(connection, SQL_HASTEN, {"after_us": after_us, "now_us": now_us})


SQL_WAITING = "SELECT count(*) FROM deliveries WHERE next_us IS NOT NULL"


async def count_waiting(connection: Connection) -> int:
    """Messages that web has not taken yet."""
    waiting = await fetch_value(connection, SQL_WAITING)
    return waiting if isinstance(waiting, int) else 0


SQL_TRIM = """
DELETE FROM deliveries WHERE next_us IS NULL AND created_us < :before_us
    AND (delivered_us IS NOT NULL OR NOT EXISTS (SELECT 1 FROM image_jobs WHERE message_id = deliveries.id))
"""


async def trim(connection: Connection, *, before_us: int) -> int:
    """Delete settled messages, with their attempts, that are older than that; returns how many. The last word about a
    picture stays until web has taken it: until then web shows former files, which must not be deleted.
    """
    return await execute(connection, SQL_TRIM, {"before_us": before_us})
