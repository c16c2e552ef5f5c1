"""Old addresses of the site: those of renamed posts, and the author's own."""

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from sdc_core.errors import Invalid
from sdc_core.settings import Settings

from sdc_web import pages, redirects
from sdc_web.author import forms
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

LISTED = 1_000
Page = Response[str] | Response[bytes]


class RedirectForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every field of the form."""

    path: str = ""
    target: str = ""


class Named(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one to delete."""

    path: str


@get("/author/redirects", right="site.change")
async def index(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str]:
    """The form for a new one, and the list; `path` fills in the old address."""
    form = RedirectForm(path=request.query_params.get("path", ""))
    return await _page(request, databases, author, form, {})


@post("/author/redirects", status_code=303, right="site.change")
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
    return pages.redirect("/author/redirects", "saved")


@delete("/author/redirects", status_code=303, right="site.change")
async def remove(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
) -> Response[bytes]:
    """One less; that of a renamed post as well."""
    form = await forms.read(request, Named)
    await redirects.delete(databases.site, author.actor, form.path)
    return pages.redirect("/author/redirects", "deleted")


async def _page(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    form: RedirectForm,
    errors: dict[str, str],
    status_code: int = 200,
) -> Response[str]:
    async with databases.site.read() as connection:
        listed = await redirects.everything(connection, author.actor, LISTED + 1)
    return await pages.page(
        request,
        databases,
        "author/redirects/index.html",
        author=author,
        status_code=status_code,
        listed=listed[:LISTED],
        more=len(listed) > LISTED,
        form=form,
        errors=errors,
    )


route_handlers = [index, create, remove]
