"""Ten recovery codes, shown once, to be printed."""

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from sdc_core import clock

from sdc_web import pages
from sdc_web.author import account, forms
from sdc_web.authors import recovery_codes
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions import confirm
from sdc_web.sessions.signed_in import SignedIn

HERE = f"{account.HERE}/recovery-codes"


class RenewForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`replaces` is when the set was made that this one is to replace, 0 for none."""

    replaces: int


@get(HERE, right="account.change")
async def show(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str]:
    """What they are for, how many are left, and the button that makes new ones."""
    left = await recovery_codes.left(databases, author.id)
    return await pages.page(
        request, databases, "author/account/recovery_codes.html", author=author, left=left, codes=[], made_at_us=0
    )


@post(HERE, status_code=200, right="account.change")
async def create(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str]:
    """A new set: this answer alone shows it, so it is a page and no redirect. Sent again, the form is refused (409)."""
    confirm.require(author)
    form = await forms.read(request, RenewForm)
    codes = await recovery_codes.renew(databases, author.actor, replaces_us=form.replaces)
    left = await recovery_codes.left(databases, author.id)
    return await pages.page(
        request,
        databases,
        "author/account/recovery_codes.html",
        author=author,
        left=left,
        codes=codes,
        made_at_us=clock.now_us(),
    )


route_handlers = [show, create]
