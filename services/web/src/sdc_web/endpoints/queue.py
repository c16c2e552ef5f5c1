"""The rows of messages, deliveries and attempts: queued, held, settled, replayed, deleted."""

import msgspec
from sdc_core import clock
from sdc_core.sqlite import Connection, Value, execute, fetch_all, fetch_one, fetch_value

from sdc_web.endpoints.records import Claimed, Message, Standing, Try

KEPT_US = 30 * clock.DAY_US
LONGEST_WAIT_US = 2 * clock.DAY_US
"""Longer than any pause between two attempts."""
STEP = 500

SQL_INSERT_MESSAGE = """
INSERT INTO messages (id, type, data, at_us)
SELECT :id, :type, :data, :now_us WHERE :type = 'ping' OR :type IN (SELECT type FROM wanted_types)
ON CONFLICT (id) DO NOTHING
"""


async def insert_message(connection: Connection, message_id: str, kind: str, data: str) -> bool:
    """Something happened: a trigger queues it for whoever asked. Whether it is new, and anybody did."""
    values = {"id": message_id, "type": kind, "data": data, "now_us": clock.now_us()}
    return await execute(connection, SQL_INSERT_MESSAGE, values) > 0


SQL_INSERT = """
INSERT INTO deliveries (message_id, endpoint_id, state, next_us)
VALUES (:message_id, :endpoint_id, 'waiting', :now_us) RETURNING id, message_id, next_us, tries
"""


async def insert(connection: Connection, message_id: str, endpoint_id: str) -> int:
    """Queue a message for one endpoint alone; the delivery's id."""
    values = {"message_id": message_id, "endpoint_id": endpoint_id, "now_us": clock.now_us()}
    (made,) = await fetch_all(connection, Claimed, SQL_INSERT, values)
    return made.id


class _Ready(msgspec.Struct, frozen=True, kw_only=True):
    id: str


SQL_READY = """
SELECT id FROM endpoints
WHERE state = 'on' AND EXISTS (SELECT 1 FROM deliveries WHERE endpoint_id = endpoints.id AND next_us <= :now_us)
"""


async def ready(connection: Connection, now_us: int) -> list[str]:
    """Endpoints that are on and have something to be sent."""
    return [each.id for each in await fetch_all(connection, _Ready, SQL_READY, {"now_us": now_us})]


SQL_CLAIM = """
UPDATE deliveries SET next_us = :held_us WHERE id IN (
    SELECT id FROM deliveries WHERE endpoint_id = :endpoint_id AND next_us <= :now_us ORDER BY next_us, id LIMIT :limit
) AND (SELECT state FROM endpoints WHERE id = :endpoint_id) = 'on'
RETURNING id, message_id, next_us, tries
"""


async def claim(connection: Connection, endpoint_id: str, *, now_us: int, held_us: int, limit: int) -> list[Claimed]:
    """The longest due, held until then: no other process tries them meanwhile, and a dead one holds none for ever."""
    values = {"endpoint_id": endpoint_id, "now_us": now_us, "held_us": held_us, "limit": limit}
    return await fetch_all(connection, Claimed, SQL_CLAIM, values)


SQL_WAITING = "SELECT count(*) FROM deliveries WHERE next_us IS NOT NULL"


async def count_waiting(connection: Connection) -> int:
    """Deliveries that are still to be made."""
    waiting = await fetch_value(connection, SQL_WAITING)
    return waiting if isinstance(waiting, int) else 0


SQL_MESSAGE = "SELECT id, type, data, at_us FROM messages WHERE id = :id"


async def message(connection: Connection, message_id: str) -> Message | None:
    """What happened."""
    return await fetch_one(connection, Message, SQL_MESSAGE, {"id": message_id})


