"""Signed calls from one service to the other, a few to the outside, and the only module that imports the HTTP client.

A failed attempt is data (`Attempt`), not an exception: who calls decides whether to try again.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from email.utils import parsedate_to_datetime

import httpx
import msgspec

from sdc_core import clock
from sdc_core.errors import Unavailable
from sdc_core.logging import request_id
from sdc_core.webhooks import Keyring

MAX_ANSWER = 16 * 1024 * 1024
CONNECT_S = 2.0
PING_S = 10.0
REACHABLE_S = 2.5


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try of one request. `status` is 0 and `error` a sentence when no answer came; `retry_after_s` is what the
    answer asked for, 0 when nothing; `duration_us` counts from the first byte sent to the last one read.
    """

    status: int = 0
    body: bytes = b""
    error: str = ""
    retry_after_s: int = 0
    duration_us: int = 0

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


class ServiceClient:
    """A long-lived connection pool to the other service at `base_url`."""

    __slots__ = ("_client", "_keyring")

    def __init__(self, client: httpx.AsyncClient, keyring: Keyring) -> None:
        self._client = client
        self._keyring = keyring

    async def send(
        self,
        method: str,
        path: str,
        *,
        message_id: str | None = None,
        body: bytes = b"",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
    ) -> Attempt:
        """Sign and send, once, within `timeout_s`. `message_id` is the idempotency key; a fresh one when None."""
        signed = httpx.Headers({"content-type": "application/json"})
        signed.update(headers or {})
        signed.update(self._keyring.headers(message_id or f"msg_{clock.new_id()}", body))
        if current := request_id.get():
            signed["x-request-id"] = current
        timeout = httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s))
        request = self._client.stream(method, path, params=query, content=body, headers=signed, timeout=timeout)
        return await _attempt(request, timeout_s)

    async def reachable(self, timeout_s: float = REACHABLE_S) -> str:
        """Empty when the other service answers at all, else the reason in words. Its own health is not waited for:
        a third party that is away would look like its fault.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._client.get("/health/live", timeout=timeout_s)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return _words(error)
        return ""


@asynccontextmanager
async def connect(base_url: str, keyring: Keyring, *, connections: int = 16) -> AsyncGenerator[ServiceClient]:
    """A client for the block; environment proxies and redirects are not followed between our own services."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    # Over plain HTTP nothing is ever verified, and the machine's certificates need not be read (20 ms, some megabytes).
    verify = base_url.startswith("https:")
    async with httpx.AsyncClient(
        base_url=base_url, limits=limits, verify=verify, trust_env=False, follow_redirects=False
    ) as client:
        yield ServiceClient(client, keyring)


async def ping(url: str, *, timeout_s: float = PING_S) -> str:
    """GET an address outside; empty when it answered with 2xx in time, else the reason in words, which do not hold the
    address: it may be a secret.
    """
    try:
        async with (
            asyncio.timeout(timeout_s),
            httpx.AsyncClient(timeout=timeout_s, follow_redirects=True) as client,
            client.stream("GET", url) as response,
        ):
            return "" if response.is_success else f"it answered {response.status_code}"
    except (httpx.TimeoutException, httpx.ConnectError, TimeoutError) as error:
        return _words(error)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"the address cannot be fetched ({type(error).__name__})"


async def post(url: str, body: bytes, content_type: str, *, timeout_s: float = PING_S) -> Attempt:
    """POST to an address outside, once, without following it elsewhere."""
    # Reads the machine's certificates, which takes as long as twenty requests.
    verify = await asyncio.to_thread(httpx.create_ssl_context) if url.startswith("https:") else False
    async with httpx.AsyncClient(timeout=timeout_s, verify=verify, follow_redirects=False) as client:
        request = client.stream("POST", url, content=body, headers={"content-type": content_type})
        return await _attempt(request, timeout_s)


async def _attempt(request: AbstractAsyncContextManager[httpx.Response], timeout_s: float) -> Attempt:
    """What became of a request, which is sent when its block is entered."""
    started_us = clock.monotonic_us()
    try:
        # The client's own timeouts begin anew with every chunk; this one bounds the whole attempt.
        async with asyncio.timeout(timeout_s), request as response:
            received = await _read(response)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, _AnswerTooLargeError) as error:
        return Attempt(error=_words(error), duration_us=clock.monotonic_us() - started_us)
    return Attempt(
        status=response.status_code,
        body=received,
        retry_after_s=_retry_after_s(response.headers.get("retry-after", "")),
        duration_us=clock.monotonic_us() - started_us,
    )


class _AnswerTooLargeError(Exception):
    def __init__(self) -> None:
        super().__init__(f"the answer is larger than {MAX_ANSWER} bytes")


async def _read(response: httpx.Response) -> bytes:
    received = bytearray()
    async for chunk in response.aiter_bytes():
        received += chunk
        if len(received) > MAX_ANSWER:
            raise _AnswerTooLargeError
    return bytes(received)


def _words(error: Exception) -> str:
    match error:
        case httpx.TimeoutException() | TimeoutError():
            return "it did not answer in time"
        case httpx.ConnectError():
            return "nothing answers at its address"
        case _:
            return str(error) or type(error).__name__


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
