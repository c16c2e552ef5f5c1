"""SQLite for asyncio: a fixed build, one writer and a few readers a process, migrations.

This module puts `pysqlite3` in the place of the standard `sqlite3` before aiosqlite is imported, so every other module
must reach SQLite through here. SQLite 3.7.0 to 3.51.2 can lose commits when several connections reset one WAL
(https://sqlite.org/wal.html#walresetbug); system Pythons carry such versions.
"""

import asyncio
import fcntl
import os
import re
import sys
import time
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, closing, contextmanager, suppress
from functools import partial
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

import msgspec

from sdc_core import clock, disk, metrics
from sdc_core.errors import Misconfigured, Unavailable
from sdc_core.metrics import Family

if TYPE_CHECKING:
    import sqlite3 as pysqlite3  # the same interface, and one that has types
else:
    import pysqlite3

sys.modules["sqlite3"] = pysqlite3
sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2

import aiosqlite  # noqa: E402 - must see the module put in place above

if vars(aiosqlite.core)["sqlite3"] is not pysqlite3:
    message = "aiosqlite was imported before sdc_core.sqlite and uses Python's own SQLite: import sdc_core.sqlite first"
    raise ImportError(message)

Connection: TypeAlias = aiosqlite.Connection
Value: TypeAlias = str | int | float | bytes | None
T = TypeVar("T")

DatabaseError = pysqlite3.DatabaseError
IntegrityError = pysqlite3.IntegrityError
OperationalError = pysqlite3.OperationalError
VERSION: str = pysqlite3.sqlite_version

BUSY_TIMEOUT_MS = 5_000
CHECKPOINT_PAGES = 16_384
"""64 MiB of WAL, which Litestream never lets come about: while it works, it alone empties it (decision 0013)."""
LOCK_S = 10.0
MIGRATION_LOCK_S = 60.0
# The second: no room for the index of the WAL to grow (SQLITE_IOERR_SHMSIZE, which the module does not name).
_NO_ROOM = frozenset({pysqlite3.SQLITE_FULL, pysqlite3.SQLITE_IOERR | 19 << 8})


def is_safe(version: tuple[int, int, int]) -> bool:
    """Whether that SQLite has the WAL-reset race fixed: 3.51.3 and later, and 3.50.7 and 3.44.6 of their lines."""
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


def require_safe_version(version: tuple[int, int, int] = pysqlite3.sqlite_version_info) -> None:
    """Raises Misconfigured on a SQLite that can lose commits."""
    if not is_safe(version):
        message = (
            f"SQLite {'.'.join(map(str, version))} can lose commits (WAL-reset race): install the wheel of pysqlite3 "
            "0.6.1 or later, or build pysqlite3 against SQLite 3.51.3 or later"
        )
        raise Misconfigured(message)


class Database:
    """One file, opened once a process: writes go through one connection, one transaction at a time."""

    __slots__ = ("_lock", "_readers", "_writer", "path")

    def __init__(self, path: Path, writer: Connection, readers: "asyncio.Queue[Connection]") -> None:
        self.path = path
        self._writer = writer
        self._readers = readers
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection]:
        """A write transaction: committed at the end of the block, rolled back when it raises or is cancelled.

        Raises Unavailable when the turn to write does not come within `LOCK_S`, and when the disk is full, with nothing
        changed; the block itself has no deadline here.
        Cancelled at the end of the block, it may be committed or not, but never in part. Blocks do not nest.
        """
        async with AsyncExitStack() as held:
            async with _deadline(self.path):
                await held.enter_async_context(self._lock)
                held.push_async_exit(partial(_undo, self._writer))
                with _full_disk_told(self.path):
                    await self._writer.execute("BEGIN IMMEDIATE")
            with _full_disk_told(self.path):
                yield self._writer
                await self._writer.execute("COMMIT")

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Connection]:
        """A read transaction: from its first query on, one unchanging picture of the file for the whole block.

        Raises Unavailable when all readers stay taken for `LOCK_S`. Blocks that nest can starve each other.
        """
        async with AsyncExitStack() as held:
            async with _deadline(self.path):
                reader = await self._readers.get()
                held.callback(self._readers.put_nowait, reader)
            held.push_async_exit(partial(_undo, reader))
            await reader.execute("BEGIN")
            yield reader
            await reader.execute("ROLLBACK")

    def figures(self) -> list[Family]:
        """Its size, its log of changes not yet taken over, and who uses it. Blocking: it looks at two files."""
        log = self.path.with_name(f"{self.path.name}-wal")
        sizes = {name: file.stat().st_size for name, file in (("main", self.path), ("wal", log)) if file.exists()}
        told = [
            metrics.by("gauge", "sdc_database_bytes", "Size of the file.", "file", sizes),
            metrics.single("gauge", "sdc_database_readers_idle", "Readers that wait.", self._readers.qsize()),
            metrics.single("gauge", "sdc_database_writing", "Whether one writes.", int(self._lock.locked())),
        ]
        return metrics.labelled(told, {"database": self.path.stem})


