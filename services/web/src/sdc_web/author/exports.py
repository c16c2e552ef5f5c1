"""Exports of the CMS: everything an author would take along, or the public site as files, made and then downloaded."""

from typing import Literal, TypeAlias

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ASGIApp
from sdc_core.errors import Conflict
from sdc_core.settings import Settings

from sdc_web import pages, transfers
from sdc_web.author import downloads, forms
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions import confirm
from sdc_web.sessions.signed_in import SignedIn
from sdc_web.transfers import Transfer, folders, reports

ADDRESS = "/author/exports"
NamedDatabases = NamedDependency[Databases]
NamedSettings = NamedDependency[Settings]
Author = NamedDependency[SignedIn]
Page: TypeAlias = Response[str] | Response[bytes]


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of the two."""

    kind: Literal["export", "copy"]


class View(msgspec.Struct, frozen=True, kw_only=True):
    """One as the page shows it, with the beginning of what could not be put into it."""

    transfer: Transfer
    entries: list[reports.Entry]


@get(ADDRESS, right="site.export")
async def index(
    request: AnyRequest, databases: NamedDatabases, settings: NamedSettings, author: Author
) -> Response[str]:
    """The two buttons, and what was made before."""
    return await _page(request, databases, settings, author)


@post(ADDRESS, status_code=303, right="site.export")
async def create(request: AnyRequest, databases: NamedDatabases, settings: NamedSettings, author: Author) -> Page:
    """Have one made."""
    form = await forms.read(request, Wanted)
    try:
        await transfers.begin(databases, author.actor, form.kind)
    except Conflict as error:
        return await _page(request, databases, settings, author, str(error), status_code=409)
    return pages.redirect(ADDRESS)


@delete(f"{ADDRESS}/{{transfer_id:str}}/run", status_code=303, right="site.export")
async def cancel(
    request: AnyRequest, databases: NamedDatabases, settings: NamedSettings, author: Author, transfer_id: FromPath[str]
) -> Page:
    """Stop it; nothing of it is kept."""
    try:
        await transfers.cancel(databases, author.actor, transfer_id, "export", "copy")
    except Conflict as error:
        return await _page(request, databases, settings, author, str(error), status_code=409)
    return pages.redirect(ADDRESS)


@delete(f"{ADDRESS}/{{transfer_id:str}}", status_code=303, right="site.export")
async def remove(
    request: AnyRequest, databases: NamedDatabases, settings: NamedSettings, author: Author, transfer_id: FromPath[str]
) -> Page:
    """Its file goes."""
    try:
        await transfers.remove(databases, author.actor, settings, transfer_id, "export", "copy")
    except Conflict as error:
        return await _page(request, databases, settings, author, str(error), status_code=409)
    return pages.redirect(ADDRESS, "deleted")


@get(f"{ADDRESS}/{{transfer_id:str}}/file", right="site.export")
async def download(
    databases: NamedDatabases, settings: NamedSettings, author: Author, transfer_id: FromPath[str]
) -> ASGIApp:
    """The file, for whoever has just shown who they are: drafts and originals are in it."""
    confirm.require(author)
    found, file = await transfers.downloaded(databases, author.actor, settings, transfer_id)
    return downloads.of_file(file, found.name, "application/zip")


async def _page(
    request: AnyRequest,
    databases: Databases,
    settings: Settings,
    author: SignedIn,
    error: str = "",
    status_code: int = 200,
) -> Response[str]:
    listed = await transfers.listing(databases, author.actor, "export", "copy")
    return await pages.page(
        request,
        databases,
        "author/exports/index.html",
        author=author,
        status_code=status_code,
        listed=[
            View(transfer=each, entries=await reports.beginning(folders.report(settings, each.id, each.step)))
            for each in listed
        ],
        under_way=any(each.is_under_way for each in listed),
        errors={"form": error} if error else {},
    )


route_handlers = [index, create, cancel, remove, download]
