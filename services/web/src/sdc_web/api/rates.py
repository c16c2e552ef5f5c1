"""How often a token may ask, and how an answer tells what is left (draft-ietf-httpapi-ratelimit-headers-10)."""

from typing import cast

import msgspec
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from sdc_core import clock
from sdc_core.errors import Throttled

MOST = 1_000
WINDOW_S = 60
_WINDOW_US = WINDOW_S * clock.SECOND_US
_KEY = "sdc.rate"
COUNTED = "sdc.counted"
"""In the state of a request that is a part of one which was counted, as the use of a tool is."""
_POLICY = f'"token";q={MOST};w={WINDOW_S}'.encode()


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that a token has left, and seconds until it has all of them again."""

    requests: int
    reset_s: int


class Rates:
    """Requests by token, counted in windows that begin with the first one.

    Each process counts on its own: the limit keeps a program that runs wild from taking a process to itself. Where
    there are several, a token may ask as many times more as it finds processes.
    """

    __slots__ = ("_windows",)

    def __init__(self) -> None:
        self._windows: dict[str, tuple[int, int]] = {}

    def take(self, token_id: str, now_us: int, scope: HTTPScope) -> None:
        """Count a request; `now_us` is a reading of `clock.monotonic_us`. Raises Throttled when none was left."""
        ends_us, taken = self._windows.get(token_id, (0, 0))
        if ends_us <= now_us:
            # Those that ended are let go here, so that no token stays for ever.
            self._windows = {name: window for name, window in self._windows.items() if window[0] > now_us}
            ends_us, taken = now_us + _WINDOW_US, 0
        reset_s = -(-(ends_us - now_us) // clock.SECOND_US)
        cast("dict[str, object]", scope)[_KEY] = Left(requests=max(0, MOST - taken - 1), reset_s=reset_s)
        if taken >= MOST:
            raise Throttled(f"a token may ask {MOST} times in {WINDOW_S} s", retry_after_s=reset_s)
        self._windows[token_id] = ends_us, taken + 1


def tell(app: ASGIApp) -> ASGIApp:
    """Every answer to a request that was counted says what is left, refusals too."""

    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_on(message: Message) -> None:
            left = cast("dict[str, object]", scope).get(_KEY)
            if message["type"] == "http.response.start" and isinstance(left, Left):
                said = f'"token";r={left.requests};t={left.reset_s}'.encode()
                message["headers"] = [*message["headers"], (b"ratelimit-policy", _POLICY), (b"ratelimit", said)]
            await send(message)

        await app(scope, receive, send_on)

    return told
