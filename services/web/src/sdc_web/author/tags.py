"""Tags as the author lists, colours, describes, renames and merges them; texts get them in the editor."""

from urllib.parse import urlencode

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import Invalid

from sdc_web import htmx, pages, posts
from sdc_web.author import forms
from sdc_web.db import Databases
from sdc_web.posts import tags_listed, tags_moved
from sdc_web.posts.tags import COLOURS, Colour
from sdc_web.posts.tags_listed import Filters
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

ADDRESS = "/author/tags"
SHOWN = 100
NamedDatabases = NamedDependency[Databases]
Author = NamedDependency[SignedIn]
Page = Response[str] | Response[bytes]


class TagForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every field of the form."""

    name: str
    colour: Colour
    description: str


class MergeForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tag that takes this one's place."""

    into: str


class FormerName(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The name to set free."""

    name: str


class ListView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the list as `_list.html` shows it; addresses are empty where there is no such page."""

    rows: list[posts.tags.Listed]
    q: str
    first_url: str
    next_url: str


@get(ADDRESS, right="tags.change")
async def index(request: AnyRequest, databases: NamedDatabases, author: Author) -> Response[str]:
    """The list, by name; to htmx, while one types a search, the lines alone."""
    filters = forms.fields(request.scope["query_string"].decode("latin-1"), Filters)
    async with databases.site.read() as connection:
        found = await tags_listed.page(connection, filters)
    listed = ListView(
        rows=found.rows,
        q=filters.q,
        first_url=_address(filters.q) if filters.after else "",
        next_url=_address(filters.q, found.after) if found.after else "",
    )
    if htmx.wants_fragment(request):
        return pages.fragment("author/tags/_list.html", author, listed=listed)
    return await pages.page(request, databases, "author/tags/index.html", author=author, listed=listed)


@get("/author/tags/{tag:str}", right="tags.change")
async def edit(request: AnyRequest, databases: NamedDatabases, author: Author, tag: FromPath[str]) -> Response[str]:
    """The words of one, and the texts that carry it."""
    return await _page(request, databases, author, tag, None)


@put("/author/tags/{tag:str}", status_code=303, right="tags.change")
async def update(request: AnyRequest, databases: NamedDatabases, author: Author, tag: FromPath[str]) -> Page:
    """Another colour, other words, another name."""
    form = await forms.read(request, TagForm)
    try:
        await posts.tags.change(databases.site, author.actor, tag, msgspec.structs.asdict(form))
    except Invalid as error:
        return await _page(request, databases, author, tag, form, error)
    return pages.redirect("/author/tags", "saved")


@delete("/author/tags/{tag:str}", status_code=303, right="tags.change")
async def remove(
    databases: NamedDatabases,
    author: Author,
    tag: FromPath[str],
) -> Response[bytes]:
    """Take a tag off every text."""
    await posts.tags.delete(databases.site, author.actor, tag)
    return pages.redirect("/author/tags", "deleted")


@post("/author/tags/{tag:str}/merge", status_code=303, right="tags.change")
async def merge(request: AnyRequest, databases: NamedDatabases, author: Author, tag: FromPath[str]) -> Page:
    """Another tag takes its place."""
    form = await forms.read(request, MergeForm)
    try:
        await posts.tags.merge(databases.site, author.actor, tag, form.into)
    except Invalid as error:
        return await _page(request, databases, author, tag, None, error)
    return pages.redirect("/author/tags", "saved")


@delete("/author/tags/{tag:str}/names", status_code=303, right="tags.change")
async def free(
    request: AnyRequest,
    databases: NamedDatabases,
    author: Author,
    tag: FromPath[str],
) -> Response[bytes]:
    """Let a name that it had be a tag of its own again."""
    form = await forms.read(request, FormerName)
    await tags_moved.free(databases.site, author.actor, tag, form.name)
    return pages.redirect(f"/author{posts.tags.url_of(tag)}", "saved")


async def _page(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    tag: str,
    form: TagForm | None,
    error: Invalid | None = None,
) -> Response[str]:
    async with databases.site.read() as connection:
        found = await tags_listed.find(connection, tag)
        known = await tags_listed.names(connection)
        carriers = await posts.tags.carriers(connection, tag, SHOWN)
        former = await tags_moved.former(connection, tag)
    return await pages.page(
        request,
        databases,
        "author/tags/edit.html",
        author=author,
        status_code=422 if error else 200,
        tag=found,
        form=form or TagForm(name=found.name, colour=found.colour, description=found.description),
        colours=COLOURS,
        carriers=carriers,
        former=former,
        others=[name for name in known if name != tag],
        errors={error.field or "form": str(error)} if error else {},
    )


def _address(q: str, after: str = "") -> str:
    query = urlencode({name: value for name, value in (("q", q), ("after", after)) if value})
    return f"{ADDRESS}?{query}" if query else ADDRESS


route_handlers = [index, edit, update, remove, merge, free]
