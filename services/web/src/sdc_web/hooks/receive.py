"""`POST /hooks`: verified by its raw bytes, done once, answered the same whenever it comes again."""

import hashlib
from functools import partial

from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from sdc_core import messages
from sdc_core.settings import Settings
from sdc_core.webhooks import Keyring

from sdc_web.db import Databases
from sdc_web.hooks import seen
from sdc_web.hooks.act import RetireLogs, act
from sdc_web.problems import respond


@post("/hooks", status_code=200, request_max_body_size=messages.MAX_BYTES)
async def receive(
    request: Request[object, object, State],
    databases: NamedDependency[Databases],
    keyring: NamedDependency[Keyring],
    settings: NamedDependency[Settings],
    retire_logs: NamedDependency[RetireLogs],
) -> Response[bytes] | Response[str]:
    """Verify, then do once. Nothing is decoded before the signature has been found right."""
    body = await request.body()
    message_id = keyring.verify(_headers(request), body).message_id
    message = messages.decode(body)
    digest = hashlib.sha256(body).hexdigest()
    work = partial(act, message, databases, settings.site_url, retire_logs)
    try:
        answer = await seen.once(databases.ttl, message_id, digest, work)
    except seen.InProgress as error:
        refused = respond(request, error)
        refused.headers["retry-after"] = str(error.retry_after_s)
        return refused
    return Response(answer, media_type="application/json")


def _headers(request: Request[object, object, State]) -> dict[str, str]:
    """The headers by name. One that was sent twice becomes a list, which no signature header may be."""
    found: dict[str, str] = {}
    for raw_name, raw_value in request.scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
