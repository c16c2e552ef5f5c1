"""How the replicas, the mirror and the proofs that they restore are."""

import asyncio

from litestar import get
from litestar.di import NamedDependency
from sdc_core import objects
from sdc_core.answers.backups import Backups, MirrorPlan
from sdc_core.errors import Unavailable
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_core.sqlite import Database

from sdc_worker.cron import store
from sdc_worker.drills import replica
from sdc_worker.mirror import places, target
from sdc_worker.mirror.foreseen import foreseen

JOBS = ("mirror.daily", "mirror.monthly", "drill.restore", "drill.rehearsal")
DRILLS = 14
REHEARSALS = 12
"""So many are told: two weeks, and a year."""
PLAN_S = 40.0


@get("/backups")
async def show(database: NamedDependency[Database], settings: NamedDependency[Settings]) -> Backups:
    """The newest of each kind of backup. The object store is not asked, so one that is down holds nothing up."""
    async with database.read() as connection:
        last = await store.last_runs(connection, JOBS)
        drills = await store.runs_of_job(connection, "drill.restore", limit=DRILLS)
        rehearsals = await store.runs_of_job(connection, "drill.rehearsal", limit=REHEARSALS)
        good = {job: run for job in JOBS if (run := await store.good_run(connection, job))}
    return Backups(
        replication=await replica.replication(settings),
        mirror=last.get("mirror.daily"),
        drill=last.get("drill.restore"),
        remote=objects.daily_endpoint(settings) is not None,
        rehearsal=last.get("drill.rehearsal"),
        drills=drills,
        rehearsals=rehearsals,
        elsewhere=places.is_elsewhere(settings),
        monthly=last.get("mirror.monthly"),
        monthly_remote=places.monthly_endpoint(settings) is not None,
        good=good,
    )


@get("/backups/plan")
async def plan(
    database: NamedDependency[Database], settings: NamedDependency[Settings], objects_: NamedDependency[ObjectStore]
) -> MirrorPlan:
    """What the daily mirror would do now. Both sides are listed, which changes nothing and takes as long as it takes,
    up to `PLAN_S`.
    """
    async with database.read() as connection:
        site = await target.site_id(connection)
    try:
        async with asyncio.timeout(PLAN_S):
            return await foreseen(settings, objects_, site)
    except TimeoutError:
        message = f"both sides could not be listed within {PLAN_S:.0f} s: `sdc backup now --dry-run` waits for longer"
        raise Unavailable(message) from None
