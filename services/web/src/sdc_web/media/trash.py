"""The trash: what nothing shows may go there, is gone for readers at once, and can be brought back for 30 days.

Gone at once, so that a mistake is noticed while it can still be undone. Whatever a text shows is taken out again by a
trigger; `removal.empty_trash` deletes for good what has been there for long.
"""

import msgspec
from sdc_core import clock
from sdc_core.sqlite import Connection, Database, Value, execute, fetch_all

from sdc_web import audit, list_places
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.db import Guard, unguarded
from sdc_web.media import uses
from sdc_web.media.assets import Asset, assets_where, by_ids

KEPT_US = 30 * clock.DAY_US
NAMED = 5
UNUSED_DAYS = 30
"""Younger uploads may be meant for a text that is not written yet."""


class Put(msgspec.Struct, frozen=True, kw_only=True):
    """How many assets went into the trash, and the names of those that stay, since texts show them."""

    moved: int
    stay: list[str]

    @property
    def words(self) -> str:
        """Which of those that were asked for stay, and how many went."""
        named = ", ".join(self.stay[:NAMED])
        more = f" and {len(self.stay) - NAMED:,} more" if len(self.stay) > NAMED else ""
        went = f"{self.moved:,} {'file is' if self.moved == 1 else 'files are'} in the trash."
        return f"{went} Texts show the others, so they stay: {named}{more}."


async def put(database: Database, by: Actor, ids: list[str], guard: Guard = unguarded) -> Put:
    """Put those in the trash that nothing shows. Raises Forbidden, InUse when that are none, and what `guard` does."""
    async with database.transaction() as connection:
        await _require_right(connection, by, ids)
        await guard(connection)
        shown = await uses.used(connection, ids)
        moved = await _put(connection, [each for each in ids if each not in shown], clock.now_us())
        if not moved and shown:
            await uses.require_none(connection, by, min(shown))
        if moved:
            await audit.record(connection, by, "media.trashed", ids[0], f"{moved} of them" if moved > 1 else "one")
        stay = sorted(each.name for each in (await by_ids(connection, shown)).values())
    return Put(moved=moved, stay=stay)


async def bring_back(database: Database, by: Actor, ids: list[str]) -> int:
    """Take those out of the trash that are still there; returns how many. Raises Forbidden."""
    async with database.transaction() as connection:
        await _require_right(connection, by, ids)
        back = await take_out(connection, ids)
        if back:
            await audit.record(connection, by, "media.restored", ids[0], f"{back} of them" if back > 1 else "one")
    return back


SQL_PUT = """
UPDATE media_assets SET trashed_at_us = :now_us
WHERE id IN (SELECT value FROM json_each(:ids)) AND trashed_at_us IS NULL
"""


async def _put(connection: Connection, ids: list[str], now_us: int) -> int:
    return await execute(connection, SQL_PUT, {"ids": _list(ids), "now_us": now_us})


SQL_TAKE_OUT = """
UPDATE media_assets SET trashed_at_us = NULL, former_of = NULL
WHERE id IN (SELECT value FROM json_each(:ids)) AND trashed_at_us IS NOT NULL
"""


async def take_out(connection: Connection, ids: list[str]) -> int:
    """The same, in a transaction of the caller's. What was a former file of another asset is one of its own then."""
    return await execute(connection, SQL_TAKE_OUT, {"ids": _list(ids)})


class _Id(msgspec.Struct, frozen=True, kw_only=True):
    id: str


SQL_DUE = "SELECT id FROM media_assets WHERE trashed_at_us <= :until_us ORDER BY trashed_at_us LIMIT 100"


async def due(connection: Connection, now_us: int) -> list[str]:
    """What has been there long enough."""
    return [each.id for each in await fetch_all(connection, _Id, SQL_DUE, {"until_us": now_us - KEPT_US})]


SQL_IN_TRASH = assets_where("""
WHERE trashed_at_us IS NOT NULL AND (:owner_id IS NULL OR author_id = :owner_id)
    AND (trashed_at_us, id) < (:key, :id)
ORDER BY trashed_at_us DESC, id DESC LIMIT :limit
""")


async def listed(connection: Connection, by: Actor, limit: int, after: str = "") -> list[Asset]:
    """What is in the trash and may be brought back by them, the latest first, from the place `after` on. Raises
    Forbidden, Invalid for a place that there is not.
    """
    key, asset_id = list_places.falling(after)
    values: dict[str, Value] = {"owner_id": by.only_own("media.change"), "key": key, "id": asset_id, "limit": limit}
    return await fetch_all(connection, Asset, SQL_IN_TRASH, values)


def place(last: Asset) -> str:
    """The place in the trash behind that asset."""
    return list_places.word(last.trashed_at_us or 0, last.id)


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """How many assets, and the bytes of their originals and variants together."""

    assets: int
    size_bytes: int


SQL_SUM = """
SELECT count(*) AS assets, coalesce(sum(size_bytes + variant_bytes), 0) AS size_bytes
FROM media_assets WHERE trashed_at_us IS NOT NULL AND (:owner_id IS NULL OR author_id = :owner_id)
"""


async def total(connection: Connection, by: Actor) -> Sum:
    """All of that. Raises Forbidden."""
    return (await fetch_all(connection, Sum, SQL_SUM, {"owner_id": by.only_own("media.change")}))[0]


SQL_UNUSED_SUM = """
SELECT count(*) AS assets, coalesce(sum(size_bytes + variant_bytes), 0) AS size_bytes
FROM media_assets WHERE trashed_at_us IS NULL AND uploaded_at_us < :before_us
    AND (:owner_id IS NULL OR author_id = :owner_id)
    AND NOT EXISTS (SELECT 1 FROM media_uses WHERE asset_id = media_assets.id)
"""


async def unused_total(connection: Connection, by: Actor, before_us: int) -> Sum:
    """What no revision shows, of the assets uploaded before that moment that they may throw away. Raises Forbidden."""
    values: dict[str, Value] = {"owner_id": by.only_own("media.change"), "before_us": before_us}
    return (await fetch_all(connection, Sum, SQL_UNUSED_SUM, values))[0]


SQL_UNUSED = assets_where("""
WHERE trashed_at_us IS NULL AND uploaded_at_us < :before_us
    AND (:owner_id IS NULL OR author_id = :owner_id)
    AND NOT EXISTS (SELECT 1 FROM media_uses WHERE asset_id = media_assets.id)
    AND (size_bytes, id) < (:key, :id)
ORDER BY size_bytes DESC, id DESC LIMIT :limit
""")


async def unused(connection: Connection, by: Actor, before_us: int, limit: int, after: str = "") -> list[Asset]:
    """The same, one by one, the largest first, from the place `after` on. Raises Forbidden, Invalid for a place that
    there is not.
    """
    key, asset_id = list_places.falling(after)
    values: dict[str, Value] = {
        "owner_id": by.only_own("media.change"),
        "before_us": before_us,
        "key": key,
        "id": asset_id,
        "limit": limit,
    }
    return await fetch_all(connection, Asset, SQL_UNUSED, values)


def unused_place(last: Asset) -> str:
    """The place behind that asset in that list."""
    return list_places.word(last.size_bytes, last.id)


async def _require_right(connection: Connection, by: Actor, ids: list[str]) -> None:
    rights.require(by, "media.change")
    for asset in (await by_ids(connection, set(ids))).values():
        rights.require(by, "media.change", asset.author_id)


def _list(ids: list[str]) -> str:
    return msgspec.json.encode(ids).decode()
