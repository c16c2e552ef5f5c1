"""What the daily mirror would do now: looked at from here, without a word to the worker and without a change."""

import asyncio

from sdc_core import objects
from sdc_core.answers.backups import MirrorPlan
from sdc_core.settings import Settings
from sdc_core.sqlite import OperationalError
from sdc_worker.drills import checks
from sdc_worker.mirror import target
from sdc_worker.mirror.foreseen import foreseen


async def foresee(settings: Settings) -> MirrorPlan:
    """Compare both sides. Raises as the mirror does, and Misconfigured without a remote."""
    async with objects.open_store(objects.local_endpoint(settings)) as source:
        return await foreseen(settings, source, await _site_id(settings))


async def _site_id(settings: Settings) -> str:
    """Which site this is; empty where its worker has not run yet, or not this release."""
    if not await asyncio.to_thread(settings.worker_db.exists):
        return ""
    async with checks.reading(settings.worker_db) as connection:
        try:
            return await target.site_id(connection)
        except OperationalError:
            return ""


def lines(plan: MirrorPlan) -> list[str]:
    """A line for each bucket, the question, and the same of the next month."""
    told = [
        f"{each.name}: {each.new:,} new and {each.changed:,} changed to copy ({each.bytes:,} bytes), "
        f"{each.to_history:,} to the history, {each.unchanged:,} as they are"
        for each in plan.buckets
    ]
    if plan.question:
        told.append(f"it would stop and ask: {plan.question}")
    if plan.month:
        leaving = f"; it would remove {', '.join(plan.month.leaving)}" if plan.month.leaving else ""
        told.append(
            f"{plan.month.name}, the next month: {plan.month.objects:,} objects ({plan.month.bytes:,} bytes), "
            f"{len(plan.month.kept)} kept before{leaving}"
        )
        if plan.month.question:
            told.append(f"that month would stop: {plan.month.question}")
    return told