@contextmanager
def _full_disk_told(path: Path) -> Generator[None]:
    """Want of room in words, whatever the statement was.

    One that finds none for the index of the WAL is told only that there was an error of input or output.
    """
    try:
        yield
    except OperationalError as error:
        code = getattr(error, "sqlite_errorcode", 0)  # one that is not of SQLite has none
        if code in _NO_ROOM or (code & 0xFF == pysqlite3.SQLITE_IOERR and disk.has_no_room(path.parent)):
            raise disk.full() from error
        raise


@asynccontextmanager
async def open_database(
    path: Path,
    migrations: Traversable,
    *,
    readers: int = 2,
    synchronous: Literal["NORMAL", "FULL"] = "NORMAL",
) -> AsyncGenerator[Database]:
    """Open a file at the newest schema. Raises Misconfigured for an unsafe SQLite and for a newer schema."""
    require_safe_version()
    await asyncio.to_thread(migrate, path, migrations)
    async with AsyncExitStack() as stack:
        stack.enter_context(await asyncio.to_thread(_keeping_wal, path))
        writer = await stack.enter_async_context(_connect(path, synchronous))
        queue: asyncio.Queue[Connection] = asyncio.Queue(maxsize=readers)
        for _ in range(readers):
            reader = await stack.enter_async_context(_connect(path, synchronous))
            await reader.execute("PRAGMA query_only = ON")
            queue.put_nowait(reader)
        yield Database(path, writer, queue)


def migrate(path: Path, migrations: Traversable) -> int:
    """Bring a file forward to the newest of `NNNN_name.sql` and return that number. Blocking: call it in a thread.

    Under a lock that all processes share; before the first step an existing file is copied to
    `snapshots/<name>-schema<number>.db` beside it. Each step is one transaction together with its number in
    `user_version`: one that fails raises, and leaves the file at the step before. Raises Unavailable for a full disk.
    """
    scripts = _scripts(migrations)
    newest = max(scripts, default=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        _full_disk_told(path),
        _migration_lock(path),
        _keeping_wal(path),
        closing(pysqlite3.connect(path, isolation_level=None)) as connection,
    ):
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        (present,) = connection.execute("PRAGMA user_version").fetchone()
        if present > newest:
            message = (
                f"{path} has schema {present}, newer than this version of SDC knows ({newest}): upgrade SDC, "
                f"or bring back a copy from {path.parent / 'snapshots'}"
            )
            raise Misconfigured(message)
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            message = f"{path} cannot be shared by processes (journal mode {mode}): put it on a local disk"
            raise Misconfigured(message)
        if 0 < present < newest:
            _snapshot(connection, path, present)
        for number in range(present + 1, newest + 1):
            _step(connection, path, number, scripts[number])
    return newest


def _keeping_wal(path: Path) -> ExitStack:
    """Until it is closed nobody empties the WAL by closing the file, and neither does its own end. Else the last
    connection would, and Litestream, which then finds another WAL than it left, would copy the whole file anew.
    Blocking. Nothing for a file that is not there, or cannot be read: who opens it next says why.
    """
    held = ExitStack()
    with suppress(DatabaseError):
        # One that cannot write; from its first query on it shares the lock that emptying takes alone.
        reader = held.enter_context(closing(connect_to_read(path)))
        reader.execute("PRAGMA user_version").fetchone()
    return held


def newest(migrations: Traversable) -> int:
    """The number of the last migration; 0 where there is none."""
    return max(_scripts(migrations), default=0)


def connect_to_read(path: Path) -> pysqlite3.Connection:
    """A file as it is, of whatever schema. The caller closes it; blocking, as is all that it is asked."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    return pysqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_MS / 1_000, check_same_thread=False)


async def execute(connection: Connection, sql: str, values: Mapping[str, Value] | None = None) -> int:
    """Run one statement; returns the number of rows it changed."""
    async with connection.execute(sql, values or {}) as cursor:
        return cursor.rowcount


async def fetch_all(
    connection: Connection, row: type[T], sql: str, values: Mapping[str, Value] | None = None
) -> list[T]:
    """Every row as a `row` Struct, whose fields are the query's columns by name; integers become bool where it says."""
    found = await connection.execute_fetchall(sql, values or {})
    return [msgspec.convert(dict(zip(each.keys(), each, strict=True)), row, strict=False) for each in found]


