import asyncio
import hashlib
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import aiosqlite
import msgspec
import pytest
from pydantic import SecretStr
from sdc_core import clock, keys
from sdc_core.answers.jobs import Run
from sdc_core.errors import Conflict, Misconfigured, NotFound, Unavailable
from sdc_core.objects import ObjectStore
from sdc_core.process import find_program
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.sqlite import Database, execute, fetch_value, open_database
from sdc_core.webhooks import Keyring, new_secret
from sdc_worker import app
from sdc_worker.cron import store as runs
from sdc_worker.cron.jobs import JobContext, Skipped
from sdc_worker.db import open_worker
from sdc_worker.drills import checks, rehearsal, replica, restore
from sdc_worker.drills.replica import Name, RestoreFailed
from sdc_worker.drills.samples import DrillFailed, Source
from sdc_worker.images.pool import Pool
from sdc_worker.mirror import child, daily, markers, plan, rclone
from sdc_worker.mirror.target import Target

from conftest import FreshBucket
from loopback import serving

SQL_ASSET = """
INSERT INTO media_assets (id, sha256, file_name, content_type, size_bytes, alt, state, uploaded_at_us)
VALUES (:id, :sha256, 'photo.jpg', 'image/jpeg', 5, 'a photo', 'pending', :now_us)
"""
SQL_STREAM = """
INSERT INTO log_streams (slot, day, at, changed_us) VALUES (:slot, '2026-11-24', 0, :now_us)
"""


class Home(msgspec.Struct, frozen=True, kw_only=True):
    """A site with both databases, one upload, and its backup bucket."""

    settings: Settings
    store: ObjectStore
    site: Database
    worker: Database

    @property
    def source(self) -> Source:
        """The backup beside the site."""
        return restore.local(self.settings, self.store)

    async def replicate(self, *databases: Name) -> None:
        """Copy the databases once, as the running Litestream does all the time."""
        async with asyncio.TaskGroup() as group:
            for name in databases or replica.DATABASES:
                group.create_task(self._replicate(name))

    async def snapshot(self, name: Name) -> None:
        """Have the whole database in one file of its replica."""
        await self._replicate(name, "-force-snapshot")

    async def _replicate(self, name: Name, *how: str) -> None:
        url = replica._url(self.store.endpoint, self.settings.S3_BACKUP_BUCKET, keys.replica(name))
        path = self.settings.site_db if name == "site" else self.settings.worker_db
        command = [await asyncio.to_thread(find_program, "litestream"), "replicate", "-once", *how, str(path), url]
        ended = await child.run(command, replica._credentials(self.store.endpoint), deadline_s=15)
        assert ended.code == 0, ended.errors

    async def upload(self, original: bytes) -> str:
        """An upload, in the store and in the database."""
        asset_id = clock.new_id()
        key = keys.original(asset_id)
        await self.store.put(self.settings.S3_MEDIA_BUCKET, key, original, content_type="image/jpeg")
        async with self.site.transaction() as connection:
            sha256 = hashlib.sha256(original).hexdigest()
            await execute(connection, SQL_ASSET, {"id": asset_id, "sha256": sha256, "now_us": clock.now_us()})
        return asset_id

    async def log_stream(self, slot: str) -> None:
        """A row in the worker's database."""
        async with self.worker.transaction() as connection:
            await execute(connection, SQL_STREAM, {"slot": slot, "now_us": clock.now_us()})


def drilled(home: Home, web: ServiceClient, ping_url: str, **more: object) -> JobContext:
    """What the action of the job is given."""
    run = Run(
        id="run_1", job="drill.restore", trigger="manual", attempt=1, due_us=1, started_us=1, ended_us=None,
        outcome="running", output="",
    )  # fmt: skip
    settings = home.settings.model_copy(update={"PING_URL": ping_url, **more})
    return app.assemble(settings, Keyring([new_secret()]), home.worker, home.store, web, Pool(1)).context(run)


@pytest.fixture
async def unreplicated(tmp_path: Path, object_store: ObjectStore, fresh_bucket: FreshBucket) -> AsyncGenerator[Home]:
    """A new site, without any replica."""
    settings = Settings(DATA_DIR=tmp_path, S3_BACKUP_BUCKET=await fresh_bucket(), S3_MEDIA_BUCKET=await fresh_bucket())
    async with (
        open_database(settings.site_db, files("sdc_web") / "migrations" / "site") as site,
        open_worker(settings.worker_db) as worker,
    ):
        yield Home(settings=settings, store=object_store, site=site, worker=worker)


@pytest.fixture
async def home(unreplicated: Home) -> Home:
    """The same with a row in each database, replicated once."""
    await unreplicated.upload(b"bytes")
    await unreplicated.log_stream("0")
    await unreplicated.replicate()
    return unreplicated


