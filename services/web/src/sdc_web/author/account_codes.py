"""Setting up an app for codes, and turning codes off."""

import asyncio

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from sdc_core.errors import Conflict, Invalid
from sdc_core.settings import Settings

from sdc_web import pages, posts
from sdc_web.author import account, forms
from sdc_web.authors import accounts, recovery_codes, totp
from sdc_web.authors.totp import Enrolment
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions import confirm
from sdc_web.sessions.signed_in import SignedIn

HERE = f"{account.HERE}/codes"
RECOVERY = f"{account.HERE}/recovery-codes"
GROUP = 4


class CodeForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first code."""

    code: str


@post(HERE, status_code=303, right="account.change")
async def create(
    databases: NamedDependency[Databases], settings: NamedDependency[Settings], author: NamedDependency[SignedIn]
) -> Response[bytes]:
    """Begin with a fresh secret. Raises Conflict for an author without the password that codes belong to."""
    confirm.require(author)
    if not await accounts.has_password(databases, author.id):
        raise Conflict("codes are asked for after a password, and you have none: set one first")
    await totp.begin(databases, author.actor, settings.factors_key)
    return pages.redirect(HERE)


@get(HERE, right="account.change")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """The secret, for an app to read, until its first code has come."""
    confirm.require(author)
    return await _page(request, databases, settings, author)


@put(HERE, status_code=303, right="account.change")
async def update(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Response[bytes] | Response[str]:
    """Turn codes on; who has no recovery codes is led to them."""
    confirm.require(author)
    form = await forms.read(request, CodeForm)
    try:
        await totp.confirm(databases, author.actor, settings.factors_key, form.code, kept_id=author.session_id)
    except Invalid as error:
        return await _page(request, databases, settings, author, {"code": str(error)})
    left = await recovery_codes.left(databases, author.id)
    return pages.redirect(account.HERE if left.unused else RECOVERY, "codes_on")


@delete(HERE, status_code=303, right="account.change")
async def turn_off(databases: NamedDependency[Databases], author: NamedDependency[SignedIn]) -> Response[bytes]:
    """The password alone again."""
    confirm.require(author)
    await totp.turn_off(databases, author.actor, kept_id=author.session_id)
    return pages.redirect(account.HERE, "codes_off")


async def _page(
    request: AnyRequest,
    databases: Databases,
    settings: Settings,
    author: SignedIn,
    errors: dict[str, str] | None = None,
) -> Response[str]:
    async with databases.site.read() as connection:
        site = (await posts.front(connection, "")).title
    waiting = await totp.enrolment(databases, author.actor, settings.factors_key, site=site)
    return await pages.page(
        request,
        databases,
        "author/account/codes.html",
        author=author,
        status_code=422 if errors else 200,
        errors=errors or {},
        picture=await asyncio.to_thread(_picture, waiting),
        groups=[waiting.secret[start : start + GROUP] for start in range(0, len(waiting.secret), GROUP)],
        uri=waiting.uri,
    )


def _picture(waiting: Enrolment) -> str:
    """The QR code as an image in the page itself. Dark on light in either theme: cameras expect it so."""
    import segno  # noqa: PLC0415 - 2 MB, and few set up codes

    return segno.make(waiting.uri, error="m").svg_data_uri(light="#fff", border=4)


route_handlers = [create, show, update, turn_off]
