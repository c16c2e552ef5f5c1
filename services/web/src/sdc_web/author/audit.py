"""The audit log as owners read it: a page of it, with its filters in the address."""

from urllib.parse import quote, urlencode

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from sdc_core.errors import Invalid

from sdc_web import audit, htmx, pages
from sdc_web.audit import Entry, Filters
from sdc_web.audit.actions import KINDS
from sdc_web.author import forms
from sdc_web.authors.rights import SYSTEM
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

ADDRESS = "/author/audit"
NOBODY = "somebody unknown"
_PAGES = {
    "post": "/author/posts/",
    "media": "/author/media/",
    "series": "/author/series/",
    "tag": "/author/tags/",
    "endpoint": "/author/site/endpoints/",
    "job": "/author/jobs/",
}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line; `url` leads to the thing, empty where there is no such page. Time in microseconds, UTC."""

    id: int
    at_us: int
    who: str
    did: str
    words: str
    url: str


class LogView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the log; `next` and `first` are addresses, empty where there is no such page."""

    rows: list[Row]
    filtered: bool
    next: str
    first: str


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A value of a filter, and how it is called."""

    value: str
    words: str


@get(ADDRESS, right="audit.read")
async def index(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str]:
    """The newest first; to htmx, while one types a search, the lines alone."""
    filters = forms.fields(request.scope["query_string"].decode("latin-1"), Filters)
    errors: dict[str, str] = {}
    async with databases.site.read() as connection:
        try:
            found = await audit.page(connection, author.actor, filters, audit.log.PAGE + 1, author.time_zone)
        except Invalid as error:
            found, errors = [], {error.field: str(error)}
        names = await audit.names(connection, author.actor)
    log = view(found, filters)
    status_code = 422 if errors else 200
    if htmx.wants_fragment(request):
        return pages.fragment("author/audit/_entries.html", author, status_code=status_code, log=log, errors=errors)
    return await pages.page(
        request,
        databases,
        "author/audit/index.html",
        author=author,
        status_code=status_code,
        log=log,
        filters=filters,
        errors=errors,
        names=[Choice(value=each or audit.log.NOBODY, words=_name(each)) for each in names],
        kinds=[Choice(value=kind, words=words) for kind, words in KINDS.items()],
    )


def view(found: list[Entry], filters: Filters) -> LogView:
    """What the page shows of what was found."""
    shown = found[: audit.log.PAGE]
    return LogView(
        rows=[_row(each) for each in shown],
        filtered=msgspec.structs.replace(filters, before="") != Filters(),
        next=_address(filters, before=str(shown[-1].id)) if len(found) > len(shown) else "",
        first=_address(filters, before="") if filters.before else "",
    )


def _row(entry: Entry) -> Row:
    folder = "" if entry.action.endswith((".deleted", ".removed")) else _PAGES.get(entry.kind, "")
    return Row(
        id=entry.id,
        at_us=entry.at_us,
        who=_name(entry.author_name) if not entry.author_id else entry.author_name,
        did=entry.did,
        words=entry.words,
        url=folder + quote(entry.subject_id, safe="") if folder else "",
    )


def _name(author_name: str) -> str:
    return "the site" if author_name == SYSTEM.name else author_name or NOBODY


def _address(filters: Filters, **changes: str) -> str:
    fields = {**msgspec.structs.asdict(filters), **changes}
    query = urlencode({name: value for name, value in fields.items() if value})
    return f"{ADDRESS}?{query}" if query else ADDRESS


route_handlers = [index]