SQL_RECORD = """
INSERT INTO attempts (delivery_id, number, at_us, status, error, answer, duration_us)
SELECT id, attempts + 1, :at_us, :status, :error, :answer, :duration_us FROM deliveries WHERE id = :id
"""
SQL_SETTLE = """
UPDATE deliveries SET attempts = attempts + 1, reason = :reason,
    state = iif(next_us = :held_us, :state, state), tries = iif(next_us = :held_us, tries + 1, tries),
    next_us = iif(next_us = :held_us, :next_us, next_us)
WHERE id = :id
"""


async def settle(connection: Connection, held: Claimed, made: Try, state: Standing, next_us: int | None) -> None:
    """Write an attempt down and what follows from it, unless the delivery was replayed or held by another meanwhile."""
    values: dict[str, Value] = {
        "id": held.id,
        "at_us": made.at_us,
        "status": made.status,
        "error": made.error,
        "answer": made.answer,
        "duration_us": made.duration_us,
    }
    await execute(connection, SQL_RECORD, values)
    following = {"id": held.id, "held_us": held.next_us, "state": state, "next_us": next_us, "reason": made.error}
    await execute(connection, SQL_SETTLE, following)


SQL_RELEASE = "UPDATE deliveries SET next_us = :now_us WHERE id = :id AND next_us = :held_us"


async def release(connection: Connection, held: Claimed, now_us: int) -> None:
    """No attempt was made after all."""
    await execute(connection, SQL_RELEASE, {"id": held.id, "held_us": held.next_us, "now_us": now_us})


SQL_REPLAY = """
UPDATE deliveries SET state = 'waiting', next_us = :now_us, tries = 0 WHERE id = :id AND next_us IS NULL
"""


async def replay(connection: Connection, delivery_id: int, now_us: int) -> bool:
    """Send one again, by the whole schedule; one that waits does so already."""
    return await execute(connection, SQL_REPLAY, {"id": delivery_id, "now_us": now_us}) > 0


SQL_HASTEN = "UPDATE deliveries SET next_us = :now_us WHERE id = :id AND next_us > :now_us AND tries > 0"


async def hasten(connection: Connection, delivery_id: int, now_us: int) -> None:
    """Send one that waits for its next try now."""
    await execute(connection, SQL_HASTEN, {"id": delivery_id, "now_us": now_us})


SQL_DATED_AHEAD = "UPDATE messages SET at_us = :now_us WHERE at_us > :after_us"
SQL_PUT_OFF = "UPDATE deliveries SET next_us = :now_us WHERE next_us > :after_us"


async def set_right(connection: Connection, now_us: int) -> None:
    """What a clock that was far ahead has dated is of now, and goes out now: by the right one it would wait for days,
    and be kept for long.
    """
    values = {"now_us": now_us, "after_us": now_us + LONGEST_WAIT_US}
    await execute(connection, SQL_DATED_AHEAD, values)
    await execute(connection, SQL_PUT_OFF, values)


SQL_REPLAY_SINCE = """
UPDATE deliveries SET state = 'waiting', next_us = :now_us, tries = 0
WHERE id IN (
    SELECT deliveries.id FROM deliveries JOIN messages ON messages.id = message_id
    WHERE endpoint_id = :endpoint_id AND next_us IS NULL AND at_us >= :since_us AND (:every OR state <> 'delivered')
    ORDER BY deliveries.id LIMIT :limit
)
"""


async def replay_since(
    connection: Connection, endpoint_id: str, *, since_us: int, every: bool, now_us: int, limit: int
) -> int:
    """Send what happened since then again, or only what did not arrive, the oldest first; returns how many."""
    values = {"endpoint_id": endpoint_id, "since_us": since_us, "every": every, "now_us": now_us, "limit": limit}
    return await execute(connection, SQL_REPLAY_SINCE, values)


SQL_TRIM = """
DELETE FROM messages WHERE id IN (SELECT id FROM messages WHERE at_us < :before_us ORDER BY at_us LIMIT :limit)
"""


async def trim(connection: Connection, before_us: int) -> int:
    """Delete messages older than that with their deliveries, at most `STEP`; returns how many."""
    return await execute(connection, SQL_TRIM, {"before_us": before_us, "limit": STEP})
