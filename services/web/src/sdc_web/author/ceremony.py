"""What every ceremony with a passkey shares: whose it is, and the cookie that binds it to a browser before sign-in."""

from litestar import MediaType, Response
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid, Unauthorized
from sdc_core.settings import Settings

from sdc_web.author import signed_in
from sdc_web.authors import ceremonies, passkeys, webauthn_answers
from sdc_web.authors.passkey_store import Passkey
from sdc_web.authors.passkeys import Holder, Name
from sdc_web.authors.webauthn_answers import RelyingParty
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions import cookies, devices
from sdc_web.sessions.signed_in import SignedIn


def party(settings: Settings) -> RelyingParty:
    """The site as keys know it. Raises Conflict where browsers allow none."""
    found = webauthn_answers.relying_party(settings.site_url)
    if found is None:
        raise Conflict("passkeys need https and a name, not an address: SDC_SITE_URL says where the site is")
    return found


def origin(settings: Settings) -> str:
    """Where passkeys work, for a page to compare; empty when nowhere."""
    found = webauthn_answers.relying_party(settings.site_url)
    return found.origin if found else ""


def holder_of(request: AnyRequest, author: SignedIn) -> Holder:
    """Whoever is signed in holds their ceremonies by their session."""
    return Holder(secret=author.session_id, address=signed_in.address_of(request))


def stranger(request: AnyRequest, settings: Settings) -> Holder:
    """Anybody else by a cookie; one without it gets a new secret, which `challenge` hands out."""
    brought = request.cookies.get(cookies.ceremony_name(settings.site_url), "")
    return Holder(secret=brought or clock.new_token(), address=signed_in.address_of(request))


def challenge(options: str, settings: Settings, secret: str = "") -> Response[bytes]:
    """Options as JSON, and for a stranger the cookie that the answer must come with."""
    headers = {}
    if secret:
        lifetime_s = ceremonies.LIFETIME_US // clock.SECOND_US
        headers["Set-Cookie"] = cookies.ceremony(settings.site_url, secret, lifetime_s)
    return Response(options.encode(), headers=headers, media_type=MediaType.JSON)


async def first(request: AnyRequest, databases: Databases, settings: Settings, credential: str) -> Passkey:
    """The key of somebody who is no author yet. Raises Invalid, so that their form is shown again."""
    name = Name(otherwise=devices.name(signed_in.user_agent(request)))
    holder = stranger(request, settings)
    try:
        return await passkeys.made(databases, party(settings), "claim", holder, credential, name)
    except Unauthorized as error:
        raise Invalid(str(error)) from None
