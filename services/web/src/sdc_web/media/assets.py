"""A media asset: the row of an upload, from pending to ready or failed, and the words that belong to it."""

from typing import Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace
from sdc_core import clock, keys
from sdc_core.errors import Invalid, NotFound
from sdc_core.sqlite import Connection, Database, Value, execute, fetch_all, fetch_one
from sdc_core.variants import Manifest

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.db import Guard, unguarded

AssetState: TypeAlias = Literal["pending", "ready", "failed"]
AssetKind: TypeAlias = Literal["", "photograph", "drawing", "animation", "audio", "video", "file"]
"""Of a picture, told by the variants: a *drawing* has few colours or transparent parts; empty while there are none. The
last three are no pictures: they have no variants, and are given to readers as they came.
"""
AS_IT_CAME: tuple[AssetKind, ...] = ("audio", "video", "file")

MAX_ALT = 500
MAX_TITLE = 200
MAX_CAPTION = 500
MAX_REASON = 500
LAST = "~"
"""Greater than every identifier."""
FIRST_PAUSE_US = 5 * clock.SECOND_US
"""Younger assets are being ordered by the request that took them in."""


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `media_assets`. `reason` says why it failed; `manifest_json` is None until its variants exist, and
    `author_id` where nobody knows who uploaded it. `title` is the author's own name for it, `caption` goes into a text
    with it; the focus is in percent from the upper left. `decorative` says that its `alt` is meant to be empty.
    `served_from` is no column: see `for_readers`.
    """

    id: str
    sha256: str
    file_name: str
    content_type: str
    size_bytes: int
    alt: str
    state: AssetState
    reason: str
    manifest_json: str | None
    uploaded_at_us: int
    title: str = ""
    caption: str = ""
    focus_x: int = 50
    focus_y: int = 50
    kind: AssetKind = ""
    variant_bytes: int = 0
    author_id: str | None = None
    file_id: str | None = None
    trashed_at_us: int | None = None
    decorative: bool = False
    served_from: str = ""

    @property
    def manifest(self) -> Manifest | None:
        """The variants, once they are stored."""
        return None if self.manifest_json is None else msgspec.json.decode(self.manifest_json, type=Manifest)

    @property
    def stored_id(self) -> str:
        """Below which its files are in the object store: its own id, until another file took the first one's place."""
        return self.file_id or self.id

    @property
    def is_picture(self) -> bool:
        """Whether it is shown by variants, and not given as it came."""
        return self.kind not in AS_IT_CAME

    @property
    def original_key(self) -> str:
        """Where the object store has what was sent."""
        return keys.original(self.stored_id) if self.is_picture else keys.file(self.stored_id)

    @property
    def name(self) -> str:
        """What the library calls it."""
        return self.title or self.file_name


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of an asset, and which point of it stays in view; what is left out stays as it is. `decorative` is
    for one that says nothing, and is taken back by an `alt`.
    """

    alt: str | UnsetType = UNSET
    decorative: bool | UnsetType = UNSET
    title: str | UnsetType = UNSET
    caption: str | UnsetType = UNSET
    focus_x: int | UnsetType = UNSET
    focus_y: int | UnsetType = UNSET


async def describe(database: Database, by: Actor, asset_id: str, words: Words, guard: Guard = unguarded) -> Asset:
    """Say that. Raises Invalid naming the field, Forbidden, NotFound, and what `guard` raises."""
    given = {name: value for name, value in msgspec.structs.asdict(words).items() if value is not UNSET}
    if words.decorative is True and words.alt is UNSET:
        given["alt"] = ""
    async with database.transaction() as connection:
        asset = await require(connection, asset_id)
        rights.require(by, "media.change", asset.author_id)
        await guard(connection)
        said = _clean(replace(asset, **given))
        await execute(connection, SQL_SET_WORDS, msgspec.structs.asdict(said))
        await audit.record(connection, by, "media.described", asset_id, asset.file_name)
    return said


async def set_alt(database: Database, by: Actor, asset_id: str, alt: str) -> Asset:
    """What a reader who cannot see the picture is told. Raises Invalid when too long, Forbidden, NotFound."""
    return await describe(database, by, asset_id, Words(alt=alt))


def clean_alt(alt: str) -> str:
    """One line of text; Invalid when it is over `MAX_ALT` characters."""
    return _line(alt, MAX_ALT, "alt", "Alternative text")


def kind_of(manifest: Manifest) -> AssetKind:
    """What the variants tell."""
    if manifest.animated:
        return "animation"
    return "photograph" if any(each.format == "jpeg" for each in manifest.variants) else "drawing"


_ASSET = """
SELECT id, sha256, file_name, content_type, size_bytes, alt, state, reason, manifest AS manifest_json, uploaded_at_us,
    title, caption, focus_x, focus_y, kind, variant_bytes, author_id, file_id, trashed_at_us,
    decorative
