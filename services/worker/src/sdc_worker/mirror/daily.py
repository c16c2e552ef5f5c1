"""The daily mirror: plan, guard, copy, set aside what was deleted, check; at the end forget old history."""

import logging
from collections.abc import Sequence
from datetime import date, timedelta

import msgspec
from sdc_core import clock, keys
from sdc_core.errors import Unavailable
from sdc_core.objects import ObjectStore, daily_endpoint, open_store

from sdc_worker.cron.jobs import JobContext, Skipped
from sdc_worker.mirror import child, markers, plan, rclone
from sdc_worker.mirror.plan import Listing, MirrorRefused, Plan
from sdc_worker.mirror.rclone import Remotes

CURRENT = "current/"
HISTORY = "history/"
HISTORY_DAYS = 30
BUCKET_SETTING = "SDC_REMOTE_DAILY_BUCKET"
NO_REMOTE = Skipped(words=f"no remote is set (SDC_REMOTE_DAILY_ENDPOINT_URL and {BUCKET_SETTING})")

log = logging.getLogger(__name__)


class MirrorReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did, over all buckets. `checked` counts objects that are the same on both sides afterwards; `deleted`
    ones are in the history; `bytes` are those copied.
    """

    copied: int
    deleted: int
    bytes: int
    checked: int

    def __str__(self) -> str:
        copied = f"{self.copied} objects copied ({self.bytes:,} bytes), {self.deleted} moved to the history"
        return f"{copied}, {self.checked} checked"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where a mirror is written; `setting` is the one that names its bucket."""

    store: ObjectStore
    bucket: str
    remotes: Remotes
    setting: str = BUCKET_SETTING


async def daily(context: JobContext) -> str | Skipped:
    """The action of the cron job: mirror every bucket to the remote; returns the report as a sentence. A run that
    confirms another passes the guards which stopped that one.
    """
    settings = context.settings
    endpoint = daily_endpoint(settings)
    if endpoint is None:
        return NO_REMOTE
    # Replicas first: whatever they speak of is then in the buckets that follow.
    buckets = (settings.S3_BACKUP_BUCKET, settings.S3_MEDIA_BUCKET, settings.S3_ANALYTICS_BUCKET)
    ends = rclone.remotes(context.store.endpoint, endpoint, child.clean_environment(settings))
    async with open_store(endpoint) as store:
        target = Target(store=store, bucket=settings.REMOTE_DAILY_BUCKET, remotes=ends)
        return str(await run(context.store, buckets, target, confirmed=context.run.confirms is not None))


async def run(source: ObjectStore, buckets: Sequence[str], target: Target, *, confirmed: bool = False) -> MirrorReport:
    """Bring `current/<bucket>/` at the target to the state of each bucket.

    Everything is planned and guarded before anything is changed; `confirmed` lifts the guards against deletions (not
    the one against a strange remote). Raises MirrorRefused; Unavailable when an end does not answer, when rclone fails
    and when the check after it finds a difference; NotFound for a missing bucket, and Misconfigured for one that is
    missing at the target. A repeat takes up where it ended.
    """
    await require_marked(target)
    plans = {bucket: await _plan(source, bucket, target, confirmed=confirmed) for bucket in buckets}
    checked = 0
    for bucket, (present, planned) in plans.items():
        await _carry(bucket, planned, target)
        checked += await _check(source, bucket, present, target)
        log.info("bucket mirrored", extra={"bucket": bucket, "new": len(planned.new), "deleted": len(planned.deleted)})
    await forget_history(target)
    return MirrorReport(
        copied=sum(len(each.new) + len(each.changed) for _, each in plans.values()),
        deleted=sum(len(each.deleted) for _, each in plans.values()),
        bytes=sum(each.size_bytes for _, each in plans.values()),
        checked=checked,
    )


async def require_marked(target: Target) -> None:
    """The remote must be ours, or empty: then it becomes ours. Raises MirrorRefused for any other, and Misconfigured
    for one that is not there.
    """
    await markers.require_bucket(target.store, target.bucket, target.setting)
    if await target.store.head(target.bucket, keys.MARKER):
        return
    async for _ in target.store.list(target.bucket):
        message = f"the remote bucket {target.bucket} holds objects but no {keys.MARKER}: is it the right one?"
        raise MirrorRefused(f"{message} Nothing was copied or deleted; mirror into an empty bucket")
    await markers.put(target.store, target.bucket)


async def _plan(source: ObjectStore, bucket: str, target: Target, *, confirmed: bool) -> tuple[Listing, Plan]:
    mirrored = await markers.listing(target.store, target.bucket, f"{CURRENT}{bucket}/")
    if confirmed or not mirrored:
        # A first copy cannot delete anything, so a bucket from before there were markers may join here; and whoever
        # confirms a bucket without its marker need not do so every day.
        await markers.put(source, bucket)
    present = await markers.listing(source, bucket)
    planned = plan.make(present, mirrored)
    if not confirmed:
        plan.require_sane(bucket, present, mirrored, planned)
    return present, planned


async def _carry(bucket: str, planned: Plan, target: Target) -> None:
    current = f"{target.bucket}/{CURRENT}{bucket}"
    history = f"{target.bucket}/{HISTORY}{clock.today()}/{bucket}"
    for group in plan.in_order(planned):
        in_turn = plan.is_replica(group[0])
        await rclone.copy(target.remotes, bucket, current, history, group, in_turn=in_turn)
    # Last: until here the mirror holds both what replaces the old files and the old files.
    if planned.deleted:
        await rclone.move_away(target.remotes, current, history, planned.deleted)


async def _check(source: ObjectStore, bucket: str, planned_from: Listing, target: Target) -> int:
    """Compare two new listings and return how many objects are the same. The source lives on: what has appeared,
    changed or gone there since the plan is the next run's.
    """
    present = await markers.listing(source, bucket)
    mirrored = await markers.listing(target.store, target.bucket, f"{CURRENT}{bucket}/")
    left = plan.make(present, mirrored)
    differing = [key for key in (*left.new, *left.changed) if planned_from.get(key) == present[key]]
    if differing:
        message = f"{len(differing)} objects of bucket {bucket} differ after the copy, such as {differing[0]}"
        raise Unavailable(message, retry_after_s=300)
    return left.unchanged


async def forget_history(target: Target) -> int:
    """Delete what was set aside more than `HISTORY_DAYS` ago; returns how many objects."""
    oldest = (date.fromisoformat(clock.today()) - timedelta(days=HISTORY_DAYS)).isoformat()
    old = [
        info.key
        async for info in target.store.list(target.bucket, HISTORY)
        if info.key.removeprefix(HISTORY).partition("/")[0] < oldest
    ]
    for key in old:
        await target.store.delete(target.bucket, key)
    return len(old)
