"""Imports of the CMS: a file is sent and looked at, its author reads what would come, starts it, keeps the report."""

import asyncio
from typing import TypeAlias
from urllib.parse import urlencode

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ASGIApp
from sdc_core import disk
from sdc_core.errors import Conflict, Invalid, TooLarge, Unavailable
from sdc_core.settings import Settings

from sdc_web import file_forms, pages, transfers
from sdc_web.author import downloads, forms
from sdc_web.db import Databases
from sdc_web.problems import STATUSES, AnyRequest
from sdc_web.sessions import confirm
from sdc_web.sessions.signed_in import SignedIn
from sdc_web.transfers import Transfer, Wishes, folders, keeping, reports
from sdc_web.transfers.records import Step

ADDRESS = "/author/imports"
MAX_REQUEST_BYTES = keeping.MAX_BYTES + 1024 * 1024
NamedDatabases = NamedDependency[Databases]
NamedSettings = NamedDependency[Settings]
Author = NamedDependency[SignedIn]
Page: TypeAlias = Response[str] | Response[bytes]


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which lines of the report: those that ended in one way, or all, from which one on, of which step."""

    outcome: str = ""
    after: int = 0
    step: Step | None = None
    said: str = ""


class Pressed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which button: it is looked at once more, with pictures fetched from these hosts, or taken."""

    step: Step
    host: list[str] = []


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A way in which lines of the report end, how many do, and where they are listed."""

    name: str
    count: int
    url: str
    current: bool


class View(msgspec.Struct, frozen=True, kw_only=True):
    """An import as its page shows it; `next_url` is empty at the end of the report."""

    transfer: Transfer
    outcomes: list[Outcome]
    entries: list[reports.Entry]
    next_url: str
    first_url: str


@get(ADDRESS, right="site.import")
async def index(request: AnyRequest, databases: NamedDatabases, author: Author) -> Response[str]:
    """The form, and what was imported before."""
    return await _page(request, databases, author, {}, {})


@post(ADDRESS, status_code=303, request_max_body_size=MAX_REQUEST_BYTES, right="site.import")
async def create(request: AnyRequest, databases: NamedDatabases, settings: NamedSettings, author: Author) -> Page:
    """Take in a file. It is looked at by itself."""
    fields: dict[str, str] = {}
    try:
        async with file_forms.form_of(request, settings, transfers.receiving) as form:
            fields = form.fields
            await transfers.require_place(databases, author.actor)
            form.require_files("file")
            sent = form.files[0]
            wishes = _wishes(fields)
            made = await transfers.keep(databases, author.actor, settings, sent.received, sent.name, wishes)
    except (Invalid, TooLarge, Conflict, Unavailable) as error:
        field = error.field if isinstance(error, Invalid) else ""
        return await _page(
            request, databases, author, fields, {field or "form": str(error)}, status_code=STATUSES[error.code]
        )
    except OSError as error:
        if not disk.is_full(error):
            raise
        return await _page(request, databases, author, fields, {"form": disk.WORDS}, status_code=503)
    return pages.redirect(f"{ADDRESS}/{made.id}")


@get(f"{ADDRESS}/{{transfer_id:str}}", right="site.import")
async def show(
    request: AnyRequest, databases: NamedDatabases, settings: NamedSettings, author: Author, transfer_id: FromPath[str]
) -> Response[str]:
    """How far it is, and what its report says."""
    return await _one(request, databases, settings, author, transfer_id)


@post(f"{ADDRESS}/{{transfer_id:str}}/run", status_code=303, right="site.import")
async def run(
    request: AnyRequest, databases: NamedDatabases, settings: NamedSettings, author: Author, transfer_id: FromPath[str]
) -> Page:
    """Start it, or have it looked at once more."""
    pressed = await forms.read(request, Pressed, repeated="host")
    if pressed.step == "take":
        confirm.require(author)
    try:
        await transfers.run(databases, author.actor, transfer_id, pressed.step, " ".join(pressed.host))
    except (Conflict, Invalid) as error:
        status_code = STATUSES[error.code]
        return await _one(request, databases, settings, author, transfer_id, str(error), status_code=status_code)
    return pages.redirect(f"{ADDRESS}/{transfer_id}")


@delete(f"{ADDRESS}/{{transfer_id:str}}/run", status_code=303, right="site.import")
async def cancel(
    request: AnyRequest, databases: NamedDatabases, settings: NamedSettings, author: Author, transfer_id: FromPath[str]
) -> Page:
    """Stop it: what was imported until then stays."""
    try:
        await transfers.cancel(databases, author.actor, transfer_id, "import")
    except Conflict as error:
        return await _one(request, databases, settings, author, transfer_id, str(error), status_code=409)
    return pages.redirect(f"{ADDRESS}/{transfer_id}")


@delete(f"{ADDRESS}/{{transfer_id:str}}", status_code=303, right="site.import")
async def remove(
    request: AnyRequest, databases: NamedDatabases, settings: NamedSettings, author: Author, transfer_id: FromPath[str]
) -> Page:
    """Its file and its report go; what was imported stays."""
    try:
        await transfers.remove(databases, author.actor, settings, transfer_id, "import")
    except Conflict as error:
        return await _one(request, databases, settings, author, transfer_id, str(error), status_code=409)
    return pages.redirect(ADDRESS, "deleted")


@get(f"{ADDRESS}/{{transfer_id:str}}/report", right="site.import")
async def report(
    request: AnyRequest, databases: NamedDatabases, settings: NamedSettings, author: Author, transfer_id: FromPath[str]
) -> ASGIApp:
    """The whole report, as a file of JSON."""
    asked = forms.fields(request.scope["query_string"].decode("latin-1"), Asked)
    found = await transfers.one(databases, author.actor, transfer_id, "import")
    file = folders.report(settings, found.id, asked.step or found.step)
    return downloads.of_pieces(reports.as_json(file), f"sdc-import-{found.id}.json", "application/json")


def _wishes(fields: dict[str, str]) -> Wishes:
    """Raises Invalid for what no form of ours sends."""
    given = {name: fields[name] for name in ("format", "old_site", "fetch_from") if name in fields}
    try:
        return msgspec.convert({**given, "incomplete": "incomplete" in fields}, Wishes)
    except msgspec.ValidationError as error:
        raise Invalid(f"this form cannot be used: {error}") from None


async def _page(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    fields: dict[str, str],
    errors: dict[str, str],
    status_code: int = 200,
) -> Response[str]:
    return await pages.page(
        request,
        databases,
        "author/imports/index.html",
        author=author,
        status_code=status_code,
        listed=await transfers.listing(databases, author.actor, "import"),
        form={
            "format": fields.get("format", ""),
            "incomplete": "incomplete" in fields,
            "old_site": fields.get("old_site", ""),
            "fetch_from": fields.get("fetch_from", ""),
        },
        errors=errors,
        limit_bytes=keeping.MAX_BYTES,
    )


async def _one(
    request: AnyRequest,
    databases: Databases,
    settings: Settings,
    author: SignedIn,
    transfer_id: str,
    error: str = "",
    status_code: int = 200,
) -> Response[str]:
    asked = Asked()
    if request.method == "GET":
        asked = forms.fields(request.scope["query_string"].decode("latin-1"), Asked)
    found = await transfers.one(databases, author.actor, transfer_id, "import")
    file = folders.report(settings, found.id, found.step)
    part = await asyncio.to_thread(reports.page, file, asked.outcome, max(asked.after, 0))
    here = f"{ADDRESS}/{found.id}"
    counts = {name: count for name, count in found.counted.items() if name in OUTCOMES}
    outcomes = [("", sum(counts.values())), *((name, counts[name]) for name in OUTCOMES if name in counts)]
    view = View(
        transfer=found,
        outcomes=[
            Outcome(name=name, count=count, url=_address(here, outcome=name), current=name == asked.outcome)
            for name, count in outcomes
        ],
        entries=part.entries,
        next_url=_address(here, outcome=asked.outcome, after=str(part.after)) if part.after is not None else "",
        first_url=_address(here, outcome=asked.outcome) if asked.after > 0 else "",
    )
    return await pages.page(
        request,
        databases,
        "author/imports/show.html",
        author=author,
        status_code=status_code,
        view=view,
        errors={"form": error} if error else {},
    )


OUTCOMES = ("skipped", "published", "scheduled", "draft", "taken", "unchanged")
"""As the page offers them: what its author may want to mend comes first."""


def _address(here: str, **asked: str) -> str:
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{here}?{query}#report" if query else f"{here}#report"


route_handlers = [index, create, show, run, cancel, remove, report]
