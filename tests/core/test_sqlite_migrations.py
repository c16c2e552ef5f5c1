import asyncio
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import pytest
from sdc_core import sqlite
from sdc_core.errors import Misconfigured, Unavailable

FIRST = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;"
SECOND = "ALTER TABLE notes ADD COLUMN done INTEGER NOT NULL DEFAULT 0;"

Scripts = Callable[..., Path]


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    """A new folder with the given scripts, numbered from 1."""

    def write(*texts: str) -> Path:
        folder = tmp_path / f"migrations{len(list(tmp_path.glob('migrations*')))}"
        folder.mkdir()
        for number, text in enumerate(texts, start=1):
            (folder / f"{number:04}_step.sql").write_text(text, encoding="utf-8")
        return folder

    return write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "site.db"


def _ask(path: Path, sql: str) -> object:
    with closing(sqlite.pysqlite3.connect(path)) as connection:
        row = connection.execute(sql).fetchone()
        return None if row is None else row[0]


def _do(path: Path, sql: str) -> None:
    with closing(sqlite.pysqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(sql)


def _tables(path: Path) -> object:
    return _ask(path, "SELECT group_concat(name || ':' || sql) FROM sqlite_schema WHERE type = 'table'")


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), False),
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 44, 9), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 0), False),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 52, 0), True),
        ((3, 53, 4), True),
        ((4, 0, 0), True),
    ],
)
def test_only_versions_without_the_wal_reset_race_are_safe(version: tuple[int, int, int], *, safe: bool) -> None:
    assert sqlite.is_safe(version) is safe


def test_an_unsafe_version_is_refused_with_a_remedy() -> None:
    with pytest.raises(Misconfigured, match=r"SQLite 3\.40\.1 can lose commits.*pysqlite3"):
        sqlite.require_safe_version((3, 40, 1))


def test_the_build_in_use_is_safe() -> None:
    sqlite.require_safe_version()
    assert _ask(Path(":memory:"), "SELECT sqlite_version()") == sqlite.VERSION


def test_every_module_that_asks_for_sqlite3_gets_the_safe_build() -> None:
    assert import_module("sqlite3").sqlite_version == sqlite.VERSION
    assert import_module("sqlite3.dbapi2").sqlite_version == sqlite.VERSION
    assert sqlite.aiosqlite.sqlite_version == sqlite.VERSION


def test_an_asyncio_wrapper_over_the_old_build_is_refused() -> None:
    child = subprocess.run(
        [sys.executable, "-c", "import aiosqlite, sdc_core.sqlite"],
        capture_output=True,
        text=True,
        check=False,
        timeout=15,
    )
    assert "ImportError: aiosqlite was imported before sdc_core.sqlite" in child.stderr


def test_a_new_file_gets_every_step_and_no_snapshot(path: Path, scripts: Scripts) -> None:
    assert sqlite.migrate(path, scripts(FIRST, SECOND)) == 2
    assert _ask(path, "PRAGMA user_version") == 2
    assert _ask(path, "SELECT count(done) FROM notes") == 0
    assert not (path.parent / "snapshots").exists()


def test_a_file_at_the_newest_schema_is_left_alone(path: Path, scripts: Scripts) -> None:
    sqlite.migrate(path, scripts(FIRST))
    before = path.read_bytes()
    assert sqlite.migrate(path, scripts(FIRST)) == 1
    assert path.read_bytes() == before
    assert not (path.parent / "snapshots").exists()


def test_a_snapshot_is_made_before_a_step(path: Path, scripts: Scripts) -> None:
    sqlite.migrate(path, scripts(FIRST))
    _do(path, "INSERT INTO notes (text) VALUES ('kept')")
    sqlite.migrate(path, scripts(FIRST, SECOND))
    snapshot = path.parent / "snapshots" / "site-schema1.db"
    assert _ask(snapshot, "PRAGMA user_version") == 1
    assert _ask(snapshot, "SELECT text FROM notes") == "kept"
    assert "done" not in str(_tables(snapshot))
    assert [file.name for file in snapshot.parent.iterdir()] == [snapshot.name]
    assert _ask(path, "PRAGMA user_version") == 2


