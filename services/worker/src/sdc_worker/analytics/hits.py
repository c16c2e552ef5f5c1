"""The engine: an in-memory DuckDB over sealed days and over what is not sealed yet. It owns no durable state."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sdc_core.errors import Unavailable
from sdc_core.metrics import Family
from sdc_core.sqlite import Database

from sdc_worker.analytics import kept, store
from sdc_worker.analytics.kept import Cell, Kept, Table
from sdc_worker.analytics.loading import Loaded
from sdc_worker.analytics.segments import Segments
from sdc_worker.analytics.store import Segment
from sdc_worker.analytics.visits import SCHEMA
from sdc_worker.ingest import store as ingest

if TYPE_CHECKING:
    import duckdb

QUERY_S = 20.0
CATCH_UP_S = 120.0
AT_ONCE = 2
_BATCHES_AT_ONCE = 4
_NEVER = ("9999-12-31", "0001-01-01")
MANY_ROWS, ROWS_AT_ONCE = 2_000_000, 400_000
"""Of sealed days with more than the first, only so many as the second are counted together: their sets of visitors stay
small, which takes a third of the time. Fewer are counted all at once, since each further statement has its price.
"""


class Hits:
    """One DuckDB connection, made on first use; a cursor for each query, `AT_ONCE` of them side by side."""

    __slots__ = ("_database", "_kept", "_loaded", "_lock", "_slots", "segments")

    def __init__(self, database: Database, segments: Segments) -> None:
        self.segments = segments
        self._database = database
        self._lock = asyncio.Lock()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._loaded: Loaded | None = None
        self._kept = Kept()

    def figures(self) -> list[Family]:
        """How full what is kept is."""
        return self._kept.figures()

    async def query(self, sql: str, values: Mapping[str, Cell], *, first: str, last: str) -> Table:
        """Run a statement that begins with `visits.SQL_HITS` or `SQL_VIEWS` over the days `first` to `last`. Its answer
        is kept for as long as no more comes of those days.

        Raises Unavailable when it takes too long, and when a sealed day is neither here nor in an object store that
        answers.
        """
        async with self._asking(first, last) as asked:
            return await self._answer(asked, sql, values, (first, last), [asked.all])

    async def counted(self, sql: str, values: Mapping[str, Cell], *, first: str, last: str, keys: int) -> Table:
        """The same for a statement whose first `keys` columns name a row and whose others are sums over days, in any
        order and without a LIMIT. What it says of sealed days is kept for good, so that new lines cost today alone.
        """
        async with self._asking(first, last) as asked:
            sealed = await self._answer(asked, sql, values, _NEVER, asked.files, keys)
            if not asked.days:
                return sealed
            fresh = await self._answer(asked, sql, values, (first, last), [[str(asked.loaded.nothing)]])
        return await asyncio.to_thread(kept.added, sealed, fresh, keys)

    @asynccontextmanager
    async def _asking(self, first: str, last: str) -> AsyncGenerator["_Asked"]:
        try:
            async with asyncio.timeout(CATCH_UP_S), self._slots:
                async with self._lock:
                    loaded = await self._refresh()
                    files = await self._files(loaded, first, last)
                    asked = _Asked(loaded, files, loaded.generations(first, last))
                yield asked
        except TimeoutError:
            message = "that takes too long to count: ask for fewer days"
            raise Unavailable(message) from None

    async def _answer(
        self,
        asked: "_Asked",
        sql: str,
        values: Mapping[str, Cell],
        hot: tuple[str, str],
        files: list[list[str]],
        keys: int = 0,
    ) -> Table:
        """Asked of each list of files by itself, and added up by the first `keys` columns."""
        key = kept.key(sql, values, tuple(map(tuple, files)), () if hot == _NEVER else (hot, asked.days))
        if (answer := self._kept.get(key)) is None:
            bound = {**values, "from": hot[0], "to": hot[1]}
            async with asyncio.timeout(QUERY_S):
                answer = await _run(asked.loaded, sql, [{**bound, "files": each} for each in files], keys)
            self._kept.put(key, answer)
        return answer

    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[None]:
        """While no query is under way and none can begin: to move a day from the batches to the manifest."""
        async with asyncio.timeout(CATCH_UP_S):
            await self._slots.acquire()
        try:
            async with asyncio.timeout(CATCH_UP_S):
                await self._slots.acquire()
            try:
                async with self._lock:
                    yield
            finally:
                self._slots.release()
        finally:
            self._slots.release()

    async def write(self, day: str, path: Path, *, before: Segment | None) -> tuple[int, int]:
        """Write a day as Parquet: what is sealed of it, and its batches. Returns how many requests it has and the id of
        its newest batch, 0 when there is none. Questions go on meanwhile.
        """
        async with self._lock:
            loaded = await self._engine()
        sealed = None if before is None else await self.segments.fetch(before)
        up_to = 0
        try:
            await asyncio.to_thread(loaded.begin, day, sealed, 0 if before is None else before.schema)
            while True:
                async with self._database.read() as connection:
                    batches = await ingest.day_batches(connection, day=day, after=up_to, limit=_BATCHES_AT_ONCE)
                if not batches:
                    break
                await asyncio.to_thread(loaded.go_on, day, batches)
                up_to = batches[-1].id
            return await asyncio.to_thread(loaded.write, day, path), up_to
        finally:
            await asyncio.to_thread(loaded.end, day)

    async def forget(self, day: str, *, up_to: int) -> None:
        """A day's batches up to that id are in the manifest now. Only while `alone`."""
        if (loaded := self._loaded) is None:
            return
        if loaded.newest.get(day, 0) > up_to:
            # Lines came while the day was written, and are loaded with it: everything anew.
            self._loaded = None
        else:
            await asyncio.to_thread(loaded.drop, day)

    async def _engine(self) -> Loaded:
        if self._loaded is None:
            self._kept.clear()
            self._loaded = await asyncio.to_thread(Loaded, self.segments)
        return self._loaded

    async def _refresh(self) -> Loaded:
        loaded = await self._engine()
        while True:
            async with self._database.read() as connection:
                batches = await ingest.batches_after(connection, after=loaded.seen, limit=_BATCHES_AT_ONCE)
            if not batches:
                return loaded
            await asyncio.to_thread(loaded.add, batches)

    async def _files(self, loaded: Loaded, first: str, last: str) -> list[list[str]]:
        """The Parquet files to read for those days, those together that are counted together. A day that got lines
        after it was sealed, or was sealed with fewer columns, is loaded whole.
        """
        async with self._database.read() as connection:
            sealed = [each for each in await store.segments(connection) if first <= each.day <= last]
        most = MANY_ROWS if sum(each.rows for each in sealed) <= MANY_ROWS else ROWS_AT_ONCE
        files, rows = [[str(loaded.nothing)]], 0
        for segment, path in zip(sealed, await self.segments.fetch_all(sealed), strict=True):
            if segment.day not in loaded.days and segment.schema == SCHEMA:
                if rows and rows + segment.rows > most:
                    files.append([])
                    rows = 0
                files[-1].append(str(path))
                rows += segment.rows
            elif segment.day not in loaded.merged:
                await asyncio.to_thread(loaded.merge, segment.day, path, segment.schema)
        if loaded.is_stale(first, last):
            await asyncio.to_thread(loaded.settle, first, last)
        return files


