"""One try of one request, and what became of it: data, not an exception. Who calls decides whether to try again."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from email.utils import parsedate_to_datetime

import httpx
import msgspec

from sdc_core import clock
from sdc_core.errors import Unavailable

MAX_ANSWER = 16 * 1024 * 1024
TOO_LARGE = "the answer is larger than"
"""So begins the reason of an attempt of which no more was read."""
MAX_BEGINNING = 16 * 1024
MAX_PAGE = 1024 * 1024
MAX_HEADER = 2_000
MAX_LINKS = 16_000
"""Of all `Link` headers of an answer together."""
MAX_WORDS = 200
"""Of a reason: it may quote what the other side sent, however long, and is kept with each attempt."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try of one request. `status` is 0 and `error` a sentence when no answer came; `retry_after_s` is what the
    answer asked for, 0 when nothing; `duration_us` counts from the first byte sent to the last one read. `location`,
    `etag` and `content_type` are those headers, empty where there is none or it is overlong; `links` are all that are
    named `Link`, as one.
    """

    status: int = 0
    body: bytes = b""
    error: str = ""
    retry_after_s: int = 0
    duration_us: int = 0
    location: str = ""
    etag: str = ""
    content_type: str = ""
    links: str = ""

    @property
    def ok(self) -> bool:
        """Answered with 2xx."""
        return 200 <= self.status < 300

    def raise_unless_ok(self, whom: str) -> None:
        """Raises Unavailable in words when the attempt did not succeed."""
        if not self.ok:
            detail = self.error or f"it answered {self.status}"
            message = f"{whom} cannot be used now: {detail}"
            raise Unavailable(message, retry_after_s=self.retry_after_s or 5)


class _AnswerTooLargeError(Exception):
    def __init__(self, most_bytes: int) -> None:
        super().__init__(f"{TOO_LARGE} {most_bytes} bytes")


async def whole(response: httpx.Response, most_bytes: int = MAX_ANSWER) -> bytes:
    """All of an answer, unpacked. Raises when that is more than so many bytes."""
    received = bytearray()
    async for chunk in response.aiter_bytes():
        received += chunk
        if len(received) > most_bytes:
            raise _AnswerTooLargeError(most_bytes)
    return bytes(received)


async def beginning(response: httpx.Response) -> bytes:
    """At most `MAX_BEGINNING` bytes of an answer, as they came; the rest is not waited for."""
    received = b""
    async for chunk in response.aiter_raw():
        received = (received + chunk)[:MAX_BEGINNING]
        if len(received) == MAX_BEGINNING:
            break
    return received


class _PackedError(Exception):
    def __init__(self) -> None:
        super().__init__("it packs its answer, which nobody asked for")


async def page(response: httpx.Response) -> bytes:
    """At most `MAX_PAGE` bytes of an answer; the rest is not waited for. Raises for one that is packed: a few bytes of
    that may become any number, and who asks in this way asked for none.
    """
    if response.headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
        raise _PackedError
    received = bytearray()
    async for chunk in response.aiter_raw():
        received += chunk
        if len(received) >= MAX_PAGE:
            break
    return bytes(received[:MAX_PAGE])


async def make(
    request: AbstractAsyncContextManager[httpx.Response],
    timeout_s: float,
    read: Callable[[httpx.Response], Awaitable[bytes]] = whole,
) -> Attempt:
    """What became of a request, which is sent when its block is entered."""
    started_us = clock.monotonic_us()
    try:
        # The client's own timeouts begin anew with every chunk; this one bounds the whole attempt.
        async with asyncio.timeout(timeout_s), request as response:
            received = await read(response)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, _AnswerTooLargeError, _PackedError) as error:
        return Attempt(error=words(error), duration_us=clock.monotonic_us() - started_us)
    return Attempt(
        status=response.status_code,
        body=received,
        retry_after_s=_retry_after_s(response.headers.get("retry-after", "")),
        duration_us=clock.monotonic_us() - started_us,
        location=_header(response, "location"),
        etag=_header(response, "etag"),
        content_type=_header(response, "content-type"),
        links=_header(response, "link", MAX_LINKS),
    )


def _header(response: httpx.Response, name: str, longest: int = MAX_HEADER) -> str:
    value = response.headers.get(name, "")
    return value if len(value) <= longest else ""


def words(error: Exception) -> str:
    """Why no answer came, as the end of a sentence."""
    match error:
        case httpx.TimeoutException() | TimeoutError():
            return "it did not answer in time"
        case httpx.ConnectError() if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return "its certificate is not one to trust"
        case httpx.ConnectError() if "SSL" in str(error):
            return "it does not speak TLS"
        case httpx.ConnectError():
            return "nothing answers at its address"
        case _:
            return (str(error) or type(error).__name__)[:MAX_WORDS]


def _retry_after_s(value: str) -> int:
    """Seconds from either form of the header (RFC 9110 section 10.2.3), at most a day; 0 for anything else."""
    if re.fullmatch(r"[0-9]{1,9}", value):
        wait_s = int(value)
    else:
        try:
            until = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return 0
        wait_s = (clock.from_datetime(until) - clock.now_us()) // clock.SECOND_US if until.tzinfo else 0
    return max(0, min(wait_s, 86_400))
