"""Claiming the site: the one-time link that `sdc up` prints. Looking at it changes nothing, sending the form does."""

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from sdc_core.errors import Invalid, Unauthorized
from sdc_core.settings import Settings

from sdc_web import pages
from sdc_web.about import site
from sdc_web.author import ceremony, forms, signed_in
from sdc_web.authors import accounts, github_calls, one_time_tokens, passkeys
from sdc_web.authors.one_time_tokens import Claim
from sdc_web.authors.webauthn_answers import Person
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest


class SetupForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every field of the set-up form; `credential` is the passkey that the browser made, and stands for a password."""

    token: str
    name: str
    display_name: str
    site_title: str
    password: str = ""
    credential: str = ""


@get("/author/setup")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    token: FromQuery[str] = "",
) -> Response[str]:
    """The form, while the link works."""
    await require_link(databases, token)
    empty = SetupForm(token=token, name="", display_name="", site_title="")
    return await page(request, databases, settings, empty, {})


@post("/author/setup/challenge", status_code=200)
async def begin(
    request: AnyRequest, databases: NamedDependency[Databases], settings: NamedDependency[Settings]
) -> Response[bytes]:
    """What the browser needs to make the first key, once the rest of the form can be taken: a key that is made for
    nothing stays on the device.
    """
    form = await forms.read(request, SetupForm)
    await require_link(databases, form.token)
    site.clean_title(form.site_title)
    author = await accounts.prepare(name=form.name, display_name=form.display_name, password=None, role="owner")
    person = Person(id=author.id, name=author.name, display_name=author.display_name)
    holder = ceremony.stranger(request, settings)
    options = await passkeys.ask_for_new(databases, ceremony.party(settings), person, holder, "claim")
    return ceremony.challenge(options, settings, holder.secret)


@post("/author/setup", status_code=303)
async def create(
    request: AnyRequest, databases: NamedDependency[Databases], settings: NamedDependency[Settings]
) -> Response[bytes] | Response[str]:
    """Make the first author and sign them in."""
    form = await forms.read(request, SetupForm)
    claim = Claim(
        name=form.name,
        display_name=form.display_name,
        password=None if form.credential else form.password,
        site_title=form.site_title,
    )
    try:
        await require_link(databases, form.token)
        passkey = await ceremony.first(request, databases, settings, form.credential) if form.credential else None
        author = await one_time_tokens.set_up(databases, form.token, claim, passkey)
    except Invalid as error:
        return await page(request, databases, settings, form, {error.field or "form": str(error)}, status_code=422)
    return await signed_in.begin(
        request, databases, settings, author, signed_in.HOME, way="passkey" if form.credential else "password"
    )


async def require_link(databases: Databases, token: str) -> None:
    """Raises Unauthorized once the site has an author, and for a spent link."""
    if await accounts.any_exists(databases):
        raise Unauthorized("this site has its author already: sign in as you chose then")
    if not await one_time_tokens.works(databases, token, "setup"):
        raise Unauthorized("this set-up link has been used or its 30 minutes are over: restart SDC for a new one")


async def page(
    request: AnyRequest,
    databases: Databases,
    settings: Settings,
    form: SetupForm,
    errors: dict[str, str],
    status_code: int = 200,
) -> Response[str]:
    """The form, with what was typed but the password, and what is wrong with it."""
    return await pages.page(
        request,
        databases,
        "author/setup/edit.html",
        author=None,
        status_code=status_code,
        form=form,
        errors=errors,
        passkey_origin=ceremony.origin(settings),
        github=github_calls.provider(settings) is not None,
    )


route_handlers = [show, begin, create]
