"""Signed calls from one service to the other."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

from sdc_core import attempts, clock, metrics, tracing
from sdc_core.attempts import Attempt, httpx
from sdc_core.logging import request_id
from sdc_core.metrics import Family
from sdc_core.webhooks import Keyring

CONNECT_S = 2.0
REACHABLE_S = 2.5
CONNECTIONS = 16


class ServiceClient:
    """A long-lived connection pool to the other service at `base_url`, of so many `connections`."""

    __slots__ = ("_client", "_connections", "_keyring", "_under_way")

    def __init__(self, client: httpx.AsyncClient, keyring: Keyring, connections: int = CONNECTIONS) -> None:
        self._client = client
        self._keyring = keyring
        self._connections = connections
        self._under_way = 0

    def figures(self) -> list[Family]:
        """How many connections there may be, and calls under way: those beyond wait for one."""
        return [
            metrics.single("gauge", "sdc_service_connections", "To the other service, at most.", self._connections),
            metrics.single("gauge", "sdc_service_calls", "Calls of it that are under way.", self._under_way),
        ]

    async def send(
        self,
        method: str,
        path: str,
        *,
        message_id: str | None = None,
        body: bytes = b"",
        query: Mapping[str, str | Sequence[str]] | None = None,
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
        # By its first part: what follows may be the id of one of thousands.
        whom = f"{method} /{path.removeprefix('/').partition('/')[0]}"
        with tracing.span(whom, "CLIENT", http__request__method=method) as span:
            signed.update(tracing.headers())
            request = self._client.stream(method, path, params=query, content=body, headers=signed, timeout=timeout)
            self._under_way += 1
            try:
                attempt = await attempts.make(request, timeout_s)
            finally:
                self._under_way -= 1
            span.answered(attempt.status)
        return attempt

    async def reachable(self, timeout_s: float = REACHABLE_S) -> str:
        """Empty when the other service answers at all, else the reason in words. Its own health is not waited for:
        a third party that is away would look like its fault.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._client.get("/health/live", timeout=timeout_s)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return attempts.words(error)
        return ""


@asynccontextmanager
async def connect(base_url: str, keyring: Keyring, *, connections: int = CONNECTIONS) -> AsyncGenerator[ServiceClient]:
    """A client for the block; environment proxies and redirects are not followed between our own services."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    # Over plain HTTP nothing is ever verified, and the machine's certificates need not be read (20 ms, some megabytes).
    verify = base_url.startswith("https:")
    async with httpx.AsyncClient(
        base_url=base_url, limits=limits, verify=verify, trust_env=False, follow_redirects=False
    ) as client:
        yield ServiceClient(client, keyring, connections)
