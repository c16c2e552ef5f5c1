"""If-Match on what has no revisions: a change is made to what its sender saw, or not at all."""

from collections.abc import Awaitable, Callable

import msgspec
from litestar import Response
from sdc_core import errors
from sdc_core.errors import Invalid
from sdc_core.sqlite import Connection

from sdc_web import problems
from sdc_web.api import answers
from sdc_web.db import Guard, unguarded
from sdc_web.problems import AnyRequest

MAX_SENT = 1_000
_HEADER = "If-Match"
_SHAPE = 'If-Match is the ETag of what you read, as in "0123456789ab", or *'


class Changed(errors.Stale):
    """It is no longer what the sender saw; `etag` is that of what it is now."""

    def __init__(self, etag: str) -> None:
        super().__init__("This was changed elsewhere in the meantime: read it again before you change it.")
        self.etag = etag


def unless_changed(request: AnyRequest, now: Callable[[Connection], Awaitable[msgspec.Struct]]) -> Guard:
    """Raises Changed where what a GET would answer `now`, or what counts of it, is none of what If-Match names; without
    that header, and for `*`, whatever is there will do. Raises Invalid at once for a header that names nothing.
    """
    sent = request.headers.getall(_HEADER.lower(), [])
    if not sent:
        return unguarded
    named = _named(",".join(sent))
    if named == {"*"}:
        return unguarded

    async def guard(connection: Connection) -> None:
        etag = answers.etag(await now(connection))
        if etag not in named:
            raise Changed(etag)

    return guard


def respond(request: AnyRequest, error: Changed) -> Response[str] | Response[bytes]:
    """412 with the ETag of what is there."""
    refused = problems.respond(request, error)
    refused.headers["etag"] = error.etag
    return refused


def _named(sent: str) -> set[str]:
    """What counts of each. What a proxy that compresses makes of an ETag is weak, and means the same."""
    found = {each.strip().removeprefix("W/") for each in sent[:MAX_SENT].split(",")}
    whole = all(each == "*" or (len(each) > 1 and each[0] == each[-1] == '"') for each in found)
    if len(sent) > MAX_SENT or not whole or ("*" in found and len(found) > 1):
        raise Invalid(_SHAPE, field=_HEADER)
    return {each if each == "*" else f'"{each[1:-1].partition("-")[0]}"' for each in found}
