"""The file of a media asset: another one in its place, the former one back, its sizes once more; and who shows it."""

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ASGIApp
from sdc_core.objects import ObjectStore
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection

from sdc_web import media, stored_files
from sdc_web.api import answers, incoming
from sdc_web.api.answers import Moment
from sdc_web.api.conditions import unless_changed
from sdc_web.api.media import FileName, answer
from sdc_web.api.once import once
from sdc_web.db import Databases
from sdc_web.headers import kept_as
from sdc_web.problems import AnyRequest
from sdc_web.tokens import Bearer

ORIGINAL = "application/octet-stream"
"""Whatever it is, which `content_type` of the asset says: nobody is to show it."""


class FileQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the file is called."""

    filename: FileName = ""


class OrderQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """With `anew` all variants are made once more, also of what is ready; it stays so meanwhile."""

    anew: bool = False


class WaitingFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that takes the place of the asset's own once its variants are made; `failed` when none can be."""

    state: str
    reason: str
    file_name: str
    content_type: str
    size_bytes: int
    sha256: str
    since: Moment


class FormerFile(msgspec.Struct, frozen=True, kw_only=True):
    """The file that the asset had before, for as long as it lies in the trash."""

    file_name: str
    content_type: str
    size_bytes: int
    sha256: str
    trashed_at: Moment | None


class AssetFile(msgspec.Struct, frozen=True, kw_only=True):
    """The digest of the file that a media asset has, and the others around it, null where there is none."""

    sha256: str
    waiting: WaitingFile | None
    former: FormerFile | None


class AssetUse(msgspec.Struct, frozen=True, kw_only=True):
    """A post with a revision that shows the asset, by its newest title: `on_site` when readers see it there, `in_draft`
    when the newest revision has it; in neither case an earlier revision does. `places` are `text`, `cover`, `gallery`.
    """

    post_id: str
    kind: str
    title: str
    on_site: bool
    in_draft: bool
    places: tuple[str, ...]


class AssetUses(msgspec.Struct, frozen=True, kw_only=True):
    """At most a hundred; `others` counts drafts of other authors among them."""

    uses: tuple[AssetUse, ...]
    others: int


@get("/media/{asset_id:str}/file", right="media.read")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    reader: NamedDependency[Bearer],
    asset_id: FromPath[str],
) -> Response[bytes]:
    """Read whether a new file waits to take the place of the asset's own, and which one it had before."""
    return await _answer(request, databases, reader, asset_id)


@put("/media/{asset_id:str}/file", request_max_body_size=media.upload.MAX_BYTES, right="media.change")
async def replace(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    store: NamedDependency[ObjectStore],
    worker: NamedDependency[ServiceClient],
    writer: NamedDependency[Bearer],
    asset_id: FromPath[str],
) -> Response[bytes]:
    """Have the file that is the body take the place of the asset's own, in every post, once its variants are made."""
    said = incoming.query(request, FileQuery)
    incoming.require_file(request)
    guard = unless_changed(request, lambda connection: told_now(connection, writer, asset_id))
    async with media.upload.received(request.stream(), settings) as file:
        async with databases.site.read() as connection:
            present = await media.show(connection, writer.actor, asset_id)
        # Sent again after it arrived: it is done.
        if present.sha256 != file.sha256:
            new = await media.files.replace(
                databases.site, writer.actor, store, settings, asset_id, file, said.filename, guard
            )
            if new is not None:
                await media.order(worker, media.File(stored_id=new.file_id, sha256=new.sha256))
    return await _answer(request, databases, writer, asset_id)


@delete("/media/{asset_id:str}/file", status_code=200, right="media.change")
async def undo(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    writer: NamedDependency[Bearer],
    asset_id: FromPath[str],
) -> Response[bytes]:
    """Give up the file that waits; without one, bring the former file back. 404 when neither is there."""
    guard = unless_changed(request, lambda connection: told_now(connection, writer, asset_id))
    if not await media.files.give_up(databases.site, writer.actor, asset_id, guard):
        await media.files.undo(databases.site, writer.actor, asset_id, guard)
    return await _answer(request, databases, writer, asset_id)


