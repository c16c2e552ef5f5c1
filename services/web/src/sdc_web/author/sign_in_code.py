"""The second page of signing in: a code after the password, or a recovery code in place of one, or of a passkey."""

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from sdc_core.errors import Throttled, Unauthorized
from sdc_core.settings import Settings

from sdc_web import pages
from sdc_web.author import forms, sign_in, signed_in
from sdc_web.authors import pending, recovery_codes, totp
from sdc_web.authors.recovery_codes import Left
from sdc_web.authors.store import Author
from sdc_web.db import Databases
from sdc_web.problems import STATUSES, AnyRequest
from sdc_web.sessions import cookies

ACCOUNT = "/author/account?said=recovery_code"


class CodeForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the two: six digits of the app, or a recovery code."""

    code: str = ""
    recovery_code: str = ""


class RecoveryForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For an author without a password. `return_to` is the page that was asked for before."""

    name: str
    recovery_code: str
    return_to: str = ""


@get(signed_in.CODE)
async def show(
    request: AnyRequest, databases: NamedDependency[Databases], settings: NamedDependency[Settings]
) -> Response[str]:
    """The form, in the browser whose password was right a moment ago."""
    try:
        await pending.find(databases, _token(request, settings))
    except Unauthorized as error:
        return await sign_in.refused(request, databases, settings, error)
    return await _page(request, databases, {})


@post(signed_in.CODE, status_code=303)
async def create(
    request: AnyRequest, databases: NamedDependency[Databases], settings: NamedDependency[Settings]
) -> Response[bytes] | Response[str]:
    """Begin a session with the second proof."""
    form = await forms.read(request, CodeForm)
    try:
        author, waiting = await pending.find(databases, _token(request, settings))
    except Unauthorized as error:
        return await sign_in.refused(request, databases, settings, error)
    try:
        left = await _prove(request, databases, settings, author, form)
    except (Unauthorized, Throttled) as error:
        field = "recovery_code" if form.recovery_code else "code"
        return await _page(request, databases, {field: str(error)}, error)
    try:
        await pending.end(databases, waiting)
    except Unauthorized as error:
        return await sign_in.refused(request, databases, settings, error)
    way = "password and code" if left is None else "password and recovery code"
    return await signed_in.begin(request, databases, settings, author, _onward(left, waiting.return_to), way=way)


@get("/author/sign-in/recovery")
async def show_recovery(request: AnyRequest, databases: NamedDependency[Databases]) -> Response[str]:
    """The form for a name and a recovery code."""
    wanted = signed_in.local_path(request.query_params.get("next", ""))
    return await _recovery_page(request, databases, RecoveryForm(name="", recovery_code="", return_to=wanted))


@post("/author/sign-in/recovery", status_code=303)
async def create_by_recovery(
    request: AnyRequest, databases: NamedDependency[Databases], settings: NamedDependency[Settings]
) -> Response[bytes] | Response[str]:
    """Begin a session with a recovery code in place of a passkey."""
    form = await forms.read(request, RecoveryForm)
    try:
        author = await recovery_codes.sign_in(
            databases, name=form.name, code=form.recovery_code, address=signed_in.address_of(request)
        )
    except (Unauthorized, Throttled) as error:
        return await _recovery_page(request, databases, form, error)
    left = await recovery_codes.left(databases, author.id)
    return await signed_in.begin(
        request, databases, settings, author, _onward(left, form.return_to), way="recovery code"
    )


async def _prove(
    request: AnyRequest, databases: Databases, settings: Settings, author: Author, form: CodeForm
) -> Left | None:
    """What is left when it was a recovery code. Raises Unauthorized and Throttled."""
    if form.recovery_code:
        return await recovery_codes.use(databases, author.actor, form.recovery_code, signed_in.address_of(request))
    await totp.verify(databases, author.actor, settings.factors_key, form.code)
    return None


def _onward(left: Left | None, return_to: str) -> str:
    """To the account page when new codes are due, else where the author wanted to go."""
    return ACCOUNT if left is not None and left.few else return_to


async def _page(
    request: AnyRequest, databases: Databases, errors: dict[str, str], error: Unauthorized | Throttled | None = None
) -> Response[str]:
    status_code = _status(error)
    answer = await pages.page(
        request, databases, "author/sign_in/code.html", author=None, status_code=status_code, errors=errors
    )
    return _waiting(answer, error)


async def _recovery_page(
    request: AnyRequest, databases: Databases, form: RecoveryForm, error: Unauthorized | Throttled | None = None
) -> Response[str]:
    errors = {"form": str(error)} if error else {}
    answer = await pages.page(
        request,
        databases,
        "author/sign_in/recovery.html",
        author=None,
        status_code=_status(error),
        form=form,
        errors=errors,
    )
    return _waiting(answer, error)


def _status(error: Unauthorized | Throttled | None) -> int:
    if error is None:
        return 200
    return STATUSES[error.code] if isinstance(error, Throttled) else 422


def _waiting(answer: Response[str], error: Unauthorized | Throttled | None) -> Response[str]:
    if isinstance(error, Throttled):
        answer.headers["Retry-After"] = str(error.retry_after_s)
    return answer


def _token(request: AnyRequest, settings: Settings) -> str:
    return request.cookies.get(cookies.passing_name(settings.site_url, pending.COOKIE), "")


route_handlers = [show, create, show_recovery, create_by_recovery]