def test_a_step_that_fails_leaves_the_file_as_it_was(path: Path, scripts: Scripts) -> None:
    sqlite.migrate(path, scripts(FIRST))
    _do(path, "INSERT INTO notes (text) VALUES ('kept')")
    before = _tables(path)
    broken = f"{SECOND} CREATE TABLE more (id INTEGER) STRICT; DROP TABLE more; SELECT absent;"
    with pytest.raises(sqlite.OperationalError, match="no such column: absent") as refused:
        sqlite.migrate(path, scripts(FIRST, broken))
    assert refused.value.__notes__ == [f"while bringing {path} to schema 2"]
    assert _tables(path) == before
    assert _ask(path, "SELECT text FROM notes") == "kept"
    assert _ask(path, "PRAGMA user_version") == 1


def test_a_step_that_fails_keeps_the_steps_before_it(path: Path, scripts: Scripts) -> None:
    with pytest.raises(sqlite.OperationalError):
        sqlite.migrate(path, scripts(FIRST, "nonsense;"))
    assert _ask(path, "PRAGMA user_version") == 1


def test_a_step_that_fails_at_every_start_does_not_fill_the_disk(path: Path, scripts: Scripts) -> None:
    sqlite.migrate(path, scripts(FIRST))
    broken = scripts(FIRST, "nonsense;")
    for number in range(3):
        _do(path, f"INSERT INTO notes (text) VALUES ('{number}')")  # noqa: S608 - a number of ours
        with pytest.raises(sqlite.OperationalError):
            sqlite.migrate(path, broken)
    (snapshot,) = (path.parent / "snapshots").iterdir()
    assert _ask(snapshot, "SELECT count(*) FROM notes") == 3


def test_a_copy_cut_off_by_a_crash_is_made_again(path: Path, scripts: Scripts) -> None:
    sqlite.migrate(path, scripts(FIRST))
    (path.parent / "snapshots").mkdir()
    (path.parent / "snapshots" / "site-schema1.partial").write_bytes(b"half a file")
    sqlite.migrate(path, scripts(FIRST, SECOND))
    assert [file.name for file in (path.parent / "snapshots").iterdir()] == ["site-schema1.db"]


def test_a_newer_schema_is_refused_with_a_remedy_and_left_alone(path: Path, scripts: Scripts) -> None:
    sqlite.migrate(path, scripts(FIRST, SECOND))
    before = path.read_bytes()
    with pytest.raises(Misconfigured, match=r"schema 2, newer than .* knows \(1\): upgrade SDC.*snapshots"):
        sqlite.migrate(path, scripts(FIRST))
    assert path.read_bytes() == before


def test_a_step_that_commits_by_itself_is_refused(path: Path, scripts: Scripts) -> None:
    with pytest.raises(ValueError, match="must not end its transaction"):
        sqlite.migrate(path, scripts("CREATE TABLE a (id INTEGER) STRICT; COMMIT;"))


def test_a_step_that_breaks_a_reference_is_refused(path: Path, scripts: Scripts) -> None:
    first = f"{FIRST} CREATE TABLE links (note_id INTEGER NOT NULL REFERENCES notes (id)) STRICT;"
    with pytest.raises(sqlite.IntegrityError, match="a row of links refers to a row of notes"):
        sqlite.migrate(path, scripts(first, "INSERT INTO links VALUES (7);"))
    assert _ask(path, "SELECT count(*) FROM links") == 0


@pytest.mark.parametrize("ending", ["", "\n-- the end", ";;", "\n/* open */"])
def test_a_script_may_end_as_it_likes(path: Path, scripts: Scripts, ending: str) -> None:
    sqlite.migrate(path, scripts(FIRST.rstrip(";") + ending))
    assert _ask(path, "PRAGMA user_version") == 1


def test_a_gap_in_the_numbers_is_refused(path: Path, scripts: Scripts) -> None:
    folder = scripts(FIRST, SECOND)
    (folder / "0001_step.sql").unlink()
    with pytest.raises(ValueError, match="without a gap"):
        sqlite.migrate(path, folder)