@post("/media/{asset_id:str}/orders", status_code=200, right="media.change")
async def order(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    store: NamedDependency[ObjectStore],
    worker: NamedDependency[ServiceClient],
    writer: NamedDependency[Bearer],
    asset_id: FromPath[str],
) -> Response[bytes]:
    """Have variants made once more that could not be made; where none failed nothing happens, but for `anew`."""
    asked = incoming.query(request, OrderQuery)

    async def work(_: str) -> Response[bytes]:
        if asked.anew:
            again = await media.files.make_anew(databases.site, writer.actor, store, settings.S3_MEDIA_BUCKET, asset_id)
        else:
            again = await media.files.try_again(databases.site, writer.actor, asset_id)
        if again is not None:
            await media.order(worker, again)
        return await answer(request, databases, settings, writer, asset_id)

    return await once(request, databases.ttl, writer, await incoming.body_sha256(request), work)


@get("/media/{asset_id:str}/original", right="media.read")
async def original(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    store: NamedDependency[ObjectStore],
    reader: NamedDependency[Bearer],
    asset_id: FromPath[str],
) -> ASGIApp:
    """Read the original of a media asset: the bytes that were uploaded, untouched."""
    async with databases.site.read() as connection:
        asset = await media.show(connection, reader.actor, asset_id)
    headers = {**answers.HEADERS, "etag": f'"{asset.sha256}"'}
    if answers.knows(request, headers["etag"]):
        return stored_files.known(headers)
    headers |= {"content-type": ORIGINAL, "content-disposition": kept_as(asset.file_name)}
    return stored_files.streamed(store, settings.S3_MEDIA_BUCKET, asset.original_key, headers)


@get("/media/{asset_id:str}/uses", right="media.read")
async def uses(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    reader: NamedDependency[Bearer],
    asset_id: FromPath[str],
) -> Response[bytes]:
    """List the posts that show a media asset: those on the site first, then drafts, then earlier revisions."""
    async with databases.site.read() as connection:
        await media.show(connection, reader.actor, asset_id)
        found = await media.uses.of(connection, asset_id)
    known = [each for each in found if each.is_for(reader.actor)]
    told = tuple(
        AssetUse(
            post_id=each.post_id,
            kind=each.kind,
            title=each.title,
            on_site=each.on_site,
            in_draft=each.in_draft,
            places=tuple(sorted(each.places.split(","))),
        )
        for each in known
    )
    return answers.send(request, AssetUses(uses=told, others=len(found) - len(known)))


async def _answer(request: AnyRequest, databases: Databases, by: Bearer, asset_id: str) -> Response[bytes]:
    async with databases.site.read() as connection:
        return answers.send(request, await told_now(connection, by, asset_id))


async def told_now(connection: Connection, by: Bearer, asset_id: str) -> AssetFile:
    """What a GET answers, and so what If-Match names: a file that has taken its place meanwhile is another one. Raises
    NotFound.
    """
    asset = await media.show(connection, by.actor, asset_id)
    waiting = await media.files.waiting_for(connection, asset_id)
    former = await media.files.former_of(connection, asset_id)
    return AssetFile(
        sha256=asset.sha256,
        waiting=None if waiting is None else _waiting(waiting),
        former=None if former is None else _former(former),
    )


def _waiting(found: media.files.Replacement) -> WaitingFile:
    return WaitingFile(
        state=found.state,
        reason=found.reason,
        file_name=found.file_name,
        content_type=found.content_type,
        size_bytes=found.size_bytes,
        sha256=found.sha256,
        since=answers.moment(found.since_us),
    )


def _former(found: media.Asset) -> FormerFile:
    return FormerFile(
        file_name=found.file_name,
        content_type=found.content_type,
        size_bytes=found.size_bytes,
        sha256=found.sha256,
        trashed_at=answers.moment_or_none(found.trashed_at_us),
    )


route_handlers = [show, replace, undo, order, original, uses]
