"""Answers that a page of any site may read: those of Micropub, whose apps may run in a browser.

A page can ask nothing that it has no token for: no cookie counts there, so none is let along.
"""

from litestar import Response, route
from litestar.types import ASGIApp, Message, Receive, Scope, Send

_EVERY = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Location, Retry-After, WWW-Authenticate, RateLimit, RateLimit-Policy"),
]
_ASKED = {
    "allow": "GET, OPTIONS, POST",
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "Authorization, Content-Type, Idempotency-Key",
    "access-control-max-age": "86400",
}


def open_to_pages(app: ASGIApp) -> ASGIApp:
    """Every answer may be read, refusals too."""

    async def opened(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_EVERY]
            await send(message)

        await app(scope, receive, send_on)

    return opened


@route(["/", "/media"], http_method="OPTIONS", status_code=204)
async def asked_before() -> Response[None]:
    """What a browser asks before it sends what a page wants sent."""
    return Response(None, headers=_ASKED)
