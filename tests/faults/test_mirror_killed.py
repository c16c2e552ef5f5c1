"""A mirror is killed with the worker that makes it, in the middle of copying, and the next run goes on where it was."""

import asyncio
import os
import secrets
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import pytest
from sdc_core import clock, keys, service_client
from sdc_core.answers.jobs import JobRuns, Run
from sdc_core.objects import ObjectStore
from sdc_core.process import find_program
from sdc_core.service_client import ServiceClient
from sdc_core.sqlite import execute, fetch_value
from sdc_core.webhooks import Keyring, new_secret
from sdc_worker.db import open_worker
from sdc_worker.drills import checks, replica
from sdc_worker.mirror import child, markers
from sdc_worker.mirror.daily import CURRENT

from conftest import FreshBucket
from sdc_up import free_ports

pytestmark = pytest.mark.timeout(240)

KIB = 1024
PICTURES = 40
WRITES = 6
LIMIT_KIB_PER_S = 192
SECRET = new_secret()
SQL_STREAM = "INSERT INTO log_streams (slot, day, at, changed_us) VALUES (:slot, '2026-11-24', 0, 1)"
SQL_LARGE = "INSERT INTO log_rejects (slot, day, at, reason) VALUES (:slot, '2026-11-24', 0, :reason)"


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """The buckets of a site, and an empty one for its mirror, which the store has by another name: nothing is copied
    by the store itself.
    """

    store: ObjectStore
    folder: Path
    replicas: str
    pictures: str
    days: str
    remote: str
    port: int

    def environment(self, limit_kib_per_s: int) -> dict[str, str]:
        """Of its worker."""
        endpoint = self.store.endpoint
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SDC_")}
        return inherited | {
            "SDC_DATA_DIR": str(self.folder),
            "SDC_WORKER_PORT": str(self.port),
            "SDC_WEB_URL": "http://127.0.0.1:9",
            "SDC_WEBHOOK_SECRETS": SECRET,
            "SDC_IMAGE_PROCESSES": "1",
            "SDC_S3_ENDPOINT_URL": endpoint.url,
            "SDC_S3_ACCESS_KEY_ID": endpoint.access_key_id,
            "SDC_S3_SECRET_ACCESS_KEY": endpoint.secret_access_key,
            "SDC_S3_BACKUP_BUCKET": self.replicas,
            "SDC_S3_MEDIA_BUCKET": self.pictures,
            "SDC_S3_ANALYTICS_BUCKET": self.days,
            "SDC_REMOTE_DAILY_ENDPOINT_URL": endpoint.url.replace("127.0.0.1", "localhost"),
            "SDC_REMOTE_DAILY_ACCESS_KEY_ID": endpoint.access_key_id,
            "SDC_REMOTE_DAILY_SECRET_ACCESS_KEY": endpoint.secret_access_key,
            "SDC_REMOTE_DAILY_BUCKET": self.remote,
            "SDC_MIRROR_KIB_PER_S": str(limit_kib_per_s),
        }

    async def mirrored(self, bucket: str) -> dict[str, str]:
        """What the mirror has of a bucket: the ETag of each key."""
        listed = await markers.listing(self.store, self.remote, f"{CURRENT}{bucket}/")
        return {key: info.etag for key, info in listed.items()}


@pytest.fixture
async def site(tmp_path: Path, object_store: ObjectStore, fresh_bucket: FreshBucket) -> Site:
    """With a replica that grew write by write, and pictures."""
    made = Site(
        store=object_store,
        folder=tmp_path,
        replicas=await fresh_bucket(),
        pictures=await fresh_bucket(),
        days=await fresh_bucket(),
        remote=await fresh_bucket(),
        port=free_ports(),
    )
    for bucket in (made.replicas, made.pictures, made.days):
        await markers.ensure(object_store, bucket)
    for number in range(WRITES):
        await write(made, number)
    for number in range(PICTURES):
        body = secrets.token_bytes(64 * KIB)
        await object_store.put(made.pictures, keys.original(f"{number:03}"), body, content_type="image/jpeg")
    return made


