"""What a failure looks like: one table from code to status, problem details for machines, a page for people."""

import logging
from http import HTTPStatus

import msgspec
from litestar import MediaType, Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from sdc_core import disk
from sdc_core.errors import Invalid, SdcError, Throttled, Unavailable

from sdc_web import templating

STATUSES: dict[str, int] = {
    "invalid": 422,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "gone": 410,
    "conflict": 409,
    "stale": 412,
    "too_large": 413,
    "throttled": 429,
    "unavailable": 503,
    "misconfigured": 500,
    "error": 500,
}
_TITLES = {
    401: "That does not let you in",
    403: "Refused",
    409: "Not as things stand",
    412: "Changed in the meantime",
    413: "Too large",
    422: "This cannot be taken",
    428: "Say which revision you mean",
    404: "Nothing is here",
    410: "Gone",
    405: "This address does not do that",
    429: "Too many tries",
    500: "Something broke",
    503: "Not available at the moment",
}
_DETAILS = {
    400: "The request could not be read.",
    404: "No page has this address. It may have been taken away, or the link is wrong.",
    405: "The address is right, but it cannot be used in this way.",
    413: "What was sent is larger than this address takes.",
    415: "This address does not take that kind of content.",
    500: "This is a fault of the site, not yours. It has been written down.",
}
_TOO_DEEP = "The request nests too deep to be read."

ACTOR = "sdc_actor"
"""Key in the request's state: the `Actor` who asks, once that is known."""
SITE = "sdc_site"
"""Another: what layouts name of the site at that moment, where a page is about to say what went wrong."""
AnyRequest = Request[object, object, State]
log = logging.getLogger(__name__)


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Problem details (RFC 9457). `code` is stable; `detail` is one sentence for a person."""

    title: str
    status: int
    detail: str
    code: str
    field: str = ""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """What the layouts name of the site while the database cannot say."""

    title: str = "This site"
    description: str = ""
    language: str = "en"
    url: str = ""
    author_name: str = "its author"
    navigation: tuple[object, ...] = ()
    elsewhere: tuple[object, ...] = ()
    unlisted: bool = False
    beacon: bool = False
    look_address: str = ""
    loads_literata: bool = True
    several_write: bool = False
    time_zone: str = ""
    paper: tuple[str, ...] = ()

    def icon(self, _size: int) -> str:
        """SDC's own mark."""
        return ""


def of(error: Exception) -> Problem:
    """The problem that an exception is. An unexpected one tells nothing of itself."""
    if isinstance(error, SdcError):
        status = STATUSES[error.code]
        detail = _DETAILS[500] if status == HTTPStatus.INTERNAL_SERVER_ERROR else str(error)
        field = error.field if isinstance(error, Invalid) else ""
        return Problem(title=_title(status), status=status, detail=detail, code=error.code, field=field)
    if isinstance(error, HTTPException):
        status = error.status_code
        return Problem(title=_title(status), status=status, detail=_detail(status, error), code=code_of(status))
    if isinstance(error, RecursionError):
        return Problem(title=_title(400), status=400, detail=_TOO_DEEP, code="malformed")
    return Problem(title=_title(500), status=500, detail=_DETAILS[500], code="error")


def respond(request: AnyRequest, error: Exception) -> Response[str] | Response[bytes]:
    """The answer to a request that failed, as a page, a fragment or problem details, whichever the client reads."""
    if disk.is_full(error):
        error = disk.full()
    problem = of(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, Unavailable):
        # The route, not the path: that may hold the token of a sign-in link. The request's id leads to the line.
        log.error("a request failed", extra={"route": request.scope.get("path_template", "")}, exc_info=error)
    headers = {"cache-control": "no-store"}
    if isinstance(error, Throttled | Unavailable):
        headers["retry-after"] = str(error.retry_after_s)
    elif isinstance(error, HTTPException) and error.headers:
        headers.update({name.lower(): value for name, value in error.headers.items()})
        if "GET" in headers.get("allow", "") and "HEAD" not in headers["allow"]:
            # Wherever a page may be asked for, its headers may: the outermost layer answers that, not the routes.
            headers["allow"] += ", HEAD"
    if not wants_html(request):
        return Response(
            msgspec.json.encode(problem),
            status_code=problem.status,
            headers=headers,
            media_type="application/problem+json",
        )
    return Response(_page(request, problem), status_code=problem.status, headers=headers, media_type=MediaType.HTML)


def wants_html(request: AnyRequest) -> bool:
    """Whether a person reads the answer: a browser's Accept names HTML, and htmx always wants a fragment. Never where
    programs ask.
    """
    if request.scope["path"].startswith("/api/"):
        return False
    return "text/html" in request.headers.get("accept", "") or "hx-request" in request.headers


def site_of(request: AnyRequest) -> Site:
    """The site as it is at this moment, for a page that says what went wrong."""
    found: Site | None = request.scope["state"].get(SITE)
    return found or Site()


def _page(request: AnyRequest, problem: Problem) -> str:
    site = site_of(request)
    context = {"site": site, "status": problem.status, "title": problem.title, "detail": problem.detail}
    if "hx-request" in request.headers:
        return templating.render("author/errors/_notice.html", **context)
    if request.scope["path"].startswith("/author"):
        return templating.render("author/errors/show.html", author=None, flash=[], code=problem.code, **context)
    return templating.render("site/errors/show.html", navigation=site.navigation, **context)


def _title(status: int) -> str:
    return _TITLES.get(status) or HTTPStatus(status).phrase.capitalize()


def _detail(status: int, error: HTTPException) -> str:
    """Our own words, except where the framework names the parameter at fault."""
    return _DETAILS.get(status) or error.detail


def code_of(status: int) -> str:
    """The stable code of an answer with that status."""
    known = {
        400: "malformed",
        405: "method_not_allowed",
        408: "too_slow",
        415: "unsupported_media_type",
        421: "misdirected",
        428: "no_precondition",
        501: "not_implemented",
    }
    return known.get(status) or next((code for code, number in STATUSES.items() if number == status), "error")
