"""The engine: an in-memory DuckDB over sealed days and over what is not sealed yet. It owns no durable state."""

import asyncio
import shutil
import threading
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from sdc_core.errors import Unavailable
from sdc_core.sqlite import Database

from sdc_worker.analytics import rows, store, visits
from sdc_worker.analytics.segments import Segments
from sdc_worker.ingest import store as ingest
from sdc_worker.ingest.store import Batch

if TYPE_CHECKING:
    import duckdb

Cell: TypeAlias = str | int | float | None
Table: TypeAlias = list[tuple[Cell, ...]]

QUERY_S = 20.0
CATCH_UP_S = 120.0
AT_ONCE = 2
MEMORY = "384MB"
_BATCHES_AT_ONCE = 8
_NO_DAY = "0001-01-01"
_ALL = 2**62


class Hits:
    """One DuckDB connection, made on first use; a cursor for each query, `AT_ONCE` of them side by side."""

    __slots__ = ("_database", "_loaded", "_lock", "_slots", "segments")

    def __init__(self, database: Database, segments: Segments) -> None:
        self.segments = segments
        self._database = database
        self._lock = asyncio.Lock()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._loaded: _Loaded | None = None

    async def query(self, sql: str, values: Mapping[str, Cell], *, first: str, last: str) -> Table:
        """Run a statement that begins with `visits.SQL_HITS` or `SQL_VIEWS` over the days `first` to `last`.

        Raises Unavailable when it takes too long, and when a sealed day is neither here nor in an object store that
        answers.
        """
        try:
            async with asyncio.timeout(CATCH_UP_S), self._slots:
                async with self._lock:
                    loaded = await self._refresh()
                    files = await self._files(loaded, first, last)
                bound = {**values, "from": first, "to": last, "before": _ALL, "files": files}
                async with asyncio.timeout(QUERY_S):
                    return await _run(loaded, sql, bound)
        except TimeoutError:
            message = "that takes too long to count: ask for fewer days"
            raise Unavailable(message) from None

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

    async def refresh(self) -> int:
        """Load what was committed since the last time; returns the id of the newest batch loaded."""
        async with self._lock:
            return (await self._refresh()).seen

    async def write(self, day: str, path: Path, *, up_to: int) -> int:
        """Write a day's rows with their visits, of batches up to that id, as Parquet; returns how many."""
        async with self._lock:
            loaded = await self._refresh()
            await self._files(loaded, day, day)
        before = (up_to + 1) * rows.LINES_OF_A_BATCH
        counted = await _run(loaded, visits.SQL_WRITE, {"from": day, "to": day, "before": before, "file": str(path)})
        return int(counted[0][0] or 0)

    def forget(self) -> None:
        """Start anew from the manifest and the batches: what is loaded is no longer what they say."""
        self._loaded = None

    async def _refresh(self) -> "_Loaded":
        loaded = self._loaded
        if loaded is None:
            loaded = self._loaded = await asyncio.to_thread(_Loaded, self.segments)
        while True:
            async with self._database.read() as connection:
                batches = await ingest.batches_after(connection, after=loaded.seen, limit=_BATCHES_AT_ONCE)
            if not batches:
                return loaded
            await asyncio.to_thread(loaded.add, batches)

    async def _files(self, loaded: "_Loaded", first: str, last: str) -> list[str]:
        """The Parquet files to read for those days. A day that got lines after it was sealed is loaded whole."""
        async with self._database.read() as connection:
            sealed = [each for each in await store.segments(connection) if first <= each.day <= last]
        files = [str(loaded.nothing)]
        for segment in sealed:
            path = await self.segments.fetch(segment)
            if segment.day not in loaded.days:
                files.append(str(path))
            elif segment.day not in loaded.merged:
                await asyncio.to_thread(loaded.merge, segment.day, path)
        return files


class _Loaded:
    """What the engine holds: rows of the batches up to `seen`, of `days`, and the segments of the days in `merged`."""

    __slots__ = ("_lock", "_scratch", "connection", "days", "merged", "nothing", "seen")

    def __init__(self, segments: Segments) -> None:
        self._lock = threading.Lock()
        self._scratch = segments.scratch
        self.seen = 0
        self.days: set[str] = set()
        self.merged: set[str] = set()
        self.connection = _connect(self._scratch)
        self.nothing = segments.path(_NO_DAY, "nothing")
        self.nothing.parent.mkdir(parents=True, exist_ok=True)
        bounds = {"from": _NO_DAY, "to": _NO_DAY, "before": _ALL}
        self.connection.execute(visits.SQL_WRITE_NOTHING, {**bounds, "file": str(self.nothing)})

    def add(self, batches: list[Batch]) -> None:
        """Load batches. Blocking."""
        # A cancelled caller leaves its thread behind: the lock and the look at the id keep a batch from coming twice.
        with self._lock:
            fresh = [batch for batch in batches if batch.id > self.seen]
            if not fresh:
                return
            file = self._scratch / f"batch-{fresh[0].id}.ndjson"
            file.write_bytes(rows.encode(chain.from_iterable(rows.of_batch(b.day, b.id, b.body) for b in fresh)))
            try:
                self.connection.cursor().execute(visits.SQL_LOAD, {"file": str(file), "columns": rows.COLUMNS})
            finally:
                file.unlink()
            self.seen = fresh[-1].id
            self.days |= {batch.day for batch in fresh}

    def merge(self, day: str, path: Path) -> None:
        """Load a sealed day that has late batches. Blocking."""
        with self._lock:
            if day not in self.merged:
                self.connection.cursor().execute(visits.SQL_MERGE, {"files": [str(path)]})
                self.merged.add(day)


async def _run(loaded: _Loaded, sql: str, values: Mapping[str, object]) -> Table:
    cursor = loaded.connection.cursor()
    try:
        return await asyncio.to_thread(lambda: cursor.execute(sql, dict(values)).fetchall())
    except asyncio.CancelledError:
        cursor.interrupt()
        raise


def _connect(scratch: Path) -> "duckdb.DuckDBPyConnection":
    """DuckDB without a file and without a way to fetch code; imported here, since an idle worker does without it."""
    import duckdb  # noqa: PLC0415

    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": 1,
            "memory_limit": MEMORY,
            "temp_directory": str(scratch),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "preserve_insertion_order": "false",
        },
    )
    connection.execute(visits.SQL_CREATE)
    return connection
