"""The gate before everything below `/author`: no cross-site writes, nothing kept by caches, nothing indexed.

Litestar(middleware=[DefineMiddleware(author.Gate, site_url=lambda: settings.site_url)], ...)
"""

from collections.abc import Callable, Iterable

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from sdc_web import same_origin

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
COOKIE_TO_SET = "sdc_cookie_to_set"
"""Key in the request's state: a `Set-Cookie` value that the answer must carry, whatever it is."""


class Gate:
    """Pure ASGI middleware; requests elsewhere pass untouched. Raises Forbidden for a write from another site."""

    __slots__ = ("app", "site_url")

    def __init__(self, app: ASGIApp, site_url: Callable[[], str]) -> None:
        self.app = app
        self.site_url = site_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_below(scope["path"]):
            await self.app(scope, receive, send)
            return
        if scope["method"] not in SAFE:
            same_origin.require(scope["headers"], self.site_url())

        async def send_private(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _private(message["headers"], scope)
            await send(message)

        await self.app(scope, receive, send_private)


def is_below(path: str) -> bool:
    """Whether the path belongs to the author."""
    return path == "/author" or path.startswith("/author/")


def _private(sent: Iterable[tuple[bytes, bytes]], scope: Scope) -> list[tuple[bytes, bytes]]:
    headers = list(sent)
    replaced = (b"cache-control", b"x-robots-tag")
    kept = [(name, value) for name, value in headers if name.lower() not in replaced]
    kept += [
        (b"cache-control", b"private, no-store"),
        (b"x-robots-tag", b"noindex"),
        (b"vary", b"HX-Request, HX-Request-Type"),
    ]
    cookie = scope.get("state", {}).get(COOKIE_TO_SET)
    # Signing out writes the cookie itself, and has the last word.
    if cookie and not any(name.lower() == b"set-cookie" for name, _ in headers):
        kept.append((b"set-cookie", cookie.encode()))
    return kept
