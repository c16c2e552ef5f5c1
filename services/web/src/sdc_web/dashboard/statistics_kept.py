"""What authors keep with the statistics: views under a name, and notes on days. Plain forms, which lead back."""

from urllib.parse import parse_qsl

import msgspec
from litestar import Response, delete, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from sdc_core import clock
from sdc_core.errors import Invalid

from sdc_web import pages
from sdc_web.dashboard import asked
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.reports import notes, saved_views
from sdc_web.sessions.signed_in import SignedIn

MAX_FIELDS = 200
Page = Response[str] | Response[bytes]


class ViewForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A name for the question of the page's address, whose query comes with it."""

    name: str = ""
    query: str = ""
    opened_by: str = ""


class NoteForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A note, and the query of the page to go back to."""

    day: str = ""
    text: str = ""
    query: str = ""
    opened_by: str = ""


class Back(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The query of the page to go back to."""

    query: str = ""
    opened_by: str = ""


@post("/author/statistics/views", status_code=303, right="views.change")
async def save_view(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    data: URLEncodedBody[ViewForm],
) -> Page:
    """Keep a view."""
    query = _known(data.query)
    try:
        await saved_views.save(databases.site, author.actor, data.name, query)
    except Invalid as error:
        return await _again(request, databases, author, "view", data, error)
    return pages.redirect(_back(query))


@delete("/author/statistics/views/{view_id:str}", status_code=303, right="views.change")
async def forget_view(
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    view_id: FromPath[str],
    data: URLEncodedBody[Back],
) -> Response[bytes]:
    """Delete a view."""
    await saved_views.forget(databases.site, author.actor, view_id)
    return pages.redirect(_back(_known(data.query)))


@post("/author/statistics/notes", status_code=303, right="notes.change")
async def add_note(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    data: URLEncodedBody[NoteForm],
) -> Page:
    """Note what happened on a day."""
    try:
        await notes.add(databases.site, author.actor, data.day, data.text)
    except Invalid as error:
        return await _again(request, databases, author, "note", data, error)
    return pages.redirect(_back(_known(data.query)))


@delete("/author/statistics/notes/{note_id:str}", status_code=303, right="notes.change")
async def remove_note(
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    note_id: FromPath[str],
    data: URLEncodedBody[Back],
) -> Response[bytes]:
    """Delete a note."""
    await notes.remove(databases.site, author.actor, note_id)
    return pages.redirect(_back(_known(data.query)))


async def _again(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    kind: str,
    form: ViewForm | NoteForm,
    error: Invalid,
) -> Response[str]:
    """The form by itself, with the words beside its field."""
    return await pages.page(
        request,
        databases,
        "author/statistics/keep.html",
        author=author,
        kind=kind,
        form=form,
        errors={error.field or "form": str(error)},
        back_url=_back(_known(form.query)),
        status_code=422,
    )


def _known(query: str) -> str:
    """The query as this version writes it; nothing else of what was sent comes back. Raises Invalid."""
    try:
        pairs = parse_qsl(query, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise Invalid("this view has too many filters") from None
    return asked.read(pairs, clock.today()).query()


def _back(query: str) -> str:
    return f"{asked.ADDRESS}?{query}" if query else asked.ADDRESS


route_handlers = [save_view, forget_view, add_note, remove_note]
