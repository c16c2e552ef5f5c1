"""Tags as the author lists, colours, describes, renames and merges them; texts get them in the editor."""

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import Invalid

from sdc_web import pages, posts
from sdc_web.author import forms
from sdc_web.db import Databases
from sdc_web.posts import tags_moved
from sdc_web.posts.tags import COLOURS, Colour
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

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


@get("/author/tags", right="tags.change")
async def index(request: AnyRequest, databases: NamedDatabases, author: Author) -> Response[str]:
    """The list, by name."""
    async with databases.site.read() as connection:
        listed = await posts.tags.everything(connection)
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
        known = await posts.tags.everything(connection)
        found = posts.tags.among(known, tag)
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
        others=[each.name for each in known if each.name != tag],
        errors={error.field or "form": str(error)} if error else {},
    )


route_handlers = [index, edit, update, remove, merge, free]