async def fetch_one(
    connection: Connection, row: type[T], sql: str, values: Mapping[str, Value] | None = None
) -> T | None:
    """The first row, or None."""
    rows = await fetch_all(connection, row, sql, values)
    return rows[0] if rows else None


async def fetch_value(connection: Connection, sql: str, values: Mapping[str, Value] | None = None) -> Value:
    """The first column of the first row, or None."""
    found = await connection.execute_fetchall(sql, values or {})
    return next((row[0] for row in found), None)


@asynccontextmanager
async def _connect(path: Path, synchronous: str) -> AsyncGenerator[Connection]:
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        for pragma in (
            f"busy_timeout = {BUSY_TIMEOUT_MS}",
            "foreign_keys = ON",
            f"synchronous = {synchronous}",
            "temp_store = MEMORY",
            f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
            "trusted_schema = OFF",
        ):
            await connection.execute(f"PRAGMA {pragma}")
        connection.row_factory = pysqlite3.Row
        yield connection


async def _undo(connection: Connection, kind: type[BaseException] | None, *_: object) -> None:
    """End what a failed or cancelled block leaves behind.

    A cancelled statement is not taken back: it waits in the connection's thread, or runs there. So the rollback is
    queued behind it, in the same thread, and does nothing where no transaction is open by then. This holds when the
    wait for the rollback is cancelled in its turn, for the next block's BEGIN is queued behind both.
    """
    if kind is None:
        return
    if issubclass(kind, asyncio.CancelledError):
        # Nobody waits for the statement that runs any more; it could hold up the next block for minutes.
        await connection.interrupt()
    await connection.rollback()


@asynccontextmanager
async def _deadline(path: Path) -> AsyncGenerator[None]:
    """Only for the wait before a block: what the block itself raises must reach its caller as it is."""
    message = f"{path.name} is busy"
    try:
        async with asyncio.timeout(LOCK_S):
            yield
    except TimeoutError:
        raise Unavailable(message) from None
    except OperationalError as error:
        if error.sqlite_errorcode & 0xFF != pysqlite3.SQLITE_BUSY:
            raise
        raise Unavailable(message) from None


def _scripts(migrations: Traversable) -> dict[int, str]:
    named = [file for file in migrations.iterdir() if re.fullmatch(r"\d{4}_\w+\.sql", file.name)]
    numbers = sorted(int(file.name[:4]) for file in named)
    if numbers != list(range(1, len(numbers) + 1)):
        message = f"migrations must be numbered 0001, 0002, ... each once and without a gap: {numbers}"
        raise ValueError(message)
    return {int(file.name[:4]): file.read_text(encoding="utf-8") for file in named}


def _snapshot(connection: pysqlite3.Connection, path: Path, schema: int) -> None:
    """One copy a schema: a step that fails at every start must not fill the disk with them."""
    copy = path.parent / "snapshots" / f"{path.stem}-schema{schema}.db"
    partial = copy.with_suffix(".partial")
    copy.parent.mkdir(exist_ok=True)
    partial.unlink(missing_ok=True)
    connection.execute("VACUUM INTO ?", (str(partial),))
    partial.replace(copy)


def _step(connection: pysqlite3.Connection, path: Path, number: int, script: str) -> None:
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\n;PRAGMA user_version = {number};")
        if not connection.in_transaction:
            message = "a migration must not end its transaction"
            raise ValueError(message)
        if broken := connection.execute("PRAGMA foreign_key_check").fetchone():
            message = f"a row of {broken[0]} refers to a row of {broken[2]} that is not there"
            raise IntegrityError(message)
        connection.execute("COMMIT")
    except (pysqlite3.Error, ValueError) as error:
        connection.rollback()
        error.add_note(f"while bringing {path} to schema {number}")
        raise


@contextmanager
def _migration_lock(path: Path) -> Generator[None]:
    """Waits for other processes that migrate the same file, at most `MIGRATION_LOCK_S`."""
    descriptor = os.open(path.with_name(f"{path.name}-migrating"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    give_up_us = clock.monotonic_us() + int(MIGRATION_LOCK_S * clock.SECOND_US)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if clock.monotonic_us() > give_up_us:
                    message = f"another process has been migrating {path} for {MIGRATION_LOCK_S:.0f} s"
                    raise Unavailable(message) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)
