"""The engine: an in-memory DuckDB over sealed days and over what is not sealed yet. It owns no durable state."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sdc_core import clock
from sdc_core.errors import Unavailable
from sdc_core.metrics import Family
from sdc_core.sqlite import Database

from sdc_worker.analytics import kept, store
from sdc_worker.analytics.engine_words import in_words
from sdc_worker.analytics.kept import Cell, Kept, Key, Table
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
_BATCHES_AT_ONCE = 16
"""The statement that loads them costs as much as 3,000 lines; of packed ones it is four megabytes."""
RENEW_S, LOOKED_AT_US = 10.0, 30 * 60 * clock.SECOND_US
"""While somebody asks, what came is put into visits every so many seconds, and for a while after they did."""
IDLE_SHARE = 9
"""So many times as long as that takes nothing of it is done: more than a tenth of a processor is nobody's to take."""
ASKED_AGAIN = 64
"""Questions about days that go on whose answers are kept up as well: two pages full of them."""
MANY_DAYS = 400
_NEVER = ("9999-12-31", "0001-01-01")
MANY_ROWS, ROWS_AT_ONCE = 2_000_000, 400_000
"""Of sealed days with more than the first, only so many as the second are counted together: their sets of visitors stay
small, which takes a third of the time. Fewer are counted all at once, since each further statement has its price.
"""


