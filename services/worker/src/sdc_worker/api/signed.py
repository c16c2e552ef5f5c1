"""Who asks, and what they sent: the signature over the raw body, and bodies read into Structs."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from litestar import Request
from litestar.datastructures import State
from sdc_core.errors import Invalid
from sdc_core.logging import request_id
from sdc_core.webhooks import Keyring, WebhookError

from sdc_worker.problems import UnsupportedMediaType

T = TypeVar("T")

JSON_BYTES = 64 * 1024
"""Most bytes of a body that is not a range of the log."""


def verifier(keyring: Keyring) -> Callable[[Request[object, object, State]], Awaitable[None]]:
    """A hook that lets a request in only with a good signature over its raw body, read up to the route's limit."""

    async def verify(request: Request[object, object, State]) -> None:
        request_id.set(request.headers.get("x-request-id", "")[:64])
        if request.headers.get("webhook-signature") is None:
            raise WebhookError("missing_header")  # before a byte of the body is read
        keyring.verify(request.headers, await request.body())

    return verify


def message_id(request: Request[object, object, State]) -> str:
    """The verified webhook id: the idempotency key of what is asked."""
    return request.headers["webhook-id"]


async def read_json(request: Request[object, object, State], type_: type[T]) -> T:
    """The verified body as a Struct. Raises Invalid, whatever its nesting, and UnsupportedMediaType."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        message = "send application/json"
        raise UnsupportedMediaType(message)
    try:
        return msgspec.json.decode(await request.body(), type=type_)
    except (msgspec.DecodeError, RecursionError) as error:
        message = f"the body cannot be read: {error}"
        raise Invalid(message) from None
