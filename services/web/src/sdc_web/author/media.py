"""The media library: what there is, what comes in, and what is said of each asset."""

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import Conflict, Invalid, TooLarge, Unavailable
from sdc_core.objects import ObjectStore
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings

from sdc_web import file_forms, htmx, media, pages
from sdc_web.author import forms, media_views
from sdc_web.author.media_views import LIBRARY, Asked, AssetView, Ticked, markdown
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.media.library import Filters
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

ON_PAGE = 48
MAX_REQUEST_BYTES = 8 * media.upload.MAX_BYTES


class WordsForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said of an asset, and which point stays in view; `decorative` is a box, empty while it is not ticked."""

    alt: str = ""
    decorative: str = ""
    title: str = ""
    caption: str = ""
    focus_x: str = "50"
    focus_y: str = "50"


class Library(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the library; the addresses are empty where they lead nowhere, and `whole` says that it begins all.
    `refused` says what could not be done to ticked ones, `undo` are those that have just gone into the trash.
    """

    asked: Asked
    assets: list[AssetView]
    total: int
    whole: bool
    first_url: str
    next_url: str
    trashed: int
    refused: str
    undo: list[str]

    @property
    def back(self) -> str:
        """Where this page is."""
        return self.asked.url(after=self.asked.after)


class Uploaded(msgspec.Struct, frozen=True, kw_only=True):
    """What a script is told of an upload; `new` is False for a file that was here already."""

    asset_id: str
    file_name: str
    state: str
    markdown: str
    new: bool


@get("/author/media", right="media.read")
async def index(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    store_away: NamedDependency[str],
) -> Response[str]:
    """The library; to htmx, while the author types or chooses, the part of it that changes."""
    asked = forms.fields(request.scope["query_string"].decode("latin-1"), Asked)
    if htmx.wants_fragment(request):
        library = await _library(databases, author.actor, asked)
        return pages.fragment("author/media/_library.html", author, library=library, store_away=store_away)
    return await _page(request, databases, author, asked, {}, store_away=store_away)


@get("/author/media/states", right="media.read")
async def states(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """How those assets look by now whose sizes were being made; what is gone is left out."""
    ids = list(forms.fields(request.scope["query_string"].decode("latin-1"), Ticked, "asset").asset)
    async with databases.site.read() as connection:
        found = await media.by_ids(connection, set(ids))
        waiting = await media.files.waiting_among(connection, ids)
    looks = [
        pages.fragment(
            "author/media/_look.html", author, asset=media_views.view(each, author.actor, pending=each.id in waiting)
        ).content
        for each in found.values()
    ]
    return pages.html("".join(looks))


@get("/author/media/{asset_id:str}", right="media.read")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    store_away: NamedDependency[str],
    asset_id: FromPath[str],
) -> Response[str]:
    """Everything about one asset."""
    return await asset_page(request, databases, author, asset_id, store_away=store_away)


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
    done: list[tuple[media.Asset, bool]] = []
    alt = ""
    try:
        async with file_forms.form_of(request, settings) as form:
            alt = form.fields.get("alt", "")
            form.require_files()
            for file in form.files:
                asset, new = await media.upload.keep(
                    databases.site, author.actor, store, settings, file.received, file.name, alt
                )
                done.append((asset, new))
                if asset.state == "pending":
                    await media.order(worker, asset)
    except (Invalid, TooLarge, Unavailable) as error:
        if htmx.wants_fragment(request) or htmx.wants_json(request):
            raise
        words = f"{error} {_taken(done)}".strip()
        status_code = 503 if isinstance(error, Unavailable) else 422
        return await _page(request, databases, author, Asked(), {"form": words}, alt=alt, status_code=status_code)
    return await _answer(request, databases, author, done)


@put("/author/media/{asset_id:str}", right="media.change")
async def change(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    asset_id: FromPath[str],
) -> Response[str] | Response[bytes]:
    """Say what the picture shows, what it is called, and which point of it stays in view."""
    form = await forms.read(request, WordsForm)
    try:
        await media.describe(databases.site, author.actor, asset_id, _words(form))
    except Invalid as error:
        errors = {error.field or "form": str(error)}
        return await asset_page(request, databases, author, asset_id, form=form, errors=errors, status_code=422)
    return pages.redirect(f"{LIBRARY}/{asset_id}", "saved")