async def write(site: Site, number: int) -> None:
    """One more row, and what makes its file of the replica a large one; copied at once."""
    path = site.folder / "replicated" / "worker.db"
    await asyncio.to_thread(path.parent.mkdir, exist_ok=True)
    async with open_worker(path) as database, database.transaction() as connection:
        await execute(connection, SQL_STREAM, {"slot": str(number)})
        await execute(connection, SQL_LARGE, {"slot": str(number), "reason": secrets.token_hex(64 * KIB)})
    url = replica._url(site.store.endpoint, site.replicas, keys.replica("worker"))
    command = [await asyncio.to_thread(find_program, "litestream"), "replicate", "-once", str(path), url]
    ended = await child.run(command, replica._credentials(site.store.endpoint), deadline_s=30)
    assert ended.code == 0, ended.errors


@asynccontextmanager
async def working(site: Site, limit_kib_per_s: int = 0) -> AsyncGenerator[tuple[Process, ServiceClient]]:
    """A worker that answers, killed at the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sdc_worker"),
        env=site.environment(limit_kib_per_s),
        cwd=site.folder,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    try:
        async with service_client.connect(f"http://127.0.0.1:{site.port}", Keyring([SECRET])) as client:
            await until(lambda: _answers(client))
            yield process, client
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _answers(client: ServiceClient) -> bool:
    return not await client.reachable()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Look until it holds: other processes tell nobody."""
    async with asyncio.timeout(90):
        while not await holds():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)


async def killed_once(site: Site, bucket: str, count: int) -> None:
    """A run is killed once so many objects of a bucket are in the mirror; rclone is gone with it."""

    async def so_far() -> bool:
        return len(await site.mirrored(bucket)) >= count

    async with working(site, LIMIT_KIB_PER_S) as (process, client):
        started = await client.send("POST", "/jobs/mirror.daily/runs")
        assert started.status == 202, started.body
        await until(so_far)
        process.send_signal(signal.SIGKILL)
        await process.wait()
    await until(lambda: asyncio.to_thread(_none_copies, site.remote))


def _none_copies(remote: str) -> bool:
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if remote.encode() in command.read_bytes():
                return False
    return True


async def restored(site: Site) -> int:
    """How many writes the replica in the mirror gives back."""
    into = site.folder / f"{clock.new_id()}.db"
    await replica.restore_database(site.store.endpoint, site.remote, f"{CURRENT}{site.replicas}/", "worker", into)
    async with checks.reading(into) as connection:
        assert await checks.faults(connection) == []
        found = await fetch_value(connection, "SELECT count(*) FROM log_streams")
    assert isinstance(found, int)
    return found


async def test_a_mirror_that_is_killed_restores_to_an_earlier_state_and_is_gone_on_with(site: Site) -> None:
    await killed_once(site, site.replicas, 3)
    early = await restored(site)
    assert 1 <= early <= WRITES
    await killed_once(site, site.pictures, 5)
    half = await site.mirrored(site.pictures)
    assert 5 <= len(half) < PICTURES
    assert await restored(site) == WRITES
    async with working(site) as (_, client):
        runs: list[Run] = []

        async def ended() -> bool:
            answer = await client.send("GET", "/jobs/mirror.daily/runs")
            runs[:] = msgspec.json.decode(answer.body, type=JobRuns).runs
            return all(each.ended_us is not None for each in runs)

        await until(ended)
    # Both runs that were cut off have gone on, and what was there already was not copied again.
    assert [each.outcome for each in runs] == ["ok", "ok"], runs
    assert sum(int(each.output.partition(" ")[0]) for each in runs) <= PICTURES - len(half) + 2
    for bucket in (site.replicas, site.pictures, site.days):
        listed = await markers.listing(site.store, bucket)
        assert await site.mirrored(bucket) == {key: info.etag for key, info in listed.items()}
