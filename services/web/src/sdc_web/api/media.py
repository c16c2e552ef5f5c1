"""Media assets: listed, taken in, read, given alternative text, deleted."""

from http import HTTPStatus
from typing import Annotated, TypeAlias

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from msgspec import UNSET, Meta, UnsetType
from sdc_core import clock
from sdc_core.objects import ObjectStore
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.variants import CONTENT_TYPES, Manifest, StoredVariant

from sdc_web import media
from sdc_web.api import answers, incoming
from sdc_web.api.once import once
from sdc_web.db import Databases
from sdc_web.media.assets import MAX_ALT, AssetState
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
    """A media asset: a Markdown text shows it as `![](media:ID)`. `content_type`, `size_bytes` and `sha256` are the
    original's; `width` and `height`, in pixels, are known once it is `ready`; `reason` says why it `failed`.
    `variants` are still; `moving` has all frames of an `animated` one, the format to prefer first, or is empty.
    """

    id: str
    state: AssetState
    reason: str
    file_name: str
    alt: str
    content_type: str
    size_bytes: int
    sha256: str
    width: int | None
    height: int | None
    animated: bool
    uploaded_at: answers.Moment
    variants: tuple[Variant, ...]
    moving: tuple[Variant, ...]


class AssetPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of media assets; `next_cursor` asks for the next one, null on the last."""

    media: tuple[Asset, ...]
    next_cursor: str | None


class AssetQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which media assets, and from where on."""

    state: AssetState | UnsetType = UNSET
    limit: incoming.Limit = 20
    cursor: incoming.Cursor | UnsetType = UNSET


Alt: TypeAlias = Annotated[str, Meta(description=f"One line of at most {MAX_ALT} characters.")]


class UploadQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said of a file that is sent."""

    filename: Annotated[str, Meta(max_length=1_000)] = ""
    alt: Alt = ""


class AssetChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the picture shows, in words."""

    alt: Alt


@get("/media", right="media.read")
async def index(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    reader: NamedDependency[Bearer],
) -> Response[bytes]:
    """List media assets, the one uploaded last first."""
    asked = incoming.query(request, AssetQuery)
    async with databases.site.read() as connection:
        found = await media.page(
            connection, reader.actor, state=asked.state or None, before=asked.cursor or "", limit=asked.limit + 1
        )
    shown = tuple(_told(each, settings) for each in found[: asked.limit])
    next_cursor = shown[-1].id if len(found) > asked.limit else None
    return answers.send(request, AssetPage(media=shown, next_cursor=next_cursor))


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
    _require_file(request)
    media.clean_alt(said.alt)
    async with media.upload.received(request.stream(), settings) as file:

        async def make(_: str) -> Response[bytes]:
            asset, new = await media.upload.keep(
                databases.site, writer.actor, store, settings, file, said.filename, said.alt
            )
            if asset.state == "pending":
                await media.order(worker, asset)
            headers = {"location": f"/api/v1/media/{asset.id}"}
            return answers.send(request, _told(asset, settings), 201 if new else 200, headers)

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
    async with databases.site.read() as connection:
        found = await media.show(connection, reader.actor, asset_id)
    return answers.send(request, _told(found, settings))


@patch("/media/{asset_id:str}", right="media.change")
async def change(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    writer: NamedDependency[Bearer],
    asset_id: FromPath[str],
) -> Response[bytes]:
    """Say what the picture shows; readers are told at once, in every text that does not say it itself."""
    changes = await incoming.body(request, AssetChanges)
    asset = await media.set_alt(databases.site, writer.actor, asset_id, changes.alt)
    return answers.send(request, _told(asset, settings))


@delete("/media/{asset_id:str}", right="media.change")
async def remove(
    databases: NamedDependency[Databases],
    writer: NamedDependency[Bearer],
    asset_id: FromPath[str],
) -> None:
    """Delete a media asset that no text shows, for good."""
    await media.removal.remove(databases.site, writer.actor, asset_id)


def _require_file(request: AnyRequest) -> None:
    """The bytes tell what they are; the type only has to promise that they are the file itself and not a form."""
    kind = request.content_type[0]
    plain = kind.startswith("image/") or kind == "application/octet-stream"
    if not plain or request.headers.get("content-encoding", "identity") != "identity":
        raise HTTPException(status_code=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def _told(asset: media.Asset, settings: Settings) -> Asset:
    manifest = asset.manifest
    return Asset(
        id=asset.id,
        state=asset.state,
        reason=asset.reason,
        file_name=asset.file_name,
        alt=asset.alt,
        content_type=asset.content_type,
        size_bytes=asset.size_bytes,
        sha256=asset.sha256,
        width=manifest.width if manifest else None,
        height=manifest.height if manifest else None,
        animated=manifest.animated if manifest else False,
        uploaded_at=clock.to_datetime(asset.uploaded_at_us),
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


route_handlers = [index, create, show, change, remove]
