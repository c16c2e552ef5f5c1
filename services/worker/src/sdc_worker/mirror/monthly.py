"""The monthly snapshot: the daily mirror's current state, copied whole into one prefix of a second remote bucket."""

from collections.abc import Iterable, Iterator

import msgspec
from sdc_core import clock, keys
from sdc_core.errors import Unavailable
from sdc_core.objects import ObjectStore, daily_endpoint, open_store
from sdc_core.sqlite import Connection

from sdc_worker.cron import due, store
from sdc_worker.cron.jobs import JobContext, Skipped
from sdc_worker.mirror import child, daily, markers, months, places, plan, rclone, target
from sdc_worker.mirror.daily import CURRENT, MirrorReport
from sdc_worker.mirror.plan import Group, Listing, MirrorRefused
from sdc_worker.mirror.progress import Progress, noted
from sdc_worker.mirror.target import Target

BUCKET_SETTING = "SDC_REMOTE_MONTHLY_BUCKET"
NO_REMOTE = Skipped(words=f"no monthly remote is set (SDC_REMOTE_MONTHLY_ENDPOINT_URL and {BUCKET_SETTING})")
NO_DAILY = Skipped(words="the monthly snapshot is made of the daily mirror, and no daily remote is set")


class Mirror(msgspec.Struct, frozen=True, kw_only=True):
    """Where the daily mirror is."""

    store: ObjectStore
    bucket: str


async def monthly(context: JobContext) -> str | Skipped:
    """The action of the cron job: keep this month's snapshot; returns the report as a sentence. A run that confirms
    another takes over the bucket that one asked about.
    """
    settings = context.settings
    source, destination = daily_endpoint(settings), places.monthly_endpoint(settings)
    if destination is None:
        return NO_REMOTE
    if source is None:
        return NO_DAILY
    places.require_apart(settings)
    async with context.database.read() as connection:
        site = await target.site_id(connection)
        await _require_whole(connection)
        confirmed = await store.confirmed(connection, context.run)
    lock_days, kib_per_s = settings.REMOTE_MONTHLY_LOCK_DAYS, settings.MIRROR_KIB_PER_S
    environment = child.clean_environment(settings)
    ends = rclone.remotes(source, destination, environment, lock_days=lock_days, kib_per_s=kib_per_s)
    progress = Progress()
    async with (
        open_store(source) as mirrored,
        open_store(destination) as kept,
        noted(context.database, context.run.id, progress),
    ):
        bucket = settings.REMOTE_MONTHLY_BUCKET
        await markers.require_lock(kept, bucket, BUCKET_SETTING, lock_days)
        where = Target(store=kept, bucket=bucket, remotes=ends, setting=BUCKET_SETTING, role="monthly", site=site)
        mirror = Mirror(store=mirrored, bucket=settings.REMOTE_DAILY_BUCKET)
        # Of the clocks that the schedule goes by: on the first of a month there it may be the last of one in UTC.
        month = f"{clock.to_datetime(context.run.due_us).astimezone(due.zone(settings.JOB_ZONE)):%Y-%m}"
        retention = settings.REMOTE_MONTHLY_RETENTION_MONTHS
        return str(await run(mirror, where, month, retention=retention, confirmed=confirmed, progress=progress))


async def _require_whole(connection: Connection) -> None:
    """Raises Unavailable while the daily mirror is being written, and when its newest run did not end well: a month
    would keep what that has left half done.
    """
    newest = await store.last_run(connection, "mirror.daily")
    if newest and newest.outcome == "running":
        message = "the daily mirror is being written: the month is copied after that"
        raise Unavailable(message)
    if newest and newest.outcome in ("failed", "timed_out"):
        message = "the newest daily mirror did not end well, so it may be half done: run it first"
        raise Unavailable(message)


async def run(
    mirror: Mirror,
    where: Target,
    month: str,
    *,
    retention: int = 0,
    confirmed: str = "",
    progress: Progress | None = None,
) -> MirrorReport:
    """Copy `current/` of the daily mirror to `<month>/` of the target, and check. Nothing in a month that stays is ever
    deleted; a repeat in the same month copies what is new. Only then do months leave that are older than the
    newest `retention` whole ones.

    Raises MirrorRefused when the mirror is empty or unmarked, the target strange or the clock wrong; MirrorAsks when it
    is another site's or more than one month is to leave, and those words are not in what was `confirmed`;
    Misconfigured when the bucket of either is missing; Unavailable as the daily one.
    """
    progress = progress or Progress()
    found = await target.look(where)
    target.require_clock(where)
    if found.question and found.question.about not in confirmed:
        raise found.question
    await markers.require_bucket(mirror.store, mirror.bucket, daily.BUCKET_SETTING)
    present = await markers.listing(mirror.store, mirror.bucket, CURRENT)
    if not present or not (marker := await mirror.store.head(mirror.bucket, keys.MARKER)):
        message = f"bucket {mirror.bucket} holds no daily mirror: nothing was copied"
        raise MirrorRefused(message)
    source = Target(store=mirror.store, bucket=mirror.bucket, remotes=where.remotes, site=where.site)
    await target.require_own(source, marker)
    before = await markers.listing(where.store, where.bucket, f"{month}/")
    _require_newer(month, present, before)
    if found.unclaimed:
        await target.claim(where)
    planned = plan.make(present, before)
    await _carry(mirror, where, month, planned, progress)
    left = plan.make(present, await markers.listing(where.store, where.bucket, f"{month}/"))
    if left.new or left.changed:
        differing = (*left.new, *left.changed)
        message = f"{len(differing)} objects differ after the copy to {month}, such as {differing[0]}"
        raise Unavailable(message, retry_after_s=300)
    gone = await months.leaving(where, month, retention)
    if gone.question and gone.question.about not in confirmed:
        raise gone.question
    await months.remove(where, gone.months)
    return MirrorReport(
        copied=planned.to_copy,
        deleted=0,
        bytes=planned.size_bytes,
        checked=left.unchanged,
        removed=gone.months,
    )


def _require_newer(month: str, present: Listing, before: Listing) -> None:
    """Raises MirrorRefused when a replica in the month goes on after that of the mirror, as after a restore of an older
    state: the files of both would be one replica, of no state that ever was.
    """
    newest = plan.newest_transactions(present)
    for database, last in plan.newest_transactions(before).items():
        if newest.get(database, 0) < last:
            message = f"{month} keeps a later state of {database} than the daily mirror has, of before a restore"
            raise MirrorRefused(f"{message}: it stays as it is, and the next month is copied anew")


async def _carry(mirror: Mirror, where: Target, month: str, planned: plan.Plan, progress: Progress) -> None:
    source, destination = f"{mirror.bucket}/{CURRENT}", f"{where.bucket}/{month}"
    progress.expect(planned.to_copy, planned.size_bytes)
    for group in _whole_last(plan.in_order(planned)):
        progress.done(
            await rclone.copy(
                where.remotes, source, destination, "", group.keys, in_turn=group.in_turn, told=progress.under_way
            )
        )


def _whole_last(groups: Iterable[Group]) -> Iterator[Group]:
    """The markers of buckets after everything else: a month that has them was copied whole, see `months.is_whole`."""
    markers_: list[str] = []
    for group in groups:
        rest = tuple(key for key in group.keys if not plan.is_marker(key))
        markers_ += sorted(set(group.keys).difference(rest))
        if rest:
            yield Group(rest, group.in_turn)
    if markers_:
        yield Group(tuple(markers_))
