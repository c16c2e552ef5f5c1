"""From error code to HTTP status: the one table, and the problem document (RFC 9457) that says it."""

import logging
from collections.abc import Mapping

import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap
from sdc_core import disk
from sdc_core.errors import Invalid, SdcError, Throttled, Unavailable

MEDIA_TYPE = "application/problem+json"

STATUS: dict[str, int] = {
    "invalid": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "gone": 410,
    "conflict": 409,
    "stale": 412,
    "too_large": 413,
    "throttled": 429,
    "misconfigured": 500,
    "unavailable": 503,
}
TITLE: dict[int, tuple[str, str]] = {
    400: ("invalid", "The request is not valid"),
    401: ("unauthorized", "Who asks is not known"),
    403: ("forbidden", "That is not allowed"),
    404: ("not_found", "There is nothing here"),
    410: ("gone", "There is nothing here any more"),
    405: ("method_not_allowed", "That method is not for this address"),
    409: ("conflict", "The present state does not allow it"),
    412: ("stale", "The state has moved on"),
    413: ("too_large", "The body is too large"),
    415: ("unsupported_media_type", "That kind of body is not read here"),
    429: ("throttled", "Too many requests"),
    500: ("internal", "Something is wrong here"),
    503: ("unavailable", "Not able to do that now"),
}


class UnsupportedMediaType(Invalid):
    """A body in a type or an encoding that is not read here."""

    code = "unsupported_media_type"


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem document; `code` is stable, `detail` a sentence for a person."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""


log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


def _respond(status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    _, title = TITLE.get(status, ("error", "The request failed"))
    problem = Problem(type=f"urn:sdc:problem:{code}", title=title, status=status, code=code, detail=detail)
    return Response(_encode(problem), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def _expected(_: Request[object, object, State], error: SdcError) -> Response[bytes]:
    status = 415 if isinstance(error, UnsupportedMediaType) else STATUS.get(error.code, 500)
    retry = {"Retry-After": str(error.retry_after_s)} if isinstance(error, Throttled | Unavailable) else None
    return _respond(status, error.code, str(error), retry)


def _framework(_: Request[object, object, State], error: HTTPException) -> Response[bytes]:
    code, _title = TITLE.get(error.status_code, ("error", ""))
    headers = {name: value for name, value in (error.headers or {}).items() if name.lower() != "content-type"}
    return _respond(error.status_code, code, error.detail if error.status_code < 500 else "", headers)


def _of_system(request: Request[object, object, State], error: OSError) -> Response[bytes]:
    return _expected(request, disk.full()) if disk.is_full(error) else _bug(request, error)


def _bug(request: Request[object, object, State], error: Exception) -> Response[bytes]:
    # The trace belongs to the log alone: it may quote what was sent.
    log.error("request failed", exc_info=error, extra={"method": request.method, "path": request.scope["path"]})
    return _respond(500, "internal", "")


HANDLERS: ExceptionHandlersMap = {SdcError: _expected, HTTPException: _framework, OSError: _of_system, Exception: _bug}
