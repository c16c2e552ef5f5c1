"""The link of an invitation: looking at it changes nothing, sending the form makes the invited an author."""

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import Invalid
from sdc_core.settings import Settings

from sdc_web import pages
from sdc_web.author import ceremony, forms, signed_in
from sdc_web.author.authors import ROLES
from sdc_web.authors import accounts, invitations, passkeys
from sdc_web.authors.invitations import Acceptance
from sdc_web.authors.webauthn_answers import Person
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest

ADDRESS = "/author/invitations/{token:str}"


class AcceptanceForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every field of the form; `credential` is the passkey that the browser made, and stands for a password."""

    name: str
    display_name: str
    password: str = ""
    credential: str = ""


@get(ADDRESS)
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    token: FromPath[str],
) -> Response[str]:
    """What is offered, and the form."""
    return await _form(request, databases, settings, token, AcceptanceForm(name="", display_name=""))


@post(f"{ADDRESS}/challenge", status_code=200)
async def begin(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    token: FromPath[str],
) -> Response[bytes]:
    """What the browser needs to make their key, once the rest of the form can be taken."""
    offered = await invitations.find(databases, token)
    form = await forms.read(request, AcceptanceForm)
    author = await accounts.prepare(name=form.name, display_name=form.display_name, password=None, role=offered.role)
    person = Person(id=author.id, name=author.name, display_name=author.display_name)
    holder = ceremony.stranger(request, settings)
    options = await passkeys.ask_for_new(databases, ceremony.party(settings), person, holder, "claim")
    return ceremony.challenge(options, settings, holder.secret)


@post(ADDRESS, status_code=303)
async def create(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    token: FromPath[str],
) -> Response[bytes] | Response[str]:
    """They become an author, and are signed in."""
    await invitations.find(databases, token)
    form = await forms.read(request, AcceptanceForm)
    said = Acceptance(
        name=form.name, display_name=form.display_name, password=None if form.credential else form.password
    )
    try:
        passkey = await ceremony.first(request, databases, settings, form.credential) if form.credential else None
        author = await invitations.accept(databases, token, said, passkey)
    except Invalid as error:
        errors = {error.field or "form": str(error)}
        return await _form(request, databases, settings, token, form, errors, status_code=422)
    way = "passkey" if form.credential else "password"
    return await signed_in.begin(request, databases, settings, author, signed_in.HOME, way=way)


async def _form(
    request: AnyRequest,
    databases: Databases,
    settings: Settings,
    token: str,
    form: AcceptanceForm,
    errors: dict[str, str] | None = None,
    status_code: int = 200,
) -> Response[str]:
    offered = await invitations.find(databases, token)
    return await pages.page(
        request,
        databases,
        "author/invitations/edit.html",
        author=None,
        status_code=status_code,
        address=invitations.path(token),
        invited_by=offered.made_by_name,
        may=ROLES[offered.role],
        expires_at_us=offered.expires_at_us,
        form=form,
        errors=errors or {},
        passkey_origin=ceremony.origin(settings),
    )


route_handlers = [show, begin, create]