FROM media_assets
"""


def assets_where(*rest: str) -> str:
    """A statement that brings `Asset`s; what follows `FROM media_assets` may come in parts."""
    return "".join((_ASSET, *rest))


SQL_FIND = assets_where("WHERE id = :id")


async def find(connection: Connection, asset_id: str) -> Asset | None:
    """The asset, or None; also None for one in the trash."""
    asset = await find_anywhere(connection, asset_id)
    return asset if asset and asset.trashed_at_us is None else None


async def find_anywhere(connection: Connection, asset_id: str) -> Asset | None:
    """The asset, or None; be it in the trash or not."""
    return await fetch_one(connection, Asset, SQL_FIND, {"id": asset_id})


async def show(connection: Connection, by: Actor, asset_id: str, *, trashed: bool = False) -> Asset:
    """The asset, for the library; with `trashed` also one in the trash. Raises Forbidden, NotFound."""
    rights.require(by, "media.read")
    asset = await require(connection, asset_id)
    if asset.trashed_at_us is not None and not trashed:
        message = "This media asset is in the trash."
        raise NotFound(message)
    return asset


async def require(connection: Connection, asset_id: str) -> Asset:
    """The asset, be it in the trash or not; NotFound when there is none."""
    asset = await find_anywhere(connection, asset_id)
    if asset is None:
        message = "There is no such media asset."
        raise NotFound(message)
    return asset


class _OfState(msgspec.Struct, frozen=True, kw_only=True):
    state: AssetState
    assets: int


SQL_BY_STATE = "SELECT state, count(*) AS assets FROM media_assets WHERE trashed_at_us IS NULL GROUP BY state"


async def count_by_state(connection: Connection) -> dict[AssetState, int]:
    """How many are in each state that any is in."""
    return {each.state: each.assets for each in await fetch_all(connection, _OfState, SQL_BY_STATE)}


SQL_BY_IDS = assets_where("WHERE id IN (SELECT value FROM json_each(:ids))")


async def by_ids(connection: Connection, ids: set[str]) -> dict[str, Asset]:
    """Those of the assets that exist, by id."""
    if not ids:
        return {}
    values = {"ids": msgspec.json.encode(sorted(ids)).decode()}
    return {asset.id: asset for asset in await fetch_all(connection, Asset, SQL_BY_IDS, values)}


SQL_BY_SHA256 = assets_where("WHERE sha256 = :sha256")


def for_readers(found: dict[str, Asset], media_url: str) -> dict[str, Asset]:
    """The same assets with the addresses that readers are to fetch them from: below `media_url`, a public bucket or a
    CDN, or this site's own where that is empty. Who writes and previews always has them from here.
    """
    return {each: replace(asset, served_from=media_url) for each, asset in found.items()} if media_url else found


async def by_sha256(connection: Connection, sha256: str) -> Asset | None:
    """The asset with exactly these bytes, or None."""
    return await fetch_one(connection, Asset, SQL_BY_SHA256, {"sha256": sha256})


SQL_BY_FILE = assets_where("""
WHERE id = (
    SELECT id FROM media_assets WHERE id = :file_id AND file_id IS NULL
    UNION ALL SELECT id FROM media_assets WHERE file_id = :file_id
)
""")


async def by_file(connection: Connection, file_id: str) -> Asset | None:
    """The asset whose files are stored below that id, or None."""
    return await fetch_one(connection, Asset, SQL_BY_FILE, {"file_id": file_id})


SQL_NEWEST = assets_where("""
WHERE trashed_at_us IS NULL AND (NOT :pictures OR is_picture)
ORDER BY uploaded_at_us DESC, id DESC LIMIT :limit
""")


async def newest(connection: Connection, by: Actor, limit: int = 100, *, pictures: bool = False) -> list[Asset]:
    """Assets, or `pictures` alone, the one uploaded last first. Raises Forbidden."""
    rights.require(by, "media.read")
    return await fetch_all(connection, Asset, SQL_NEWEST, {"limit": limit, "pictures": pictures})


SQL_PAGE = assets_where("""
WHERE id < :before AND (:state IS NULL OR state = :state) AND (trashed_at_us IS NOT NULL) = :trashed
    AND (:owner_id IS NULL OR author_id = :owner_id)