class Hits:
    """One DuckDB connection, made on first use; a cursor for each query, `AT_ONCE` of them side by side."""

    __slots__ = ("_asked", "_asked_us", "_database", "_kept", "_loaded", "_lock", "_slots", "segments")

    def __init__(self, database: Database, segments: Segments) -> None:
        self.segments = segments
        self._database = database
        self._lock = asyncio.Lock()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._loaded: Loaded | None = None
        self._kept = Kept()
        self._asked_us = -LOOKED_AT_US
        self._asked: OrderedDict[_Question, _Answered] = OrderedDict()

    async def renewing(self) -> None:
        """Keep figures that somebody looks at fresh, so that they need not wait for what came meanwhile."""
        took_s = 0.0
        while True:
            await asyncio.sleep(max(RENEW_S, took_s * IDLE_SHARE))
            began_us = clock.monotonic_us()
            if began_us - self._asked_us < LOOKED_AT_US:
                # Whoever asks is told when a day cannot be read.
                with suppress(Unavailable):
                    await self._renew()
            took_s = (clock.monotonic_us() - began_us) / clock.SECOND_US

    async def _renew(self) -> None:
        """Put what came into visits, and answer what was asked of it before it is asked again."""
        async with asyncio.timeout(CATCH_UP_S), self._lock:
            with in_words():
                loaded = await self._refresh()
                if stale := loaded.stale():
                    await self._files(loaded, min(stale), max(stale))
        since_us = clock.monotonic_us() - LOOKED_AT_US
        for question, answered in [*self._asked.items()]:
            if answered.asked_us > since_us and answered.looked_us < loaded.looked_us:
                # One that takes too long keeps no other from its answer.
                with suppress(Unavailable):
                    self._note(question, await self._say(question, CATCH_UP_S), answered.asked_us)

    async def days(self) -> tuple[str, str]:
        """The first and the last day of which something is sealed or committed; empty without any."""
        async with self._database.read() as connection:
            return await store.days(connection)

    def figures(self) -> list[Family]:
        """How full what is kept is."""
        return self._kept.figures()

    async def query(self, sql: str, values: Mapping[str, Cell], *, first: str, last: str, within_s: int = 0) -> Table:
        """Run a statement that begins with `visits.SQL_HITS` or `SQL_VIEWS` over the days `first` to `last`. Its answer
        is kept for as long as no more comes of those days. It may leave out what came in the last `within_s` seconds:
        then nobody waits until that is put into visits.

        Raises Unavailable when it takes too long or too much memory, and when a sealed day cannot be read or is neither
        here nor in an object store that answers.
        """
        return await self._ask(_Question(sql, tuple(values.items()), first, last), within_s)

    async def counted(
        self, sql: str, values: Mapping[str, Cell], *, first: str, last: str, keys: int, within_s: int = 0
    ) -> Table:
        """The same for a statement whose first `keys` columns name a row and whose others are sums over days, in any
        order and without a LIMIT. What it says of sealed days is kept for good, so that new lines cost today alone.
        """
        return await self._ask(_Question(sql, tuple(values.items()), first, last, keys), within_s)

    async def _ask(self, question: "_Question", within_s: int) -> Table:
        self._asked_us = clock.monotonic_us()
        said = self._said(question, within_s) or await self._say(question, within_s)
        # Whoever may be told less is told no less than somebody was before.
        if said.changes and (within_s or question in self._asked):
            self._note(question, said, self._asked_us)
            self._asked.move_to_end(question)
        if len(said.tables) == 1:
            return said.tables[0]
        return await asyncio.to_thread(kept.added, *said.tables, question.keys)

    def _note(self, question: "_Question", said: "_Said", asked_us: int) -> None:
        self._asked[question] = _Answered(asked_us, said.looked_us, said.keys)
        if len(self._asked) > ASKED_AGAIN:
            self._asked.popitem(last=False)

    def _said(self, question: "_Question", within_s: int) -> "_Said | None":
        """What was answered to the same within those seconds, if it is still kept."""
        answered = self._asked.get(question)
        if not within_s or answered is None or answered.looked_us < clock.monotonic_us() - within_s * clock.SECOND_US:
            return None
        tables = [table for key in answered.keys if (table := self._kept.get(key)) is not None]
        if len(tables) < len(answered.keys):
            return None
        return _Said(answered.looked_us, answered.keys, tables, changes=True)

    async def _say(self, question: "_Question", within_s: float) -> "_Said":
        """Of a statement without keys one table, else one of what is sealed and, where there is more, one of that."""
        first, last, sums = question.first, question.last, question.keys > 0
        async with self._asking(first, last, within_s) as asked:
            parts = [(_NEVER if sums else (first, last), asked.files if sums else [asked.all])]
            if sums and asked.days:
                parts.append(((first, last), [[str(asked.loaded.nothing)]]))
            told = [await self._answer(asked, question, hot, files) for hot, files in parts]
        keys, tables = tuple(key for key, _ in told), [table for _, table in told]
        return _Said(asked.told_us, keys, tables, changes=bool(asked.days))

    @asynccontextmanager
    async def _asking(self, first: str, last: str, within_s: float) -> AsyncGenerator["_Asked"]:
        try:
            async with asyncio.timeout(CATCH_UP_S), self._slots:
                with in_words():
                    yield await self._as_it_was(first, last, within_s) or await self._as_it_is(first, last)
        except TimeoutError:
            message = "that takes too long to count: ask for fewer days"
            raise Unavailable(message) from None

    async def _as_it_is(self, first: str, last: str) -> "_Asked":
        async with self._lock:
            loaded = await self._refresh()
            sealed, files = await self._files(loaded, first, last)
            return _Asked(loaded, loaded.looked_us, files, loaded.generations(first, last), _by_year(sealed))

    async def _as_it_was(self, first: str, last: str, within_s: float) -> "_Asked | None":
        """What was put into visits at the last look, and the other days as they were sealed; None when that look, or
        what it left to do, is older than that, and when a day of the period is there in no such way.
        """
        loaded, since_us = self._loaded, clock.monotonic_us() - int(within_s * clock.SECOND_US)
        if loaded is None or (told_us := loaded.settled_us(first, last)) < since_us:
            return None
        sealed = await self._sealed(first, last)
        generations = loaded.generations(first, last)
        settled = {day for day, _ in generations}
        others = [each for each in sealed if each.day not in settled]
        read = {each.day for each in others if each.schema == SCHEMA}
        if len(read) < len(others) or loaded.within(first, last) - settled - read:
            return None
        paths = await self.segments.fetch_all(others)
        files = _together(loaded, sealed, zip(others, paths, strict=True))
        return _Asked(loaded, told_us, files, generations, _by_year(sealed))

    async def _answer(
        self, asked: "_Asked", question: "_Question", hot: tuple[str, str], files: list[list[str]]
    ) -> tuple[Key, Table]:
        """Asked of each list of files by itself, and added up; with what it is kept by."""
        values = dict(question.values)
        key = kept.key(question.sql, values, tuple(map(tuple, files)), () if hot == _NEVER else (hot, asked.days))
        if (answer := self._kept.get(key)) is None:
            if asked.by_year and len(files) > 1:
                answer = await self._by_year(asked, question, hot, files)
            else:
                bound = {**values, "from": hot[0], "to": hot[1]}
                async with asyncio.timeout(QUERY_S):
                    runs: list[dict[str, object]] = [{**bound, "files": each} for each in files]
                    answer = await _run(asked.loaded, question.sql, runs, question.keys)
            self._kept.put(key, answer)
        return key, answer

    async def _by_year(
        self, asked: "_Asked", question: "_Question", hot: tuple[str, str], years: list[list[str]]
    ) -> Table:
        """What each year comes to is kept by itself: the next day that is sealed costs its own year, and who gives up
        waiting finds more of it the next time.
        """
        table: Table = []
        for year in years:
            _, found = await self._answer(asked, question, hot, [year])
            table = await asyncio.to_thread(kept.added, table, found, question.keys)
        return table

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
        its newest batch, 0 when there is none. Questions go on meanwhile. Raises EngineError, and as `Segments.fetch`.
        """
        with in_words():
            return await self._write(day, path, before)

    async def _write(self, day: str, path: Path, before: Segment | None) -> tuple[int, int]:
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
            return await asyncio.to_thread(loaded.write, day, path, sealed=sealed is not None), up_to
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
            looked_us = clock.monotonic_us()
            async with self._database.read() as connection:
                batches = await ingest.batches_after(connection, after=loaded.seen, limit=_BATCHES_AT_ONCE)
            if not batches:
                loaded.looked_us = looked_us
                return loaded
            await asyncio.to_thread(loaded.add, batches)

    async def _sealed(self, first: str, last: str) -> list[Segment]:
        async with self._database.read() as connection:
            return [each for each in await store.segments(connection) if first <= each.day <= last]

    async def _files(self, loaded: Loaded, first: str, last: str) -> tuple[list[Segment], list[list[str]]]:
        """What is sealed of those days, and the Parquet files to read, those together that are counted together. A day
        that got lines after it was sealed, or was sealed with fewer columns, is loaded whole.
        """
        sealed = await self._sealed(first, last)
        read: list[tuple[Segment, Path]] = []
        for segment, path in zip(sealed, await self.segments.fetch_all(sealed), strict=True):
            if segment.day not in loaded.days and segment.schema == SCHEMA:
                read.append((segment, path))
            elif segment.day not in loaded.merged:
                await asyncio.to_thread(loaded.merge, segment.day, path, segment.schema)
        if loaded.is_stale(first, last):
            await asyncio.to_thread(loaded.settle, first, last)
        return sealed, _together(loaded, sealed, read)


class _Question(NamedTuple):
    """A statement with what it binds and the days it is asked of; `keys` where its other columns are sums."""

    sql: str
    values: tuple[tuple[str, Cell], ...]
    first: str
    last: str
    keys: int = 0


class _Answered(NamedTuple):
    """When a question was asked, what its answer leaves out, as the moment of the last look, and what it is kept by."""

    asked_us: int
    looked_us: int
    keys: tuple[Key, ...]


class _Said(NamedTuple):
    """An answer in tables whose rows add up, of what there was at a moment, what each is kept by, and whether more is
    to come of those days.
    """

    looked_us: int
    keys: tuple[Key, ...]
    tables: list[Table]
    changes: bool


class _Asked(NamedTuple):
    """What a question is asked of, as it was at a moment: lists of files of sealed days, the first file one of no rows,
    and the days that are not sealed, each with how often it has changed.
    """

    loaded: Loaded
    told_us: int
    files: list[list[str]]
    days: tuple[tuple[str, int], ...]
    by_year: bool = False

    @property
    def all(self) -> list[str]:
        """The files as one list."""
        return [path for paths in self.files for path in paths]


def _together(loaded: Loaded, sealed: list[Segment], read: Iterable[tuple[Segment, Path]]) -> list[list[str]]:
    """The files by what is counted together."""
    most = MANY_ROWS if sum(each.rows for each in sealed) <= MANY_ROWS else ROWS_AT_ONCE
    files, rows, year = [[str(loaded.nothing)]], 0, ""
    by_year = _by_year(sealed)
    for segment, path in read:
        if rows and (rows + segment.rows > most or (by_year and segment.day[:4] != year)):
            files.append([])
            rows = 0
        files[-1].append(str(path))
        rows += segment.rows
        year = segment.day[:4]
    return files


def _by_year(sealed: list[Segment]) -> bool:
    """Whether so many files are read that it is they that take the time, and not what is in them."""
    return len(sealed) > MANY_DAYS and sum(each.rows for each in sealed) <= MANY_ROWS


async def _run(loaded: Loaded, sql: str, asked: list[dict[str, object]], keys: int) -> Table:
    cursor = loaded.connection.cursor()
    try:
        return await asyncio.to_thread(_fetch, cursor, sql, asked, keys)
    except asyncio.CancelledError:
        from duckdb import ConnectionException  # noqa: PLC0415 - it is there when a statement was asked

        # The statement may have ended in the same moment, and its cursor with it.
        with suppress(ConnectionException):
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
