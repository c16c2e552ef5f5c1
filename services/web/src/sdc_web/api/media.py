"""Media assets: listed, taken in, read, described, put into the trash and brought back."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, Meta, UnsetType
from sdc_core import clock
from sdc_core.errors import Invalid
from sdc_core.objects import ObjectStore
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection
from sdc_core.variants import CONTENT_TYPES, Manifest, StoredVariant

from sdc_web import media
from sdc_web.api import answers, incoming
from sdc_web.api.conditions import unless_changed
from sdc_web.api.once import once
from sdc_web.db import Databases
from sdc_web.media.assets import MAX_ALT, MAX_CAPTION, MAX_TITLE, AssetKind, AssetState
from sdc_web.media.library import MAX_ASKED
from sdc_web.problems import AnyRequest
from sdc_web.tokens import Bearer


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """A file made of the original, for readers; `url` is absolute, and what is behind it never changes."""

    url: str
    content_type: str
    width: int
    height: int
    size_bytes: int


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """A media asset: a Markdown text shows it as `![](media:ID)`, or leads to it as `[words](media:ID)`. Sound, film
    and other files have no variants: readers get them as they came, from `url`, which is empty for pictures. `kind` is
    empty while the variants of a picture are made. `content_type`, `size_bytes` and `sha256` are the original's;
    `width` and `height`, in pixels, are known once it is `ready`; `reason` says why it `failed`. `decorative` is
    one that says nothing and needs no `alt`. `title` is the author's own name for it, `caption` goes into a text with
    it, the focus is the point that stays in view when it is cut, in percent from the upper left. `trashed_at` is null
    unless it lies in the trash. `variants` are still; `moving` has all frames of an `animated` one,
    the format to prefer first, or is empty.
    """

    id: str
    state: AssetState
    reason: str
    kind: AssetKind
    url: str
    file_name: str
    alt: str
    decorative: bool
    title: str
    caption: str
    focus_x: int
    focus_y: int
    content_type: str
    size_bytes: int
    sha256: str
    width: int | None
    height: int | None
    animated: bool
    uploaded_at: answers.Moment
    trashed_at: answers.Moment | None
    variants: tuple[Variant, ...]
    moving: tuple[Variant, ...]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What counts of an asset for If-Match: what people say of it, its file, and whether it lies in the trash."""

    words: media.Words
    sha256: str
    trashed: bool


class AssetPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of media assets; `next_cursor` asks for the next one, null on the last."""

    media: tuple[Asset, ...]
    next_cursor: str | None


class AssetQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which media assets, and from where on. `q` are words that must all occur in the name of the file or in what is
    said of it. With `trashed` those in the trash, of a token that may bring them back, and then `state` alone narrows.
    """

    trashed: bool = False
    q: Annotated[str, Meta(max_length=MAX_ASKED)] = ""
    state: AssetState | UnsetType = UNSET
    kind: Literal["photograph", "drawing", "animation", "audio", "video", "file"] | UnsetType = UNSET
    use: Literal["used", "unused"] | UnsetType = UNSET
    alt: Literal["missing"] | UnsetType = UNSET
    limit: incoming.Limit = 20
    cursor: incoming.Cursor | UnsetType = UNSET


FileName: TypeAlias = Annotated[str, Meta(max_length=1_000)]
Alt: TypeAlias = Annotated[str, Meta(description=f"One line of at most {MAX_ALT} characters.")]
Title: TypeAlias = Annotated[str, Meta(description=f"One line of at most {MAX_TITLE} characters.")]
Caption: TypeAlias = Annotated[str, Meta(description=f"One line of at most {MAX_CAPTION} characters.")]
Percent: TypeAlias = Annotated[int, Meta(ge=0, le=100)]


class UploadQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said of a file that is sent."""

    filename: FileName = ""
    alt: Alt = ""


class AssetChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New values for some fields; what is left out stays. An `alt` takes back `decorative`, and that an `alt`."""

    alt: Alt | UnsetType = UNSET
    decorative: bool | UnsetType = UNSET
    title: Title | UnsetType = UNSET
    caption: Caption | UnsetType = UNSET
    focus_x: Percent | UnsetType = UNSET
    focus_y: Percent | UnsetType = UNSET


@get("/media", right="media.read")
async def index(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    reader: NamedDependency[Bearer],
) -> Response[bytes]:
    """List media assets, or find those with certain words; the one uploaded last first."""
    asked = incoming.query(request, AssetQuery)
    async with databases.site.read() as connection:
        found = await _found(connection, reader, asked)
    shown = tuple(_told(each, settings) for each in found[: asked.limit])
    next_cursor = shown[-1].id if len(found) > asked.limit else None
    return answers.send(request, AssetPage(media=shown, next_cursor=next_cursor))


async def _found(connection: Connection, reader: Bearer, asked: AssetQuery) -> list[media.Asset]:
    """One more than a page has."""
    before, limit = asked.cursor or "", asked.limit + 1
    if asked.trashed:
        if asked.q or asked.kind or asked.use or asked.alt:
            raise Invalid("the trash is not searched: ask for it alone, or with a state", field="trashed")
        return await media.page(
            connection, reader.actor, state=asked.state or None, before=before, trashed=True, limit=limit
        )
    filters = media.library.Filters(
        words=asked.q,
        state=asked.state or "",
        kind=asked.kind or "",
        use=asked.use or "",
        alt=asked.alt or "",
    )
    return await media.library.older(connection, reader.actor, filters, before, limit)


