"""Claiming the site: the one-time link that `sdc up` prints. Looking at it changes nothing, sending the form does."""

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from sdc_core.errors import Invalid, Unauthorized
from sdc_core.settings import Settings

from sdc_web import pages
from sdc_web.author import forms, signed_in
from sdc_web.authors import accounts, one_time_tokens
from sdc_web.authors.one_time_tokens import Claim
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import start


class SetupForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every field of the set-up form."""

    token: str
    name: str
    display_name: str
    password: str
    site_title: str


@get("/author/setup")
async def show(request: AnyRequest, databases: NamedDependency[Databases], token: FromQuery[str] = "") -> Response[str]:
    """The form, while the link works."""
    if await accounts.any_exists(databases):
        raise Unauthorized("this site has its author already: sign in with the name and password chosen then")
    if not await one_time_tokens.works(databases, token, "setup"):
        raise Unauthorized("this set-up link has been used or its 30 minutes are over: restart SDC for a new one")
    empty = SetupForm(token=token, name="", display_name="", password="", site_title="")
    return await _form(request, databases, empty, {})


@post("/author/setup", status_code=303)
async def create(
    request: AnyRequest, databases: NamedDependency[Databases], settings: NamedDependency[Settings]
) -> Response[bytes] | Response[str]:
    """Make the first author and sign them in."""
    form = await forms.read(request, SetupForm)
    claim = Claim(name=form.name, display_name=form.display_name, password=form.password, site_title=form.site_title)
    try:
        author = await one_time_tokens.set_up(databases, form.token, claim)
    except Invalid as error:
        return await _form(request, databases, form, {error.field or "form": str(error)}, status_code=422)
    started = await start(databases, author, user_agent=user_agent(request), country=country(request))
    return signed_in.enter(started, settings, signed_in.HOME)


def user_agent(request: AnyRequest) -> str:
    """What the browser calls itself."""
    return request.headers.get("User-Agent", "")


def country(request: AnyRequest) -> str:
    """Where the request comes from, ISO 3166-1 alpha-2, or empty, as the request log found it."""
    return str(request.scope.get("sdc.country", ""))


async def _form(
    request: AnyRequest,
    databases: Databases,
    form: SetupForm,
    errors: dict[str, str],
    status_code: int = 200,
) -> Response[str]:
    return await pages.page(
        request, databases, "author/setup/edit.html", author=None, status_code=status_code, form=form, errors=errors
    )


route_handlers = [show, create]
