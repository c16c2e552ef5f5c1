"""How the replicas, the mirror and the restore drill are."""

import msgspec
from litestar import get
from litestar.di import NamedDependency
from sdc_core import objects
from sdc_core.settings import Settings
from sdc_core.sqlite import Database

from sdc_worker.cron import store
from sdc_worker.cron.jobs import Run
from sdc_worker.drills import replica
from sdc_worker.drills.replica import Replication


class Backups(msgspec.Struct, frozen=True, kw_only=True):
    """`replication` as Litestream tells it; the newest mirror and drill; whether a remote is set."""

    replication: Replication
    mirror: Run | None
    drill: Run | None
    remote: bool


@get("/backups")
async def show(database: NamedDependency[Database], settings: NamedDependency[Settings]) -> Backups:
    """The newest of each kind of backup. The object store is not asked, so one that is down holds nothing up."""
    async with database.read() as connection:
        mirror = await store.last_run(connection, "mirror.daily")
        drill = await store.last_run(connection, "drill.restore")
    return Backups(
        replication=await replica.replication(settings),
        mirror=mirror,
        drill=drill,
        remote=objects.daily_endpoint(settings) is not None,
    )
