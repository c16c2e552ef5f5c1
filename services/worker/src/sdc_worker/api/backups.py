"""How the replicas, the mirror and the restore drills are."""

import asyncio

import msgspec
from litestar import get
from litestar.di import NamedDependency
from sdc_core import keys, objects
from sdc_core.errors import NotFound, Unavailable
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_core.sqlite import Database

from sdc_worker.cron import store
from sdc_worker.cron.jobs import Run

LOOK_S = 5.0
REPLICAS = ("site", "worker")


class Backups(msgspec.Struct, frozen=True, kw_only=True):
    """`replication` has for each database the moment of its newest object in the backup bucket, in microseconds, None
    where there is none; or `error` in words when the store does not tell.
    """

    replication: dict[str, int | str | None]
    mirror: Run | None
    drill: Run | None
    remote: bool


@get("/backups")
async def show(
    database: NamedDependency[Database], settings: NamedDependency[Settings], objects_: NamedDependency[ObjectStore]
) -> Backups:
    """The newest of each kind of backup."""
    async with database.read() as connection:
        mirror = await store.last_run(connection, "mirror.daily")
        drill = await store.last_run(connection, "drill.restore")
    return Backups(
        replication=await _replication(objects_, settings.S3_BACKUP_BUCKET),
        mirror=mirror,
        drill=drill,
        remote=objects.daily_endpoint(settings) is not None,
    )


async def _replication(object_store: ObjectStore, bucket: str) -> dict[str, int | str | None]:
    try:
        async with asyncio.timeout(LOOK_S):
            return {name: await _newest_us(object_store, bucket, keys.replica(name) + "/") for name in REPLICAS}
    except TimeoutError:
        return {"error": "the object store did not answer in time"}
    except (NotFound, Unavailable) as error:
        return {"error": str(error)}


async def _newest_us(object_store: ObjectStore, bucket: str, prefix: str) -> int | None:
    newest_us = None
    async for info in object_store.list(bucket, prefix):
        newest_us = max(newest_us or 0, info.modified_us)
    return newest_us