class _Asked(NamedTuple):
    """What a question is asked of: lists of files of sealed days, the first file one of no rows, and the days that are
    not sealed, each with how often it has changed.
    """

    loaded: Loaded
    files: list[list[str]]
    days: tuple[tuple[str, int], ...]

    @property
    def all(self) -> list[str]:
        """The files as one list."""
        return [path for paths in self.files for path in paths]


async def _run(loaded: Loaded, sql: str, asked: list[dict[str, object]], keys: int) -> Table:
    cursor = loaded.connection.cursor()
    try:
        return await asyncio.to_thread(_fetch, cursor, sql, asked, keys)
    except asyncio.CancelledError:
        cursor.interrupt()
        raise


def _fetch(cursor: "duckdb.DuckDBPyConnection", sql: str, asked: list[dict[str, object]], keys: int) -> Table:
    """The rows of a statement; of several runs of it with the sums of what follows the first `keys` columns."""
    with cursor:
        if len(asked) == 1:
            return cursor.execute(sql, asked[0]).fetchall()
        cursor.execute(f"CREATE TEMP TABLE part AS {sql}", asked[0])
        for values in asked[1:]:
            cursor.execute(f"INSERT INTO part {sql}", values)
        names = [str(column[0]) for column in cursor.execute("FROM part LIMIT 0").description]
        summed = ", ".join([*names[:keys], *(f"sum({name}) AS {name}" for name in names[keys:])])
        return cursor.execute(f"SELECT {summed} FROM part GROUP BY ALL").fetchall()  # noqa: S608 - columns of ours