ORDER BY id DESC LIMIT :limit
""")


async def page(
    connection: Connection,
    by: Actor,
    *,
    state: AssetState | None,
    before: str = "",
    trashed: bool = False,
    limit: int,
) -> list[Asset]:
    """Assets older than the one with the id `before`, the one uploaded last first; with `trashed` those in the trash
    that they may bring back. Raises Forbidden.
    """
    rights.require(by, "media.read")
    values: dict[str, Value] = {
        "state": state,
        "before": before or LAST,
        "trashed": trashed,
        "owner_id": by.only_own("media.change") if trashed else None,
        "limit": limit,
    }
    return await fetch_all(connection, Asset, SQL_PAGE, values)


SQL_INSERT = """
INSERT INTO media_assets (id, sha256, file_name, content_type, size_bytes, alt, state, uploaded_at_us, order_us,
    author_id, kind)
VALUES (:id, :sha256, :file_name, :content_type, :size_bytes, :alt, :state, :uploaded_at_us, :order_us,
    :author_id, :kind)
"""


async def insert(connection: Connection, asset: Asset) -> None:
    """A new asset."""
    values = msgspec.structs.asdict(asset) | {"order_us": asset.uploaded_at_us + FIRST_PAUSE_US}
    await execute(connection, SQL_INSERT, values)


SQL_SET_STATE = """
UPDATE media_assets SET state = :state, reason = :reason, manifest = :manifest_json, kind = :kind,
    variant_bytes = :variant_bytes
WHERE id = :id
"""


async def set_state(
    connection: Connection, asset_id: str, state: AssetState, *, reason: str = "", manifest: Manifest | None = None
) -> None:
    """How it stands, and what its variants are."""
    values: dict[str, Value] = {"id": asset_id, "state": state, "reason": reason[:MAX_REASON], **told_by(manifest)}
    await execute(connection, SQL_SET_STATE, values)


def told_by(manifest: Manifest | None, kind: AssetKind = "") -> dict[str, Value]:
    """The columns that follow from the variants; without any, it is of that kind."""
    return {
        "manifest_json": None if manifest is None else msgspec.json.encode(manifest).decode(),
        "kind": kind if manifest is None else kind_of(manifest),
        "variant_bytes": 0 if manifest is None else sum(each.size_bytes for each in manifest.files),
    }


SQL_SET_WORDS = """
UPDATE media_assets SET alt = :alt, title = :title, caption = :caption, focus_x = :focus_x, focus_y = :focus_y,
    decorative = :decorative
WHERE id = :id
"""


def new_asset(
    sha256: str,
    file_name: str,
    content_type: str,
    size_bytes: int,
    alt: str,
    author_id: str | None = None,
    kind: AssetKind = "",
) -> Asset:
    """An asset as of now, not stored yet: a picture waits for its variants, all else is ready as it comes."""
    return Asset(
        id=clock.new_id(),
        sha256=sha256,
        file_name=file_name,
        content_type=content_type,
        size_bytes=size_bytes,
        alt=alt,
        state="ready" if kind in AS_IT_CAME else "pending",
        reason="",
        manifest_json=None,
        uploaded_at_us=clock.now_us(),
        author_id=author_id,
        kind=kind,
    )


def _clean(asset: Asset) -> Asset:
    alt = clean_alt(asset.alt)
    return replace(
        asset,
        alt=alt,
        decorative=asset.decorative and not alt,
        title=_line(asset.title, MAX_TITLE, "title", "The title"),
        caption=_line(asset.caption, MAX_CAPTION, "caption", "The caption"),
        focus_x=_percent(asset.focus_x, "focus_x"),
        focus_y=_percent(asset.focus_y, "focus_y"),
    )


def _line(text: str, longest: int, field: str, what: str) -> str:
    line = " ".join(text.split())
    if len(line) > longest or not line.replace(" ", "x").isprintable():
        message = f"{what} is one line of at most {longest} characters."
        raise Invalid(message, field=field)
    return line


def _percent(value: int, field: str) -> int:
    if not 0 <= value <= 100:
        message = "The point that stays in view is a whole number from 0 to 100, in percent."
        raise Invalid(message, field=field)
    return value
