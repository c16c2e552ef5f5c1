"""Of a moment that is not kept exactly, the last state before it comes back, and its own moment is told."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from sdc_cli import restore as command
from sdc_core import clock, keys
from sdc_core import settings as core_settings
from sdc_core.errors import Misconfigured
from sdc_core.objects import ObjectStore, local_endpoint
from sdc_core.process import find_program
from sdc_core.settings import Settings
from sdc_core.sqlite import execute, fetch_value
from sdc_worker.db import open_worker
from sdc_worker.drills import checks, replica
from sdc_worker.drills.replica import Name
from sdc_worker.mirror import child

from conftest import FreshBucket

MANY = 800
"""Files of an hour in which there is always something to copy."""
SQL_STREAM = "INSERT INTO log_streams (slot, day, at, changed_us) VALUES (:slot, '2026-11-24', 0, 1)"


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """A replica of three writes, of which the second is only to be had together with the third: as it is when files
    were merged. `asked` lies between the two.
    """

    settings: Settings
    first_us: int
    asked: datetime


@pytest.fixture
async def merged(tmp_path: Path, object_store: ObjectStore, fresh_bucket: FreshBucket) -> Merged:
    """Made by taking the second file away: Litestream then restores what comes before the gap."""
    endpoint = object_store.endpoint
    settings = Settings(
        DATA_DIR=tmp_path,
        S3_ENDPOINT_URL=endpoint.url,
        S3_ACCESS_KEY_ID=endpoint.access_key_id,
        S3_SECRET_ACCESS_KEY=endpoint.secret_access_key,
        S3_BACKUP_BUCKET=await fresh_bucket(),
    )
    write = writing(settings)
    await write("0")
    first = await files(settings)
    second_us = clock.now_us() // clock.SECOND_US
    while clock.now_us() // clock.SECOND_US == second_us:  # noqa: ASYNC110 - files are told apart by the second
        await asyncio.sleep(0.05)
    await write("1")
    await write("2")
    every = await files(settings)
    gone = sorted(each.max_txid for each in every)[len(first)]
    bucket = settings.S3_BACKUP_BUCKET
    async for info in object_store.list(bucket, keys.replica("worker")):
        if info.key.endswith(f"-{gone}.ltx"):
            await object_store.delete(bucket, info.key)
    return Merged(
        settings=settings,
        first_us=clock.from_datetime(min(each.timestamp for each in first)),
        asked=max(each.timestamp for each in every),
    )


def writing(settings: Settings) -> Callable[[str], Awaitable[None]]:
    """Writes a row and copies it."""

    async def write(slot: str) -> None:
        async with open_worker(settings.worker_db) as database, database.transaction() as connection:
            await execute(connection, SQL_STREAM, {"slot": slot})
        url, env = place(settings)
        program = await asyncio.to_thread(find_program, "litestream")
        ended = await child.run([program, "replicate", "-once", str(settings.worker_db), url], env, deadline_s=15)
        assert ended.code == 0, ended.errors

    return write


async def files(settings: Settings) -> list[replica.ReplicaFile]:
    url, env = place(settings)
    return await replica._files(url, env, "worker")


def place(settings: Settings) -> tuple[str, dict[str, str]]:
    endpoint = local_endpoint(settings)
    url = replica._url(endpoint, settings.S3_BACKUP_BUCKET, keys.replica("worker"))
    return url, replica._credentials(endpoint)


async def test_the_moment_that_came_back_is_told_and_it_is_foreseen(
    merged: Merged, object_store: ObjectStore, tmp_path: Path
) -> None:
    bucket, into, name = merged.settings.S3_BACKUP_BUCKET, tmp_path / "back.db", "worker"
    foreseen = await replica.state_us(object_store.endpoint, bucket, "", name, merged.asked)
    restored = await replica.restore_database(object_store.endpoint, bucket, "", name, into, at=merged.asked)
    async with checks.reading(into) as connection:
        rows = await fetch_value(connection, "SELECT group_concat(slot) FROM log_streams")
    assert (rows, restored.state_us, foreseen) == ("0", merged.first_us, merged.first_us)


async def test_a_replica_of_many_files_is_listed_to_its_first(merged: Merged, object_store: ObjectStore) -> None:
    bucket = merged.settings.S3_BACKUP_BUCKET
    kept = [info.key async for info in object_store.list(bucket, keys.replica("worker"))]
    known = await files(merged.settings)
    newest = max(each.max_txid for each in known)
    (model,) = [key for key in kept if key.endswith(f"-{newest}.ltx")]
    folder, body = model.rpartition("/")[0], await object_store.get(bucket, model, max_bytes=1024**2)
    last = int(newest, 16)
    async with asyncio.TaskGroup() as group:
        for number in range(last + 1, last + MANY + 1):
            key = f"{folder}/{number:016x}-{number:016x}.ltx"
            group.create_task(object_store.put(bucket, key, body, content_type="application/octet-stream"))
    listed = await files(merged.settings)
    assert len(listed) == len(known) + MANY


async def test_the_command_tells_it_in_words_and_as_json(
    merged: Merged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_settings, "load", lambda: merged.settings)
    databases: tuple[Name, ...] = ("worker",)
    monkeypatch.setattr(replica, "DATABASES", databases)

    def said(*more: str) -> str:
        arguments = ["--at", merged.asked.isoformat(), "--into", str(tmp_path / f"into{len(more)}"), *more]
        result = CliRunner().invoke(command.restore, arguments, catch_exceptions=False)
        return result.output

    words, told = await asyncio.to_thread(said), json.loads(await asyncio.to_thread(said, "--json"))
    assert f"the newest change in it is of {clock.to_datetime(merged.first_us):%F %T} UTC" in words
    assert told["restored"][0]["state_us"] == merged.first_us
    assert told["asked_us"] == clock.from_datetime(merged.asked)
    foreseen = await asyncio.to_thread(said, "--dry-run", "--from", "local")
    at = f"{clock.to_datetime(merged.first_us):%F %T}"
    assert foreseen.startswith(f"worker.db: the newest change would be of {at} UTC; the newest that is kept is of ")
    assert not (tmp_path / "into3").exists()


def test_the_folder_has_to_be_named_and_so_has_the_remote(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_settings, "load", Settings)
    with pytest.raises(Misconfigured, match="no monthly remote is set"):
        CliRunner().invoke(command.restore, ["--from", "monthly"], catch_exceptions=False)
