"""Months that are kept: which of them leave, and the removing of one."""

import re
from collections.abc import Iterable, Sequence

import msgspec
from sdc_core import clock, keys
from sdc_core.objects import ObjectStore

from sdc_worker.mirror import markers, plan, target
from sdc_worker.mirror.plan import Listing, MirrorAsks
from sdc_worker.mirror.target import Target

RETENTION_SETTING = "SDC_REMOTE_MONTHLY_RETENTION_MONTHS"
_MONTH = re.compile(r"(\d{4}-\d{2})/")


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """Months that leave, the oldest first; and what a run would ask before it removes them."""

    months: tuple[str, ...] = ()
    question: MirrorAsks | None = None


async def kept(store: ObjectStore, bucket: str) -> list[str]:
    """The months that a bucket has something of, the oldest first. Raises NotFound for a missing bucket."""
    folders = [info.key async for info in store.list(bucket, flat=False)]
    months = sorted(found[1] for folder in folders if (found := _MONTH.fullmatch(folder)))
    return [month for month in months if await _holds(store, bucket, f"{month}/")]


async def newest_whole(store: ObjectStore, bucket: str, months: Sequence[str]) -> str | None:
    """Of months, the oldest first, the newest one that was copied to its end."""
    for month in reversed(months):
        if await is_whole(store, bucket, month):
            return month
    return None


async def is_whole(store: ObjectStore, bucket: str, month: str) -> bool:
    """Whether a month was copied to its end: everything in it is in the folder of a bucket, whose marker came last."""
    marked = False
    async for info in store.list(bucket, f"{month}/", flat=False):
        if info.key == f"{month}/" or not info.key.endswith("/"):
            # A folder that a console made, or what somebody put beside those of the mirror.
            continue
        if await store.head(bucket, f"{info.key}{keys.MARKER}"):
            marked = True
        elif await _holds(store, bucket, info.key):
            return False
    return marked


async def _holds(store: ObjectStore, bucket: str, prefix: str) -> bool:
    async for info in store.list(bucket, prefix):
        if not markers.is_folder(info):
            return True
    return False


async def leaving(where: Target, month: str, retention: int) -> Leaving:
    """What leaves once `month` is there whole: all that are older than the `retention` newest whole ones, as far as
    nothing in them is locked; with 0 none. More than one at once is asked about: so many are not over in one month.
    """
    if not retention:
        return Leaving()
    there = await kept(where.store, where.bucket)
    oldest = await _oldest_to_stay(where, sorted({*there, month}), month, retention)
    found: list[str] = []
    for old in there:
        if old >= oldest or old == month:
            continue
        listed = await markers.listing(where.store, where.bucket, f"{old}/")
        if listed and not await _is_locked(where, old, listed):
            found.append(old)
    asks = None
    if len(found) > 1:
        about = f": {', '.join(found)}"
        asks = MirrorAsks(
            f"with {month} there are {len(found)} months more than the {retention} of {RETENTION_SETTING}{about}. "
            "No more than one leaves unasked, so none was removed: a confirmed run removes them for good",
            about=about,
        )
    return Leaving(months=tuple(found), question=asks)


async def _oldest_to_stay(where: Target, months: Sequence[str], month: str, retention: int) -> str:
    """The last of the newest whole ones, or the empty name where there are not as many: half a month that an
    interrupted run has left counts for none.
    """
    whole = 0
    for each in reversed(months):
        whole += each == month or await is_whole(where.store, where.bucket, each)
        if whole == retention:
            return each
    return ""


async def remove(where: Target, months: Iterable[str]) -> None:
    """Delete those months, one after the other. What tells that it is whole goes first, and what a restore
    begins with, so that none begins with the rest of one that was left half removed; the next run goes on with that.
    """
    for month in months:
        listed = await markers.listing(where.store, where.bucket, f"{month}/")
        first = {key for key in listed if plan.is_marker(key) or plan.begins(key)}
        for group in (sorted(first), sorted(listed.keys() - first)):
            await target.delete(where, [f"{month}/{key}" for key in group])


async def _is_locked(where: Target, month: str, listed: Listing) -> bool:
    """Whether the store lets nobody destroy what was copied first or last in a month; so it is with all in between."""
    by_age = sorted(listed, key=lambda key: listed[key].modified_us)
    infos = [await where.store.head(where.bucket, f"{month}/{key}") for key in (by_age[0], by_age[-1])]
    return any(info is not None and info.locked_until_us > clock.now_us() for info in infos)
