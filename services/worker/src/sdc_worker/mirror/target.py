"""The bucket that a mirror writes: whose it is, what it is for, and that its clock is ours."""

import asyncio
import re
from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec
from sdc_core import clock, keys
from sdc_core.errors import NotFound
from sdc_core.objects import ObjectInfo, ObjectStore
from sdc_core.sqlite import Connection, fetch_value

from sdc_worker.mirror import markers
from sdc_worker.mirror.markers import Marker
from sdc_worker.mirror.plan import Listing, MirrorAsks, MirrorRefused
from sdc_worker.mirror.rclone import Remotes

Role: TypeAlias = Literal["daily", "monthly"]
BUCKET_SETTING = "SDC_REMOTE_DAILY_BUCKET"
MAX_SKEW_US = 600 * clock.SECOND_US
MAX_MARKER_BYTES = 4096
DELETED_AT_ONCE = 16
_LAYOUT: dict[Role, re.Pattern[str]] = {
    "daily": re.compile(r"(?:current|history)/"),
    "monthly": re.compile(r"\d{4}-\d{2}/"),
}
_ROLES = {
    "store": "a bucket that a site works with",
    "daily": "the bucket of a daily mirror",
    "monthly": "a bucket of monthly snapshots",
}


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where a mirror is written; `setting` is the one that names its bucket, `site` which site it is of, or empty where
    that is not known.
    """

    store: ObjectStore
    bucket: str
    remotes: Remotes
    setting: str = BUCKET_SETTING
    role: Role = "daily"
    site: str = ""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Everything at the target, of months the folders alone; what has to be asked before it is written, and whether its
    marker has to be.
    """

    listing: Listing
    question: MirrorAsks | None = None
    unclaimed: bool = False


SQL_SITE_ID = "SELECT id FROM site_id"


async def site_id(connection: Connection) -> str:
    """Which site this is, as its markers have it."""
    return str(await fetch_value(connection, SQL_SITE_ID))


async def look(target: Target) -> Kept:
    """What a bucket holds, which must be empty, or marked as this very mirror's. One that another site has marked is a
    question; one marked before markers told as much is taken when it looks like a mirror. Changes nothing. Raises
    MirrorRefused for any other, and Misconfigured for one that is not there.
    """
    try:
        kept = {}
        if target.role == "monthly":
            # Years of months are far more than a run has to know.
            kept = {info.key: info async for info in target.store.list(target.bucket, flat=False)}
        if keys.MARKER not in kept:
            kept = await markers.listing(target.store, target.bucket)
    except NotFound:
        raise markers.no_bucket(target.bucket, target.setting) from None
    if not kept:
        return Kept(listing=kept, unclaimed=True)
    if keys.MARKER not in kept:
        message = f"the remote bucket {target.bucket} holds objects but no {keys.MARKER}: is it the right one?"
        raise MirrorRefused(f"{message} Nothing was copied or deleted; mirror into an empty bucket")
    if markers.is_digest(kept[keys.MARKER].etag, markers.of_mirror(target.bucket, target.role, target.site)):
        return Kept(listing=kept)
    marker = await _marker(target, kept[keys.MARKER].etag)
    if marker.role == target.role:
        return _of_site(target, kept, marker)
    if marker.role:
        raise _not_ours(target, f"is marked as {_ROLES.get(marker.role, marker.role)}")
    if strange := [key for key in kept if key != keys.MARKER and not _LAYOUT[target.role].match(key)]:
        raise _not_ours(target, f"holds what no {target.role} mirror does, such as {min(strange)}")
    return Kept(listing=kept, unclaimed=True)


async def claim(target: Target) -> None:
    """Mark the bucket as this mirror's, whatever was said there. Raises MirrorRefused where no copy can be compared."""
    if not await markers.put(target.store, target.bucket, role=target.role, site=target.site, anew=True):
        raise _opaque(target)


def require_other(target: Target, kept: Listing, bucket: str, listed: Listing) -> None:
    """Raises MirrorRefused when the target is the bucket that is to be copied, by whatever address: each marker has the
    name of its bucket and the moment in it, so two that are equal are one.
    """
    theirs, ours = kept.get(keys.MARKER), listed.get(keys.MARKER)
    if theirs and ours and theirs.etag == ours.etag:
        raise _not_ours(target, f"is the bucket {bucket} of the site itself")


def require_clock(target: Target) -> None:
    """Raises MirrorRefused when this machine's clock and that of the remote differ by much: by the day of the run
    replaced files are kept, history is forgotten, and a month has its name.
    """
    ahead_us = target.store.ahead_us
    if abs(ahead_us) > MAX_SKEW_US:
        hours, way = abs(ahead_us) / 3600 / clock.SECOND_US, "ahead of" if ahead_us > 0 else "behind"
        message = f"the clock of this machine is {hours:,.1f} hours {way} that of the remote"
        raise MirrorRefused(f"{message}: nothing was copied or deleted. Set the clock right")


async def require_own(target: Target, marker: ObjectInfo) -> None:
    """Raises MirrorRefused when the marker of a mirror, from which is to be copied, is that of another site."""
    if target.site and (await _marker(target, marker.etag)).site not in ("", target.site):
        message = f"bucket {target.bucket} holds the daily mirror of another site: nothing was copied"
        raise MirrorRefused(f"{message}. Run the daily mirror first, which asks about it")


async def delete(target: Target, keys_: Sequence[str]) -> None:
    """Delete objects of the target, some at a time. Raises Unavailable."""
    for at in range(0, len(keys_), DELETED_AT_ONCE):
        try:
            async with asyncio.TaskGroup() as group:
                for key in keys_[at : at + DELETED_AT_ONCE]:
                    group.create_task(target.store.delete(target.bucket, key))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None


async def _marker(target: Target, etag: str) -> Marker:
    body = await target.store.get(target.bucket, keys.MARKER, max_bytes=MAX_MARKER_BYTES)
    if "-" not in etag and not markers.is_digest(etag, body):
        raise _opaque(target)
    try:
        return msgspec.json.decode(body, type=Marker)
    except msgspec.DecodeError:
        raise _not_ours(target, f"has a {keys.MARKER} that no mirror wrote") from None


def _of_site(target: Target, kept: Listing, marker: Marker) -> Kept:
    if not target.site:
        return Kept(listing=kept)
    if marker.site in ("", target.site):
        return Kept(listing=kept, unclaimed=True)
    day = clock.day_of(kept[keys.MARKER].modified_us)
    about = f"the remote bucket {target.bucket} was marked by another site"
    asks = MirrorAsks(
        f"{about}, on {day}: nothing was copied or deleted. Mirror into an empty bucket; or, where this is that site "
        "made anew, confirm the run, which takes the bucket over",
        about=about,
    )
    return Kept(listing=kept, question=asks, unclaimed=True)


def _opaque(target: Target) -> MirrorRefused:
    message = f"the ETags of the remote bucket {target.bucket} do not tell what its objects hold"
    return MirrorRefused(
        f"{message}, as where a store encrypts with keys of its own (SSE-KMS, SSE-C): no copy could be compared, so "
        "nothing was copied. Choose SSE-S3, or no encryption, for that bucket and empty it"
    )


def _not_ours(target: Target, why: str) -> MirrorRefused:
    message = f"the remote bucket {target.bucket} {why}: nothing was copied or deleted"
    return MirrorRefused(f"{message}. Have {target.setting} name an empty one")
