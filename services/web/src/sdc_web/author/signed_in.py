"""Who is signed in: the dependency `author` of every page that is not open to all, and the way to the sign-in page."""

from urllib.parse import quote, urlsplit

from litestar import MediaType, Response
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from sdc_core import clock
from sdc_core.errors import Unauthorized
from sdc_core.settings import Settings

from sdc_web import htmx
from sdc_web.author import unsent
from sdc_web.author.gate import COOKIE_TO_SET
from sdc_web.author.unsent import Fields, Unsent
from sdc_web.authors import rights
from sdc_web.authors.store import Author
from sdc_web.db import Databases
from sdc_web.problems import ACTOR, AnyRequest
from sdc_web.sessions import cookies, devices
from sdc_web.sessions.signed_in import SignedIn, find, start

HOME = "/author"
SIGN_IN = "/author/sign-in"
CODE = "/author/sign-in/code"
_DOTS = frozenset({".", ".."})
LONGEST_ADDRESS = 2_000
"""No page of the author's has a longer one, and what is longer is neither kept nor sent back."""


class SignInNeeded(Unauthorized):
    """Nobody is signed in here, or `instead` of the one whose page it was somebody else; `return_to` is where they
    wanted to go, `sent` what they had written, if anything.
    """

    def __init__(self, return_to: str, sent: Unsent | Fields | None = None, instead: SignedIn | None = None) -> None:
        super().__init__("sign in first")
        self.return_to = return_to
        self.sent = sent
        self.instead = instead


async def provide_author(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
) -> SignedIn:
    """The author who asks. Raises SignInNeeded, which `ask_to_sign_in` turns into a redirect, and Forbidden for one
    without the right that the handler names.
    """
    author = await find(databases, token_of(request, settings), country(request))
    if author is None:
        raise SignInNeeded(page_of(request), await unsent.sent(request))
    request.scope["state"][ACTOR] = author.actor
    if (await unsent.opened_by(request)).author_id not in ("", author.id):
        # Nobody's words are saved as another's, nor is one refused what another wanted to do.
        raise SignInNeeded(page_of(request), await unsent.sent(request, other=True), author)
    rights.require(author.actor, request.route_handler.opt["right"])
    if author.refreshed:
        request.scope["state"][COOKIE_TO_SET] = cookie(settings, token_of(request, settings), author.expires_at_us)
    return author


def ask_to_sign_in(request: AnyRequest, error: SignInNeeded) -> Response[bytes]:
    """To a browser a redirect, or its own text back; to htmx 401 with the address to go to, since fetch would follow a
    redirect unseen; and with words alone where somebody may be typing.
    """
    if error.sent is not None:
        page = unsent.page(request, error.sent, error.instead)
        return Response(page.encode(), status_code=401, media_type=MediaType.HTML)
    address = f"{SIGN_IN}?next={quote(error.return_to, safe='/')}"
    if htmx.is_htmx(request):
        if unsent.is_written_at(error.return_to):
            return Response(unsent.words(error.instead).encode(), status_code=401, media_type=MediaType.HTML)
        return Response(b"", status_code=401, headers={"HX-Redirect": address})
    return Response(b"", status_code=303, headers={"Location": address})


def token_of(request: AnyRequest, settings: Settings) -> str:
    """The token that the browser brings, or an empty text."""
    return request.cookies.get(cookies.name(settings.site_url), "")


async def begin(
    request: AnyRequest, databases: Databases, settings: Settings, author: Author, return_to: str, *, way: str
) -> Response[bytes]:
    """A session for an author who has proved who they are, `way` saying how, and off to where they wanted to go."""
    started = await start(
        databases,
        author,
        user_agent=user_agent(request),
        country=country(request),
        replaces=token_of(request, settings),
        device=device_of(request, settings),
        way=way,
    )
    written = cookie(settings, started.token, started.session.expires_at_us)
    answer = Response(b"", status_code=303, headers={"Location": local_path(return_to), "Set-Cookie": written})
    answer.cookies.append(
        Cookie(
            key=cookies.device_name(settings.site_url),
            value=started.device,
            path=HOME,
            max_age=devices.REMEMBERED_US // clock.SECOND_US,
            httponly=True,
            samesite="lax",
            secure=settings.site_url.startswith("https://"),
        )
    )
    return answer


def cookie(settings: Settings, token: str, expires_at_us: int) -> str:
    """The `Set-Cookie` that keeps a session until it expires."""
    return cookies.written(settings.site_url, token, (expires_at_us - clock.now_us()) // clock.SECOND_US)


def device_of(request: AnyRequest, settings: Settings) -> str:
    """The token by which the browser is known again, or an empty text."""
    return request.cookies.get(cookies.device_name(settings.site_url), "")


def page_before(request: AnyRequest) -> str:
    """The page whose form was sent, as far as the browser tells; the home page when it does not."""
    try:
        parts = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return HOME
    return local_path(f"{parts.path}?{parts.query}" if parts.query else parts.path)


def address_of(request: AnyRequest) -> str:
    """Where the request comes from, as far as trusted proxies tell; it is kept nowhere."""
    return request.client.host if request.client else ""


def user_agent(request: AnyRequest) -> str:
    """What the browser calls itself."""
    return request.headers.get("User-Agent", "")


def country(request: AnyRequest) -> str:
    """Where the request comes from, ISO 3166-1 alpha-2, or empty, as the request log found it."""
    return str(request.scope.get("sdc.country", ""))


def local_path(address: str) -> str:
    """The address when it leads to a page of the author's, else the home page: nobody is sent to another site."""
    try:
        # A header holds no more than ASCII, and what is not printable may end it.
        readable = address.isascii() and address.isprintable() and "\\" not in address
        parts = urlsplit(address if readable and len(address) <= LONGEST_ADDRESS else "")
    except ValueError:
        return HOME
    local = not parts.scheme and not parts.netloc and (parts.path == HOME or parts.path.startswith(f"{HOME}/"))
    # A browser takes dots out, in either spelling, and what is left may lie above.
    straight = "//" not in parts.path and not _DOTS & set(parts.path.lower().replace("%2e", ".").split("/"))
    return address if local and straight and not parts.path.startswith(SIGN_IN) else HOME


def page_of(request: AnyRequest) -> str:
    """The page that was asked for, or that htmx asks from; the home page when neither is known."""
    query = request.scope["query_string"].decode("latin-1")
    asked = f"{request.scope['path']}?{query}" if query else request.scope["path"]
    fallback = asked if request.method == "GET" else HOME
    try:
        shown = urlsplit(request.headers.get("HX-Current-URL", "")).path
    except ValueError:
        return fallback
    return local_path(shown) if shown else fallback