@post("/media", status_code=201, request_max_body_size=media.upload.MAX_BYTES, right="media.change")
async def create(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    store: NamedDependency[ObjectStore],
    worker: NamedDependency[ServiceClient],
    writer: NamedDependency[Bearer],
) -> Response[bytes]:
    """Take in the file that is the body; the same file twice is one media asset, which is then answered as it is."""
    said = incoming.query(request, UploadQuery)
    incoming.require_file(request)
    media.clean_alt(said.alt)
    async with media.upload.received(request.stream(), settings) as file:

        async def make(_: str) -> Response[bytes]:
            asset, new = await media.upload.keep(
                databases.site, writer.actor, store, settings, file, said.filename, said.alt
            )
            if asset.state == "pending":
                await media.order(worker, asset)
            headers = {"location": f"/api/v1/media/{asset.id}"}
            return _sent(request, asset, settings, 201 if new else 200, headers)

        return await once(request, databases.ttl, writer, file.sha256, make)


@get("/media/{asset_id:str}", right="media.read")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    reader: NamedDependency[Bearer],
    asset_id: FromPath[str],
) -> Response[bytes]:
    """Read a media asset."""
    return await answer(request, databases, settings, reader, asset_id)


@patch("/media/{asset_id:str}", right="media.change")
async def change(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    writer: NamedDependency[Bearer],
    asset_id: FromPath[str],
) -> Response[bytes]:
    """Say what the picture shows, what it is called, and which point stays in view. Readers are told of `alt` at once,
    in every text that does not say it itself.
    """
    changes = msgspec.structs.asdict(await incoming.body(request, AssetChanges))
    guard = unless_changed(request, lambda connection: said_now(connection, writer, asset_id))
    asset = await media.describe(databases.site, writer.actor, asset_id, media.Words(**changes), guard)
    return _sent(request, asset, settings)


@delete("/media/{asset_id:str}", right="media.change")
async def remove(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    writer: NamedDependency[Bearer],
    asset_id: FromPath[str],
) -> None:
    """Put a media asset that no text shows into the trash: gone for readers at once, for good after 30 days."""
    async with databases.site.read() as connection:
        await media.show(connection, writer.actor, asset_id)
    guard = unless_changed(request, lambda connection: said_now(connection, writer, asset_id))
    await media.trash.put(databases.site, writer.actor, [asset_id], guard)


@post("/media/{asset_id:str}/restoration", status_code=200, right="media.change")
async def restore(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    writer: NamedDependency[Bearer],
    asset_id: FromPath[str],
) -> Response[bytes]:
    """Take a media asset out of the trash again; one that is not in it stays as it is."""

    async def work(_: str) -> Response[bytes]:
        await media.trash.bring_back(databases.site, writer.actor, [asset_id])
        return await answer(request, databases, settings, writer, asset_id)

    return await once(request, databases.ttl, writer, await incoming.body_sha256(request), work)


async def answer(
    request: AnyRequest, databases: Databases, settings: Settings, by: Bearer, asset_id: str
) -> Response[bytes]:
    """The asset as it stands. Raises Forbidden, NotFound."""
    async with databases.site.read() as connection:
        found = await media.show(connection, by.actor, asset_id)
    return _sent(request, found, settings)


async def said_now(connection: Connection, by: Bearer, asset_id: str) -> Said:
    """Raises Forbidden, NotFound."""
    return _said(await media.show(connection, by.actor, asset_id))


def _said(asset: media.Asset) -> Said:
    words = media.Words(
        alt=asset.alt,
        decorative=asset.decorative,
        title=asset.title,
        caption=asset.caption,
        focus_x=asset.focus_x,
        focus_y=asset.focus_y,
    )
    return Said(words=words, sha256=asset.sha256, trashed=asset.trashed_at_us is not None)


def _sent(
    request: AnyRequest,
    asset: media.Asset,
    settings: Settings,
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response[bytes]:
    """Its ETag begins with a digest of what is said of it; that its variants are made changes the rest alone."""
    told = _told(asset, settings)
    return answers.send(request, told, status_code, headers, answers.etag_of(_said(asset), told))


def _told(asset: media.Asset, settings: Settings) -> Asset:
    manifest = asset.manifest
    return Asset(
        id=asset.id,
        state=asset.state,
        reason=asset.reason,
        kind=asset.kind,
        url="" if asset.is_picture else settings.site_url + media.attachment.address(asset),
        file_name=asset.file_name,
        alt=asset.alt,
        decorative=asset.decorative,
        title=asset.title,
        caption=asset.caption,
        focus_x=asset.focus_x,
        focus_y=asset.focus_y,
        content_type=asset.content_type,
        size_bytes=asset.size_bytes,
        sha256=asset.sha256,
        width=manifest.width if manifest else None,
        height=manifest.height if manifest else None,
        animated=manifest.animated if manifest else False,
        uploaded_at=clock.to_datetime(asset.uploaded_at_us),
        trashed_at=None if asset.trashed_at_us is None else clock.to_datetime(asset.trashed_at_us),
        variants=_told_files(asset, manifest, manifest.variants, settings) if manifest else (),
        moving=_told_files(asset, manifest, manifest.moving, settings) if manifest else (),
    )


def _told_files(
    asset: media.Asset, manifest: Manifest, files: tuple[StoredVariant, ...], settings: Settings
) -> tuple[Variant, ...]:
    shown = media.for_readers({asset.id: asset}, settings.MEDIA_URL)[asset.id]
    return tuple(
        Variant(
            url=media.picture.absolute(media.picture.address_of(shown, manifest, each), settings.site_url),
            content_type=CONTENT_TYPES[each.format],
            width=each.width,
            height=each.height,
            size_bytes=each.size_bytes,
        )
        for each in files
    )


route_handlers = [index, create, show, change, remove, restore]
