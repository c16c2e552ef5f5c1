"""A disk with no room left, as the operating system and SQLite tell of it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from sdc_core import disk, sqlite
from sdc_core.errors import Unavailable
from sdc_core.sqlite import Database

FULL = Path("/dev/full")
ADD = "INSERT INTO notes (text) VALUES (:text)"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncGenerator[Database]:
    migrations = tmp_path / "migrations"
    migrations.mkdir()
    (migrations / "0001_first.sql").write_text("CREATE TABLE notes (text TEXT NOT NULL) STRICT;", encoding="utf-8")
    async with sqlite.open_database(tmp_path / "notes.db", migrations) as opened:
        yield opened


async def _limit(database: Database, pages: int) -> None:
    async with database.transaction() as connection:
        await sqlite.fetch_value(connection, f"PRAGMA max_page_count = {pages}")


async def _add(database: Database, length: int) -> None:
    async with database.transaction() as connection:
        await sqlite.execute(connection, ADD, {"text": "x" * length})


async def test_what_a_full_disk_refuses_is_told_in_words_and_goes_once_there_is_room(database: Database) -> None:
    await _limit(database, 8)
    with pytest.raises(Unavailable, match="the disk of the site is full, and nothing was saved"):
        await _add(database, 1_000_000)
    async with database.read() as connection:
        assert await sqlite.fetch_value(connection, "SELECT count(*) FROM notes") == 0
    await _limit(database, 1_000)
    await _add(database, 1_000_000)
    async with database.read() as connection:
        assert await sqlite.fetch_value(connection, "SELECT count(*) FROM notes") == 1


def test_only_a_refusal_for_want_of_room_is_a_full_disk() -> None:
    with FULL.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left") as refused:
        file.write(b"x")
    assert disk.is_full(refused.value)
    assert not disk.is_full(PermissionError())
    assert not disk.is_full(RuntimeError())


def test_folders_with_room_are_no_trouble_and_the_ones_without_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert disk.trouble({"the data folder": tmp_path}) == ""
    monkeypatch.setattr(disk, "LEAST_BYTES", 1 << 62)
    told = disk.trouble({"the data folder": tmp_path})
    assert told.startswith("the data folder has ")
    assert "/" not in told
