"""How the replicas, the mirror and the proofs that they restore are."""

from litestar import get
from litestar.di import NamedDependency
from sdc_core import objects
from sdc_core.answers.backups import Backups
from sdc_core.settings import Settings
from sdc_core.sqlite import Database

from sdc_worker.cron import store
from sdc_worker.drills import replica

DRILLS = 14
REHEARSALS = 12
"""So many are told: two weeks, and a year."""


@get("/backups")
async def show(database: NamedDependency[Database], settings: NamedDependency[Settings]) -> Backups:
    """The newest of each kind of backup. The object store is not asked, so one that is down holds nothing up."""
    async with database.read() as connection:
        mirror = await store.last_run(connection, "mirror.daily")
        drill = await store.last_run(connection, "drill.restore")
        rehearsal = await store.last_run(connection, "drill.rehearsal")
        drills = await store.runs_of_job(connection, "drill.restore", limit=DRILLS)
        rehearsals = await store.runs_of_job(connection, "drill.rehearsal", limit=REHEARSALS)
    return Backups(
        replication=await replica.replication(settings),
        mirror=mirror,
        drill=drill,
        remote=objects.daily_endpoint(settings) is not None,
        rehearsal=rehearsal,
        drills=drills,
        rehearsals=rehearsals,
    )
