"""The author's passkeys: adding, naming and removing them on the account page."""

import msgspec
from litestar import Response, delete, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import Conflict, Invalid, Unauthorized
from sdc_core.settings import Settings

from sdc_web import pages
from sdc_web.author import account, ceremony, forms, signed_in
from sdc_web.authors import passkeys
from sdc_web.authors.passkeys import Name
from sdc_web.authors.webauthn_answers import Person
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions import confirm, devices
from sdc_web.sessions.signed_in import SignedIn

HERE = f"{account.HERE}/passkeys"
Page = Response[str] | Response[bytes]


class PasskeyForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`credential` is what the browser made, as JSON."""

    name: str = ""
    credential: str = ""


class NameForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A name for one key."""

    name: str


@post(f"{HERE}/challenge", status_code=200, right="account.change")
async def begin(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Response[bytes]:
    """What the browser needs to make a key."""
    confirm.require(author)
    person = Person(id=author.id, name=author.name, display_name=author.display_name)
    holder = ceremony.holder_of(request, author)
    return ceremony.challenge(await passkeys.ask_for_new(databases, ceremony.party(settings), person, holder), settings)


@post(HERE, status_code=303, right="account.change")
async def create(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Page:
    """Keep the key that the browser made."""
    confirm.require(author)
    form = await forms.read(request, PasskeyForm)
    name = Name(given=form.name, otherwise=devices.name(signed_in.user_agent(request)))
    holder = ceremony.holder_of(request, author)
    try:
        await passkeys.add(databases, ceremony.party(settings), author.actor, holder, form.credential, name)
    except (Invalid, Conflict, Unauthorized) as error:
        return await account.page(request, databases, settings, author, {"passkey": str(error)}, status_code=422)
    return pages.redirect(account.HERE, "passkey")


@put(f"{HERE}/{{passkey_id:str}}", status_code=303, right="account.change")
async def update(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    passkey_id: FromPath[str],
) -> Page:
    """Another name."""
    form = await forms.read(request, NameForm)
    try:
        await passkeys.rename(databases, author.actor, passkey_id, form.name)
    except Invalid as error:
        errors = {f"passkey-{passkey_id}": str(error)}
        return await account.page(
            request, databases, settings, author, errors, status_code=422, passkey_names={passkey_id: form.name}
        )
    return pages.redirect(account.HERE, "saved")


@delete(f"{HERE}/{{passkey_id:str}}", status_code=303, right="account.change")
async def remove(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    passkey_id: FromPath[str],
) -> Page:
    """Never the last way in: then the page says why."""
    confirm.require(author)
    try:
        await passkeys.remove(databases, author.actor, passkey_id, kept_id=author.session_id)
    except Conflict as error:
        errors = {f"passkey-{passkey_id}": str(error)}
        return await account.page(request, databases, settings, author, errors, status_code=409)
    return pages.redirect(account.HERE, "passkey-removed")


route_handlers = [begin, create, update, remove]
