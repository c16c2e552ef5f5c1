"""The file of an asset: bringing the original home, sending another one in its place, having its sizes made again."""

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ASGIApp
from sdc_core import keys
from sdc_core.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable
from sdc_core.objects import ObjectStore
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.variants import CONTENT_TYPES

from sdc_web import file_forms, htmx, media, pages, stored_files
from sdc_web.author import forms
from sdc_web.author.media import asset_page
from sdc_web.author.media_views import LIBRARY
from sdc_web.db import Databases
from sdc_web.headers import kept_as
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

MAX_REQUEST_BYTES = media.upload.MAX_BYTES + 64 * 1024


class OrderQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether all sizes are to be made, and not only those that could not be made before."""

    anew: bool = False


@get("/author/media/{asset_id:str}/original", right="media.read")
async def original(
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    store: NamedDependency[ObjectStore],
    author: NamedDependency[SignedIn],
    asset_id: FromPath[str],
) -> ASGIApp:
    """The untouched file under its own name, to be kept and not to be shown."""
    asset = await _asset(databases, author, asset_id)
    headers = {"content-type": asset.content_type, "content-disposition": kept_as(asset.file_name)}
    return stored_files.streamed(store, settings.S3_MEDIA_BUCKET, asset.original_key, headers)


@get("/author/media/{asset_id:str}/picture", right="media.read")
async def picture(
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    store: NamedDependency[ObjectStore],
    author: NamedDependency[SignedIn],
    asset_id: FromPath[str],
) -> ASGIApp:
    """A small variant for the author's eyes: of what is in the trash, readers get none."""
    asset = await _asset(databases, author, asset_id)
    manifest = asset.manifest
    if manifest is None or not manifest.variants:
        raise NotFound("there is no such picture")
    small = min(manifest.variants, key=lambda each: (each.width, each.size_bytes))
    key = keys.variant(asset.stored_id, manifest.recipe, small.name)
    headers = {"content-type": CONTENT_TYPES[small.format]}
    return stored_files.streamed(store, settings.S3_MEDIA_BUCKET, key, headers)


@put(
    "/author/media/{asset_id:str}/file", status_code=303, request_max_body_size=MAX_REQUEST_BYTES, right="media.change"
)
async def replace(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    store: NamedDependency[ObjectStore],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
    asset_id: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Take in a file that is to have the place of the asset's own."""
    try:
        async with file_forms.form_of(request, settings) as form:
            form.require_files()
            sent = form.files[0]
            new = await media.files.replace(
                databases.site, author.actor, store, settings, asset_id, sent.received, sent.name
            )
    except (Invalid, TooLarge, Conflict, Unavailable) as error:
        if htmx.wants_fragment(request):
            raise
        status_code = 503 if isinstance(error, Unavailable) else 422
        errors = {"file": str(error)}
        return await asset_page(request, databases, author, asset_id, errors=errors, status_code=status_code)
    if new is not None:
        await media.order(worker, media.File(stored_id=new.file_id, sha256=new.sha256))
    return pages.redirect(f"{LIBRARY}/{asset_id}", "replacing")


@delete("/author/media/{asset_id:str}/file", status_code=303, right="media.change")
async def undo(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    asset_id: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Give up the file that waits; without one, bring the former file back."""
    try:
        if not await media.files.give_up(databases.site, author.actor, asset_id):
            await media.files.undo(databases.site, author.actor, asset_id)
    except Conflict as error:
        return await asset_page(request, databases, author, asset_id, errors={"file": str(error)}, status_code=409)
    return pages.redirect(f"{LIBRARY}/{asset_id}", "saved")


@post("/author/media/{asset_id:str}/orders", status_code=303, right="media.change")
async def order(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    store: NamedDependency[ObjectStore],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
    asset_id: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Have the sizes made once more that could not be made, or all of them."""
    asked = forms.fields(request.scope["query_string"].decode("latin-1"), OrderQuery)
    try:
        if asked.anew:
            again = await media.files.make_anew(databases.site, author.actor, store, settings.S3_MEDIA_BUCKET, asset_id)
        else:
            again = await media.files.try_again(databases.site, author.actor, asset_id)
    except Unavailable as error:
        errors = {"form": str(error)}
        return await asset_page(request, databases, author, asset_id, errors=errors, status_code=503)
    if again is not None:
        await media.order(worker, again)
    said = "anew" if asked.anew else "ordered"
    return pages.redirect(f"{LIBRARY}/{asset_id}", said if again else "")


async def _asset(databases: Databases, author: SignedIn, asset_id: str) -> media.Asset:
    async with databases.site.read() as connection:
        return await media.show(connection, author.actor, asset_id, trashed=True)


route_handlers = [original, picture, replace, undo, order]
