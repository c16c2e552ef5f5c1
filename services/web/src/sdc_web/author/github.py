"""Leaving for GitHub, to sign in, to link an account there or to claim a new site; unlinking one."""

import msgspec
from litestar import Response, delete, post
from litestar.di import NamedDependency
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid, NotFound
from sdc_core.settings import Settings

from sdc_web import pages
from sdc_web.about import site
from sdc_web.author import account, forms, setup, signed_in
from sdc_web.author.setup import SetupForm
from sdc_web.authors import accounts, github, github_calls, github_trips
from sdc_web.authors.github_calls import Provider
from sdc_web.authors.github_trips import Departure
from sdc_web.authors.one_time_tokens import Claim
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions import confirm, cookies
from sdc_web.sessions.signed_in import SignedIn

HERE = f"{account.HERE}/github"
COOKIE = "github"


class LeaveForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`return_to` is the page that was asked for before."""

    return_to: str = ""


@post("/author/sign-in/github", status_code=200)
async def leave_to_sign_in(
    request: AnyRequest, databases: NamedDependency[Databases], settings: NamedDependency[Settings]
) -> Response[str]:
    """Off to GitHub, to come in."""
    form = await forms.read(request, LeaveForm)
    wanted = signed_in.local_path(form.return_to)
    departure = await github_trips.begin(
        databases, provider(settings), "sign_in", return_to=wanted, address=signed_in.address_of(request)
    )
    return await leave(request, databases, settings, None, departure)


@post(HERE, status_code=200, right="account.change")
async def leave_to_link(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """Off to GitHub, to link an account there."""
    confirm.require(author)
    departure = await github_trips.begin(
        databases,
        provider(settings),
        "link",
        return_to=account.HERE,
        address=signed_in.address_of(request),
        author_id=author.id,
    )
    return await leave(request, databases, settings, author, departure)


@post("/author/setup/github", status_code=200)
async def leave_to_claim(
    request: AnyRequest, databases: NamedDependency[Databases], settings: NamedDependency[Settings]
) -> Response[str]:
    """Off to GitHub, to become the first author. The set-up token stays in the browser meanwhile."""
    form = await forms.read(request, SetupForm)
    asked = provider(settings)
    await setup.require_link(databases, form.token)
    try:
        await accounts.prepare(name=form.name, display_name=form.display_name, password=None, role="owner")
        title = site.clean_title(form.site_title)
    except Invalid as error:
        errors = {error.field or "form": str(error)}
        return await setup.page(request, databases, settings, form, errors, status_code=422)
    claim = Claim(name=form.name, display_name=form.display_name, password=None, site_title=title)
    departure = await github_trips.begin(
        databases,
        asked,
        "claim",
        return_to=signed_in.HOME,
        address=signed_in.address_of(request),
        claim=msgspec.json.encode(claim).decode(),
        carried=form.token,
    )
    return await leave(request, databases, settings, None, departure)


@delete(HERE, status_code=303, right="account.change")
async def unlink(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Response[bytes] | Response[str]:
    """The account at GitHub opens nothing here any more. Never the last way in: then the page says why."""
    confirm.require(author)
    try:
        await github.unlink(databases, author.actor, kept_id=author.session_id)
    except Conflict as error:
        return await account.page(request, databases, settings, author, {"form": str(error)}, status_code=409)
    return pages.redirect(account.HERE, "github_unlinked")


async def leave(
    request: AnyRequest, databases: Databases, settings: Settings, author: SignedIn | None, departure: Departure
) -> Response[str]:
    """The page that goes on to GitHub, with the cookie to come back with."""
    page = await pages.page(request, databases, "author/github/leave.html", author=author, address=departure.address)
    lifetime_s = github_trips.LIFETIME_US // clock.SECOND_US
    page.headers["Set-Cookie"] = cookies.passing(settings.site_url, COOKIE, departure.cookie, lifetime_s)
    return page


def provider(settings: Settings) -> Provider:
    """Raises NotFound where the settings offer no GitHub."""
    found = github_calls.provider(settings)
    if found is None:
        raise NotFound("sign-in with GitHub is not set up here")
    return found


route_handlers = [leave_to_sign_in, leave_to_link, leave_to_claim, unlink]
