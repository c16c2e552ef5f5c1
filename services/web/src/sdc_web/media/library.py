"""The library: assets by what the author asks for, a page at a time, in one of three orders."""

from typing import Literal, TypeAlias

import msgspec
from sdc_core.sqlite import Connection, Value, fetch_all, fetch_one, fetch_value

from sdc_web import list_places
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.media.assets import LAST, Asset, AssetKind, AssetState, assets_where

Order: TypeAlias = Literal["newest", "name", "size"]
MAX_ASKED = 200
SHORTEST = 3
"""The index knows words by three letters in a row; shorter ones are looked for in all of them."""


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which assets. Words must all occur, anywhere in the file's name or in what is said of it, whatever their case and
    accents; `owner_id` is who uploaded it, `content_type` is that of the original, and the moments are those between
    which it came, the latter excluded; `pictures` leaves out what is none. What is empty leaves nothing out.
    """

    words: str = ""
    kind: AssetKind = ""
    state: AssetState | Literal[""] = ""
    use: Literal["", "used", "unused"] = ""
    alt: Literal["", "missing"] = ""
    owner_id: str | None = None
    content_type: str = ""
    since_us: int = 0
    before_us: int = list_places.LATEST
    pictures: bool = False


_WHICH = """
WHERE trashed_at_us IS NULL AND (:state = '' OR state = :state) AND (:kind = '' OR kind = :kind)
    AND (:alt = '' OR (alt = '' AND NOT decorative))
    AND (NOT (:pictures OR :alt <> '') OR is_picture)
    AND (:owner_id IS NULL OR author_id = :owner_id)
    AND (:content_type = '' OR content_type = :content_type)
    AND +uploaded_at_us >= :since_us AND +uploaded_at_us < :before_us
    AND (:use = '' OR (:use = 'used') = EXISTS (SELECT 1 FROM media_uses WHERE asset_id = media_assets.id))
    AND (:match = '' OR id IN (SELECT asset_id FROM media_words WHERE media_words MATCH :match))
    AND (:pattern = '' OR id IN (SELECT asset_id FROM media_words WHERE words LIKE :pattern ESCAPE '!'))
"""
SQL_BY_AGE = assets_where(
    _WHICH,
    """
    AND (uploaded_at_us, id) < (:key, :id)
ORDER BY uploaded_at_us DESC, id DESC LIMIT :limit
""",
)
SQL_BY_NAME = assets_where(
    _WHICH,
    """
    AND file_name COLLATE NOCASE >= :key AND (file_name COLLATE NOCASE, id) > (:key, :id)
ORDER BY file_name COLLATE NOCASE, id LIMIT :limit
""",
)
"""The name is compared alone as well: a pair with a collation of its own is sought by no index."""
SQL_BY_SIZE = assets_where(
    _WHICH,
    """
    AND (size_bytes, id) < (:key, :id)
ORDER BY size_bytes DESC, id DESC LIMIT :limit
""",
)
_ORDERS: dict[Order, str] = {"newest": SQL_BY_AGE, "name": SQL_BY_NAME, "size": SQL_BY_SIZE}


async def page(
    connection: Connection, by: Actor, filters: Filters, order: Order, after: str, limit: int
) -> list[Asset]:
    """At most `limit` assets from the place `after` on, as `place` names it; from the first on when that is empty.
    Raises Forbidden, and Invalid for a place of another order.
    """
    rights.require(by, "media.read")
    key, asset_id = list_places.rising(after) if order == "name" else list_places.falling(after)
    return await fetch_all(
        connection, Asset, _ORDERS[order], _values(filters) | {"key": key, "id": asset_id, "limit": limit}
    )


def place(last: Asset, order: Order) -> str:
    """The place behind that asset: what comes there does not change when that one does, or is deleted."""
    key = {"newest": last.uploaded_at_us, "name": last.file_name, "size": last.size_bytes}[order]
    return list_places.word(key, last.id)


SQL_OLDER = assets_where(_WHICH, "AND id < :before ORDER BY id DESC LIMIT :limit")


async def older(connection: Connection, by: Actor, filters: Filters, before: str, limit: int) -> list[Asset]:
    """At most `limit` assets older than the one with the id `before`, be it there or not, the one uploaded last first;
    from the first on when that is empty. Raises Forbidden.
    """
    rights.require(by, "media.read")
    values = _values(filters) | {"before": before or LAST, "limit": limit}
    return await fetch_all(connection, Asset, SQL_OLDER, values)


SQL_COUNT = f"SELECT count(*) FROM media_assets INDEXED BY media_assets_newest{_WHICH}"  # noqa: S608 - two constants
"""Of an index: the rows themselves hold all sizes of each picture, and reading them takes four times as long."""


async def count(connection: Connection, filters: Filters) -> int:
    """How many there are on all pages."""
    found = await fetch_value(connection, SQL_COUNT, _values(filters))
    return found if isinstance(found, int) else 0


class Storage(msgspec.Struct, frozen=True, kw_only=True):
    """What all assets together take, those in the trash too."""

    assets: int
    original_bytes: int
    variant_bytes: int

    @property
    def size_bytes(self) -> int:
        """Originals and variants."""
        return self.original_bytes + self.variant_bytes


SQL_STORAGE = "SELECT assets, original_bytes, variant_bytes FROM media_storage"


async def storage(connection: Connection, by: Actor) -> Storage:
    """What is stored, from one row that triggers keep. Raises Forbidden."""
    rights.require(by, "media.read")
    found = await fetch_one(connection, Storage, SQL_STORAGE)
    return found or Storage(assets=0, original_bytes=0, variant_bytes=0)


def _values(filters: Filters) -> dict[str, Value]:
    words = filters.words[:MAX_ASKED].split()
    long = ['"' + word.replace('"', '""') + '"' for word in words if len(word) >= SHORTEST]
    short = [_escaped(word) for word in words if len(word) < SHORTEST]
    return {
        "state": filters.state,
        "kind": filters.kind,
        "alt": filters.alt,
        "owner_id": filters.owner_id,
        "content_type": filters.content_type,
        "since_us": filters.since_us,
        "before_us": filters.before_us,
        "pictures": filters.pictures,
        "use": filters.use,
        "match": " ".join(long),
        "pattern": f"%{'%'.join(short)}%" if short else "",
    }


def _escaped(word: str) -> str:
    return "".join(f"!{letter}" if letter in "!%_" else letter for letter in word)
