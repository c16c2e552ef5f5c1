"""Deleting a media asset: only while no text shows it, the row first, then its files."""

import asyncio
from contextlib import suppress

import msgspec
from sdc_core import clock, keys
from sdc_core.errors import Conflict, NotFound, Unavailable
from sdc_core.objects import ObjectStore
from sdc_core.sqlite import Connection, Database, execute, fetch_all

from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.media import assets

AGAIN_S = 30.0
SETTLED_US = 600 * clock.SECOND_US
"""Far longer than the worker, which may be making variants of what it has just fetched, takes over one picture."""


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """A post with a revision that shows the asset, by its newest title."""

    post_id: str
    title: str


class InUse(Conflict):
    """Posts show the asset; `uses` are at most five of them."""

    def __init__(self, uses: list[Use]) -> None:
        titles = ", ".join(f"“{use.title or 'Untitled'}”" for use in uses)
        super().__init__(f"This picture is shown in {titles}, perhaps in an earlier revision: it stays.")
        self.uses = uses


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """An asset that is deleted; when that was, or when files of it were last found."""

    asset_id: str
    since_us: int


async def remove(database: Database, by: Actor, asset_id: str) -> None:
    """Delete an asset for good; `clear_away` sees to its files. Raises InUse while any revision of a post shows it,
    Forbidden, NotFound.
    """
    async with database.transaction() as connection:
        asset = await assets.require(connection, asset_id)
        rights.require(by, "media.change", asset.author_id)
        if shown_in := await uses(connection, asset_id):
            raise InUse(shown_in)
        await delete(connection, asset_id)
        await record(connection, asset_id, clock.now_us())


async def clear_away(database: Database, store: ObjectStore, bucket: str) -> None:
    """The loop: for ever, delete the files of assets that are deleted. A store that is away is named by `/health`, and
    asked again.
    """
    while True:
        with suppress(NotFound, Unavailable):
            await clear_away_once(database, store, bucket)
        await asyncio.sleep(AGAIN_S)


async def clear_away_once(database: Database, store: ObjectStore, bucket: str) -> None:
    """Delete the files of every deleted asset, again and again until nobody can add one. Raises Unavailable."""
    async with database.read() as connection:
        removed = await removals(connection)
    for each in removed:
        original = keys.original(each.asset_id)
        found = [info.key async for info in store.list(bucket, f"{keys.VARIANTS}{each.asset_id}/")]
        found += [original] if await store.head(bucket, original) else []
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


SQL_USES = """
SELECT DISTINCT newest.post_id, newest.title
FROM revisions AS shown
JOIN revisions AS newest ON newest.post_id = shown.post_id
    AND newest.number = (SELECT max(number) FROM revisions WHERE post_id = shown.post_id)
WHERE shown.cover_asset_id = :asset_id OR instr(shown.body, 'media:' || :asset_id) > 0
    OR instr(shown.project, '"' || :asset_id || '"') > 0
ORDER BY newest.title, newest.post_id LIMIT 5
"""


async def uses(connection: Connection, asset_id: str) -> list[Use]:
    """At most five of the posts that show it, by title."""
    return await fetch_all(connection, Use, SQL_USES, {"asset_id": asset_id})


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


SQL_REMOVALS = "SELECT asset_id, since_us FROM removals ORDER BY since_us"


async def removals(connection: Connection) -> list[Removal]:
    """All of them; one stays for minutes."""
    return await fetch_all(connection, Removal, SQL_REMOVALS)


SQL_FORGET = "DELETE FROM removals WHERE asset_id = :asset_id"


async def forget(connection: Connection, asset_id: str) -> None:
    await execute(connection, SQL_FORGET, {"asset_id": asset_id})
