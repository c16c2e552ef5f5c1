import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest
from sdc_core import clock, sqlite
from sdc_core.errors import SdcError, Unavailable
from sdc_core.sqlite import Database

SCHEMA = """
CREATE TABLE parents (id INTEGER PRIMARY KEY) STRICT;
CREATE TABLE notes (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL,
    done INTEGER NOT NULL DEFAULT 0,
    parent_id INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED
) STRICT;
"""
ADD = "INSERT INTO notes (text) VALUES (:text)"
COUNT = "SELECT count(*) FROM notes"
ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
LONG = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1500000) SELECT count(*) FROM n"


class Note(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    text: str
    done: bool


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_first.sql").write_text(SCHEMA, encoding="utf-8")
    return folder


@pytest.fixture
async def database(tmp_path: Path, migrations: Path) -> AsyncGenerator[Database]:
    async with sqlite.open_database(tmp_path / "notes.db", migrations) as opened:
        yield opened


async def _add(database: Database, text: str) -> None:
    async with database.transaction() as connection:
        await sqlite.execute(connection, ADD, {"text": text})


async def _count(database: Database) -> sqlite.Value:
    async with database.read() as connection:
        return await sqlite.fetch_value(connection, COUNT)


def _foreign_writer(path: Path) -> subprocess.Popen[str]:
    """Another process that holds the file's write lock until its input ends."""
    program = (
        "import sys, pysqlite3; c = pysqlite3.connect(sys.argv[1], isolation_level=None); "
        "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.read(); c.execute('COMMIT')"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


async def test_what_is_committed_is_read(database: Database) -> None:
    await _add(database, "kept")
    assert await _count(database) == 1


async def test_rows_become_structs_with_true_booleans(database: Database) -> None:
    async with database.transaction() as connection:
        await sqlite.execute(connection, "INSERT INTO notes (text, done) VALUES ('a', 1), ('b', 0)")
    async with database.read() as connection:
        notes = await sqlite.fetch_all(connection, Note, "SELECT done, text, id FROM notes ORDER BY id")
        first = await sqlite.fetch_one(connection, Note, "SELECT id, text, done FROM notes ORDER BY id")
    assert notes == [Note(id=1, text="a", done=True), Note(id=2, text="b", done=False)]
    assert first == notes[0]


async def test_no_row_is_none_and_no_rows_are_an_empty_list(database: Database) -> None:
    async with database.read() as connection:
        assert await sqlite.fetch_one(connection, Note, "SELECT id, text, done FROM notes") is None
        assert await sqlite.fetch_value(connection, "SELECT id FROM notes") is None
        assert await sqlite.fetch_all(connection, Note, "SELECT id, text, done FROM notes") == []


async def test_the_number_of_changed_rows_is_told(database: Database) -> None:
    await _add(database, "a")
    await _add(database, "b")
    async with database.transaction() as connection:
        assert await sqlite.execute(connection, "UPDATE notes SET done = 1") == 2
        assert await sqlite.execute(connection, "DELETE FROM notes WHERE id = :id", {"id": 99}) == 0


async def test_a_returning_statement_gives_its_row(database: Database) -> None:
    async with database.transaction() as connection:
        note = await sqlite.fetch_one(connection, Note, f"{ADD} RETURNING id, text, done", {"text": "new"})
    assert note == Note(id=1, text="new", done=False)
    assert await _count(database) == 1


async def test_a_block_that_raises_changes_nothing_and_its_error_comes_through(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the block as a whole is what fails
        async with database.transaction() as connection:
            await sqlite.execute(connection, ADD, {"text": "lost"})
            _ = 1 / 0
    assert await _count(database) == 0
    await _add(database, "after")
    assert await _count(database) == 1


async def test_a_commit_that_fails_is_rolled_back_and_the_next_one_works(database: Database) -> None:
    with pytest.raises(sqlite.IntegrityError):
        async with database.transaction() as connection:
            await sqlite.execute(connection, "INSERT INTO notes (text, parent_id) VALUES ('orphan', 7)")
    await _add(database, "after")
    assert await _count(database) == 1


async def test_a_transaction_that_sqlite_ended_by_itself_is_an_error(database: Database) -> None:
    with pytest.raises(sqlite.OperationalError, match="no transaction is active"):  # noqa: PT012 - the block as a whole is what fails
        async with database.transaction() as connection:
            await sqlite.execute(connection, ADD, {"text": "lost"})
            await sqlite.execute(connection, "ROLLBACK")
    await _add(database, "after")
    assert await _count(database) == 1


async def test_an_error_of_the_block_is_not_taken_for_a_busy_file(database: Database) -> None:
    with pytest.raises(sqlite.OperationalError, match="my table is locked"):
        async with database.transaction():
            raise sqlite.OperationalError("my table is locked")
    with pytest.raises(TimeoutError):
        async with database.transaction():
            raise TimeoutError
    with pytest.raises(sqlite.OperationalError, match="no such table"):
        async with database.read() as connection:
            await sqlite.fetch_value(connection, "SELECT 1 FROM absent")


async def test_the_wait_for_the_lock_does_not_limit_the_block(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "LOCK_S", 0.05)
    started_us = clock.monotonic_us()
    async with database.transaction() as connection:
        await sqlite.fetch_value(connection, LONG)
        await sqlite.execute(connection, ADD, {"text": "slow"})
    assert clock.monotonic_us() - started_us > 50_000
    assert await _count(database) == 1


async def test_a_writer_waits_for_the_one_before(database: Database) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(50):
            group.create_task(_add(database, str(number)))
    assert await _count(database) == 50


async def test_a_writer_that_waits_too_long_is_told_that_the_file_is_busy(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "LOCK_S", 0.05)
    async with database.transaction():
        with pytest.raises(Unavailable, match=r"notes\.db is busy"):
            await _add(database, "second")
    await _add(database, "third")
    assert await _count(database) == 1


async def test_another_process_that_writes_makes_the_file_busy(
    tmp_path: Path, migrations: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 50)
    async with sqlite.open_database(tmp_path / "notes.db", migrations) as database:
        with await asyncio.to_thread(_foreign_writer, database.path) as child:
            with pytest.raises(Unavailable, match="busy"):
                await _add(database, "second")
            assert await _count(database) == 0
            child.communicate()
        await _add(database, "third")
        assert await _count(database) == 1


async def test_a_begin_that_gave_up_does_not_keep_the_lock_it_got_late(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deadline falls while SQLite still waits for the other process, and then gets the lock for nobody."""
    with await asyncio.to_thread(_foreign_writer, database.path) as child:
        monkeypatch.setattr(sqlite, "LOCK_S", 0.1)
        async with asyncio.TaskGroup() as group:
            attempt = group.create_task(_attempt(database))
            group.create_task(_end_after(child, attempt))
    assert isinstance(attempt.result(), Unavailable)
    monkeypatch.setattr(sqlite, "LOCK_S", 5.0)
    await _add(database, "after")
    await asyncio.to_thread(_write_from_elsewhere, database.path)
    assert await _count(database) == 2


async def _attempt(database: Database) -> SdcError | None:
    try:
        await _add(database, "too late")
    except SdcError as error:
        return error
    return None


async def _end_after(child: subprocess.Popen[str], attempt: asyncio.Task[SdcError | None]) -> None:
    """Let the other process go when the deadline has passed; the attempt ends only after that."""
    await asyncio.wait([attempt], timeout=0.4)
    await asyncio.to_thread(child.communicate)


def _write_from_elsewhere(path: Path) -> None:
    connection = sqlite.pysqlite3.connect(path, timeout=2)
    connection.execute(ADD, {"text": "from elsewhere"})
    connection.commit()
    connection.close()


async def test_a_cancelled_block_is_rolled_back(database: Database) -> None:
    inside = asyncio.Event()

    async def never_ends() -> None:
        async with database.transaction() as connection:
            await sqlite.execute(connection, ADD, {"text": "lost"})
            inside.set()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(never_ends())
        await inside.wait()
        task.cancel()
    assert await _count(database) == 0
    await _add(database, "after")
    assert await _count(database) == 1


async def test_a_cancelled_statement_is_stopped_and_the_next_block_works(database: Database) -> None:
    for _ in range(3):
        with pytest.raises(TimeoutError):  # noqa: PT012 - the block as a whole is what fails
            async with asyncio.timeout(0.05), database.transaction() as connection:
                await sqlite.execute(connection, ADD, {"text": "lost"})
                await sqlite.fetch_value(connection, ENDLESS)
    async with asyncio.timeout(60):
        await _add(database, "after")
        assert await _count(database) == 1


async def test_a_cancelled_read_gives_its_reader_back(database: Database) -> None:
    for _ in range(5):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), database.read() as connection:
                await sqlite.fetch_all(connection, Note, ENDLESS)
    async with asyncio.timeout(60), database.read(), database.read() as connection:
        assert await sqlite.fetch_value(connection, COUNT) == 0


async def test_cancellation_at_any_moment_leaves_whole_transactions(database: Database) -> None:
    """Two rows go in together; cancelled after each possible number of turns of the loop, none is ever alone."""
    finished = 0
    for turns in range(60):
        async with asyncio.TaskGroup() as group:
            task = group.create_task(_add_two(database))
            for _ in range(turns):
                if task.done():
                    break
                await asyncio.to_thread(_nothing) if turns % 2 else await asyncio.sleep(0)
            finished += task.done()
            task.cancel()
            if turns % 3 == 0:
                group.create_task(_cancel_again(task))
    assert finished
    count = await _count(database)
    assert isinstance(count, int)
    assert count % 2 == 0
    assert count >= 2 * finished
    await _add(database, "after")
    assert await _count(database) == count + 1


async def _add_two(database: Database) -> None:
    async with database.transaction() as connection:
        await sqlite.execute(connection, ADD, {"text": "one"})
        await sqlite.execute(connection, ADD, {"text": "other"})


async def _cancel_again(task: asyncio.Task[None]) -> None:
    while not task.done():
        task.cancel()
        await asyncio.sleep(0)


def _nothing() -> None:
    return


async def test_a_reader_sees_one_picture_for_its_whole_block(database: Database) -> None:
    await _add(database, "first")
    async with database.read() as connection:
        assert await sqlite.fetch_value(connection, COUNT) == 1
        await _add(database, "second")
        assert await sqlite.fetch_value(connection, COUNT) == 1
    assert await _count(database) == 2


async def test_a_reader_does_not_see_what_is_not_committed(database: Database) -> None:
    async with database.transaction() as connection:
        await sqlite.execute(connection, ADD, {"text": "not yet"})
        assert await _count(database) == 0
    assert await _count(database) == 1


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(sqlite.OperationalError, match="readonly"):
        async with database.read() as connection:
            await sqlite.execute(connection, ADD, {"text": "no"})
    assert await _count(database) == 0


async def test_readers_that_are_all_taken_are_waited_for_and_then_refused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "LOCK_S", 0.05)
    async with database.read(), database.read():
        with pytest.raises(Unavailable, match="busy"):
            await _count(database)
    assert await _count(database) == 0


async def test_a_read_that_raises_gives_its_reader_back(database: Database) -> None:
    for _ in range(5):
        with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the block as a whole is what fails
            async with database.read() as connection:
                await sqlite.fetch_value(connection, COUNT)
                _ = 1 / 0
    async with database.read(), database.read() as connection:
        assert await sqlite.fetch_value(connection, COUNT) == 0


async def test_foreign_keys_are_kept(database: Database) -> None:
    with pytest.raises(sqlite.IntegrityError):
        async with database.transaction() as connection:
            await sqlite.execute(connection, "INSERT INTO notes (text, parent_id) VALUES ('orphan', 1)")


@pytest.mark.parametrize(("name", "code"), [("NORMAL", 1), ("FULL", 2)])
async def test_the_asked_durability_is_in_force(tmp_path: Path, migrations: Path, name: str, code: int) -> None:
    synchronous = "FULL" if name == "FULL" else "NORMAL"
    async with (
        sqlite.open_database(tmp_path / "notes.db", migrations, synchronous=synchronous) as database,
        database.transaction() as connection,
    ):
        assert await sqlite.fetch_value(connection, "PRAGMA synchronous") == code
        assert await sqlite.fetch_value(connection, "PRAGMA journal_mode") == "wal"


async def test_two_processes_write_the_same_file_without_losing_a_row(tmp_path: Path, migrations: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path; from sdc_core import sqlite\n"
        "async def main():\n"
        "    async with sqlite.open_database(Path(sys.argv[1]), Path(sys.argv[2])) as database:\n"
        "        for number in range(100):\n"
        "            async with database.transaction() as connection:\n"
        f"                await sqlite.execute(connection, {ADD!r}, {{'text': str(number)}})\n"
        "asyncio.run(main())\n"
    )
    path = tmp_path / "notes.db"
    children = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, str(path), str(migrations))
        for _ in range(2)
    ]
    async with asyncio.timeout(60):
        assert [await child.wait() for child in children] == [0, 0]
    async with sqlite.open_database(path, migrations) as database:
        assert await _count(database) == 200
