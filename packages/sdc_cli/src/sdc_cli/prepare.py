"""What must be there before the parts run: the buckets, both databases, the first author's link.

A child of `sdc up`, which stays small. It prints one JSON object a line: `{"event", "seconds", "text"}`.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import click
import msgspec
from sdc_core import clock, keys, objects
from sdc_core import settings as core_settings
from sdc_core.errors import Conflict, SdcError, Unavailable
from sdc_core.settings import Settings
from sdc_web.authors import one_time_tokens
from sdc_web.db import open_databases

from sdc_cli import first_run, programs, store

STORE_S = 30.0
RESTORE_S = 3600.0
FSYNC_S = 20.0
LOOK_S = 0.05


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A thing that is done: `buckets`, `restored` (with the file's name), `databases`, or `link` with the link."""

    event: str
    seconds: float = 0.0
    text: str = ""


Tell = Callable[[Event], None]


def main() -> None:
    """Prepare, or print the reason why it cannot be done."""
    try:
        asyncio.run(prepare(core_settings.load(), tell))
    except* SdcError as failed:
        click.echo(str(failed.exceptions[0]), err=True)
        sys.exit(1)


def tell(event: Event) -> None:
    """One line to `sdc up`."""
    click.echo(msgspec.json.encode(event))


async def prepare(settings: Settings, tell: Tell) -> None:
    """Store and databases at the same time; but a database that is missing may have to come back out of the store."""
    started_us = clock.monotonic_us()
    async with asyncio.TaskGroup() as group:
        stored = group.create_task(ready_store(settings, started_us, tell))
        if missing := [path for path in (settings.site_db, settings.worker_db) if not path.exists()]:
            await stored
            for path in missing:
                await restore(settings, path, tell)
        started_us = clock.monotonic_us()
        async with open_databases(settings) as databases:
            tell(Event(event="databases", seconds=_since(started_us)))
            with suppress(Conflict):
                path = one_time_tokens.setup_path(await one_time_tokens.issue_setup_link(databases))
                tell(Event(event="link", text=f"{settings.site_url}{path}"))


async def ready_store(settings: Settings, started_us: int, tell: Tell) -> None:
    """Wait until the store takes objects, with a marker in each bucket: a mirror touches no bucket without one.

    Raises Unavailable when it does not come about within `STORE_S`.
    """
    buckets = (settings.S3_MEDIA_BUCKET, settings.S3_BACKUP_BUCKET, settings.S3_ANALYTICS_BUCKET)
    async with objects.open_store(objects.local_endpoint(settings)) as client:
        try:
            async with asyncio.timeout(STORE_S), asyncio.TaskGroup() as group:
                made = [group.create_task(_ready_bucket(client, bucket)) for bucket in buckets]
        except TimeoutError:
            reason = await client.ping(settings.S3_BACKUP_BUCKET) or "it takes no objects"
            message = f"the object store at {settings.S3_ENDPOINT_URL} is not ready after {STORE_S:.0f} s: {reason}"
            raise Unavailable(message) from None
    tell(Event(event="buckets", seconds=_since(started_us)))
    if any(task.result() for task in made) and first_run.is_embedded(settings):
        await _sync_to_disk(settings)


async def restore(settings: Settings, path: Path, tell: Tell) -> None:
    """Bring a missing database back from its replica, if there is one: a new one would be written over it."""
    command = (
        *(programs.find("litestream"), "restore", "-config", str(programs.litestream_config(settings))),
        *("-if-replica-exists", "-if-db-not-exists", "-integrity-check", "quick", str(path)),
    )
    environment = programs.litestream_environment(settings, core_settings.environment(settings))
    started_us = clock.monotonic_us()
    code, said = await _run(command, environment, b"", RESTORE_S)
    if code:
        message = f"{path} is missing and cannot be restored from the object store: {said.strip()[-300:]}"
        raise Unavailable(message)
    if await asyncio.to_thread(path.exists):
        tell(Event(event="restored", seconds=_since(started_us), text=path.name))


async def _ready_bucket(client: objects.ObjectStore, bucket: str) -> bool:
    """Whether the marker is new."""
    while True:
        try:
            if await client.ping(bucket):
                await client.make_bucket(bucket)
            body = msgspec.json.encode({"bucket": bucket, "made_us": clock.now_us()})
            await client.put(bucket, keys.MARKER, body, content_type="application/json", only_new=True)
        except Conflict:
            return False
        except Unavailable:
            await asyncio.sleep(LOOK_S)
        else:
            return True


async def _sync_to_disk(settings: Settings) -> None:
    """Have the embedded store keep acknowledged uploads through a power failure."""
    command = store.fsync_command(settings, programs.find("weed"))
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


def _since(started_us: int) -> float:
    return (clock.monotonic_us() - started_us) / clock.SECOND_US


if __name__ == "__main__":
    main()