@delete("/author/media/{asset_id:str}", status_code=303, right="media.change")
async def remove(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    asset_id: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Put a picture that no text shows into the trash."""
    try:
        await media.trash.put(databases.site, author.actor, [asset_id])
    except Conflict as error:
        return await asset_page(request, databases, author, asset_id, errors={"form": str(error)}, status_code=409)
    return pages.redirect(LIBRARY, "trashed")


async def shown(
    request: AnyRequest, databases: Databases, author: SignedIn, asked: Asked, refused: str
) -> Response[str]:
    """The library again, with what could not be done to the ticked ones."""
    return await _page(request, databases, author, asked, {"selection": refused}, status_code=422)


async def asset_page(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    asset_id: str,
    *,
    form: WordsForm | None = None,
    errors: dict[str, str] | None = None,
    status_code: int = 200,
    store_away: str = "",
) -> Response[str]:
    """One asset's page, with what was typed and why it was refused. Raises NotFound."""
    async with databases.site.read() as connection:
        found = await media.show(connection, author.actor, asset_id, trashed=True)
        details = await media_views.details(connection, author.actor, found)
    typed = form or WordsForm(
        alt=found.alt,
        decorative="on" if found.decorative else "",
        title=found.title,
        caption=found.caption,
        focus_x=str(found.focus_x),
        focus_y=str(found.focus_y),
    )
    return await pages.page(
        request,
        databases,
        "author/media/show.html",
        author=author,
        status_code=status_code,
        details=details,
        form=typed,
        errors=errors or {},
        limit_bytes=media.upload.MAX_BYTES,
        store_away=store_away,
    )


def _words(form: WordsForm) -> media.Words:
    return media.Words(
        alt=form.alt,
        decorative=bool(form.decorative),
        title=form.title,
        caption=form.caption,
        focus_x=_number(form.focus_x, "focus_x"),
        focus_y=_number(form.focus_y, "focus_y"),
    )


def _number(text: str, field: str) -> int:
    text = text.strip() or "50"
    if not (text.isascii() and text.isdecimal() and len(text) <= 3):
        raise Invalid("Write a whole number from 0 to 100, in percent.", field=field)
    return int(text)


def _taken(done: list[tuple[media.Asset, bool]]) -> str:
    """What a refusal of one of several files adds."""
    names = ", ".join(asset.file_name for asset, _ in done)
    return f"Taken were: {names}." if done else ""


async def _answer(
    request: AnyRequest, databases: Databases, author: SignedIn, done: list[tuple[media.Asset, bool]]
) -> Response[bytes] | Response[str]:
    if htmx.wants_json(request):
        uploaded = [
            Uploaded(asset_id=asset.id, file_name=asset.file_name, state=asset.state, markdown=markdown(asset), new=new)
            for asset, new in done
        ]
        return Response(msgspec.json.encode(uploaded), status_code=201, media_type="application/json")
    if htmx.wants_fragment(request):
        parts = [
            pages.fragment("author/media/_asset.html", author, asset=media_views.view(asset, author.actor))
            for asset, _ in done
        ]
        async with databases.site.read() as connection:
            total = await media.library.count(connection, Filters())
        parts.append(pages.fragment("author/media/_count.html", author, total=total, whole=True, continued=False))
        return pages.html("".join(part.content for part in parts), 201)
    return pages.redirect(LIBRARY, "uploaded")


async def _page(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    asked: Asked,
    errors: dict[str, str],
    *,
    alt: str = "",
    status_code: int = 200,
    store_away: str = "",
) -> Response[str]:
    return await pages.page(
        request,
        databases,
        "author/media/index.html",
        author=author,
        status_code=status_code,
        library=await _library(databases, author.actor, asked, errors.get("selection", "")),
        errors=errors,
        alt=alt,
        limit_bytes=media.upload.MAX_BYTES,
        store_away=store_away,
    )


async def _library(databases: Databases, by: Actor, asked: Asked, refused: str = "") -> Library:
    filters = asked.filters(by)
    async with databases.site.read() as connection:
        found = await media.library.page(connection, by, filters, asked.sort, asked.after, ON_PAGE + 1)
        total = await media.library.count(connection, filters)
        shown = await media_views.views(connection, by, found[:ON_PAGE])
        trashed = await media.trash.total(connection, by)
    return Library(
        asked=asked,
        assets=shown,
        total=total,
        whole=not asked.after and filters == Filters(),
        first_url=asked.url() if asked.after else "",
        next_url=asked.url(after=media.library.place(found[ON_PAGE - 1], asked.sort)) if len(found) > ON_PAGE else "",
        trashed=trashed.assets,
        refused=refused,
        undo=[each for each in asked.undo.split(",") if each][:ON_PAGE],
    )


route_handlers = [index, states, show, create, change, remove]
