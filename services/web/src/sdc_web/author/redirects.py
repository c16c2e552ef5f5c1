"""Old addresses of the site: those of renamed posts, and the author's own."""

from urllib.parse import urlencode

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from sdc_core.errors import Invalid
from sdc_core.settings import Settings

from sdc_web import pages, redirects
from sdc_web.author import forms
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.redirects.nearest import nearest
from sdc_web.sessions.signed_in import SignedIn

ADDRESS = "/author/redirects"
LISTED = 100
Page = Response[str] | Response[bytes]


class RedirectForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every field of the form."""

    path: str = ""
    target: str = ""


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the list shows: `q` is looked for, `after` is where it goes on; `path` fills in the form, and `change` names
    the one to lead elsewhere.
    """

    q: str = ""
    after: str = ""
    path: str = ""
    change: str = ""
    said: str = ""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the list; `next_url` and `first_url` are empty where there is no such page."""

    q: str
    rows: list[redirects.Redirect]
    next_url: str
    first_url: str


class Named(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one to delete, and what the list was searched for."""

    path: str
    q: str = ""


@get(ADDRESS, right="site.change")
async def index(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str]:
    """The form for a new one, which suggests the text that an old address may have been of, and a page of the list."""
    asked = forms.fields(request.scope["query_string"].decode("latin-1"), Asked)
    async with databases.site.read() as connection:
        present = await redirects.show(connection, author.actor, asked.change) if asked.change else None
        target = await nearest(connection, asked.path) if asked.path else ""
    if present is not None and present.own_target is not None:
        kept = RedirectForm(path=present.path, target=present.own_target)
        return await _page(request, databases, author, kept, {}, asked)
    form = RedirectForm(path=asked.path, target=target)
    return await _page(request, databases, author, form, {}, asked, suggested=bool(target))


@post(ADDRESS, status_code=303, right="site.change")
async def create(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Page:
    """One more."""
    form = await forms.read(request, RedirectForm)
    try:
        await redirects.add_own(databases.site, author.actor, form.path, form.target, settings.site_url)
    except Invalid as error:
        errors = {error.field or "form": str(error)}
        return await _page(request, databases, author, form, errors, status_code=422)
    return pages.redirect(ADDRESS, "saved")


@put(ADDRESS, status_code=303, right="site.change")
async def change(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Page:
    """Lead one of the author's own elsewhere; how often it was used stays."""
    form = await forms.read(request, RedirectForm)
    try:
        await redirects.retarget_own(databases.site, author.actor, form.path, form.target, settings.site_url)
    except Invalid as error:
        errors = {error.field or "form": str(error)}
        return await _page(request, databases, author, form, errors, Asked(change=form.path), status_code=422)
    return pages.redirect(ADDRESS, "saved")


@delete(ADDRESS, status_code=303, right="site.change")
async def remove(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
) -> Response[bytes]:
    """One less; that of a renamed post as well."""
    form = await forms.read(request, Named)
    await redirects.delete(databases.site, author.actor, form.path)
    return pages.redirect(_address(q=form.q), "deleted")


async def _page(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    form: RedirectForm,
    errors: dict[str, str],
    asked: Asked = Asked(),  # noqa: B008 - it never changes
    status_code: int = 200,
    *,
    suggested: bool = False,
) -> Response[str]:
    return await pages.page(
        request,
        databases,
        "author/redirects/index.html",
        author=author,
        status_code=status_code,
        listed=await _listed(databases, author, asked),
        form=form,
        changing=bool(asked.change) and form.path == asked.change,
        errors=errors,
        suggested=suggested,
    )


async def _listed(databases: Databases, author: SignedIn, asked: Asked) -> Listed:
    async with databases.site.read() as connection:
        found = await redirects.page(connection, author.actor, asked.q, asked.after, LISTED + 1)
    shown = found[:LISTED]
    return Listed(
        q=asked.q,
        rows=shown,
        next_url=_address(q=asked.q, after=shown[-1].key) if len(found) > LISTED else "",
        first_url=_address(q=asked.q) if asked.after else "",
    )


def _address(**asked: str) -> str:
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{ADDRESS}?{query}" if query else ADDRESS


route_handlers = [index, create, change, remove]
