"""Going back to an older file on a bad day: what Litestream remembers of the newer one must not spoil the replica."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sdc_core import clock, keys
from sdc_core.objects import ObjectStore
from sdc_core.process import find_program
from sdc_core.sqlite import execute, fetch_value
from sdc_worker.db import open_worker
from sdc_worker.drills import checks, replica
from sdc_worker.mirror import child

from conftest import FreshBucket

SQL_STREAM = "INSERT INTO log_streams (slot, day, at, changed_us) VALUES (:slot, '2026-11-24', 0, :now_us)"
Live = Callable[[str], Awaitable[None]]


@pytest.fixture
async def bucket(fresh_bucket: FreshBucket) -> str:
    """Where the replica is."""
    return await fresh_bucket()


@pytest.fixture
def live(tmp_path: Path, object_store: ObjectStore, bucket: str) -> Live:
    """Writes one row into the database and copies it, as one life of the site."""
    path = tmp_path / "live" / "worker.db"
    path.parent.mkdir()

    async def live_once(slot: str) -> None:
        async with open_worker(path) as database, database.transaction() as connection:
            await execute(connection, SQL_STREAM, {"slot": slot, "now_us": clock.now_us()})
        url = replica._url(object_store.endpoint, bucket, keys.replica("worker"))
        command = [await asyncio.to_thread(find_program, "litestream"), "replicate", "-once", str(path), url]
        ended = await child.run(command, replica._credentials(object_store.endpoint), deadline_s=15)
        assert ended.code == 0, ended.errors

    return live_once


async def restored(store: ObjectStore, bucket: str, into: Path) -> object:
    await replica.restore_database(store.endpoint, bucket, "", "worker", into)
    async with checks.reading(into) as connection:
        return await fetch_value(connection, "SELECT group_concat(slot) FROM log_streams")


@pytest.mark.parametrize("kept", ["older", "newer", "none"])
async def test_an_older_file_is_replicated_as_it_goes_on_whatever_litestream_remembers(
    live: Live, object_store: ObjectStore, bucket: str, tmp_path: Path, kept: str
) -> None:
    await live("0")
    await asyncio.to_thread(shutil.copytree, tmp_path / "live", tmp_path / "older")
    for slot in "123":
        await live(slot)
    await asyncio.to_thread(put_back, tmp_path, kept)
    await live("4")
    assert await restored(object_store, bucket, tmp_path / "back.db") == "0,4"


def put_back(folder: Path, kept: str) -> None:
    """The older file in the place of the newer one, with the hidden folder of either, or with none."""
    memory = ".worker.db-litestream"
    (folder / "live").rename(folder / "newer")
    shutil.copytree(folder / "older", folder / "live")
    shutil.rmtree(folder / "live" / memory)
    if kept != "none":
        shutil.copytree(folder / kept / memory, folder / "live" / memory)
