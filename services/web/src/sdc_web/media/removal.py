"""Deleting a media asset: only while no text shows it, the row first, then its files."""

import asyncio
from contextlib import suppress

import msgspec
from sdc_core import clock, keys
from sdc_core.errors import NotFound, Unavailable
from sdc_core.objects import ObjectStore
from sdc_core.sqlite import Connection, Database, execute, fetch_all

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import SYSTEM, Actor
from sdc_web.media import assets, trash, uses

AGAIN_S = 30.0
SETTLED_US = 600 * clock.SECOND_US
"""Far longer than the worker, which may be making variants of what it has just fetched, takes over one picture."""


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """A file that no asset has any more, by the id below which it is stored; since when, or when it was last found."""

    asset_id: str
    since_us: int


async def remove(database: Database, by: Actor, asset_id: str) -> None:
    """Delete an asset for good; `clear_away` sees to its files. Raises InUse while any revision of a post shows it,
    Forbidden, NotFound.
    """
    async with database.transaction() as connection:
        await within(connection, by, asset_id)


async def within(connection: Connection, by: Actor, asset_id: str) -> None:
    """The same, in a transaction of the caller's."""
    asset = await assets.require(connection, asset_id)
    rights.require(by, "media.change", asset.author_id)
    await uses.require_none(connection, by, asset_id)
    now_us = clock.now_us()
    await record(connection, asset.stored_id, now_us)
    await execute(connection, SQL_RECORD_WAITING, {"asset_id": asset_id, "since_us": now_us})
    await delete(connection, asset_id)
    await audit.record(connection, by, "media.deleted", asset_id, asset.file_name)


async def remove_from_trash(database: Database, by: Actor, ids: list[str]) -> int:
    """The same for those of the assets that lie in the trash; returns how many. Raises Forbidden and InUse, and then
    deletes nothing.
    """
    removed = 0
    async with database.transaction() as connection:
        for asset_id in ids:
            asset = await assets.find_anywhere(connection, asset_id)
            if asset is not None and asset.trashed_at_us is not None:
                await within(connection, by, asset_id)
                removed += 1
    return removed


async def empty_trash(database: Database, now_us: int) -> int:
    """Delete for good what has been in the trash for `trash.KEPT_US`; returns how many."""
    async with database.read() as connection:
        due = await trash.due(connection, now_us)
    removed = 0
    for asset_id in due:
        with suppress(uses.InUse, NotFound):
            removed += await _remove_due(database, asset_id, now_us)
    return removed


async def _remove_due(database: Database, asset_id: str, now_us: int) -> bool:
    """Whether it still was in the trash for long: one that was brought back meanwhile stays."""
    async with database.transaction() as connection:
        asset = await assets.require(connection, asset_id)
        if asset.trashed_at_us is None or asset.trashed_at_us > now_us - trash.KEPT_US:
            return False
        await within(connection, SYSTEM, asset_id)
        return True


async def clear_away(database: Database, store: ObjectStore, bucket: str) -> None:
    """The loop: for ever, delete what has been in the trash for long, and the files of what is deleted. A store that is
    away is named by `/health`, and asked again.
    """
    while True:
        await empty_trash(database, clock.now_us())
        with suppress(NotFound, Unavailable):
            await clear_away_once(database, store, bucket)
        await asyncio.sleep(AGAIN_S)


async def clear_away_once(database: Database, store: ObjectStore, bucket: str) -> None:
    """Delete the files of every deleted asset, again and again until nobody can add one. Raises Unavailable."""
    async with database.read() as connection:
        removed = await removals(connection)
    for each in removed:
        found = [info.key async for info in store.list(bucket, f"{keys.VARIANTS}{each.asset_id}/")]
        for upload in (keys.original(each.asset_id), keys.file(each.asset_id)):
            found += [upload] if await store.head(bucket, upload) else []
        for name in found:
            await store.delete(bucket, name)
        now_us = clock.now_us()
        if not found and now_us - each.since_us <= SETTLED_US:
            continue
        async with database.transaction() as connection:
            if found:
                await record(connection, each.asset_id, now_us)
            else:
                await forget(connection, each.asset_id)


SQL_DELETE = "DELETE FROM media_assets WHERE id = :asset_id"


async def delete(connection: Connection, asset_id: str) -> None:
    await execute(connection, SQL_DELETE, {"asset_id": asset_id})


SQL_RECORD = """
INSERT INTO removals (asset_id, since_us) VALUES (:asset_id, :since_us)
ON CONFLICT (asset_id) DO UPDATE SET since_us = excluded.since_us
"""


async def record(connection: Connection, asset_id: str, since_us: int) -> None:
    """Remember that files may be there, from that moment on."""
    await execute(connection, SQL_RECORD, {"asset_id": asset_id, "since_us": since_us})


SQL_RECORD_WAITING = """
INSERT INTO removals (asset_id, since_us)
SELECT file_id, :since_us FROM media_replacements WHERE asset_id = :asset_id
"""

SQL_REMOVALS = "SELECT asset_id, since_us FROM removals ORDER BY since_us"


async def removals(connection: Connection) -> list[Removal]:
    """All of them; one stays for minutes."""
    return await fetch_all(connection, Removal, SQL_REMOVALS)


SQL_FORGET = "DELETE FROM removals WHERE asset_id = :asset_id"


async def forget(connection: Connection, asset_id: str) -> None:
    await execute(connection, SQL_FORGET, {"asset_id": asset_id})