@pytest.fixture
async def mirrored(home: Home, fresh_bucket: FreshBucket) -> Source:
    """The daily mirror of that site."""
    settings = home.settings.model_copy(update={"REMOTE_DAILY_BUCKET": await fresh_bucket()})
    ends = rclone.remotes(home.store.endpoint, home.store.endpoint, child.clean_environment(settings))
    target = Target(store=home.store, bucket=settings.REMOTE_DAILY_BUCKET, remotes=ends)
    await daily.run(home.store, [settings.S3_BACKUP_BUCKET, settings.S3_MEDIA_BUCKET], target)
    return restore.remote(settings, home.store)


async def test_a_drill_restores_both_databases_with_the_row_just_written(home: Home) -> None:
    await home.log_stream("1")
    await home.replicate("worker")
    report = await restore.run(home.settings, home.source)
    assert [each.name for each in report.databases] == ["site", "worker"]
    assert (report.databases[1].rows["log_streams"], report.originals_checked) == (2, 1)


async def test_a_good_drill_fetches_the_ping_address_and_says_so(home: Home, web: ServiceClient) -> None:
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK")
        await writer.drain()
        writer.close()

    async with serving(answer) as url:
        heard = await restore.restore(drilled(home, web, f"{url}/ping/me"))
    unheard = await restore.restore(drilled(home, web, f"{url}/ping/me"))
    assert asked == [b"GET /ping/me HTTP/1.1\r\n"]
    assert str(heard).endswith("SDC_PING_URL was fetched")
    assert str(unheard).endswith("SDC_PING_URL was not fetched: nothing answers at its address")


async def test_a_failed_drill_fetches_no_ping_address(unreplicated: Home, web: ServiceClient) -> None:
    asked = asyncio.Event()

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        writer.close()

    async with serving(answer) as url:
        with pytest.raises(NotFound):
            await restore.restore(drilled(unreplicated, web, url))
    assert not asked.is_set()


async def test_a_drill_names_a_remote_bucket_that_is_missing(home: Home, web: ServiceClient) -> None:
    endpoint = home.store.endpoint
    remote = {
        "REMOTE_DAILY_ENDPOINT_URL": endpoint.url,
        "REMOTE_DAILY_ACCESS_KEY_ID": endpoint.access_key_id,
        "REMOTE_DAILY_SECRET_ACCESS_KEY": SecretStr(endpoint.secret_access_key),
        "REMOTE_DAILY_BUCKET": "never-made",
    }
    with pytest.raises(Misconfigured, match="no bucket never-made: create it, or set SDC_REMOTE_DAILY_BUCKET"):
        await restore.restore(drilled(home, web, "", **remote))


async def test_a_drill_leaves_nothing_behind(home: Home) -> None:
    before = {path.name for path in home.settings.DATA_DIR.iterdir()}
    await asyncio.to_thread((home.settings.DATA_DIR / "drill-killed").mkdir)
    await restore.run(home.settings, home.source)
    assert {path.name for path in home.settings.DATA_DIR.iterdir()} <= before


async def test_drills_at_the_same_time_leave_each_other_alone(home: Home) -> None:
    async with restore.restored(home.settings, home.source, restore.SCRATCH) as (folder, _):
        await restore.run(home.settings, home.source)
        assert (folder / "site.db").exists()


@pytest.mark.parametrize("kind", ["local", "remote"])
@pytest.mark.parametrize("database", replica.DATABASES)
async def test_one_flipped_byte_of_a_replica_fails_the_drill(
    home: Home, mirrored: Source, kind: str, database: Name
) -> None:
    source = mirrored if kind == "remote" else home.source
    bucket, prefix = source.replicas_bucket, source.replicas + keys.replica(database)
    (key,) = [info.key async for info in home.store.list(bucket, prefix)]
    whole = await home.store.get(bucket, key, max_bytes=1 << 24)
    for part in (0.01, 0.5, 0.99):
        flipped = bytearray(whole)
        flipped[int(len(whole) * part)] ^= 1
        await home.store.put(bucket, key, bytes(flipped), content_type="application/octet-stream")
        with pytest.raises(RestoreFailed, match=f"the replica of {database}"):
            await restore.run(home.settings, source)


async def test_a_replica_that_stopped_long_ago_fails_the_drill(home: Home) -> None:
    with clock.frozen(clock.now_us() + restore.MAX_AGE_US["local"] + clock.SECOND_US):
        await home.log_stream("1")
        with pytest.raises(DrillFailed, match="the local backup has stopped"):
            await restore.run(home.settings, home.source)


