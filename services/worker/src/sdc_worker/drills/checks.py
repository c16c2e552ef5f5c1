"""What is asked of a restored database, and of the live one to compare with. Both are only read."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import msgspec
from sdc_core import clock, keys
from sdc_core.sqlite import BUSY_TIMEOUT_MS, Connection, aiosqlite, fetch_all, fetch_value

_AHEAD = frozenset(
    {
        "next_us",
        "next_at_us",
        "due_us",
        "expires_at_us",
        "former_until_us",
        "scheduled_at_us",
        "unpublish_at_us",
        "duration_us",
    }
)
"""Columns that name a coming moment, or a length of time."""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One table: rows, and the oldest and newest moment in it; None where no row tells one."""

    rows: int
    oldest_us: int | None
    newest_us: int | None


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """A database: the number of its schema, and its tables by name."""

    schema: int
    tables: dict[str, Table]

    @property
    def newest_us(self) -> int | None:
        """The newest moment in any table."""
        return max((each.newest_us for each in self.tables.values() if each.newest_us is not None), default=None)


class Original(msgspec.Struct, frozen=True, kw_only=True):
    """An upload, as the database knows it. `manifest` is the JSON of what was made of it, None while nothing was, and
    for what is no picture.
    """

    id: str
    sha256: str
    manifest: str | None = None
    is_picture: bool = True

    @property
    def key(self) -> str:
        """Where it is in the bucket."""
        return keys.original(self.id) if self.is_picture else keys.file(self.id)


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed day of the access log, as the database knows it."""

    day: str
    name: str
    sha256: str


class _Name(msgspec.Struct, frozen=True, kw_only=True):
    name: str


@asynccontextmanager
async def reading(path: Path) -> AsyncGenerator[Connection]:
    """A connection that cannot write; the file is neither migrated nor made."""
    async with aiosqlite.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None) as connection:
        connection.row_factory = aiosqlite.Row
        await connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        yield connection


SQL_FAULTS = """
SELECT integrity_check AS name FROM pragma_integrity_check WHERE integrity_check <> 'ok'
UNION ALL
SELECT "table" || ' row ' || coalesce(rowid, '?') || ' refers to a missing row of ' || parent
FROM pragma_foreign_key_check
LIMIT 5
"""


async def faults(connection: Connection) -> list[str]:
    """What SQLite finds wrong with a file, at most five sentences."""
    return [each.name for each in await fetch_all(connection, _Name, SQL_FAULTS)]


SQL_TABLES = """
SELECT name FROM pragma_table_list
WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'
    AND name NOT LIKE '~_litestream%' ESCAPE '~'
ORDER BY name
"""
SQL_MOMENTS = "SELECT name FROM pragma_table_info(:table) WHERE name LIKE '%~_us' ESCAPE '~'"


async def contents(connection: Connection) -> Contents:
    """Schema, and rows and moments of every table."""
    version = await fetch_value(connection, "PRAGMA user_version")
    tables = {}
    for each in await fetch_all(connection, _Name, SQL_TABLES):
        columns = [column.name for column in await fetch_all(connection, _Name, SQL_MOMENTS, {"table": each.name})]
        tables[each.name] = await _table(connection, each.name, moments(columns))
    return Contents(schema=version if isinstance(version, int) else 0, tables=tables)


def moments(columns: Sequence[str]) -> list[str]:
    """Those that name a moment that has been."""
    return [name for name in columns if name.endswith("_us") and name not in _AHEAD]


def latest(columns: Sequence[str], of: str = "") -> str:
    """SQL of a row's moment, the latest of those columns that is not after `:now_us`; 0 where none is set."""
    each = [f"iif({of}{quoted(name)} BETWEEN 1 AND :now_us, {of}{quoted(name)}, 0)" for name in columns]
    return f"max({', '.join(each)}, 0)" if each else "0"


async def _table(connection: Connection, table: str, columns: list[str]) -> Table:
    moment = latest(columns)
    sql = f"SELECT count(*) AS rows, nullif(min({moment}), 0) AS oldest_us, nullif(max({moment}), 0) AS newest_us FROM {quoted(table)}"  # noqa: S608, E501 - names come from the schema
    (row,) = await fetch_all(connection, Table, sql, {"now_us": clock.now_us()})
    return row


def quoted(name: str) -> str:
    """A name as SQL has it, whatever it is."""
    return '"' + name.replace('"', '""') + '"'


SQL_HAS_FILES = "SELECT count(*) FROM pragma_table_info('media_assets') WHERE name = 'file_id'"
SQL_SAMPLE = """
SELECT coalesce(file_id, id) AS id, sha256, manifest, kind NOT IN ('audio', 'video', 'file') AS is_picture
FROM media_assets ORDER BY random() LIMIT :count
"""
SQL_SAMPLE_OF_OLD = "SELECT id, sha256, '' AS manifest FROM media_assets ORDER BY random() LIMIT :count"


async def sample(connection: Connection, count: int) -> list[Original]:
    """Some uploads, other ones each time. In a copy of before an upgrade each had the one file, under its own id."""
    sql = SQL_SAMPLE if await fetch_value(connection, SQL_HAS_FILES) else SQL_SAMPLE_OF_OLD
    return await fetch_all(connection, Original, sql, {"count": count})


SQL_SEALED = "SELECT day, name, sha256 FROM segments ORDER BY random() LIMIT :count"


async def sealed(connection: Connection, count: int) -> list[Sealed]:
    """Some sealed days, other ones each time."""
    return await fetch_all(connection, Sealed, SQL_SEALED, {"count": count})


SQL_STILL_SEALED = "SELECT count(*) FROM segments WHERE day = :day AND name = :name"


async def still_sealed(connection: Connection, segment: Sealed) -> bool:
    """Whether that is still the file of its day: late lines make another one of it."""
    return await fetch_value(connection, SQL_STILL_SEALED, {"day": segment.day, "name": segment.name}) == 1


SQL_KNOWS = "SELECT count(*) FROM media_assets WHERE coalesce(file_id, id) = :id"


async def knows(connection: Connection, asset_id: str) -> bool:
    """Whether an upload is still there."""
    return await fetch_value(connection, SQL_KNOWS, {"id": asset_id}) == 1


SQL_GENERATION = "SELECT n FROM generation"


async def generation(connection: Connection) -> int:
    """A number that every change of what readers see raises: while it is the same, so is each page."""
    found = await fetch_value(connection, SQL_GENERATION)
    return found if isinstance(found, int) else 0


SQL_PUBLISHED = """
SELECT CASE kind WHEN 'post' THEN '/posts/' WHEN 'project' THEN '/projects/' ELSE '/' END || slug AS name FROM posts
WHERE revision_id IS NOT NULL ORDER BY random() LIMIT :count
"""


async def published(connection: Connection, count: int) -> list[str]:
    """The addresses of some texts that readers see, other ones each time."""
    return [each.name for each in await fetch_all(connection, _Name, SQL_PUBLISHED, {"count": count})]
