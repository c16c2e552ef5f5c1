"""Litestream goes on where it was, whoever opened the database while it was away: a start copies nothing twice."""

import asyncio
import os
import subprocess
from collections.abc import Generator
from contextlib import closing, contextmanager
from importlib import resources
from pathlib import Path

import pytest
from sdc_core.process import find_program
from sdc_core.sqlite import connect_to_read, execute, migrate, open_database

from living_site import eventually

MIGRATIONS = resources.files("sdc_web") / "migrations" / "site"
LARGE = 2_000_000
CONFIGURATION = """
dbs:
  - path: {home}/site.db
    monitor-interval: 50ms
    replica: {{type: file, path: {home}/replica, sync-interval: 50ms}}
"""


def write(path: Path, size_bytes: int = 1_000) -> None:
    """A change of somebody who opens the file, and closes it again."""

    async def change() -> None:
        async with open_database(path, MIGRATIONS) as database, database.transaction() as connection:
            await execute(connection, "CREATE TABLE IF NOT EXISTS filler (bytes BLOB) STRICT")
            await execute(connection, "INSERT INTO filler VALUES (:bytes)", {"bytes": os.urandom(size_bytes)})

    asyncio.run(change())


def copied(home: Path) -> list[int]:
    """The sizes of what Litestream has written, as it came."""
    return [each.stat().st_size for each in home.glob("replica/ltx/0/*")]


@contextmanager
def replicating(home: Path) -> Generator[None]:
    """Litestream runs for the block, and has copied something more at its end."""
    before = len(copied(home))
    configuration = home / "litestream.yml"
    configuration.write_text(CONFIGURATION.format(home=home))
    command = [find_program("litestream"), "replicate", "-config", str(configuration)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
            eventually(lambda: len(copied(home)) > before)
        finally:
            process.terminate()
            process.wait(10)


@pytest.mark.parametrize("written", [True, False])
def test_a_file_that_was_opened_meanwhile_is_not_copied_whole_again(tmp_path: Path, *, written: bool) -> None:
    path = tmp_path / "site.db"
    write(path, LARGE)
    with replicating(tmp_path):
        write(path)
    for _ in range(2):
        if written:
            write(path)
        migrate(path, MIGRATIONS)
        with replicating(tmp_path):
            write(path)
    assert len([size for size in copied(tmp_path) if size > LARGE]) == 1


def test_what_was_written_while_it_was_away_is_in_the_replica(tmp_path: Path) -> None:
    path = tmp_path / "site.db"
    write(path)
    with replicating(tmp_path):
        write(path)
    for _ in range(3):
        write(path)
    with replicating(tmp_path):
        write(path)
    restored = tmp_path / "restored.db"
    command = [find_program("litestream"), "restore", "-o", str(restored), f"file://{tmp_path}/replica"]
    subprocess.run(command, check=True, capture_output=True)
    with closing(connect_to_read(restored)) as connection:
        (rows,) = connection.execute("SELECT count(*) FROM filler").fetchone()
        (sound,) = connection.execute("PRAGMA integrity_check").fetchone()
    assert (rows, sound) == (6, "ok")
