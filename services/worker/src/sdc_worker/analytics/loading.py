"""What the engine holds in memory: requests of each day that is not sealed, and those days put into visits."""

import shutil
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import astuple
from sdc_core import clock

from sdc_worker.analytics import rows, visits
from sdc_worker.analytics.agents import classify
from sdc_worker.analytics.origins import origin
from sdc_worker.analytics.segments import Segments
from sdc_worker.ingest.store import Batch

if TYPE_CHECKING:
    import duckdb

MEMORY, WHILE_SEALING = "320MB", "144MB"
"""Percentiles of every page of a large period need the first; a day is written with the second, and what is more goes
through the disk: so the worker stays below 400 MB with days of 330,000 requests.
"""
MOST_KNOWN = 50_000
"""User-Agents, and origins, that are remembered; when more came, they are worked out anew."""
_FEW = 0.1
"""Of a day's lines: when no more than these are new, the visitors whom they are of are put into visits alone."""
_NEVER_US = -(1 << 62)
_NO_DAY = "0001-01-01"
_BEFORE = 1 << 31
"""Sealed requests of a day that got late lines are numbered that much lower: they come first."""


class Loaded:
    """One DuckDB in memory. Batches up to `seen` are in it, of `days`: all that there were at `looked_us`, of
    `clock.monotonic_us`. The segments of the days in `merged` are as well.

    All of it blocks. A cancelled caller leaves its thread behind: the lock, and the look at what is there already, keep
    anything from coming twice.
    """

    __slots__ = (
        "_again",
        "_changes",
        "_counts",
        "_lock",
        "_marks",
        "_scratch",
        "_settled",
        "_stale",
        "_working",
        "connection",
        "days",
        "looked_us",
        "merged",
        "newest",
        "nothing",
        "seen",
    )

    def __init__(self, segments: Segments) -> None:
        self._lock = threading.Lock()
        self._scratch = segments.scratch
        self._counts: dict[str, int] = {}
        self._settled: dict[str, int] = {}
        self._changes = 0
        self._stale: dict[str, int] = {}
        self._marks: dict[str, int] = {}
        self._again: dict[str, int] = {}
        self.seen = 0
        self.looked_us = _NEVER_US
        self.days: set[str] = set()
        self.merged: set[str] = set()
        self.newest: dict[str, int] = {}
        # For cursors alone: whoever asks does not wait for what is being loaded.
        self.connection = _connect(self._scratch)
        self._working = self.connection.cursor()
        self.nothing = segments.path(_NO_DAY, "nothing")
        self.nothing.parent.mkdir(parents=True, exist_ok=True)
        self.connection.execute(visits.SQL_WRITE_NOTHING, {"file": str(self.nothing)})

    def add(self, batches: list[Batch]) -> None:
        """Load batches, in the order of their ids."""
        with self._lock:
            fresh = [batch for batch in batches if batch.id > self.seen]
            for day, of_day in groupby(fresh, key=lambda batch: batch.day):
                if day not in self.days:
                    self._working.execute(visits.sql_lines(_table("raw", day)))
                loading = list(of_day)
                self._load(_table("raw", day), day, loading)
                # At once: when the next day cannot be loaded, this one is not loaded again.
                self.seen = self.newest[day] = loading[-1].id
                self.days.add(day)
                # They came after the last look, at whichever moment.
                self._stale.setdefault(day, self.looked_us)

    def merge(self, day: str, path: Path, schema: int) -> None:
        """Load a sealed day that has late batches, or was sealed with fewer columns."""
        with self._lock:
            if day in self.merged:
                return
            if day not in self.days:
                self._working.execute(visits.sql_lines(_table("raw", day)))
            values = {"files": [str(path)], "shift": _BEFORE}
            self._working.execute(visits.sql_sealed(_table("raw", day)))
            self._number(visits.sql_merge(_table("raw", day), schema), values)
            self.days.add(day)
            self.merged.add(day)
            self._stale.setdefault(day, clock.monotonic_us())

    def is_stale(self, first: str, last: str) -> bool:
        """Whether there is anything to settle."""
        return any(first <= day <= last for day in dict(self._stale))

    def settled_us(self, first: str, last: str) -> int:
        """The moment of `clock.monotonic_us` of which those days are told: of the last look, or of the one before what
        is still to be settled.
        """
        waiting = [at_us for day, at_us in dict(self._stale).items() if first <= day <= last]
        return min([self.looked_us, *waiting])

    def stale(self) -> set[str]:
        """The days of which something is to be settled."""
        return set(self._stale)

    def within(self, first: str, last: str) -> set[str]:
        """The days of a period that anything was loaded of."""
        return {day for day in set(self.days) if first <= day <= last}

    def settle(self, first: str, last: str) -> None:
        """Put the requests of those days into visits, where any came since the last time."""
        with self._lock:
            for day in [day for day in self._stale if first <= day <= last]:
                self._settle(day)
                self._stale.pop(day)
                shown = day in self._settled
                # Never a number that a day had before, or answers that were kept of it would be given again.
                self._changes += 1
                self._settled[day] = self._changes
                if not shown:
                    self._show()

    def generations(self, first: str, last: str) -> tuple[tuple[str, int], ...]:
        """The days of a period that no segment holds, each with the number of its last change."""
        return tuple(sorted((day, change) for day, change in dict(self._settled).items() if first <= day <= last))

    def drop(self, day: str) -> None:
        """A day is no longer what its batches say: forget it. What comes of it later is late."""
        with self._lock:
            if day in self.days:
                self.days.discard(day)
                self._settled.pop(day, None)
                self._show()
                for table in (_table("raw", day), f"{_table('raw', day)}_sealed", _table("hot", day)):
                    self._working.execute(f"DROP TABLE IF EXISTS {table}")
            self.merged.discard(day)
            self._marks.pop(day, None)
            self.newest.pop(day, None)
            self._stale.pop(day, None)
            self._counts.pop(_table("raw", day), None)

    def begin(self, day: str, before: Path | None, schema: int) -> None:
        """Begin to write a day: with what is sealed of it already."""
        table = _table("seal", day)
        with self._lock:
            self._limit(WHILE_SEALING)
            self._working.execute(visits.sql_lines(table))
            self._counts[table] = 0
            if before is not None:
                self._working.execute(visits.sql_sealed(table))
                values = {"files": [str(before)], "shift": 0}
                self._counts[table] = self._number(visits.sql_merge(table, schema), values)

    def go_on(self, day: str, batches: list[Batch]) -> None:
        """More batches of a day that is being written."""
        with self._lock:
            self._load(_table("seal", day), day, batches)

    def write(self, day: str, path: Path, *, sealed: bool) -> int:
        """Write the day as Parquet, begun with what is sealed of it or not; returns how many requests it has."""
        table = _table("seal", day)
        values = {"day": day, "file": str(path)}
        with self.connection.cursor() as writing:
            with self._lock:
                self._know(table)
                # A question may have what is known of agents begun anew before all is written: this looks at it as it
                # is now, and a transaction sees what there was when it first looked.
                writing.begin().execute("FROM agents LIMIT 0")
            (written,) = writing.execute(visits.sql_write(table, sealed=sealed), values).fetchone() or (0,)
            writing.commit()
        return int(written)

    def end(self, day: str) -> None:
        """The day was written, or was not."""
        with self._lock:
            for table in (_table("seal", day), f"{_table('seal', day)}_sealed"):
                self._working.execute(f"DROP TABLE IF EXISTS {table}")
            self._counts.pop(_table("seal", day), None)
            self._limit(MEMORY)

    def _settle(self, day: str) -> None:
        """As a whole where much came, and else those visitors alone who came or went on: a site that is looked at while
        it is read has a few new lines at a time, and a day of many.
        """
        raw, hot = _table("raw", day), _table("hot", day)
        lines, behind = self._counts.get(raw, 0), _numbered(day)
        fresh = lines - self._marks.get(day, 0)
        if day in self.merged or day not in self._marks or fresh > lines * _FEW or self._again[day] > lines:
            self._know(raw)
            made = visits.sql_visits(raw, sealed=day in self.merged)
            self._working.execute(f"CREATE OR REPLACE TABLE {hot} AS {made}", {"day": day})
            self._again[day] = 0
        else:
            touched = self._number(visits.sql_touch(raw), {"mark": behind + self._marks[day]})
            self._know(visits.TOUCHED)
            self._replace(hot, day)
            self._again[day] += touched
        self._marks[day] = lines

    def _replace(self, hot: str, day: str) -> None:
        """Questions see a visitor's requests as they were, or as they are now."""
        self._working.begin()
        try:
            self._working.execute(visits.sql_forget_touched(hot))
            self._working.execute(f"INSERT INTO {hot} {visits.sql_visits(visits.TOUCHED)}", {"day": day})
            self._working.commit()
        except BaseException:
            self._working.rollback()
            raise
        finally:
            self._working.execute(f"DROP TABLE {visits.TOUCHED}")

    def _load(self, table: str, day: str, batches: list[Batch]) -> None:
        import duckdb  # noqa: PLC0415 - as below

        try:
            added = self._read(table, day, rows.as_stored(batches))
        except duckdb.Error:
            added = self._read(table, day, rows.in_plain_form(batches))
        self._counts[table] = self._counts.get(table, 0) + added

    def _read(self, table: str, day: str, bodies: Iterable[bytes]) -> int:
        file = self._scratch / f"{clock.new_id()}.ndjson"
        values = {
            "file": str(file),
            "columns": rows.LINE_COLUMNS,
            "first": _numbered(day) + self._counts.get(table, 0),
            "start_us": (date.fromisoformat(day) - clock.EPOCH.date()).days * clock.DAY_US,
        }
        try:
            with file.open("wb") as lines:
                lines.writelines(bodies)
            return self._number(visits.sql_load(table), values)
        finally:
            file.unlink(missing_ok=True)

    def _know(self, table: str) -> None:
        """Work out agents and origins that a day's lines name for the first time."""
        if self._number(visits.SQL_KNOWN) > MOST_KNOWN:
            self._working.execute(visits.SQL_TABLES)
        if agents := self._working.execute(visits.sql_new_agents(table)).fetchall():
            self._remember("agents", [(ua, *astuple(classify(ua))) for (ua,) in agents])
        if origins := self._working.execute(visits.sql_new_origins(table)).fetchall():
            self._remember("origins", [(ref, query, *astuple(origin(ref, query))) for ref, query in origins])

    def _remember(self, table: str, known: list[tuple[str | int, ...]]) -> None:
        columns = [list(column) for column in zip(*known, strict=True)]
        self._working.execute(f"INSERT INTO {table} SELECT {', '.join(['unnest(?)'] * len(columns))}", columns)

    def _limit(self, memory: str) -> None:
        import duckdb  # noqa: PLC0415 - as below

        # Refused while a question needs more than that: then the day is written beside it with what there is.
        with suppress(duckdb.Error):
            self._working.execute(f"SET memory_limit = '{memory}'")

    def _number(self, sql: str, values: Mapping[str, object] | None = None) -> int:
        (found,) = self._working.execute(sql, dict(values or {})).fetchone() or (0,)
        return int(found)

    def _show(self) -> None:
        shown = " UNION ALL ".join(f"FROM {_table('hot', day)}" for day in ["", *sorted(self._settled)])
        self._working.execute(f"CREATE OR REPLACE VIEW hot AS {shown}")


def _numbered(day: str) -> int:
    """Where the numbers of a day's lines begin: they are dense within a day, and no two days share one."""
    return date.fromisoformat(day).toordinal() << 32


def _table(kind: str, day: str) -> str:
    """Of a day that the manifest or a batch names: digits and hyphens."""
    return f"{kind}_{day.replace('-', '')}"


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
    connection.execute("SET parquet_metadata_cache = true")
    connection.execute(visits.SQL_TABLES)
    connection.execute(visits.sql_lines("raw_"))
    connection.execute(f"CREATE TABLE hot_ AS {visits.sql_visits('raw_')}", {"day": ""})
    connection.execute("CREATE VIEW hot AS SELECT * FROM hot_")
    return connection