def test_two_scripts_of_one_number_are_refused(path: Path, scripts: Scripts) -> None:
    folder = scripts(FIRST, SECOND)
    (folder / "0002_other.sql").write_text(SECOND)
    with pytest.raises(ValueError, match="each once"):
        sqlite.migrate(path, folder)


def test_other_files_beside_the_scripts_are_passed_over(path: Path, scripts: Scripts) -> None:
    folder = scripts(FIRST)
    (folder / "notes.txt").write_text("not a migration", encoding="utf-8")
    (folder / "0009_old.sql.orig").write_text("nonsense;", encoding="utf-8")
    assert sqlite.migrate(path, folder) == 1


def test_several_processes_at_once_migrate_once(path: Path, scripts: Scripts) -> None:
    sqlite.migrate(path, scripts(FIRST))
    counted = "CREATE TABLE runs (n INTEGER) STRICT; INSERT INTO runs VALUES (1);"
    folder = scripts(FIRST, counted, "INSERT INTO runs VALUES (2);")
    program = (
        "import sys; from pathlib import Path; from sdc_core import sqlite; sqlite.migrate(*map(Path, sys.argv[1:]))"
    )
    children = [subprocess.Popen([sys.executable, "-c", program, str(path), str(folder)]) for _ in range(4)]
    assert [child.wait(timeout=15) for child in children] == [0] * 4
    assert _ask(path, "SELECT group_concat(n) FROM runs") == "1,2"
    assert _ask(path, "PRAGMA user_version") == 3


def test_a_migration_of_another_process_is_waited_for_and_then_given_up(
    path: Path, scripts: Scripts, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = scripts(FIRST)
    monkeypatch.setattr(sqlite, "MIGRATION_LOCK_S", 0.1)
    path.parent.mkdir()
    with sqlite._migration_lock(path), pytest.raises(Unavailable, match="another process has been migrating"):
        sqlite.migrate(path, folder)
    assert sqlite.migrate(path, folder) == 1


def test_two_databases_of_one_folder_do_not_share_a_lock(path: Path, scripts: Scripts) -> None:
    path.parent.mkdir()
    folder = scripts(FIRST)
    with sqlite._migration_lock(path):
        assert sqlite.migrate(path.with_name("site.other"), folder) == 1
        assert sqlite.migrate(path.with_name("ttl.db"), folder) == 1


def test_a_file_that_is_no_database_is_not_touched(path: Path, scripts: Scripts) -> None:
    path.parent.mkdir()
    path.write_bytes(b"a letter to a friend, saved under the wrong name" * 100)
    before = path.read_bytes()
    with pytest.raises(sqlite.pysqlite3.DatabaseError):
        sqlite.migrate(path, scripts(FIRST))
    assert path.read_bytes() == before


async def test_opening_migrates_and_closing_holds_nothing_and_leaves_the_wal_to_whoever_is_next(
    path: Path, scripts: Scripts
) -> None:
    async with sqlite.open_database(path, scripts(FIRST), readers=1) as database, database.read() as connection:
        assert await sqlite.fetch_value(connection, "SELECT count(*) FROM notes") == 0

    def left() -> list[str]:
        return sorted(file.name for file in path.parent.iterdir())

    def close_as_the_last() -> None:
        with closing(sqlite.pysqlite3.connect(path)) as connection:
            connection.execute("SELECT count(*) FROM notes").fetchone()

    assert "site.db-wal" in await asyncio.to_thread(left)
    await asyncio.to_thread(close_as_the_last)
    assert await asyncio.to_thread(left) == ["site.db", "site.db-migrating"]


async def test_the_scripts_of_an_installed_package_can_be_read(path: Path) -> None:
    folder = files("sdc_web") / "migrations" / "site"
    async with sqlite.open_database(path, folder) as database, database.read() as connection:
        assert await sqlite.fetch_value(connection, "SELECT count(*) FROM generation") == 1
