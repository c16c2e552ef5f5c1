"""What the mirrors would do next, told without a change."""

from collections.abc import Sequence
from datetime import timedelta

from sdc_core import clock, objects
from sdc_core.answers.backups import MirrorPlan, PlannedBucket, PlannedMonth
from sdc_core.errors import Misconfigured, SdcError
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings

from sdc_worker.cron import due
from sdc_worker.mirror import child, daily, monthly, months, places, rclone, target
from sdc_worker.mirror.daily import Foreseen
from sdc_worker.mirror.target import Target


async def foreseen(settings: Settings, source: ObjectStore, site: str) -> MirrorPlan:
    """Compare both sides; `site` is the id of this site, or empty where it is not known. Raises as the mirror does, and
    Misconfigured without a remote.
    """
    endpoint = objects.daily_endpoint(settings)
    if endpoint is None:
        message = "no remote is set (SDC_REMOTE_DAILY_BUCKET and the settings beside it)"
        raise Misconfigured(message)
    places.require_apart(settings)
    ends = rclone.remotes(source.endpoint, endpoint, child.clean_environment(settings))
    async with objects.open_store(endpoint) as kept:
        bucket = settings.REMOTE_DAILY_BUCKET
        where = Target(store=kept, bucket=bucket, remotes=ends, setting=daily.BUCKET_SETTING, site=site)
        told = await daily.foresee(source, daily.buckets(settings), where, mark=False)
    return MirrorPlan(
        buckets=tuple(
            PlannedBucket(
                name=name,
                new=len(each.new),
                changed=len(each.changed),
                to_history=len(each.deleted),
                unchanged=each.unchanged,
                bytes=each.size_bytes,
            )
            for name, each in told.plans.items()
        ),
        question=str(told.question or ""),
        month=await _month(settings, site, told),
    )


async def _month(settings: Settings, site: str, told: Foreseen) -> PlannedMonth | None:
    """None where no months are kept. What is the matter with their bucket is no fault of the daily mirror."""
    endpoint = places.monthly_endpoint(settings)
    if endpoint is None:
        return None
    name = _next_month(settings, ())
    try:
        async with objects.open_store(endpoint) as store:
            bucket = settings.REMOTE_MONTHLY_BUCKET
            ends = rclone.remotes(endpoint, endpoint, {})
            where = Target(
                store=store, bucket=bucket, remotes=ends, setting=monthly.BUCKET_SETTING, role="monthly", site=site
            )
            found = await target.look(where)
            target.require_clock(where)
            kept = await months.kept(store, bucket)
            name = _next_month(settings, kept)
            gone = await months.leaving(where, name, settings.REMOTE_MONTHLY_RETENTION_MONTHS)
    except SdcError as error:
        return PlannedMonth(name=name, question=str(error))
    return PlannedMonth(
        name=name,
        objects=sum(map(len, told.present.values())),
        bytes=sum(info.size_bytes for listed in told.present.values() for info in listed.values()),
        kept=tuple(kept),
        leaving=gone.months,
        question=str(found.question or gone.question or ""),
    )


def _next_month(settings: Settings, kept: Sequence[str]) -> str:
    """That of now or, once that is there, the one after it."""
    now = clock.now().astimezone(due.zone(settings.JOB_ZONE))
    name = f"{now:%Y-%m}"
    return f"{now.replace(day=1) + timedelta(days=31):%Y-%m}" if name in kept else name
