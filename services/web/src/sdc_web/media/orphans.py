"""Files in the object store that belong to nothing: found by looking, and deleted by whoever has seen what they are.

They come of a database that was brought back from before an upload, of another site's files in the same bucket, of a
store that lost power between two answers.
"""

import hashlib

import msgspec
from sdc_core import clock, keys
from sdc_core.errors import Conflict
from sdc_core.objects import ObjectStore
from sdc_core.sqlite import Connection, Database, fetch_all

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.media import removal

YOUNG_US = clock.DAY_US
"""A file is stored before its row is written, and what is this young may be about to get one."""


class Orphan(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored below one id that no asset has; `newest_us` is when the last of it was written."""

    id: str
    files: int
    size_bytes: int
    newest_us: int


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, the largest first, and how many are too young to be judged."""

    orphans: tuple[Orphan, ...]
    young: int

    @property
    def files(self) -> int:
        """Of all together."""
        return sum(each.files for each in self.orphans)

    @property
    def size_bytes(self) -> int:
        """Of all together."""
        return sum(each.size_bytes for each in self.orphans)

    @property
    def digest(self) -> str:
        """Says whether it is still the same that somebody has seen; empty for nothing."""
        ids = "\n".join(sorted(each.id for each in self.orphans))
        return hashlib.sha256(ids.encode()).hexdigest() if ids else ""


async def find(database: Database, by: Actor, store: ObjectStore, bucket: str) -> Found:
    """Look through the bucket; nothing is changed. Raises Forbidden, and Unavailable or NotFound with the store."""
    rights.require(by, "site.change")
    stored: dict[str, Orphan] = {}
    for prefix in (*keys.UPLOADS, keys.VARIANTS):
        async for info in store.list(bucket, prefix):
            id_ = info.key.removeprefix(prefix).partition("/")[0]
            before = stored.get(id_) or Orphan(id=id_, files=0, size_bytes=0, newest_us=0)
            stored[id_] = Orphan(
                id=id_,
                files=before.files + 1,
                size_bytes=before.size_bytes + info.size_bytes,
                newest_us=max(before.newest_us, info.modified_us),
            )
    # After the store was listed: whatever got its row meanwhile is known by now.
    async with database.read() as connection:
        known = await _known(connection)
    until_us = clock.now_us() - YOUNG_US
    unknown = [each for each in stored.values() if each.id not in known]
    old = [each for each in unknown if each.newest_us <= until_us]
    return Found(
        orphans=tuple(sorted(old, key=lambda each: (-each.size_bytes, each.id))), young=len(unknown) - len(old)
    )


async def remove(database: Database, by: Actor, store: ObjectStore, bucket: str, seen: str) -> Found:
    """Delete for good what was seen, by the `digest` of it; `removal.clear_away` sees to it within the minute. Raises
    Conflict when there is something else by now, Forbidden, and Unavailable or NotFound with the store.
    """
    found = await find(database, by, store, bucket)
    if not found.orphans or found.digest != seen:
        message = "What nobody knows is no longer the same: look at it once more."
        raise Conflict(message)
    async with database.transaction() as connection:
        known = await _known(connection)
        gone = [each for each in found.orphans if each.id not in known]
        now_us = clock.now_us()
        for each in gone:
            await removal.record(connection, each.id, now_us)
        words = f"{sum(each.files for each in gone)} of them"
        await audit.record(connection, by, "media.cleared", gone[0].id if gone else "", words)
    return found


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    id: str


SQL_KNOWN = """
SELECT coalesce(file_id, id) AS id FROM media_assets
UNION SELECT file_id FROM media_replacements
UNION SELECT asset_id FROM removals
"""


async def _known(connection: Connection) -> set[str]:
    """The ids below which something is stored, or was and is being deleted."""
    return {each.id for each in await fetch_all(connection, _Known, SQL_KNOWN)}
