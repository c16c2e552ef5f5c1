"""Deleting a media asset: only while no text shows it, the row first, then its files."""

import msgspec
from sdc_core import keys
from sdc_core.errors import Conflict
from sdc_core.objects import ObjectStore
from sdc_core.sqlite import Connection, Database, execute, fetch_all

from sdc_web.media import assets


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """A post with a revision that shows the asset."""

    title: str


async def remove(database: Database, store: ObjectStore, bucket: str, asset_id: str) -> None:
    """Delete an asset for good. Raises Conflict while any revision of a post shows it, NotFound, Unavailable.

    A failure after the row has gone leaves files that nothing names; they cost space and no one sees them.
    """
    async with database.transaction() as connection:
        await assets.require(connection, asset_id)
        if shown_in := await uses(connection, asset_id):
            titles = ", ".join(f"“{use.title or 'Untitled'}”" for use in shown_in)
            raise Conflict(f"This picture is shown in {titles}, perhaps in an earlier revision: it stays.")
        await delete(connection, asset_id)
    for name in [info.key async for info in store.list(bucket, f"{keys.VARIANTS}{asset_id}/")]:
        await store.delete(bucket, name)
    await store.delete(bucket, keys.original(asset_id))


SQL_USES = """
SELECT DISTINCT newest.title
FROM revisions AS shown
JOIN revisions AS newest ON newest.post_id = shown.post_id
    AND newest.number = (SELECT max(number) FROM revisions WHERE post_id = shown.post_id)
WHERE shown.cover_asset_id = :asset_id OR instr(shown.body, 'media:' || :asset_id) > 0
ORDER BY newest.title LIMIT 5
"""


async def uses(connection: Connection, asset_id: str) -> list[Use]:
    """At most five of the posts that show it, by title."""
    return await fetch_all(connection, Use, SQL_USES, {"asset_id": asset_id})


SQL_DELETE = "DELETE FROM media_assets WHERE id = :asset_id"


async def delete(connection: Connection, asset_id: str) -> None:
    await execute(connection, SQL_DELETE, {"asset_id": asset_id})