async def test_rows_that_the_backup_should_have_and_lacks_fail_the_drill(home: Home) -> None:
    with clock.frozen(clock.now_us() - 365 * clock.DAY_US):
        ids = [clock.new_id() for _ in range(9)]
        async with home.site.transaction() as connection:
            for each in ids:
                await execute(connection, SQL_ASSET, {"id": each, "sha256": each, "now_us": clock.now_us()})
    with pytest.raises(
        DrillFailed, match=r"table media_assets of the restored site\.db lacks 9 of 9 rows that the live"
    ):
        await restore.run(home.settings, home.source)


async def test_an_original_that_differs_fails_the_drill(home: Home) -> None:
    async for info in home.store.list(home.settings.S3_MEDIA_BUCKET, keys.ORIGINALS):
        await home.store.put(home.settings.S3_MEDIA_BUCKET, info.key, b"other", content_type="image/jpeg")
    with pytest.raises(DrillFailed, match="differs from what was uploaded"):
        await restore.run(home.settings, home.source)


async def test_an_original_that_is_missing_fails_the_drill(home: Home) -> None:
    async for info in home.store.list(home.settings.S3_MEDIA_BUCKET, keys.ORIGINALS):
        await home.store.delete(home.settings.S3_MEDIA_BUCKET, info.key)
    with pytest.raises(DrillFailed, match="lacks the original"):
        await restore.run(home.settings, home.source)


async def test_an_upload_deleted_since_the_backup_is_no_fault(home: Home) -> None:
    async with home.site.transaction() as connection:
        await execute(connection, "DELETE FROM media_assets")
    assert (await restore.run(home.settings, home.source)).originals_checked == 0


async def test_a_drill_waits_for_a_mirror_that_is_being_written(home: Home, web: ServiceClient) -> None:
    remote = {"REMOTE_DAILY_ENDPOINT_URL": "http://127.0.0.1:9", "REMOTE_DAILY_BUCKET": "daily"}
    context = drilled(home, web, "", **remote)
    async with home.worker.transaction() as connection:
        await runs.insert_run(connection, msgspec.structs.replace(context.run, job="mirror.daily"))
    asked_for = msgspec.structs.replace(context, run=msgspec.structs.replace(context.run, trigger="manual"))
    scheduled = msgspec.structs.replace(context, run=msgspec.structs.replace(context.run, trigger="schedule"))
    for action in (restore.restore, rehearsal.rehearse):
        assert await action(asked_for) == Skipped(words=restore.BEING_WRITTEN)
        with pytest.raises(Unavailable, match="is being written"):
            await action(scheduled)
        last = msgspec.structs.replace(scheduled.run, attempt=restore.RETRIES + 1)
        assert await action(msgspec.structs.replace(scheduled, run=last)) == Skipped(words=restore.BEING_WRITTEN)


async def test_a_row_that_refers_to_nothing_is_found(unreplicated: Home) -> None:
    async with checks.reading(unreplicated.settings.site_db) as connection:
        assert await checks.faults(connection) == []
    async with unreplicated.site.transaction() as connection:
        await execute(connection, "PRAGMA defer_foreign_keys = ON")
        await execute(connection, "INSERT INTO redirects (path, post_id, created_at_us) VALUES ('/old', 'gone', 1)")
        assert await checks.faults(connection) == ["redirects row 1 refers to a missing row of posts"]
        await execute(connection, "DELETE FROM redirects")


async def test_the_mirror_restores_as_well_as_the_bucket_it_copies(home: Home, mirrored: Source) -> None:
    report = await restore.run(home.settings, mirrored)
    assert (report.source, report.originals_checked) == ("remote", 1)


@pytest.mark.parametrize("snapshot", [False, True])
async def test_a_mirror_interrupted_anywhere_restores_to_an_earlier_state(
    home: Home, fresh_bucket: FreshBucket, tmp_path: Path, *, snapshot: bool
) -> None:
    for slot in ("1", "2"):
        await home.log_stream(slot)
        await home.replicate("worker")
    if snapshot:
        await home.snapshot("worker")
    for slot in ("3", "4"):
        await home.log_stream(slot)
        await home.replicate("worker")
    source, remote = home.settings.S3_BACKUP_BUCKET, await fresh_bucket()
    planned = plan.make(await markers.listing(home.store, source, ""), {})
    rows = []
    groups = plan.in_order(planned)
    assert any(group.in_turn for group in groups)
    ordered = [group.keys if group.in_turn else group.keys[::-1] for group in groups]
    for key in (key for keys_ in ordered for key in keys_ if "worker" in key):
        body = await home.store.get(source, key, max_bytes=1 << 24)
        await home.store.put(remote, key, body, content_type="application/octet-stream")
        into = tmp_path / f"after-{len(rows)}.db"
        await replica.restore_database(home.store.endpoint, remote, "", "worker", into)
        async with checks.reading(into) as connection:
            rows.append((await checks.contents(connection)).tables["log_streams"].rows)
    assert (rows[0], rows[-1]) == (3 if snapshot else 1, 5)
    assert rows == sorted(rows)


