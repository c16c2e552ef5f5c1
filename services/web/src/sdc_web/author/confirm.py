"""Asking again who sits there, before what signing out cannot undo; a form that was sent goes on afterwards."""

from urllib.parse import quote, urlencode

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from sdc_core.errors import Invalid, Throttled, Unauthorized
from sdc_core.settings import Settings

from sdc_web import htmx, pages
from sdc_web.author import ceremony, forms, signed_in
from sdc_web.authors import accounts, github, passkeys, recovery_codes, totp
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions import confirm
from sdc_web.sessions.confirm import ConfirmationNeeded
from sdc_web.sessions.signed_in import SignedIn

HERE = "/author/confirm"
_FORM = "application/x-www-form-urlencoded"
_NEVER_SENT_BACK = frozenset({"password", "current", "code", "credential"})


class ConfirmForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One proof, and what waits for it: the page to go back to, or a form (`held`, encoded) and where it was sent."""

    password: str = ""
    code: str = ""
    credential: str = ""
    return_to: str = ""
    action: str = ""
    held: str = ""


def ask_to_confirm(request: AnyRequest, _: ConfirmationNeeded) -> Response[bytes]:
    """To a browser that asked for a page, a redirect; one that sent a form sends it again, to where it is held (307).

    htmx is told where to go, as it would follow a redirect unseen: its form is not held, and the page says so.
    """
    if request.method == "GET" and not htmx.is_htmx(request):
        return _to(signed_in.page_of(request))
    if htmx.wants_json(request):
        return _to(signed_in.page_before(request))
    if htmx.is_htmx(request):
        address = f"{HERE}?{urlencode({'next': signed_in.page_of(request), 'undone': 'true'})}"
        return Response(b"", status_code=401, headers={"HX-Redirect": address})
    query = request.scope["query_string"].decode("latin-1")
    action = f"{request.scope['path']}?{query}" if query else request.scope["path"]
    address = f"{HERE}/form?{urlencode({'action': action, 'next': signed_in.page_before(request)})}"
    return Response(b"", status_code=307, headers={"Location": address})


@get(HERE, right="account.change")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Response[str] | Response[bytes]:
    """The question; nothing is asked of whoever has answered it within the last ten minutes."""
    return_to = signed_in.local_path(request.query_params.get("next", ""))
    undone = "undone" in request.query_params
    if confirm.is_fresh(author) and not undone:
        return Response(b"", status_code=303, headers={"Location": return_to})
    return await _page(request, databases, settings, author, ConfirmForm(return_to=return_to), undone=undone)


@post(f"{HERE}/form", status_code=200, right="account.change")
async def hold(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Response[str] | Response[bytes]:
    """The question with the form that waits for the answer. A file cannot wait, nor a form of passwords alone: it is
    filled in again afterwards.
    """
    return_to = signed_in.local_path(request.query_params.get("next", ""))
    undone = Response(b"", status_code=303, headers={"Location": f"{HERE}?next={quote(return_to)}&undone=true"})
    if request.content_type[0] != _FORM:
        return undone
    sent = forms.listed((await request.body()).decode("latin-1"))
    held = urlencode([(name, value) for name, value in sent if name not in _NEVER_SENT_BACK])
    if sent and not held:
        return undone
    action = signed_in.local_path(request.query_params.get("action", ""))
    waiting = ConfirmForm(return_to=return_to, action=action, held=held)
    return await _page(request, databases, settings, author, waiting)


@post(f"{HERE}/challenge", status_code=200, right="account.change")
async def begin(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Response[bytes]:
    """What the browser needs to ask for one of this author's keys."""
    holder = ceremony.holder_of(request, author)
    options = await passkeys.ask_for_known(databases, ceremony.party(settings), "confirm", holder, author.id)
    return ceremony.challenge(options, settings)


@post(HERE, status_code=303, right="account.change")
async def create(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Response[bytes] | Response[str]:
    """Take a proof, give the session a new token, and go on."""
    form = _local(await forms.read(request, ConfirmForm))
    field = "passkey" if form.credential else "password"
    try:
        await _prove(request, databases, settings, author, form)
        field = "code"
        await _prove_code(request, databases, settings, author, form)
    except (Unauthorized, Invalid, Throttled) as error:
        errors = {field: str(error)}
        status_code = 429 if isinstance(error, Throttled) else 422
        return await _page(request, databases, settings, author, form, errors, status_code=status_code)
    cookie = signed_in.cookie(settings, await confirm.renew(databases, author), author.expires_at_us)
    if not form.action:
        return Response(b"", status_code=303, headers={"Location": form.return_to, "Set-Cookie": cookie})
    held = await pages.page(
        request, databases, "author/confirm/held.html", author=author,
        action=form.action, held=forms.listed(form.held), return_to=form.return_to,
    )  # fmt: skip
    held.headers["Set-Cookie"] = cookie
    return held


def _local(form: ConfirmForm) -> ConfirmForm:
    """The form with addresses of the author's pages alone, which it is shown with again."""
    action = signed_in.local_path(form.action) if form.action else ""
    return msgspec.structs.replace(form, return_to=signed_in.local_path(form.return_to), action=action)


async def _prove(
    request: AnyRequest, databases: Databases, settings: Settings, author: SignedIn, form: ConfirmForm
) -> None:
    """Raises Unauthorized for a proof that is none, Throttled after many of them."""
    if form.credential:
        holder = ceremony.holder_of(request, author)
        await passkeys.prove(databases, ceremony.party(settings), "confirm", holder, form.credential)
        return
    await accounts.sign_in(
        databases,
        name=author.name,
        password=form.password,
        address=signed_in.address_of(request),
        device=signed_in.device_of(request, settings),
    )


async def _prove_code(
    request: AnyRequest, databases: Databases, settings: Settings, author: SignedIn, form: ConfirmForm
) -> None:
    """What a password asks for at the sign-in it asks for here as well: the app's code or a recovery code."""
    if form.credential or not await totp.is_on(databases, author.id):
        return
    if totp.is_code(form.code):
        await totp.verify(databases, author.actor, settings.factors_key, form.code)
    else:
        await recovery_codes.use(databases, author.actor, form.code, signed_in.address_of(request))


async def _page(
    request: AnyRequest,
    databases: Databases,
    settings: Settings,
    author: SignedIn,
    form: ConfirmForm,
    errors: dict[str, str] | None = None,
    *,
    undone: bool = False,
    status_code: int = 200,
) -> Response[str]:
    has_password = await accounts.has_password(databases, author.id)
    return await pages.page(
        request,
        databases,
        "author/confirm/show.html",
        author=author,
        status_code=status_code,
        form=form,
        errors=errors or {},
        undone=undone,
        has_password=has_password,
        has_passkey=bool(await passkeys.listing(databases, author.actor)),
        passkey_origin=ceremony.origin(settings),
        codes_on=await totp.is_on(databases, author.id),
        has_github=await github.account_of(databases, author.id) is not None,
    )


def _to(return_to: str) -> Response[bytes]:
    return Response(b"", status_code=303, headers={"Location": f"{HERE}?{urlencode({'next': return_to})}"})


route_handlers = [show, hold, begin, create]
