"""The site's own words, and the author's password."""

import msgspec
from litestar import Response, get, post, put
from litestar.di import NamedDependency
from sdc_core import clock
from sdc_core.errors import Invalid, Unauthorized

from sdc_web import announcements, pages
from sdc_web.author import forms
from sdc_web.authors import accounts
from sdc_web.authors import site as words
from sdc_web.authors.site import Words
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions import signed_in
from sdc_web.sessions.signed_in import SignedIn

FRESH_US = 30 * 60 * clock.SECOND_US
"""A first password needs no older one to be known, but a sign-in that is younger than this."""
Page = Response[str] | Response[bytes]


class SiteForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every field of the first form."""

    site_title: str
    description: str
    language: str


class PasswordForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every field of the second form; `current` is empty where there was no password."""

    current: str = ""
    password: str


@get("/author/site")
async def show(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str]:
    """Both forms."""
    return await _page(request, databases, author, await _stored(databases), {})


@put("/author/site", status_code=303)
async def update(request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]) -> Page:
    """New words for the site."""
    form = await forms.read(request, SiteForm)
    given = Words(title=form.site_title, description=form.description, language=form.language)
    try:
        await words.change(databases.site, given)
    except Invalid as error:
        return await _page(request, databases, author, form, {error.field or "form": str(error)}, status_code=422)
    return pages.redirect("/author/site", "saved")


@post("/author/site/password", status_code=303)
async def change_password(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Page:
    """A new password; it ends every other session of this author."""
    form = await forms.read(request, PasswordForm)
    try:
        await _prove(request, databases, author, form.current)
        await accounts.set_password(databases, author.name, form.password)
    except (Invalid, Unauthorized) as error:
        field = error.field if isinstance(error, Invalid) else "current"
        errors = {field or "form": str(error)}
        return await _page(request, databases, author, await _stored(databases), errors, status_code=422)
    await signed_in.revoke_all(databases, author.id, kept_id=author.session_id)
    return pages.redirect("/author/site", "password")


async def _prove(request: AnyRequest, databases: Databases, author: SignedIn, current: str) -> None:
    """Raises Unauthorized when whoever sits there may not be the author, and Throttled after many tries."""
    if await accounts.has_password(databases, author.id):
        address = request.client.host if request.client else ""
        await accounts.sign_in(databases, name=author.name, password=current, address=address)
    elif clock.now_us() - author.confirmed_at_us > FRESH_US:
        raise Unauthorized("sign in again by a new link first: this session is too old to set a first password")


async def _stored(databases: Databases) -> SiteForm:
    async with databases.site.read() as connection:
        kept = await words.words(connection)
    return SiteForm(site_title=kept.title, description=kept.description, language=kept.language)


async def _page(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    form: SiteForm,
    errors: dict[str, str],
    status_code: int = 200,
) -> Response[str]:
    has_password = await accounts.has_password(databases, author.id)
    async with databases.site.read() as connection:
        told = await announcements.audiences(connection)
    return await pages.page(
        request,
        databases,
        "author/site/edit.html",
        author=author,
        status_code=status_code,
        form=form,
        errors=errors,
        has_password=has_password,
        audiences=told,
    )


route_handlers = [show, update, change_password]
