"""Who asks: the dependencies `reader`, a token of either scope, and `writer`, one that may change things."""

from litestar.di import NamedDependency
from sdc_core import clock
from sdc_core.errors import Unauthorized

from sdc_web import tokens
from sdc_web.api.rates import Rates
from sdc_web.authors import rights
from sdc_web.db import Databases
from sdc_web.problems import ACTOR, AnyRequest
from sdc_web.tokens import Bearer


async def provide_reader(
    request: AnyRequest, databases: NamedDependency[Databases], rates: NamedDependency[Rates]
) -> Bearer:
    """Raises Unauthorized without a token, and for one that is wrong, expired or revoked, in the same words; Throttled
    for one that asks too often; Forbidden for one without the right that the handler names.
    """
    found = await tokens.recognise(databases.site, _presented(request))
    if found is None:
        raise Unauthorized("send a token that is in force: `Authorization: Bearer sdc_...`")
    rates.take(found.id, clock.monotonic_us(), request.scope)
    request.scope["state"][ACTOR] = found.actor
    rights.require(found.actor, request.route_handler.opt["right"])
    return found


async def provide_writer(reader: NamedDependency[Bearer]) -> Bearer:
    return reader


def _presented(request: AnyRequest) -> str:
    """The token of the one Authorization header, or an empty text (RFC 6750 section 2.1)."""
    sent = [value for name, value in request.scope["headers"] if name.lower() == b"authorization"]
    if len(sent) != 1:
        return ""
    scheme, _, text = sent[0].decode("latin-1").partition(" ")
    return text.strip(" ") if scheme.lower() == "bearer" else ""
