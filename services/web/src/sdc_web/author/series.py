"""Series as the author lists, words and deletes them; posts are put into one in the editor."""

from urllib.parse import urlencode

import msgspec
from litestar import Response, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import Invalid

from sdc_web import htmx, pages, posts
from sdc_web.author import forms
from sdc_web.db import Databases
from sdc_web.posts import series_listed
from sdc_web.posts.series import Series
from sdc_web.posts.series_listed import Filters
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

ADDRESS = "/author/series"
Page = Response[str] | Response[bytes]


class SeriesForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every field of the form."""

    title: str
    slug: str
    description: str


class ListView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the list as `_list.html` shows it; addresses are empty where there is no such page."""

    rows: list[posts.series.Counted]
    q: str
    first_url: str
    next_url: str


@get(ADDRESS, right="series.change")
async def index(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str]:
    """The list, by title; to htmx, while one types a search, the lines alone."""
    filters = forms.fields(request.scope["query_string"].decode("latin-1"), Filters)
    async with databases.site.read() as connection:
        found = await series_listed.page(connection, filters)
    listed = ListView(
        rows=found.rows,
        q=filters.q,
        first_url=_address(filters.q) if filters.after else "",
        next_url=_address(filters.q, found.after) if found.after else "",
    )
    if htmx.wants_fragment(request):
        return pages.fragment("author/series/_list.html", author, listed=listed)
    return await pages.page(request, databases, "author/series/index.html", author=author, listed=listed)


@get("/author/series/{series_id:str}", right="series.change")
async def edit(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    series_id: FromPath[str],
) -> Response[str]:
    """The words of one, and its parts."""
    async with databases.site.read() as connection:
        series = await posts.series.find(connection, series_id)
    form = SeriesForm(title=series.title, slug=series.slug, description=series.description)
    return await _page(request, databases, author, series_id, form, {})


@put("/author/series/{series_id:str}", status_code=303, right="series.change")
async def update(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    series_id: FromPath[str],
) -> Page:
    """New words."""
    form = await forms.read(request, SeriesForm)
    given = Series(id=series_id, slug=form.slug, title=form.title, description=form.description)
    try:
        await posts.series.change(databases.site, author.actor, given)
    except Invalid as error:
        errors = {error.field or "form": str(error)}
        return await _page(request, databases, author, series_id, form, errors, status_code=422)
    return pages.redirect(f"/author/series/{series_id}", "saved")


@delete("/author/series/{series_id:str}", status_code=303, right="series.change")
async def remove(
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    series_id: FromPath[str],
) -> Response[bytes]:
    """Delete a series; its posts stay."""
    await posts.series.delete(databases.site, author.actor, series_id)
    return pages.redirect("/author/series", "deleted")


async def _page(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    series_id: str,
    form: SeriesForm,
    errors: dict[str, str],
    status_code: int = 200,
) -> Response[str]:
    async with databases.site.read() as connection:
        series = await posts.series.find(connection, series_id)
        parts = await posts.series.parts(connection, series_id)
    return await pages.page(
        request,
        databases,
        "author/series/edit.html",
        author=author,
        status_code=status_code,
        series=series,
        parts=parts,
        form=form,
        errors=errors,
    )


def _address(q: str, after: str = "") -> str:
    query = urlencode({name: value for name, value in (("q", q), ("after", after)) if value})
    return f"{ADDRESS}?{query}" if query else ADDRESS


route_handlers = [index, edit, update, remove]
