"""A media asset: the row of an upload, from pending to ready or failed."""

from typing import Literal, TypeAlias

import msgspec
from sdc_core import clock
from sdc_core.errors import Invalid, NotFound
from sdc_core.sqlite import Connection, Database, execute, fetch_all, fetch_one
from sdc_core.variants import Manifest

from sdc_web.authors import rights
from sdc_web.authors.rights import Actor

AssetState: TypeAlias = Literal["pending", "ready", "failed"]

MAX_ALT = 500
MAX_REASON = 500
LAST = "~"
"""Greater than every identifier."""
FIRST_PAUSE_US = 5 * clock.SECOND_US
"""Younger assets are being ordered by the request that took them in."""


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `media_assets`. `reason` says why it failed; `manifest_json` is None until its variants exist, and
    `author_id` where nobody knows who uploaded it.
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
    author_id: str | None

    @property
    def manifest(self) -> Manifest | None:
        """The variants, once they are stored."""
        return None if self.manifest_json is None else msgspec.json.decode(self.manifest_json, type=Manifest)


async def ready(database: Database, asset_id: str, manifest: Manifest) -> None:
    """The variants are stored. A repeat changes nothing; NotFound for an unknown asset."""
    encoded = msgspec.json.encode(manifest).decode()
    async with database.transaction() as connection:
        asset = await require(connection, asset_id)
        if asset.state != "ready" or asset.manifest_json != encoded:
            await _set_state(connection, asset_id, state="ready", reason="", manifest_json=encoded)


async def failed(database: Database, asset_id: str, reason: str) -> None:
    """No variants can be made. An asset that has them keeps them; NotFound for an unknown asset."""
    async with database.transaction() as connection:
        asset = await require(connection, asset_id)
        if asset.state == "pending":
            await _set_state(connection, asset_id, state="failed", reason=reason[:MAX_REASON], manifest_json=None)


async def set_alt(database: Database, by: Actor, asset_id: str, alt: str) -> Asset:
    """What a reader who cannot see the picture is told. Raises Invalid when too long, Forbidden, NotFound."""
    text = clean_alt(alt)
    async with database.transaction() as connection:
        asset = await require(connection, asset_id)
        rights.require(by, "media.change", asset.author_id)
        await _set_alt(connection, asset_id, text)
    return msgspec.structs.replace(asset, alt=text)


def clean_alt(alt: str) -> str:
    """One line of text; Invalid when it is over `MAX_ALT` characters."""
    text = " ".join(alt.split())
    if len(text) > MAX_ALT or not text.replace(" ", "x").isprintable():
        message = f"Alternative text is one line of at most {MAX_ALT} characters."
        raise Invalid(message, field="alt")
    return text


SQL_FIND = """
SELECT id, sha256, file_name, content_type, size_bytes, alt, state, reason, manifest AS manifest_json, uploaded_at_us,
    author_id
FROM media_assets WHERE id = :id
"""


async def find(connection: Connection, asset_id: str) -> Asset | None:
    """The asset, or None."""
    return await fetch_one(connection, Asset, SQL_FIND, {"id": asset_id})


async def show(connection: Connection, by: Actor, asset_id: str) -> Asset:
    """The asset, for the library. Raises Forbidden, NotFound."""
    rights.require(by, "media.read")
    return await require(connection, asset_id)


async def require(connection: Connection, asset_id: str) -> Asset:
    """The asset; NotFound when there is none."""
    asset = await find(connection, asset_id)
    if asset is None:
        message = "There is no such media asset."
        raise NotFound(message)
    return asset


SQL_BY_IDS = """
SELECT id, sha256, file_name, content_type, size_bytes, alt, state, reason, manifest AS manifest_json, uploaded_at_us,
    author_id
FROM media_assets WHERE id IN (SELECT value FROM json_each(:ids))
"""


async def by_ids(connection: Connection, ids: set[str]) -> dict[str, Asset]:
    """Those of the assets that exist, by id."""
    if not ids:
        return {}
    values = {"ids": msgspec.json.encode(sorted(ids)).decode()}
    return {asset.id: asset for asset in await fetch_all(connection, Asset, SQL_BY_IDS, values)}


SQL_BY_SHA256 = """
SELECT id, sha256, file_name, content_type, size_bytes, alt, state, reason, manifest AS manifest_json, uploaded_at_us,
    author_id
FROM media_assets WHERE sha256 = :sha256
"""


async def by_sha256(connection: Connection, sha256: str) -> Asset | None:
    """The asset with exactly these bytes, or None."""
    return await fetch_one(connection, Asset, SQL_BY_SHA256, {"sha256": sha256})


SQL_NEWEST = """
SELECT id, sha256, file_name, content_type, size_bytes, alt, state, reason, manifest AS manifest_json, uploaded_at_us,
    author_id
FROM media_assets ORDER BY uploaded_at_us DESC, id DESC LIMIT :limit
"""


async def newest(connection: Connection, by: Actor, limit: int = 100) -> list[Asset]:
    """Assets, the one uploaded last first. Raises Forbidden."""
    rights.require(by, "media.read")
    return await fetch_all(connection, Asset, SQL_NEWEST, {"limit": limit})


SQL_PAGE = """
SELECT id, sha256, file_name, content_type, size_bytes, alt, state, reason, manifest AS manifest_json, uploaded_at_us,
    author_id
FROM media_assets WHERE id < :before AND (:state IS NULL OR state = :state)
ORDER BY id DESC LIMIT :limit
"""


async def page(
    connection: Connection, by: Actor, *, state: AssetState | None, before: str = "", limit: int
) -> list[Asset]:
    """Assets older than the one with the id `before`, the one uploaded last first. Raises Forbidden."""
    rights.require(by, "media.read")
    values = {"state": state, "before": before or LAST, "limit": limit}
    return await fetch_all(connection, Asset, SQL_PAGE, values)


SQL_INSERT = """
INSERT INTO media_assets (id, sha256, file_name, content_type, size_bytes, alt, state, uploaded_at_us, order_us,
    author_id)
VALUES (:id, :sha256, :file_name, :content_type, :size_bytes, :alt, 'pending', :uploaded_at_us, :order_us,
    :author_id)
"""


async def insert(connection: Connection, asset: Asset) -> None:
    """A new, pending asset."""
    values = msgspec.structs.asdict(asset) | {"order_us": asset.uploaded_at_us + FIRST_PAUSE_US}
    await execute(connection, SQL_INSERT, values)


SQL_SET_STATE = "UPDATE media_assets SET state = :state, reason = :reason, manifest = :manifest_json WHERE id = :id"


async def _set_state(
    connection: Connection, asset_id: str, *, state: str, reason: str, manifest_json: str | None
) -> None:
    values = {"id": asset_id, "state": state, "reason": reason, "manifest_json": manifest_json}
    await execute(connection, SQL_SET_STATE, values)


SQL_SET_ALT = "UPDATE media_assets SET alt = :alt WHERE id = :id"


async def _set_alt(connection: Connection, asset_id: str, alt: str) -> None:
    await execute(connection, SQL_SET_ALT, {"id": asset_id, "alt": alt})


def new_asset(
    sha256: str, file_name: str, content_type: str, size_bytes: int, alt: str, author_id: str | None = None
) -> Asset:
    """A pending asset as of now, not stored yet."""
    return Asset(
        id=clock.new_id(),
        sha256=sha256,
        file_name=file_name,
        content_type=content_type,
        size_bytes=size_bytes,
        alt=alt,
        state="pending",
        reason="",
        manifest_json=None,
        uploaded_at_us=clock.now_us(),
        author_id=author_id,
    )
