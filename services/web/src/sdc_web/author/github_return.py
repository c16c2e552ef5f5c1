"""Coming back from GitHub."""

from typing import assert_never

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from sdc_core.errors import Conflict, Forbidden, Invalid, SdcError, Unauthorized, Unavailable
from sdc_core.settings import Settings

from sdc_web import audit, pages
from sdc_web.author import account, sign_in, signed_in
from sdc_web.author.github import COOKIE, provider
from sdc_web.authors import github, github_calls, github_trips, one_time_tokens
from sdc_web.authors.github_calls import Identity
from sdc_web.authors.github_trips import Trip
from sdc_web.authors.one_time_tokens import Claim
from sdc_web.db import Databases
from sdc_web.problems import STATUSES, AnyRequest
from sdc_web.sessions import cookies
from sdc_web.sessions.signed_in import find

REFUSALS = (Unauthorized, Forbidden, Conflict, Invalid, Unavailable)


@get(github_calls.CALLBACK)
async def come_back(
    request: AnyRequest, databases: NamedDependency[Databases], settings: NamedDependency[Settings]
) -> Response[bytes] | Response[str]:
    """What they went for, or the page that they left from with the reason why not."""
    asked = provider(settings)
    cookie = request.cookies.get(cookies.passing_name(settings.site_url, COOKIE), "")
    try:
        trip = await github_trips.come_back(databases, request.query_params.get("state", ""), cookie)
    except Unauthorized as error:
        return await sign_in.refused(request, databases, settings, error)
    try:
        code = request.query_params.get("code", "")
        if not code:
            raise Forbidden("you turned it down at GitHub: nothing was changed")
        who = await github_calls.identify(asked, code, trip.verifier)
        github.require_allowed(asked, who)
        return await _arrive(request, databases, settings, trip, who, github_trips.carried(cookie))
    except REFUSALS as error:
        return await _refused(request, databases, settings, trip, error)


async def _arrive(
    request: AnyRequest, databases: Databases, settings: Settings, trip: Trip, who: Identity, carried: str
) -> Response[bytes]:
    match trip.purpose:
        case "sign_in":
            author = await github.sign_in(databases, who)
            return await signed_in.begin(request, databases, settings, author, trip.return_to, way="GitHub")
        case "link":
            here = await find(databases, signed_in.token_of(request, settings))
            if here is None or here.id != trip.author_id:
                raise Unauthorized("sign in first, then link the account again")
            await github.link(databases, here.actor, who, kept_id=here.session_id)
            return pages.redirect(account.HERE, "github_linked")
        case "claim":
            claim = msgspec.json.decode(trip.claim or "", type=Claim)
            author = await one_time_tokens.set_up(databases, carried, claim, who)
            return await signed_in.begin(request, databases, settings, author, trip.return_to, way="GitHub")
        case _:
            assert_never(trip.purpose)


async def _refused(
    request: AnyRequest, databases: Databases, settings: Settings, trip: Trip, error: SdcError
) -> Response[str]:
    """Told in the log; the account page for who wanted to link there and is still signed in, else the sign-in page."""
    await audit.refused(databases, None, "session.refused", trip.author_id or "", "by GitHub")
    here = await find(databases, signed_in.token_of(request, settings)) if trip.purpose == "link" else None
    if here is None:
        return await sign_in.refused(request, databases, settings, error, trip.return_to)
    errors, status_code = {"form": str(error)}, STATUSES[error.code]
    return await account.page(request, databases, settings, here, errors, status_code=status_code)


route_handlers = [come_back]
