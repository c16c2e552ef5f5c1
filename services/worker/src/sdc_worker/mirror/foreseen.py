"""What the daily mirror would do now, told without a change."""

from sdc_core import objects
from sdc_core.answers.backups import MirrorPlan, PlannedBucket
from sdc_core.errors import Misconfigured
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings

from sdc_worker.mirror import child, daily, places, rclone
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
    )
