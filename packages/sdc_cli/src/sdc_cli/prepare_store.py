"""What must be in the object store before the parts run, and what may have to come back out of it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from sdc_core import objects
from sdc_core import settings as core_settings
from sdc_core.errors import NotFound, Unavailable
from sdc_core.process import find_program
from sdc_core.settings import Settings
from sdc_worker.drills import replica
from sdc_worker.drills.replica import Name
from sdc_worker.mirror import child, markers

from sdc_cli import first_run, store

STORE_S = 30.0
FSYNC_S = 20.0
LOOK_S = 0.05


async def make_ready(settings: Settings) -> None:
    """Wait until the store takes objects, with a marker in each bucket: a mirror touches no bucket without one.

    Raises Unavailable when it does not come about within `STORE_S`.
    """
    buckets = (settings.S3_MEDIA_BUCKET, settings.S3_BACKUP_BUCKET, settings.S3_ANALYTICS_BUCKET)
    async with objects.open_store(objects.local_endpoint(settings)) as client:
        try:
            async with asyncio.timeout(STORE_S), asyncio.TaskGroup() as group:
                for bucket in buckets:
                    group.create_task(_ready_bucket(client, bucket))
        except TimeoutError:
            reason = await client.ping(settings.S3_BACKUP_BUCKET) or "it takes no objects"
            message = f"the object store at {settings.S3_ENDPOINT_URL} is not ready after {STORE_S:.0f} s: {reason}"
            raise Unavailable(message) from None
    if first_run.is_embedded(settings):
        # Also a store whose buckets are there: the start that made them may have ended before it came to this.
        await _sync_to_disk(settings)
    await asyncio.to_thread(store.mark_prepared, settings)


def files(settings: Settings) -> dict[Name, Path]:
    """The replicated databases."""
    return {"site": settings.site_db, "worker": settings.worker_db}


async def restore(settings: Settings, database: Name) -> bool:
    """Bring a missing database back from its replica, since a new one would be written over it; False without one."""
    path = files(settings)[database]
    for suffix in ("-wal", "-shm"):
        # SQLite would play it into the restored file, and damage that.
        await asyncio.to_thread(_set_aside, path.with_name(f"{path.name}{suffix}"))
    environment = child.clean_environment(settings)
    endpoint = objects.local_endpoint(settings)
    try:
        await replica.restore_database(endpoint, settings.S3_BACKUP_BUCKET, "", database, path, env=environment)
    except NotFound:
        return False
    return True


def _set_aside(file: Path) -> None:
    if file.exists():
        file.replace(file.with_name(f"{file.name}.orphan"))


async def _ready_bucket(client: objects.ObjectStore, bucket: str) -> None:
    while True:
        try:
            return await markers.ensure(client, bucket)
        except Unavailable:
            await asyncio.sleep(LOOK_S)


async def _sync_to_disk(settings: Settings) -> None:
    """Have the embedded store keep acknowledged uploads through a power failure."""
    command = store.fsync_command(settings, find_program("weed"))
    environment = core_settings.environment(settings) | store.environment(settings)
    code, said = await _run(command, environment, store.FSYNC, FSYNC_S)
    if code or '"fsync":  true' not in said:
        message = f"the object store cannot be told to sync to disk: {said.strip()[-200:]}"
        raise Unavailable(message)


async def _run(
    command: Sequence[str], environment: dict[str, str], standard_input: bytes, timeout_s: float
) -> tuple[int, str]:
    """The exit code of a child and what it said."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment,
    )
    try:
        async with asyncio.timeout(timeout_s):
            said, _ = await process.communicate(standard_input)
    except TimeoutError:
        return -1, f"no end after {timeout_s:.0f} s"
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode or 0, said.decode(errors="replace")
