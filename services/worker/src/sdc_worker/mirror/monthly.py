"""The monthly snapshot: the daily mirror's current state, copied whole into one prefix of a second remote bucket."""

import msgspec
from sdc_core import clock, keys
from sdc_core.errors import Unavailable
from sdc_core.objects import Endpoint, ObjectStore, daily_endpoint, open_store
from sdc_core.settings import Settings

from sdc_worker.cron.jobs import JobContext, Skipped
from sdc_worker.mirror import child, daily, markers, plan, rclone
from sdc_worker.mirror.daily import CURRENT, MirrorReport, Target
from sdc_worker.mirror.plan import MirrorRefused

BUCKET_SETTING = "SDC_REMOTE_MONTHLY_BUCKET"
NO_REMOTE = Skipped(words=f"no monthly remote is set (SDC_REMOTE_MONTHLY_ENDPOINT_URL and {BUCKET_SETTING})")
NO_DAILY = Skipped(words="the monthly snapshot is made of the daily mirror, and no daily remote is set")


class Mirror(msgspec.Struct, frozen=True, kw_only=True):
    """Where the daily mirror is."""

    store: ObjectStore
    bucket: str


async def monthly(context: JobContext) -> str | Skipped:
    """The action of the cron job: keep this month's snapshot; returns the report as a sentence."""
    settings = context.settings
    source, destination = daily_endpoint(settings), monthly_endpoint(settings)
    if destination is None:
        return NO_REMOTE
    if source is None:
        return NO_DAILY
    lock_days, kib_per_s = settings.REMOTE_MONTHLY_LOCK_DAYS, settings.MIRROR_KIB_PER_S
    environment = child.clean_environment(settings)
    ends = rclone.remotes(source, destination, environment, lock_days=lock_days, kib_per_s=kib_per_s)
    async with open_store(source) as mirrored, open_store(destination) as kept:
        await markers.require_lock(kept, settings.REMOTE_MONTHLY_BUCKET, BUCKET_SETTING, lock_days)
        target = Target(store=kept, bucket=settings.REMOTE_MONTHLY_BUCKET, remotes=ends, setting=BUCKET_SETTING)
        return str(await run(Mirror(store=mirrored, bucket=settings.REMOTE_DAILY_BUCKET), target))


def monthly_endpoint(settings: Settings) -> Endpoint | None:
    """The remote of the monthly snapshots, or None where none is set."""
    if not (settings.REMOTE_MONTHLY_ENDPOINT_URL and settings.REMOTE_MONTHLY_BUCKET):
        return None
    return Endpoint(
        url=settings.REMOTE_MONTHLY_ENDPOINT_URL,
        access_key_id=settings.REMOTE_MONTHLY_ACCESS_KEY_ID,
        secret_access_key=settings.REMOTE_MONTHLY_SECRET_ACCESS_KEY.get_secret_value(),
        region=settings.REMOTE_MONTHLY_REGION,
    )


async def run(mirror: Mirror, target: Target) -> MirrorReport:
    """Copy `current/` of the daily mirror to `<YYYY-MM>/` of the target, and check. Nothing is ever deleted there, and
    other months are not touched; a repeat in the same month copies what is new.

    Raises MirrorRefused when the mirror is empty or unmarked, or the target strange; Misconfigured when the bucket of
    either is missing; Unavailable as the daily one.
    """
    await daily.marked(target)
    await markers.require_bucket(mirror.store, mirror.bucket, daily.BUCKET_SETTING)
    present = await markers.listing(mirror.store, mirror.bucket, CURRENT)
    if not present or not await mirror.store.head(mirror.bucket, keys.MARKER):
        message = f"bucket {mirror.bucket} holds no daily mirror: nothing was copied"
        raise MirrorRefused(message)
    month = clock.today()[:7]
    planned = plan.make(present, await markers.listing(target.store, target.bucket, f"{month}/"))
    for group in plan.in_order(planned):
        in_turn = plan.is_replica(group[0])
        destination = f"{target.bucket}/{month}"
        await rclone.copy(target.remotes, f"{mirror.bucket}/{CURRENT}", destination, "", group, in_turn=in_turn)
    left = plan.make(present, await markers.listing(target.store, target.bucket, f"{month}/"))
    if left.new or left.changed:
        differing = (*left.new, *left.changed)
        message = f"{len(differing)} objects differ after the copy to {month}, such as {differing[0]}"
        raise Unavailable(message, retry_after_s=300)
    return MirrorReport(
        copied=len(planned.new) + len(planned.changed),
        deleted=0,
        bytes=planned.size_bytes,
        checked=left.unchanged,
    )
