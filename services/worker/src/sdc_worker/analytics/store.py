"""The manifest of sealed days, and which days are ready to be sealed."""

import msgspec
from sdc_core.sqlite import Connection, execute, fetch_all, fetch_one


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


class _Days(msgspec.Struct, frozen=True, kw_only=True):
    first: str
    last: str


SQL_DAYS = """
SELECT coalesce(min(day), '') AS first, coalesce(max(day), '') AS last
FROM (
    SELECT min(day) AS day FROM segments UNION ALL SELECT max(day) FROM segments
    UNION ALL SELECT min(day) FROM log_batches UNION ALL SELECT max(day) FROM log_batches
)
"""


async def days(connection: Connection) -> tuple[str, str]:
    """The first and the last day with requests; empty without any."""
    found = await fetch_one(connection, _Days, SQL_DAYS)
    return (found.first, found.last) if found else ("", "")


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


class Replaced(msgspec.Struct, frozen=True, kw_only=True):
    """A segment that was in the manifest, as `keys.segment` names it."""

    day: str
    name: str


SQL_KEEP_REPLACED = """
INSERT INTO replaced_segments (day, name, replaced_us) VALUES (:day, :name, :now_us)
ON CONFLICT (day, name) DO UPDATE SET replaced_us = excluded.replaced_us
"""


async def keep_replaced(connection: Connection, *, day: str, name: str, now_us: int) -> None:
    """Remember a segment that another has just taken the place of."""
    await execute(connection, SQL_KEEP_REPLACED, {"day": day, "name": name, "now_us": now_us})


SQL_REPLACED = """
SELECT day, name FROM replaced_segments WHERE replaced_us < :before_us AND NOT EXISTS (
    SELECT 1 FROM segments WHERE segments.day = replaced_segments.day AND segments.name = replaced_segments.name
) ORDER BY day, name
"""


async def replaced(connection: Connection, *, before_us: int) -> list[Replaced]:
    """Those replaced before that moment, and not taken back since."""
    return await fetch_all(connection, Replaced, SQL_REPLACED, {"before_us": before_us})


SQL_FORGET_REPLACED = "DELETE FROM replaced_segments WHERE day = :day AND name = :name"


async def forget_replaced(connection: Connection, *, day: str, name: str) -> None:
    """It is deleted, or in the manifest again."""
    await execute(connection, SQL_FORGET_REPLACED, {"day": day, "name": name})


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
