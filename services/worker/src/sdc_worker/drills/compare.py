"""A restored database beside the live one: what must be in both, table by table."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import msgspec
from sdc_core import clock
from sdc_core.sqlite import Connection, fetch_all

from sdc_worker.drills import checks

DERIVED = frozenset({"catalogue", "catalogue_tags", "drafts_to_read", "media_storage", "search_rows"})
"""Made anew out of other tables, with other numbers: what they lack is found in those."""
TOLERATED_SHARE = 0.01
"""Of rows that must be there: a few may have been dated back by hand, or by an import from elsewhere, since."""
_ULID = "[0-7]" + "[0-9A-Z]" * 25


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """One table: how many rows of the live one must be in the restored one, and how many of them are not."""

    table: str
    due: int
    lost: int

    @property
    def is_much(self) -> bool:
        """Whether this is more than can have come about since the backup."""
        return self.lost > 0 and (self.lost == self.due or self.lost > self.due * TOLERATED_SHARE)


class _Column(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    key: int


class _Owner(msgspec.Struct, frozen=True, kw_only=True):
    column: str


@asynccontextmanager
async def beside(restored: Path, live: Path) -> AsyncGenerator[Connection]:
    """A connection to the restored database as `main`, with the living one as `live`. Both are only read."""
    async with checks.reading(restored) as connection:
        await connection.execute("ATTACH :path AS live", {"path": f"file:{quote(str(live))}?mode=ro"})
        yield connection


async def lost(connection: Connection, tables: Sequence[str], until_us: int) -> list[Lost]:
    """Of each table what the live one has had unchanged since `until_us`, and the restored one lacks; both have one
    schema. A row whose key or owner has an id of later came later, however it is dated. Tables without a moment are
    left out: their rows, such as the tags of a text, come and go with what they belong to.
    """
    values = {"until_us": until_us, "until_id": clock.first_id(until_us)}
    found = []
    for table in tables:
        if table in DERIVED:
            continue
        columns = await fetch_all(connection, _Column, SQL_COLUMNS, {"table": table})
        moments = checks.moments([each.name for each in columns])
        if moments and (keys := [each.name for each in columns if each.key]):
            owners = await fetch_all(connection, _Owner, SQL_OWNERS, {"table": table})
            sql = _dated(table, keys, [each.column for each in owners], checks.latest(moments, "l."))
            (row,) = await fetch_all(connection, _Counted, sql, {**values, "now_us": clock.now_us()})
            found.append(Lost(table=table, due=row.due, lost=row.lost))
    return found


SQL_COLUMNS = "SELECT name, pk AS key FROM pragma_table_info(:table, 'live')"
SQL_OWNERS = """SELECT "from" AS "column" FROM pragma_foreign_key_list(:table, 'live')"""


def _dated(table: str, keys: Sequence[str], owners: Sequence[str], latest: str) -> str:
    """Rows of the live table that have not changed since, and those that the restored one has no row of that key of."""
    name = checks.quoted(table)
    same = " AND ".join(f"r.{checks.quoted(key)} = l.{checks.quoted(key)}" for key in keys)
    ids = [f"substr(l.{checks.quoted(each)}, -26)" for each in {*keys, *owners}]
    young = " OR ".join(f"({each} GLOB '{_ULID}' AND {each} > :until_id)" for each in sorted(ids))
    return (
        f"SELECT count(*) AS due, count(*) FILTER (WHERE NOT EXISTS (SELECT 1 FROM main.{name} AS r WHERE {same}))"  # noqa: S608 - names come from the schema
        f" AS lost FROM live.{name} AS l WHERE {latest} BETWEEN 1 AND :until_us AND NOT coalesce({young}, 0)"
    )


class _Counted(msgspec.Struct, frozen=True, kw_only=True):
    due: int
    lost: int
