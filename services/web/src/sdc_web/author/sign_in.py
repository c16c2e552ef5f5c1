"""Signing in by passkey, password or link, and signing out."""

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core import clock
from sdc_core.errors import Invalid, SdcError, Throttled, Unauthorized
from sdc_core.settings import Settings

from sdc_web import pages
from sdc_web.author import account, ceremony, forms, signed_in
from sdc_web.authors import accounts, github_calls, one_time_tokens, passkeys, pending, totp
from sdc_web.authors.store import Author
from sdc_web.db import Databases
from sdc_web.problems import STATUSES, AnyRequest
from sdc_web.sessions import cookies
from sdc_web.sessions.endings import revoke
from sdc_web.sessions.signed_in import SignedIn


class SignInForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`return_to` is the page that was asked for before."""

    name: str
    password: str
    return_to: str = ""


class PasskeyForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`credential` is what the browser says of the key, as JSON."""

    credential: str
    return_to: str = ""


@get("/author/sign-in")
async def show(
    request: AnyRequest, databases: NamedDependency[Databases], settings: NamedDependency[Settings]
) -> Response[str]:
    """The form. `next` in the query is kept in it when it leads to a page of the author's."""
    wanted = signed_in.local_path(request.query_params.get("next", ""))
    return await _form(request, databases, settings, SignInForm(name="", password="", return_to=wanted))


@post("/author/sign-in/challenge", status_code=200)
async def begin(
    request: AnyRequest, databases: NamedDependency[Databases], settings: NamedDependency[Settings]
) -> Response[bytes]:
    """What the browser needs to ask for a key, whoever's it is."""
    holder = ceremony.stranger(request, settings)
    options = await passkeys.ask_for_known(databases, ceremony.party(settings), "sign-in", holder)
    return ceremony.challenge(options, settings, holder.secret)


@post("/author/sign-in/passkey", status_code=303)
async def create_by_passkey(
    request: AnyRequest, databases: NamedDependency[Databases], settings: NamedDependency[Settings]
) -> Response[bytes] | Response[str]:
    """Begin a session for whoever's key answered. No throttle: there is nothing to guess."""
    form = await forms.read(request, PasskeyForm)
    shown = SignInForm(name="", password="", return_to=form.return_to)
    holder = ceremony.stranger(request, settings)
    try:
        author, copied = await passkeys.prove(databases, ceremony.party(settings), "sign-in", holder, form.credential)
    except (Invalid, Unauthorized) as error:
        return await _form(request, databases, settings, shown, {"passkey": str(error)}, status_code=422)
    return_to = f"{account.HERE}?said=copied" if copied else form.return_to
    return await signed_in.begin(request, databases, settings, author, return_to, way="passkey")


@post("/author/sign-in", status_code=303)
async def create(
    request: AnyRequest, databases: NamedDependency[Databases], settings: NamedDependency[Settings]
) -> Response[bytes] | Response[str]:
    """Begin a session; a refused try shows the form again, with the reason, and without the password."""
    form = await forms.read(request, SignInForm)
    address, device = signed_in.address_of(request), signed_in.device_of(request, settings)
    try:
        author = await accounts.sign_in(
            databases, name=form.name, password=form.password, address=address, device=device
        )
    except Unauthorized as error:
        return await _form(request, databases, settings, form, {"form": str(error)}, status_code=422)
    except Throttled as error:
        refused = await _form(request, databases, settings, form, {"form": str(error)}, status_code=429)
        refused.headers["Retry-After"] = str(error.retry_after_s)
        return refused
    if await totp.is_on(databases, author.id):
        return await _ask_for_code(databases, settings, author, form.return_to)
    return await signed_in.begin(request, databases, settings, author, form.return_to, way="password")


@get("/author/login/{token:str}")
async def show_link(request: AnyRequest, databases: NamedDependency[Databases], token: FromPath[str]) -> Response[str]:
    """A page with one button: programs that preview links come here and must not use it up."""
    if not await one_time_tokens.works(databases, token, "login"):
        raise Unauthorized("this link has been used or its 30 minutes are over: ask for a new one")
    return await pages.page(request, databases, "author/sign_in/link.html", author=None, token=token)


@post("/author/login/{token:str}", status_code=303)
async def create_by_link(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    token: FromPath[str],
) -> Response[bytes]:
    """Use the link."""
    author = await one_time_tokens.log_in(databases, token)
    return await signed_in.begin(request, databases, settings, author, signed_in.HOME, way="link")


@post("/author/sign-out", status_code=303, right="account.change")
async def delete(
    databases: NamedDependency[Databases], settings: NamedDependency[Settings], author: NamedDependency[SignedIn]
) -> Response[bytes]:
    """End this session, here and in the browser."""
    await revoke(databases, author.actor, author.session_id)
    headers = {"Location": signed_in.SIGN_IN, "Set-Cookie": cookies.deleted(settings.site_url)}
    return Response(b"", status_code=303, headers=headers)


async def refused(
    request: AnyRequest, databases: Databases, settings: Settings, error: SdcError, return_to: str = ""
) -> Response[str]:
    """The page again, with what went wrong on another way in."""
    form = SignInForm(name="", password="", return_to=return_to)
    return await _form(request, databases, settings, form, {"form": str(error)}, status_code=STATUSES[error.code])


async def _ask_for_code(databases: Databases, settings: Settings, author: Author, return_to: str) -> Response[bytes]:
    """The password was right; the code is asked for on a page of its own, in this browser."""
    token = await pending.begin(databases, author.id, signed_in.local_path(return_to))
    lifetime_s = pending.LIFETIME_US // clock.SECOND_US
    cookie = cookies.passing(settings.site_url, pending.COOKIE, token, lifetime_s)
    return Response(b"", status_code=303, headers={"Location": signed_in.CODE, "Set-Cookie": cookie})


async def _form(
    request: AnyRequest,
    databases: Databases,
    settings: Settings,
    form: SignInForm,
    errors: dict[str, str] | None = None,
    status_code: int = 200,
) -> Response[str]:
    return await pages.page(
        request,
        databases,
        "author/sign_in/edit.html",
        author=None,
        status_code=status_code,
        form=form,
        errors=errors or {},
        passkey_origin=ceremony.origin(settings),
        github=github_calls.provider(settings) is not None,
    )


route_handlers = [show, create, begin, create_by_passkey, show_link, create_by_link, delete]
