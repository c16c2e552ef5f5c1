"""The marker object: proof that a bucket is the one that was set up, and not an empty or a strange one."""

import hashlib

import msgspec
from sdc_core import clock, keys
from sdc_core.errors import Conflict, Misconfigured, NotFound
from sdc_core.objects import ObjectInfo, ObjectStore

from sdc_worker.mirror.plan import Listing


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """When and for what a bucket was marked: `role` is `store`, `daily` or `monthly`, `site` the id of the site whose
    mirror it is. Both are empty in markers of before there were such, and `site` where it was not known. The marker of
    a mirror has no `created`: its bytes, and so its ETag in a listing, are known beforehand.
    """

    bucket: str
    created: str = ""
    role: str = ""
    site: str = ""


async def ensure(store: ObjectStore, bucket: str) -> None:
    """Make a bucket that is missing, and mark one that is empty. One that holds objects is left as it is: a marker
    that has gone from it is the mirror's business. Raises Unavailable when the store does not answer.
    """
    if await store.ping(bucket):
        await store.make_bucket(bucket)
    async for _ in store.list(bucket):
        return
    await put(store, bucket, role="store")


async def require_bucket(store: ObjectStore, bucket: str, setting: str) -> None:
    """Raises Misconfigured, with what to do, when a remote has no such bucket; `setting` is the one that names it."""
    try:
        async for _ in store.list(bucket, keys.MARKER):
            return
    except NotFound:
        raise no_bucket(bucket, setting) from None


async def require_lock(store: ObjectStore, bucket: str, setting: str, days: int) -> None:
    """Raises Misconfigured when objects are to be locked for so many days and the bucket has no Object Lock."""
    if not days:
        return
    try:
        locks = await store.locks(bucket)
    except NotFound:
        raise no_bucket(bucket, setting) from None
    if not locks:
        setting = setting.replace("_BUCKET", "_LOCK_DAYS")
        message = f"the remote bucket {bucket} has no Object Lock, which is chosen when a bucket is made"
        raise Misconfigured(f"{message}: make another one with it, or leave {setting} unset")


def no_bucket(bucket: str, setting: str) -> Misconfigured:
    """That a remote has no such bucket, and what to do."""
    return Misconfigured(f"the remote has no bucket {bucket}: create it, or set {setting}")


def is_digest(etag: str, body: bytes) -> bool:
    """Whether the ETag of an object that was put whole tells its content, as mirrors need it."""
    return etag == hashlib.md5(body, usedforsecurity=False).hexdigest()


def of_mirror(bucket: str, role: str, site: str) -> bytes:
    """The marker of a mirror."""
    return msgspec.json.encode(Marker(bucket=bucket, role=role, site=site))


async def put(store: ObjectStore, bucket: str, *, role: str, site: str = "", anew: bool = False) -> bool:
    """Mark a bucket; one that is marked stays as it is, unless it is to be marked `anew`. Returns whether its store
    gives ETags that tell the content.
    """
    marker = of_mirror(bucket, role, site)
    if role == "store":
        marker = msgspec.json.encode(Marker(bucket=bucket, created=clock.now().isoformat(), role=role))
    try:
        etag = await store.put(bucket, keys.MARKER, marker, content_type="application/json", only_new=not anew)
    except Conflict:
        return True
    return is_digest(etag, marker)


async def listing(store: ObjectStore, bucket: str, prefix: str = "") -> Listing:
    """Everything in a bucket below a prefix, by key without the prefix; but no folders that somebody has made by hand,
    which are empty objects to a store and nothing to rclone. Raises NotFound for a missing bucket.
    """
    return {info.key.removeprefix(prefix): info async for info in store.list(bucket, prefix) if not is_folder(info)}


def is_folder(info: ObjectInfo) -> bool:
    """Whether an object is one that a console makes of an empty folder."""
    return not info.size_bytes and info.key.endswith("/")