async def test_a_restore_after_the_newest_state_gives_the_newest(home: Home, tmp_path: Path) -> None:
    into = tmp_path / "restored.db"
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    await replica.restore_database(home.store.endpoint, home.settings.S3_BACKUP_BUCKET, "", "worker", into, at=tomorrow)
    async with checks.reading(into) as connection:
        assert await fetch_value(connection, "SELECT count(*) FROM log_streams") == 1


async def test_a_restore_before_the_oldest_state_is_refused_in_words(home: Home, tmp_path: Path) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    with pytest.raises(NotFound, match="begins later than 2020"):
        await replica.restore_database(
            home.store.endpoint, home.settings.S3_BACKUP_BUCKET, "", "site", tmp_path / "old.db", at=long_ago
        )


async def test_a_restore_writes_over_nothing(home: Home) -> None:
    with pytest.raises(Conflict, match="exists already"):
        await replica.restore_database(
            home.store.endpoint, home.settings.S3_BACKUP_BUCKET, "", "site", home.settings.site_db
        )


async def test_a_bucket_without_a_replica_says_so(home: Home, fresh_bucket: FreshBucket, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no replica of site"):
        await replica.restore_database(home.store.endpoint, await fresh_bucket(), "", "site", tmp_path / "none.db")


async def test_without_litestream_replication_says_so(unreplicated: Home) -> None:
    told = await replica.replication(unreplicated.settings)
    assert (told.running, told.reason) == (False, "not running under Litestream: nothing is replicated")


async def test_a_running_litestream_tells_how_far_it_is(unreplicated: Home) -> None:
    data_dir = unreplicated.settings.DATA_DIR
    (data_dir / "run").mkdir()
    settings = unreplicated.settings
    env = replica._credentials(unreplicated.store.endpoint) | {
        "LITESTREAM_METRICS_ADDR": "",
        "LITESTREAM_DATA_DIR": str(data_dir),
        "LITESTREAM_ENDPOINT_URL": unreplicated.store.endpoint.url,
        "LITESTREAM_REGION": "us-east-1",
        "LITESTREAM_BUCKET": settings.S3_BACKUP_BUCKET,
        "LITESTREAM_SYNC_INTERVAL": "200ms",
    }
    config = Path(__file__).parents[2] / "infra" / "litestream" / "litestream.yml"
    litestream = await asyncio.to_thread(find_program, "litestream")
    command = [litestream, "replicate", "-config", str(config), "-exec", "tail -f /dev/null"]
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        running = group.create_task(child.run(command, env | {"PATH": "/usr/bin:/bin"}, deadline_s=15))
        while not (told := await replica.replication(settings)).databases or told.reason:  # noqa: ASYNC110 - it tells only when asked
            await asyncio.sleep(0.05)
        with clock.frozen(clock.now_us() + replica.STALE_US + 5 * clock.SECOND_US):
            behind = await replica.replication(settings)
        running.cancel()
    assert [(each.name, each.ok) for each in told.databases] == [("site", True), ("worker", True)]
    assert all(clock.now_us() - (each.synced_us or 0) < 60 * clock.SECOND_US for each in told.databases)
    assert behind.reason == "site and worker: not copied for more than 60 s"


async def test_uploads_are_sampled_by_the_file_they_have_now(home: Home) -> None:
    asset_id = await home.upload(b"photo")
    async with home.site.transaction() as connection:
        await execute(connection, "UPDATE media_assets SET file_id = 'new' WHERE id = :id", {"id": asset_id})
    async with checks.reading(home.settings.site_db) as connection:
        sampled = {each.id for each in await checks.sample(connection, 5)}
        assert "new" in sampled
        assert asset_id not in sampled
        assert await checks.knows(connection, "new")


async def test_a_copy_of_before_files_were_replaced_can_be_sampled(tmp_path: Path) -> None:
    old = tmp_path / "site.db"
    async with aiosqlite.connect(old) as made:
        await made.execute("CREATE TABLE media_assets (id TEXT PRIMARY KEY, sha256 TEXT NOT NULL)")
        await made.execute("INSERT INTO media_assets (id, sha256) VALUES ('first', 'ab')")
        await made.commit()
    async with checks.reading(old) as connection:
        assert [each.id for each in await checks.sample(connection, 5)] == ["first"]
