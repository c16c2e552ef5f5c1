"""The daily mirror: plan, guard, copy, set aside what was deleted, check; at the end forget old history."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import msgspec
from sdc_core import clock, keys
from sdc_core.errors import Unavailable
from sdc_core.objects import ObjectStore, daily_endpoint, open_store
from sdc_core.settings import Settings

from sdc_worker.cron import store as runs
from sdc_worker.cron.jobs import JobContext, Skipped
from sdc_worker.mirror import child, markers, places, plan, rclone, target
from sdc_worker.mirror.plan import Listing, MirrorAsks, Plan
from sdc_worker.mirror.progress import Progress, noted
from sdc_worker.mirror.target import BUCKET_SETTING, Kept, Target

CURRENT = "current/"
HISTORY = "history/"
HISTORY_DAYS = 30
NO_REMOTE = Skipped(words=f"no remote is set (SDC_REMOTE_DAILY_ENDPOINT_URL and {BUCKET_SETTING})")

log = logging.getLogger(__name__)


class MirrorReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did, over all buckets. `checked` counts objects that are the same on both sides afterwards; `deleted`
    ones are in the history; `bytes` are those copied; `removed` are months.
    """

    copied: int
    deleted: int
    bytes: int
    checked: int
    removed: tuple[str, ...] = ()

    def __str__(self) -> str:
        objects = "object" if self.copied == 1 else "objects"
        copied = f"{self.copied:,} {objects} copied ({self.bytes:,} bytes), {self.deleted:,} moved to the history"
        gone = f"; {', '.join(self.removed)} removed" if self.removed else ""
        return f"{copied}, {self.checked:,} checked{gone}"


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """What a run would do, by bucket, and what it would stop to ask. `history` are the keys below it; `unclaimed` says
    that the target is to be marked as this mirror's.
    """

    present: dict[str, Listing]
    plans: dict[str, Plan]
    question: MirrorAsks | None
    history: tuple[str, ...]
    unclaimed: bool


async def daily(context: JobContext) -> str | Skipped:
    """The action of the cron job: mirror every bucket to the remote; returns the report as a sentence. A run that
    confirms another passes the guards which stopped that one.
    """
    settings = context.settings
    endpoint = daily_endpoint(settings)
    if endpoint is None:
        return NO_REMOTE
    places.require_apart(settings)
    lock_days, kib_per_s = settings.REMOTE_DAILY_LOCK_DAYS, settings.MIRROR_KIB_PER_S
    environment = child.clean_environment(settings)
    ends = rclone.remotes(context.store.endpoint, endpoint, environment, lock_days=lock_days, kib_per_s=kib_per_s)
    progress = Progress()
    async with open_store(endpoint) as store, noted(context.database, context.run.id, progress):
        await markers.require_lock(store, settings.REMOTE_DAILY_BUCKET, BUCKET_SETTING, lock_days)
        async with context.database.read() as connection:
            site = await target.site_id(connection)
            confirmed = await runs.confirmed(connection, context.run)
        where = Target(
            store=store, bucket=settings.REMOTE_DAILY_BUCKET, remotes=ends, setting=BUCKET_SETTING, site=site
        )
        return str(await run(context.store, buckets(settings), where, confirmed=confirmed, progress=progress))


def buckets(settings: Settings) -> tuple[str, ...]:
    """Replicas first: whatever they speak of is then in the buckets that follow."""
    return (settings.S3_BACKUP_BUCKET, settings.S3_MEDIA_BUCKET, settings.S3_ANALYTICS_BUCKET)


async def run(
    source: ObjectStore,
    names: Sequence[str],
    where: Target,
    *,
    confirmed: str = "",
    progress: Progress | None = None,
) -> MirrorReport:
    """Bring `current/<bucket>/` at the target to the state of each bucket.

    Everything is planned and guarded before anything is changed; `confirmed` are the words of the question that was
    answered: the guards that had a part in it are lifted. Raises MirrorRefused; Unavailable when an end does not
    answer, when rclone fails and when the check after it finds a difference; NotFound for a missing bucket, and
    Misconfigured for one that is missing at the target. A repeat takes up where it ended.
    """
    progress = progress or Progress()
    foreseen = await foresee(source, names, where, mark=True, confirmed=confirmed)
    if foreseen.question:
        raise foreseen.question
    if foreseen.unclaimed:
        await target.claim(where)
    plans = foreseen.plans
    copied = sum(each.to_copy for each in plans.values())
    size_bytes = sum(each.size_bytes for each in plans.values())
    progress.expect(copied, size_bytes)
    checked = 0
    for bucket, planned in plans.items():
        if planned.to_copy or planned.deleted:
            await _carry(bucket, planned, where, progress)
            checked += await _check(source, bucket, foreseen.present[bucket], where)
        else:
            # Both listings have just said so, and nothing was touched: to ask again would cost as much as the run.
            checked += planned.unchanged
        log.info("bucket mirrored", extra={"bucket": bucket, "new": len(planned.new), "deleted": len(planned.deleted)})
    await forget_history(where, foreseen.history)
    return MirrorReport(
        copied=copied,
        deleted=sum(len(each.deleted) for each in plans.values()),
        bytes=size_bytes,
        checked=checked,
    )


