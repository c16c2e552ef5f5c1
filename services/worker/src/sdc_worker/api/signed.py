"""Who asks, and what they sent: the signature over the raw body, and bodies read into Structs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from litestar import Request
from litestar.datastructures import State
from sdc_core import clock
from sdc_core.errors import Invalid, Unavailable
from sdc_core.logging import request_id
from sdc_core.webhooks import TOLERANCE_S, Keyring, WebhookError

from sdc_worker.problems import UnsupportedMediaType

T = TypeVar("T")

JSON_BYTES = 64 * 1024
"""Most bytes of a body that is not a range of the log."""

LARGE_BYTES = 64 * 1024
"""Larger bodies are hashed in a thread, which SHA-256 leaves the loop free for."""

BODY_S = 30.0


REMEMBERED_US = 2 * TOLERANCE_S * clock.SECOND_US
MAX_REMEMBERED = 20_000


class _Uses:
    """Which request each recent webhook id was for. The specification signs the body and no address, so without this a
    captured `GET /jobs` would be as good as a `DELETE` of something for as long as its timestamp holds.
    """

    def __init__(self) -> None:
        self._uses: dict[str, tuple[int, str]] = {}

    def claim(self, message_id: str, what: str) -> None:
        """Raises WebhookError when that id came with another method or address before."""
        now_us = clock.now_us()
        while self._uses:
            oldest = next(iter(self._uses))
            if len(self._uses) < MAX_REMEMBERED and self._uses[oldest][0] > now_us - REMEMBERED_US:
                break
            del self._uses[oldest]
        _, first = self._uses.setdefault(message_id, (now_us, what))
        if first != what:
            raise WebhookError("other_request")


def verifier(keyring: Keyring) -> Callable[[Request[object, object, State]], Awaitable[None]]:
    """A hook that lets a request in only with a good signature over its raw body, read up to the route's limit, and
    with an id that was not used for another request.
    """
    uses = _Uses()

    async def verify(request: Request[object, object, State]) -> None:
        request_id.set(request.headers.get("x-request-id", "")[:64])
        if request.headers.get("webhook-signature") is None:
            raise WebhookError("missing_header")  # before a byte of the body is read
        if not request.scope["query_string"].isascii():
            message = "write the query in percent-encoding"
            raise Invalid(message)
        body = await _received(request)
        if len(body) > LARGE_BYTES:
            await asyncio.to_thread(keyring.verify, request.headers, body)
        else:
            keyring.verify(request.headers, body)
        raw_path = request.scope["raw_path"].decode("latin-1")
        query = request.scope["query_string"].decode("latin-1")
        uses.claim(message_id(request), f"{request.method} {raw_path}?{query}")

    return verify


def message_id(request: Request[object, object, State]) -> str:
    """The verified webhook id: the idempotency key of what is asked."""
    return request.headers["webhook-id"]


async def _received(request: Request[object, object, State]) -> bytes:
    """The whole body, which later reads find again. Raises Unavailable when it does not come in time."""
    try:
        async with asyncio.timeout(BODY_S):
            return await request.body()
    except TimeoutError:
        message = "the body did not come in time"
        raise Unavailable(message) from None


async def require_empty(request: Request[object, object, State]) -> None:
    """Raises Invalid for a body where there is to be none. One secret signs both ways, so what was signed for web would
    else be as good as an order to the worker.
    """
    if await request.body():
        message = "send no body"
        raise Invalid(message)


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
