"""The file of an asset: what the worker says of it, and another one in its place.

A file keeps the id below which it is stored for ever, so nothing that a reader's browser has kept can become wrong. A
new file has an id of its own and waits until its variants are there; then, in one transaction, it becomes the asset's,
and the former one goes into the trash as an asset of its own.
"""

from typing import Literal

import msgspec
from msgspec.structs import asdict
from sdc_core import clock, keys
from sdc_core.errors import Conflict, Invalid, NotFound, SdcError
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection, Database, Value, execute, fetch_all, fetch_one, fetch_value
from sdc_core.variants import FIRST_RECIPE, Manifest

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.db import Guard, unguarded
from sdc_web.media import assets, formats, removal, upload
from sdc_web.media.assets import FIRST_PAUSE_US, Asset
from sdc_web.media.orders import File
from sdc_web.media.upload import Received


class Replacement(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `media_replacements`: a file that waits for its variants, or cannot have any: `reason` says why."""

    asset_id: str
    file_id: str
    sha256: str
    file_name: str
    content_type: str
    size_bytes: int
    state: Literal["pending", "failed"]
    reason: str
    since_us: int


async def ready(database: Database, file_id: str, manifest: Manifest) -> None:
    """The variants of a file are stored, or a first one, which a pending asset shows meanwhile. A repeat changes
    nothing; NotFound for an unknown one.
    """
    async with database.transaction() as connection:
        asset = await assets.by_file(connection, file_id)
        if manifest.recipe == FIRST_RECIPE:
            if asset is None:
                await _waiting(connection, file_id)
            elif asset.state == "pending" and asset.manifest is None:
                await assets.set_state(connection, asset.id, "pending", manifest=manifest)
        elif asset is None:
            await _take_place(connection, await _waiting(connection, file_id), manifest)
        elif asset.state != "ready" or asset.manifest != manifest:
            await assets.set_state(connection, asset.id, "ready", manifest=manifest)


async def failed(database: Database, file_id: str, reason: str) -> None:
    """No variants can be made. An asset that has some keeps them; NotFound for an unknown file."""
    async with database.transaction() as connection:
        asset = await assets.by_file(connection, file_id)
        if asset is None:
            waiting = await _waiting(connection, file_id)
            await _set_failed(connection, waiting.asset_id, reason[: assets.MAX_REASON])
        elif asset.state == "pending":
            await assets.set_state(connection, asset.id, "failed", reason=reason)


async def replace(
    database: Database,
    by: Actor,
    store: ObjectStore,
    settings: Settings,
    asset_id: str,
    file: Received,
    file_name: str,
    guard: Guard = unguarded,
) -> Replacement | None:
    """Have a file that has come take the place of the asset's own: of a picture when its variants are there, and until
    then it is returned; of all else at once. One that still waits makes way for it.

    Raises Invalid for what is no picture in place of one, or a picture in place of what is none, Conflict when the
    library has the file already, Forbidden, NotFound, Unavailable as `upload.keep` does, and as the guard.
    """
    async with database.read() as connection:
        await guard(connection)
        present = await _require_new(connection, by, asset_id, file.sha256)
    name = upload.bare_name(file_name)
    taken = _taken(present, file, name)
    await upload.require_store(store, settings)
    await store.put_file(settings.S3_MEDIA_BUCKET, taken.original_key, file.path, content_type=taken.content_type)
    try:
        async with database.transaction() as connection:
            await guard(connection)
            present = await _require_new(connection, by, asset_id, file.sha256)
            await audit.record(connection, by, "media.replaced", asset_id, name)
            if not taken.is_picture:
                await _become(connection, present, taken, None)
                return None
            await _drop(connection, await waiting_for(connection, asset_id))
            new = _replacement(taken)
            await _insert(connection, new)
    except SdcError:
        # Deleted meanwhile, or uploaded as an asset of its own: the worker must not find what nobody has.
        await store.delete(settings.S3_MEDIA_BUCKET, taken.original_key)
        raise
    return new


def _taken(present: Asset, file: Received, name: str) -> Asset:
    """The asset as it will be. Raises Invalid where that would be a picture no more, or one all of a sudden."""
    if present.is_picture:
        content_type, kind = formats.require_picture(file.head), present.kind
    else:
        content_type, kind = formats.told(file.head, name)
        if kind not in assets.AS_IT_CAME:
            message = "This is a picture, which cannot take the place of a file: upload it as one of its own."
            raise Invalid(message, field="file")
    return msgspec.structs.replace(
        present,
        sha256=file.sha256,
        file_name=name,
        content_type=content_type,
        size_bytes=file.size_bytes,
        file_id=clock.new_id(),
        kind=kind,
    )


def _replacement(taken: Asset) -> Replacement:
    return Replacement(
        asset_id=taken.id,
        file_id=taken.stored_id,
        sha256=taken.sha256,
        file_name=taken.file_name,
        content_type=taken.content_type,
        size_bytes=taken.size_bytes,
        state="pending",
        reason="",
        since_us=clock.now_us(),
    )


async def give_up(database: Database, by: Actor, asset_id: str, guard: Guard = unguarded) -> bool:
    """Let the asset keep the file that it has; False when no other one waits. Raises Forbidden, NotFound, and as the
    guard.
    """
    async with database.transaction() as connection:
        await _changeable(connection, by, asset_id)
        await guard(connection)
        waiting = await waiting_for(connection, asset_id)
        await _drop(connection, waiting)
        if waiting is not None:
            await audit.record(connection, by, "media.kept", asset_id, waiting.file_name)
    return waiting is not None


async def try_again(database: Database, by: Actor, asset_id: str) -> File | None:
    """Have the variants of what failed made once more; returns the file to order, None when nothing failed. Raises
    Forbidden, NotFound.
    """
    async with database.transaction() as connection:
        asset = await _changeable(connection, by, asset_id)
        waiting = await waiting_for(connection, asset_id)
        values: dict[str, Value] = {"asset_id": asset_id, "order_us": clock.now_us() + FIRST_PAUSE_US}
        if waiting is not None and waiting.state == "failed":
            await execute(connection, SQL_WAIT_AGAIN, values)
            return File(stored_id=waiting.file_id, sha256=waiting.sha256)
        if asset.state != "failed":
            return None
        await execute(connection, SQL_PENDING_AGAIN, values)
        return File(stored_id=asset.stored_id, sha256=asset.sha256)


async def make_anew(database: Database, by: Actor, store: ObjectStore, bucket: str, asset_id: str) -> File | None:
    """Have all variants made once more, of what failed and of what is well, which is shown meanwhile as it is; returns
    the file to order, None when it is being made. Raises Forbidden, NotFound, and Unavailable with the store.
    """
    if failed := await try_again(database, by, asset_id):
        return failed
    async with database.read() as connection:
        asset = await _changeable(connection, by, asset_id)
    if asset.state != "ready" or not asset.is_picture:
        return None
    # Without it no variant counts as made: whoever is ordered makes them, and a sweep does if the order is lost.
    await store.delete(bucket, keys.manifest(asset.stored_id))
    async with database.transaction() as connection:
        await audit.record(connection, by, "media.made_anew", asset_id, asset.file_name)
    return File(stored_id=asset.stored_id, sha256=asset.sha256)


async def undo(database: Database, by: Actor, asset_id: str, guard: Guard = unguarded) -> Asset:
    """Bring the file back that the asset had before; the present one goes into the trash. Raises Forbidden, as the
    guard, and NotFound when that is gone for good.
    """
    async with database.transaction() as connection:
        present = await _changeable(connection, by, asset_id)
        await guard(connection)
        former = await former_of(connection, asset_id)
        if former is None or (former.is_picture and former.manifest is None):
            message = "The former file is not there any more."
            raise NotFound(message)
        await removal.delete(connection, former.id)
        await _become(connection, present, former, former.manifest)
        await audit.record(connection, by, "media.replaced", asset_id, f"the former file, {former.file_name}")
    return former


SQL_FORMER = "SELECT id FROM media_assets WHERE former_of = :asset_id ORDER BY trashed_at_us DESC, id DESC LIMIT 1"


async def former_of(connection: Connection, asset_id: str) -> Asset | None:
    """The file that the asset had before, as it lies in the trash."""
    found = await fetch_value(connection, SQL_FORMER, {"asset_id": asset_id})
    return None if found is None else await assets.find_anywhere(connection, str(found))


SQL_SHOWN_NOW = """
SELECT asset_id FROM former_media_files WHERE file_id = :file_id
UNION ALL SELECT id FROM media_assets WHERE id = :file_id
"""


async def shown_now(connection: Connection, file_id: str) -> Asset | None:
    """The asset that had this file once, or has the id; None for an unknown one and for what is in the trash."""
    found = await fetch_value(connection, SQL_SHOWN_NOW, {"file_id": file_id})
    return None if found is None else await assets.find(connection, str(found))


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    id: str


SQL_ANSWERED = """
SELECT wanted.value AS id FROM json_each(:ids) AS wanted
WHERE EXISTS (SELECT 1 FROM media_assets WHERE id = wanted.value AND trashed_at_us IS NULL)
    OR EXISTS (SELECT 1 FROM media_assets WHERE file_id = wanted.value AND trashed_at_us IS NULL)
    OR EXISTS (SELECT 1 FROM former_media_files AS former JOIN media_assets ON media_assets.id = former.asset_id
        WHERE former.file_id = wanted.value AND trashed_at_us IS NULL)
"""


async def answered(connection: Connection, ids: set[str]) -> set[str]:
    """Those of the ids in addresses of files at which readers find a picture."""
    found = await fetch_all(connection, _Named, SQL_ANSWERED, {"ids": msgspec.json.encode(sorted(ids)).decode()})
    return {each.id for each in found}


SQL_WAITING_FOR = """
SELECT asset_id, file_id, sha256, file_name, content_type, size_bytes, state, reason, since_us
FROM media_replacements WHERE asset_id = :asset_id
"""


async def waiting_for(connection: Connection, asset_id: str) -> Replacement | None:
    """The file that is to take the place of the asset's, if any."""
    return await fetch_one(connection, Replacement, SQL_WAITING_FOR, {"asset_id": asset_id})


class _Waiting(msgspec.Struct, frozen=True, kw_only=True):
    asset_id: str


SQL_WAITING_AMONG = """
SELECT asset_id FROM media_replacements WHERE state = 'pending' AND asset_id IN (SELECT value FROM json_each(:ids))
"""


async def waiting_among(connection: Connection, ids: list[str]) -> set[str]:
    """Those of the assets for which a file waits for its variants."""
    values = {"ids": msgspec.json.encode(ids).decode()}
    return {each.asset_id for each in await fetch_all(connection, _Waiting, SQL_WAITING_AMONG, values)}


SQL_WAITING = """
SELECT asset_id, file_id, sha256, file_name, content_type, size_bytes, state, reason, since_us
FROM media_replacements WHERE file_id = :file_id
"""


async def _waiting(connection: Connection, file_id: str) -> Replacement:
    found = await fetch_one(connection, Replacement, SQL_WAITING, {"file_id": file_id})
    if found is None:
        message = "There is no such media asset."
        raise NotFound(message)
    return found


async def _changeable(connection: Connection, by: Actor, asset_id: str) -> Asset:
    asset = await assets.require(connection, asset_id)
    rights.require(by, "media.change", asset.author_id)
    return asset


async def _require_new(connection: Connection, by: Actor, asset_id: str, sha256: str) -> Asset:
    asset = await _changeable(connection, by, asset_id)
    known = await assets.by_sha256(connection, sha256)
    if known is None:
        return asset
    if known.id == asset_id:
        raise Invalid("This is the very file that it has.", field="file")
    where = "in the trash" if known.trashed_at_us else "in the library"
    raise Conflict(f"This file is {where} already, as “{known.name}”: use that one in its place.")


async def _take_place(connection: Connection, new: Replacement, manifest: Manifest) -> None:
    known = await assets.by_sha256(connection, new.sha256)
    if known is not None:
        # Uploaded as an asset of its own while its variants were made.
        await _set_failed(connection, new.asset_id, f"The same file was uploaded meanwhile, as “{known.name}”.")
        return
    present = await assets.require(connection, new.asset_id)
    await execute(connection, SQL_DELETE_WAITING, {"asset_id": new.asset_id})
    taken = msgspec.structs.replace(
        present,
        sha256=new.sha256,
        file_name=new.file_name,
        content_type=new.content_type,
        size_bytes=new.size_bytes,
        file_id=new.file_id,
    )
    await _become(connection, present, taken, manifest)


async def _become(connection: Connection, present: Asset, taken: Asset, manifest: Manifest | None) -> None:
    """Give the asset the file of another one, and its own file to a new asset in the trash."""
    values = {
        "id": present.id,
        "sha256": taken.sha256,
        "file_name": taken.file_name,
        "content_type": taken.content_type,
        "size_bytes": taken.size_bytes,
        "file_id": None if taken.stored_id == present.id else taken.stored_id,
        **assets.told_by(manifest, taken.kind),
    }
    await execute(connection, SQL_TAKE_FILE, values)
    await execute(connection, SQL_NO_FORMER_FILE, {"file_id": taken.stored_id})
    former = asdict(present) | {
        "id": clock.new_id(),
        "file_id": present.stored_id,
        "former_of": present.id,
        "trashed_at_us": clock.now_us(),
    }
    await execute(connection, SQL_INSERT_FORMER, former)
    await execute(connection, SQL_FORMER_FILE, {"file_id": present.stored_id, "asset_id": present.id})


async def _drop(connection: Connection, waiting: Replacement | None) -> None:
    if waiting is not None:
        await execute(connection, SQL_DELETE_WAITING, {"asset_id": waiting.asset_id})
        await removal.record(connection, waiting.file_id, clock.now_us())


SQL_INSERT_WAITING = """
INSERT INTO media_replacements (asset_id, file_id, sha256, file_name, content_type, size_bytes, state, since_us,
    order_us)
VALUES (:asset_id, :file_id, :sha256, :file_name, :content_type, :size_bytes, 'pending', :since_us, :order_us)
"""


async def _insert(connection: Connection, new: Replacement) -> None:
    await execute(connection, SQL_INSERT_WAITING, asdict(new) | {"order_us": new.since_us + FIRST_PAUSE_US})


SQL_SET_FAILED = "UPDATE media_replacements SET state = 'failed', reason = :reason WHERE asset_id = :asset_id"


async def _set_failed(connection: Connection, asset_id: str, reason: str) -> None:
    await execute(connection, SQL_SET_FAILED, {"asset_id": asset_id, "reason": reason})


SQL_DELETE_WAITING = "DELETE FROM media_replacements WHERE asset_id = :asset_id"
SQL_WAIT_AGAIN = """
UPDATE media_replacements SET state = 'pending', reason = '', orders = 0, order_us = :order_us
WHERE asset_id = :asset_id
"""
SQL_PENDING_AGAIN = """
UPDATE media_assets SET state = 'pending', reason = '', orders = 0, order_us = :order_us WHERE id = :asset_id
"""
SQL_TAKE_FILE = """
UPDATE media_assets SET sha256 = :sha256, file_name = :file_name, content_type = :content_type,
    size_bytes = :size_bytes, file_id = :file_id, state = 'ready', reason = '', manifest = :manifest_json, kind = :kind,
    variant_bytes = :variant_bytes
WHERE id = :id
"""
SQL_INSERT_FORMER = """
INSERT INTO media_assets (id, sha256, file_name, content_type, size_bytes, alt, state, reason, manifest, uploaded_at_us,
    title, caption, focus_x, focus_y, kind, variant_bytes, author_id, file_id, trashed_at_us, former_of)
VALUES (:id, :sha256, :file_name, :content_type, :size_bytes, :alt, :state, :reason, :manifest_json, :uploaded_at_us,
    :title, :caption, :focus_x, :focus_y, :kind, :variant_bytes, :author_id, :file_id, :trashed_at_us,
    :former_of)
"""
SQL_FORMER_FILE = "INSERT OR REPLACE INTO former_media_files (file_id, asset_id) VALUES (:file_id, :asset_id)"
SQL_NO_FORMER_FILE = "DELETE FROM former_media_files WHERE file_id = :file_id"
