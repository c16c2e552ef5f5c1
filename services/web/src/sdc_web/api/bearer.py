"""Who asks: the dependencies `reader` and `writer`, a token whose scopes cover the right that the handler names."""

from litestar.di import NamedDependency
from sdc_core import clock
from sdc_core.errors import Unauthorized

from sdc_web import tokens
from sdc_web.api.rates import COUNTED, Rates
from sdc_web.authors import rights
from sdc_web.db import Databases
from sdc_web.headers import bearer_token
from sdc_web.problems import ACTOR, AnyRequest
from sdc_web.tokens import Bearer

ANY = "any"
"""In place of a right, of a handler that is open to every token and asks for more itself."""


async def provide_reader(
    request: AnyRequest, databases: NamedDependency[Databases], rates: NamedDependency[Rates]
) -> Bearer:
    """Raises Unauthorized without a token, and for one that is wrong, expired or revoked, in the same words; Throttled
    for one that asks too often; Forbidden for one without the right that the handler names.
    """
    found = await tokens.recognise(databases.site, bearer_token(request.scope["headers"]))
    if found is None:
        raise Unauthorized("send a token that is in force: `Authorization: Bearer sdc_...`")
    if COUNTED not in request.scope["state"]:
        rates.take(found.id, clock.monotonic_us(), request.scope)
    request.scope["state"][ACTOR] = found.actor
    if (right := request.route_handler.opt["right"]) != ANY:
        rights.require(found.actor, right)
    return found


async def provide_writer(reader: NamedDependency[Bearer]) -> Bearer:
    return reader
