"""The manifest of sealed days, and which days are ready to be sealed."""

import msgspec
from sdc_core.sqlite import Connection, execute, fetch_all


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed day: `keys.segment(day, name)` of that SHA-256, with the columns of `schema`."""

    day: str
    name: str
    rows: int
    size_bytes: int
    sha256: str
    schema: int


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A day."""

    day: str


SQL_SEGMENTS = "SELECT day, name, rows, size_bytes, sha256, schema FROM segments ORDER BY day"


async def segments(connection: Connection) -> list[Segment]:
    """Every sealed day, in order."""
    return await fetch_all(connection, Segment, SQL_SEGMENTS)


SQL_ENTER = """
INSERT INTO segments (day, name, rows, size_bytes, sha256, schema, sealed_us)
VALUES (:day, :name, :rows, :size_bytes, :sha256, :schema, :now_us)
ON CONFLICT (day) DO UPDATE SET
    name = excluded.name, rows = excluded.rows, size_bytes = excluded.size_bytes, sha256 = excluded.sha256,
    schema = excluded.schema, sealed_us = excluded.sealed_us
"""


async def enter(connection: Connection, segment: Segment, *, now_us: int) -> None:
    """Put a segment into the manifest, in the place of an older one of its day."""
    await execute(connection, SQL_ENTER, {**msgspec.structs.asdict(segment), "now_us": now_us})


SQL_DROP_BATCHES = "DELETE FROM log_batches WHERE day = :day AND id <= :up_to"


async def drop_batches(connection: Connection, *, day: str, up_to: int) -> int:
    """Delete the batches of a day that a segment holds now; returns how many."""
    return await execute(connection, SQL_DROP_BATCHES, {"day": day, "up_to": up_to})


SQL_READY = """
SELECT DISTINCT day FROM log_batches WHERE day < :today AND (
    day < :waited_for OR NOT EXISTS (
        SELECT 1 FROM log_streams
        WHERE log_streams.day = log_batches.day AND log_streams.closed_us IS NULL AND log_streams.slot NOT GLOB 'i*'
    )
) ORDER BY day
"""


async def ready(connection: Connection, *, today: str, waited_for: str) -> list[str]:
    """Days before today with batches whose streams of web are all closed, or that are older than `waited_for`. Those of
    imported files are never closed, as files grow, and hold no day up.
    """
    return [row.day for row in await fetch_all(connection, Day, SQL_READY, {"today": today, "waited_for": waited_for})]


SQL_OUTDATED = "SELECT day FROM segments WHERE schema < :schema ORDER BY day"


async def outdated(connection: Connection, *, schema: int) -> list[str]:
    """Sealed days with fewer columns than segments have now."""
    return [row.day for row in await fetch_all(connection, Day, SQL_OUTDATED, {"schema": schema})]
