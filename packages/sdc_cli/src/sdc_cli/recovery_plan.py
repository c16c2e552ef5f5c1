"""What a recovery would bring back, from how old a state, and what it would set aside. Changes nothing."""

import asyncio
import shutil
from datetime import datetime
from pathlib import Path

import msgspec
from sdc_core import clock, keys, recovering
from sdc_core.errors import NotFound, Unavailable
from sdc_core.objects import ObjectStore, local_endpoint, open_store
from sdc_core.settings import Settings
from sdc_worker.drills import replica
from sdc_worker.drills.replica import Name
from sdc_worker.mirror import child, markers, plan
from sdc_worker.mirror.origins import Origin
from sdc_worker.mirror.plan import Listing, Plan

from sdc_cli import first_run, store

HEADROOM = 1.1


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """One database: the newest moment that the backup has, and that of the newest change in what comes back."""

    name: Name
    newest_us: int
    state_us: int


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """One bucket: what the backup has of it, and what has to be copied."""

    name: str
    objects: int
    size_bytes: int
    wanted: Listing
    plan: Plan


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. `set_aside` are paths in the data folder that are moved into `aside`; `buckets` is empty where the
    object store is the backup.
    """

    origin: Origin
    databases: tuple[Database, ...]
    buckets: tuple[Bucket, ...]
    set_aside: tuple[str, ...]
    aside: str
    free_bytes: int
    begun_us: int
    resumed: bool

    @property
    def size_bytes(self) -> int:
        """How much has to be copied."""
        return sum(each.plan.size_bytes for each in self.buckets)

    @property
    def age_us(self) -> int:
        """How long ago the state is that it comes back to."""
        return max(0, self.begun_us - min(each.state_us for each in self.databases))


async def make(settings: Settings, origin: Origin, at: datetime | None) -> Recovery:
    """Look at the backup and at what is here. Raises NotFound where the backup lacks a database or all objects, or has
    no state so old, and Unavailable.
    """
    databases = tuple([await _database(settings, origin, name, at) for name in replica.DATABASES])
    begun_us = await asyncio.to_thread(recovering.since_us, settings)
    resumed = begun_us is not None
    whole_store = origin.kind != "replica" and first_run.is_embedded(settings)
    if origin.kind == "replica":
        buckets: tuple[Bucket, ...] = ()
    else:
        buckets = await _buckets(settings, origin, empty=whole_store and not resumed)
    begun_us = begun_us or clock.now_us()
    return Recovery(
        origin=origin,
        databases=databases,
        buckets=buckets,
        set_aside=await asyncio.to_thread(_in_the_way, settings, whole_store=whole_store and not resumed),
        aside=f"before-recovery-{clock.to_datetime(begun_us):%Y%m%dT%H%M%S}",
        free_bytes=await asyncio.to_thread(_free_bytes, settings.DATA_DIR),
        begun_us=begun_us,
        resumed=resumed,
    )


def require_room(recovery: Recovery, settings: Settings) -> None:
    """Raises Unavailable where the disk cannot hold what would be copied to the store beside the site."""
    needed = int(recovery.size_bytes * HEADROOM)
    if recovery.buckets and first_run.is_embedded(settings) and needed > recovery.free_bytes:
        message = f"{settings.DATA_DIR} has room for {recovery.free_bytes:,} bytes, and {needed:,} are needed"
        raise Unavailable(message)


async def differing(settings: Settings, bucket: Bucket) -> Plan:
    """What is still to be copied of a bucket."""
    async with open_store(local_endpoint(settings)) as client:
        return plan.make(bucket.wanted, await _present(client, bucket.name))


async def _database(settings: Settings, origin: Origin, name: Name, at: datetime | None) -> Database:
    bucket, prefix = origin.place(settings.S3_BACKUP_BUCKET)
    reach = await replica.kept(origin.endpoint, bucket, prefix, name, env=child.clean_environment(settings))
    wanted_us = clock.from_datetime(at) if at else reach.newest_us
    if wanted_us < reach.oldest_us:
        begins = f"{clock.to_datetime(reach.oldest_us):%F %T} UTC"
        message = f"{origin.words} has nothing of {name}.db from before {begins}"
        raise NotFound(message)
    if at is None or wanted_us > reach.newest_us:
        return Database(name=name, newest_us=reach.newest_us, state_us=reach.newest_us)
    state_us = await replica.state_us(origin.endpoint, bucket, prefix, name, at, env=child.clean_environment(settings))
    return Database(name=name, newest_us=reach.newest_us, state_us=state_us)


async def _buckets(settings: Settings, origin: Origin, *, empty: bool) -> tuple[Bucket, ...]:
    """Replicas last: while they are not there, no start takes what has come back for a whole site."""
    names = (settings.S3_MEDIA_BUCKET, settings.S3_ANALYTICS_BUCKET, settings.S3_BACKUP_BUCKET)
    async with open_store(origin.endpoint) as backup, open_store(local_endpoint(settings)) as here:
        found = []
        for name in names:
            bucket, prefix = origin.place(name)
            listed = await markers.listing(backup, bucket, prefix)
            wanted = {key: info for key, info in listed.items() if key != keys.MARKER}
            present = {} if empty else await _present(here, name)
            found.append(
                Bucket(
                    name=name,
                    objects=len(wanted),
                    size_bytes=sum(info.size_bytes for info in wanted.values()),
                    wanted=wanted,
                    plan=plan.make(wanted, present),
                )
            )
        return tuple(found)


async def _present(client: ObjectStore, bucket: str) -> Listing:
    """What a bucket here holds; nothing where it is not there or nobody answers yet."""
    if await client.ping(bucket):
        return {}
    return await markers.listing(client, bucket)


def _in_the_way(settings: Settings, *, whole_store: bool) -> tuple[str, ...]:
    """What would be written over, relative to the data folder. A `-wal` belongs to its database and goes with it."""
    found = []
    for path in (settings.site_db, settings.worker_db):
        names = (path.name, f"{path.name}-wal", f"{path.name}-shm", f".{path.name}-litestream")
        found += [name for name in names if (settings.DATA_DIR / name).exists()]
    if whole_store and not store.is_new(settings):
        found.append(store.folder(settings).name)
    return tuple(found)


def _free_bytes(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
