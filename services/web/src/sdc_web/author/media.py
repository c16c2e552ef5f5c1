"""Media assets as the author sees them: the library, uploads, alternative text."""

from collections.abc import AsyncGenerator

import msgspec
from litestar import Response, delete, get, post, put
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import Conflict, Invalid, TooLarge
from sdc_core.objects import ObjectStore
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings

from sdc_web import htmx, media, pages
from sdc_web.author import forms
from sdc_web.db import Databases
from sdc_web.media.picture import Markup
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

LISTED = 200
ONE_FRAME = "Only the first frame of this animation is shown."
MAX_REQUEST_BYTES = 8 * media.upload.MAX_BYTES
CHUNK_BYTES = 256 * 1024


class AltForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a picture shows, in words."""

    alt: str


class AssetView(msgspec.Struct, frozen=True, kw_only=True):
    """An asset as the library shows it; `width` and `height` in pixels once they are known."""

    id: str
    file_name: str
    alt: str
    state: str
    reason: str
    size_bytes: int
    width: int | None
    height: int | None
    created_at_us: int
    markdown: str
    picture: Markup | None
    changeable: bool


class Uploaded(msgspec.Struct, frozen=True, kw_only=True):
    """What a script is told of an upload; `new` is False for a file that was here already."""

    asset_id: str
    file_name: str
    state: str
    markdown: str
    new: bool


@get("/author/media", right="media.read")
async def index(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str]:
    """The library, the newest first."""
    return await _library(request, databases, author, {})


@get("/author/media/{asset_id:str}", right="media.read")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    asset_id: FromPath[str],
) -> Response[str]:
    """One asset; to htmx, which waits until its sizes are made, its place in the library."""
    async with databases.site.read() as connection:
        found = await media.show(connection, author.actor, asset_id)
    if htmx.wants_fragment(request):
        return pages.fragment("author/media/_asset.html", asset=view(found, author))
    return await pages.page(request, databases, "author/media/show.html", author=author, asset=view(found, author))


@post("/author/media", status_code=303, request_max_body_size=MAX_REQUEST_BYTES, right="media.change")
async def create(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    store: NamedDependency[ObjectStore],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
) -> Response[bytes] | Response[str]:
    """Take in one or several files and ask the worker for their sizes; the same file twice is one asset."""
    form = await _multipart(request)
    alt = str(form.get("alt", ""))
    done: list[tuple[media.Asset, bool]] = []
    try:
        for file in _files(form):
            asset, new = await media.upload.accept(
                databases.site, author.actor, store, settings, file.filename, _chunks(file), alt
            )
            done.append((asset, new))
            if asset.state == "pending":
                await media.order(worker, asset)
    except (Invalid, TooLarge) as error:
        if htmx.wants_fragment(request) or htmx.wants_json(request):
            raise
        return await _library(request, databases, author, {"form": str(error)}, status_code=422)
    finally:
        await form.close()
    return _answer(request, author, done)


@put("/author/media/{asset_id:str}", right="media.change")
async def change(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    asset_id: FromPath[str],
) -> Response[str] | Response[bytes]:
    """Say what the picture shows."""
    form = await forms.read(request, AltForm)
    asset = await media.set_alt(databases.site, author.actor, asset_id, form.alt)
    if htmx.wants_fragment(request):
        return pages.fragment("author/media/_asset.html", asset=view(asset, author))
    return pages.redirect("/author/media", "saved")


@delete("/author/media/{asset_id:str}", status_code=303, right="media.change")
async def remove(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    asset_id: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Delete a picture that no text shows."""
    try:
        await media.removal.remove(databases.site, author.actor, asset_id)
    except Conflict as error:
        return await _library(request, databases, author, {"form": str(error)}, status_code=409)
    return pages.redirect("/author/media", "deleted")


def view(asset: media.Asset, author: SignedIn) -> AssetView:
    """What the library shows an author of an asset."""
    manifest = asset.manifest
    return AssetView(
        id=asset.id,
        file_name=asset.file_name,
        alt=asset.alt,
        state=asset.state,
        reason=asset.reason or (ONE_FRAME if manifest and manifest.animated else ""),
        size_bytes=asset.size_bytes,
        width=manifest.width if manifest else None,
        height=manifest.height if manifest else None,
        created_at_us=asset.uploaded_at_us,
        markdown=markdown(asset),
        picture=media.picture.markup(asset.id, asset.alt, manifest) if manifest else None,
        changeable=author.actor.may_of("media.change", asset.author_id),
    )


def markdown(asset: media.Asset) -> str:
    """What the author pastes into a text."""
    alt = asset.alt.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return f"![{alt}](media:{asset.id})"


def _answer(
    request: AnyRequest, author: SignedIn, done: list[tuple[media.Asset, bool]]
) -> Response[bytes] | Response[str]:
    if htmx.wants_json(request):
        uploaded = [
            Uploaded(asset_id=asset.id, file_name=asset.file_name, state=asset.state, markdown=markdown(asset), new=new)
            for asset, new in done
        ]
        return Response(msgspec.json.encode(uploaded), status_code=201, media_type="application/json")
    if htmx.wants_fragment(request):
        return pages.html(
            "".join(pages.fragment("author/media/_asset.html", asset=view(asset, author)).content for asset, _ in done),
            201,
        )
    return pages.redirect("/author/media", "uploaded")


async def _library(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    errors: dict[str, str],
    status_code: int = 200,
) -> Response[str]:
    async with databases.site.read() as connection:
        found = await media.newest(connection, author.actor, limit=LISTED)
    return await pages.page(
        request,
        databases,
        "author/media/index.html",
        author=author,
        status_code=status_code,
        assets=[view(asset, author) for asset in found],
        errors=errors,
        limit_bytes=media.upload.MAX_BYTES,
    )


async def _multipart(request: AnyRequest) -> FormMultiDict:
    if request.content_type[0] != "multipart/form-data":
        raise Invalid("send files as multipart/form-data")
    try:
        return await request.form()
    except (UnicodeError, LookupError):
        raise Invalid("this form is not readable") from None


def _files(form: FormMultiDict) -> list[UploadFile]:
    """The files of the form; browsers send an empty one for a field that was left empty."""
    found = [value for value in form.getall("file", []) if isinstance(value, UploadFile) and value.filename]
    if not found:
        raise Invalid("choose a picture first", field="file")
    return found


async def _chunks(file: UploadFile) -> AsyncGenerator[bytes]:
    while chunk := await file.read(CHUNK_BYTES):
        yield chunk


route_handlers = [index, show, create, change, remove]