async def foresee(
    source: ObjectStore, names: Sequence[str], where: Target, *, mark: bool, confirmed: str = ""
) -> Foreseen:
    """What a run would do. With `mark` it marks what a run has to mark at the source, which are new buckets; else it
    changes nothing. Raises as `run` does, but for the guards that ask: their question, but for what was `confirmed`, is
    part of the answer.
    """
    found, listed = await _both_sides(source, names, where)
    target.require_clock(where)
    kept, asked = found.listing, [found.question] if found.question else []
    present, plans = {}, {}
    for bucket in names:
        target.require_other(where, kept, bucket, listed[bucket])
        mirrored = below(kept, f"{CURRENT}{bucket}/")
        present[bucket] = listed[bucket]
        if mark and (plan.unmarked(bucket) in confirmed or not mirrored) and keys.MARKER not in listed[bucket]:
            # A first copy cannot delete anything, so a bucket from before there were markers may join here; and whoever
            # confirms a bucket without its marker need not do so every day.
            await markers.put(source, bucket, role="store")
            present[bucket] = await markers.listing(source, bucket)
        plans[bucket] = plan.make(present[bucket], mirrored)
        asked += plan.questions(bucket, present[bucket], mirrored, plans[bucket])
    return Foreseen(
        present=present,
        plans=plans,
        # All of them where one is new: who answers it is to answer no other one again, in turn with it.
        question=plan.together(asked) if any(asks.about not in confirmed for asks in asked) else None,
        history=tuple(below(kept, HISTORY)),
        unclaimed=found.unclaimed,
    )


async def _both_sides(source: ObjectStore, names: Sequence[str], where: Target) -> tuple[Kept, dict[str, Listing]]:
    """At the same time: the whole target in one listing (marker, mirror, history), and each bucket; but the others only
    after the first, whose replicas then speak of nothing that the others did not hold when they were listed.
    """
    try:
        async with asyncio.TaskGroup() as group:
            kept = group.create_task(target.look(where))
            first = {bucket: await markers.listing(source, bucket) for bucket in names[:1]}
            others = {bucket: group.create_task(markers.listing(source, bucket)) for bucket in names[1:]}
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return kept.result(), first | {bucket: each.result() for bucket, each in others.items()}


def below(listing: Listing, prefix: str) -> Listing:
    """What is below a prefix, by key without it."""
    return {key.removeprefix(prefix): info for key, info in listing.items() if key.startswith(prefix)}


async def _carry(bucket: str, planned: Plan, where: Target, progress: Progress) -> None:
    current = f"{where.bucket}/{CURRENT}{bucket}"
    # To the moment: what is replaced twice in a day would push the first, which may be the good one, out of it.
    history = f"{where.bucket}/{HISTORY}{clock.now():%Y-%m-%dT%H%M%S.%fZ}/{bucket}"
    for group in plan.in_order(planned):
        progress.done(
            await rclone.copy(
                where.remotes, bucket, current, history, group.keys, in_turn=group.in_turn, told=progress.under_way
            )
        )
    # Last: until here the mirror holds both what replaces the old files and the old files.
    if planned.deleted:
        await rclone.move_away(where.remotes, current, history, planned.deleted)


async def _check(source: ObjectStore, bucket: str, planned_from: Listing, where: Target) -> int:
    """Compare a new listing of the mirror with what was planned from; returns how many objects are the same. The source
    lives on: where they differ it is listed anew, and what has changed or gone there since is the next run's.
    """
    mirrored = await markers.listing(where.store, where.bucket, f"{CURRENT}{bucket}/")
    left = plan.make(planned_from, mirrored)
    if differing := (*left.new, *left.changed):
        present = await markers.listing(source, bucket)
        differing = [key for key in differing if planned_from[key] == present.get(key)]
    if differing:
        message = f"{len(differing)} objects of bucket {bucket} differ after the copy, such as {differing[0]}"
        raise Unavailable(message, retry_after_s=300)
    return left.unchanged


async def forget_history(where: Target, history: Iterable[str]) -> int:
    """Delete what was set aside more than `HISTORY_DAYS` ago; returns how many objects. `history` are keys below it."""
    oldest = (date.fromisoformat(clock.today()) - timedelta(days=HISTORY_DAYS)).isoformat()
    old = [key for key in history if key.partition("/")[0] < oldest]
    await target.delete(where, [f"{HISTORY}{key}" for key in old])
    return len(old)
