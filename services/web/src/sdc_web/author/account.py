"""The account page: what belongs to the author and not to the site, each part a template of its own."""

import msgspec
from litestar import Response, get, post, put
from litestar.di import NamedDependency
from sdc_core.errors import Invalid, Throttled, Unauthorized
from sdc_core.settings import Settings

from sdc_web import pages, zones
from sdc_web.author import ceremony, factors, forms, signed_in
from sdc_web.authors import accounts, passkeys, totp
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions import confirm
from sdc_web.sessions.signed_in import SignedIn

HERE = "/author/account"


class PasswordForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`current` is empty where there was no password."""

    current: str = ""
    password: str = ""


class TimeZoneForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An IANA name."""

    time_zone: str


@get(HERE, right="account.change")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """All parts."""
    return await page(request, databases, settings, author)


@post(f"{HERE}/password", status_code=303, right="account.change")
async def change_password(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Response[str] | Response[bytes]:
    """A new password; it ends every other session of this author. The old one is the proof, or a fresh one where there
    is none, or where a code belongs to it.
    """
    form = await forms.read(request, PasswordForm)
    known = await accounts.has_password(databases, author.id)
    if not known or await totp.is_on(databases, author.id):
        confirm.require(author)
    address, device = signed_in.address_of(request), signed_in.device_of(request, settings)
    try:
        if known:
            await accounts.sign_in(databases, name=author.name, password=form.current, address=address, device=device)
        await accounts.set_password(databases, author.actor, author.name, form.password, kept_id=author.session_id)
    except (Invalid, Throttled, Unauthorized) as error:
        field = error.field if isinstance(error, Invalid) else "current"
        status_code = 429 if isinstance(error, Throttled) else 422
        return await page(request, databases, settings, author, {field or "form": str(error)}, status_code=status_code)
    changed = pages.redirect(HERE, "password")
    if known:
        # The old password was a proof: whoever has a copy of this session's token has lost it.
        token = await confirm.renew(databases, author)
        changed.headers["Set-Cookie"] = signed_in.cookie(settings, token, author.expires_at_us)
    return changed


@put(f"{HERE}/time-zone", status_code=303, right="account.change")
async def choose_time_zone(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Response[str] | Response[bytes]:
    """Another time zone, and back to the page that asked."""
    form = await forms.read(request, TimeZoneForm)
    try:
        await accounts.set_time_zone(databases, author.actor, author.id, form.time_zone)
    except Invalid as error:
        return await page(request, databases, settings, author, {error.field: str(error)}, status_code=422)
    asked_at = signed_in.page_before(request)
    return pages.redirect(HERE, "saved") if asked_at.startswith(HERE) else pages.redirect(asked_at)


async def page(
    request: AnyRequest,
    databases: Databases,
    settings: Settings,
    author: SignedIn,
    errors: dict[str, str] | None = None,
    *,
    status_code: int = 200,
    **more: object,
) -> Response[str]:
    """The page, with what a refused form of one part has to say; `more` is for the template of that part."""
    has_password = await accounts.has_password(databases, author.id)
    return await pages.page(
        request,
        databases,
        "author/account/show.html",
        author=author,
        status_code=status_code,
        errors=errors or {},
        fresh=confirm.is_fresh(author),
        has_password=has_password,
        factors=await factors.of(databases, settings, author.id),
        passkeys=await passkeys.listing(databases, author.actor),
        passkey_origin=ceremony.origin(settings),
        zones=zones.NAMES,
        **{"passkey_names": {}, **more},
    )


route_handlers = [show, change_password, choose_time_zone]
