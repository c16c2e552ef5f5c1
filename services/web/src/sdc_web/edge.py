"""What stands around the application: headers of every answer, one spelling of each address, bodies in time, and no
more work at once than can be done.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import cast
from urllib.parse import parse_qs, quote, urlsplit

import msgspec
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, HTTPScope, Message, Receive, ReceiveMessage, Scope, Send
from sdc_core import metrics
from sdc_core.errors import Invalid, SdcError, Unavailable
from sdc_core.metrics import Family
from sdc_core.settings import Settings

from sdc_web import origins, problems

BODY_S = 20.0
SLOWEST_BYTES_PER_S = 16 * 1024
"""A body has `BODY_S`, and as long again as its bytes take at this rate."""
BODIES = 128
BODIES_OF_ONE = 16
"""Bodies that may be on their way at once, of all and of one address: far fewer than the server has connections, so
that slow ones take no place from those who read."""
HEARD_OUT_BYTES = 128 * 1024 * 1024
HEARD_OUT_S = 60.0
HEARD_OUT_PIECE_S = 1.0
HEARD_OUT_AT_ONCE = 16
"""Of a body that is refused before it has come, so much is taken in for its sender to hear why, within so long, for as
long as the next piece comes so soon; and of so many in one process. Further ones are answered at once.
"""
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
FRAMING = CONTENT_SECURITY_POLICY.replace("default-src 'none';", "default-src 'none'; frame-src 'self';")
"""Of the editor, which holds the preview."""
FRAMED = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; media-src 'self'; font-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
"""Of the preview that the editor holds: no script runs in it, and no form sends anything."""
UNLISTED = "/preview/"
"""Below it whoever knows an address may read: no page there tells its address to another, and none is to be found."""
UNLISTED_HEADERS = [(b"referrer-policy", b"no-referrer"), (b"x-robots-tag", b"noindex, nofollow, noarchive")]
AT_ONCE = 192
"""Requests that one process works on at once, bodies and streams among them. More would not be answered sooner: each
takes milliseconds of the one processor, so that the last of these waits for a second at most.
"""
MOST_FIELDS = 400
"""Of a query: the longest form that is sent by its address has 250. To take ten thousand apart, before anybody has
signed in, would hold the loop for 10 ms.
"""
UNCROWDED = frozenset({"/health", "/health/live", "/metrics"})
"""What a proxy and an operator ask to learn that there is too much: a refusal would look like a dead site. Nor may they
fill the site while they wait for a part that hangs.
"""
_ONE_MOMENT = (
    b'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    b"<title>One moment</title><h1>One moment</h1><p>So many want something of this site that it cannot answer all of "
    b"them at once. Load the page again in a few seconds.</p></html>"
)
_OVERRIDES = frozenset({"DELETE", "PUT", "PATCH"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"})
"""Of RFC 9110 and RFC 5789, in capitals: any other is one that no address knows (RFC 9110 section 9.1)."""
_NO_PATH = frozenset({"CONNECT", "OPTIONS"})
"""Those that may name no path (RFC 9112 sections 3.2.3 and 3.2.4)."""


class Edge:
    """What every answer has in common: security headers, HEAD wherever GET works, one spelling of each address, and
    that no query is without measure.

    A handler may answer with another policy than that of all: one of those above.
    """

    __slots__ = ("_app", "_headers", "_unlisted")

    def __init__(self, app: ASGIApp, headers: list[tuple[bytes, bytes]]) -> None:
        self._app = app
        self._headers = headers
        self._unlisted = [each for each in headers if each[0] != b"referrer-policy"] + UNLISTED_HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        head = scope["method"] == "HEAD"
        query = scope["query_string"]
        if not (scope["path"].isascii() and query.isascii()):
            scope = _readable(scope)

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                headers = self._unlisted if scope["path"].startswith(UNLISTED) else self._headers
                message["headers"] = [*message["headers"], *(each for each in headers if each[0] not in own)]
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        if (wrong := _wrong(scope)) is not None:
            await _refuse(wrong, send_on)
            return
        if scope["method"] in ("GET", "HEAD") and (bare := _bare(scope)):
            await send_on({"type": "http.response.start", "status": 308, "headers": [(b"location", bare)]})
            await send_on({"type": "http.response.body", "body": b"", "more_body": False})
            return
        if head:
            scope = cast("HTTPScope", {**scope, "method": "GET", "sdc.head": True})
        await self._app(scope, receive, send_on)


def noting_route(app: ASGIApp) -> ASGIApp:
    """Tells whoever wants to know it the pattern of the route that took a request: it is found far below them."""

    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        finally:
            note, pattern = scope.get("sdc.note_route"), scope.get("path_template")
            if note is not None and pattern:
                cast("Callable[[str], None]", note)(pattern)

    return noted


class Crowd:
    """Requests that are worked on: as many as `at_once`; whoever comes then is told at once to come again. Pages that
    are kept are given before this, and go on.
    """

    __slots__ = ("_app", "_at_once", "_refused", "_under_way")

    def __init__(self, app: ASGIApp, at_once: int = AT_ONCE) -> None:
        self._app = app
        self._at_once = at_once
        self._under_way = 0
        self._refused = 0

    def figures(self) -> list[Family]:
        """How many are worked on, and how many were sent away."""
        return [
            metrics.single("gauge", "sdc_requests_worked_on", "Requests that no kept page answers.", self._under_way),
            metrics.single("counter", "sdc_requests_refused_total", "Sent away: too many at once.", self._refused),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in UNCROWDED:
            await self._app(scope, receive, send)
            return
        if self._under_way >= self._at_once:
            self._refused += 1
            html = any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])
            busy = Unavailable("the site has more to do than it can at the moment: try again in a few seconds")
            await _refuse(busy, send, _ONE_MOMENT if html else b"")
            return
        self._under_way += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way -= 1


class Bodies:
    """Bodies that are still coming: each has a deadline, and all together leave room for those who only read."""

    __slots__ = ("_app", "_coming", "_heard_out")

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._coming: Counter[str] = Counter()
        self._heard_out = 0

    def figures(self) -> list[Family]:
        """How many are on their way."""
        return [metrics.single("gauge", "sdc_bodies_under_way", "Bodies that are still coming.", self._coming.total())]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope["headers"]):
            await self._app(scope, receive, send)
            return
        origin = origins.of(scope["client"][0]) if scope["client"] else ""
        if self._coming[origin] >= BODIES_OF_ONE or self._coming.total() >= BODIES:
            await _refuse(Unavailable("too much is being sent at once: try again in a moment"), send)
            return

        def gone() -> None:
            self._coming -= Counter((origin,))

        body = _Body(scope, receive, gone)
        self._coming[origin] += 1

        async def send_at_its_end(message: Message) -> None:
            if message["type"] == "http.response.start" and body.leave() and self._heard_out < HEARD_OUT_AT_ONCE:
                self._heard_out += 1
                try:
                    await body.hear_out()
                finally:
                    self._heard_out -= 1
            await send(message)

        try:
            await self._app(scope, body.receive, send_at_its_end)
        finally:
            body.leave()


class _Body:
    """One of them; `gone` is called once it is no longer on its way."""

    __slots__ = ("_announced", "_asks_first", "_coming", "_deadline_s", "_gone", "_holds", "_receive", "_taken")

    def __init__(self, scope: HTTPScope, receive: Receive, gone: Callable[[], None]) -> None:
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"")
        self._announced = int(length) if length.isdigit() else 0
        # Then nothing of it is sent before somebody reads (RFC 9110 section 10.1.1).
        self._asks_first = headers.get(b"expect", b"").lower() == b"100-continue"
        self._receive = receive
        self._gone = gone
        self._deadline_s = asyncio.get_running_loop().time() + BODY_S
        self._coming = True
        self._holds = True
        self._taken = 0

    async def receive(self) -> ReceiveMessage:
        """The next piece. Raises HTTPException: 408 when it comes too slowly, 400 when its sender left."""
        if not self._coming:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline_s):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(status_code=408, detail="What was sent came too slowly.") from None
        if message["type"] == "http.disconnect":
            # Who left in the middle is no fault of ours; nobody reads this answer.
            raise HTTPException(status_code=400, detail="What was sent ended too soon.")
        size_bytes = len(message.get("body", b""))
        self._taken += size_bytes
        if message.get("more_body", False):
            self._deadline_s += size_bytes / SLOWEST_BYTES_PER_S
        else:
            self._coming = False
            self.leave()
        return message

    async def hear_out(self) -> None:
        """Take in what is left before the answer. Who is refused while they send would find the connection closed, and
        a proxy would tell them of a fault of the site, where they could have read what to do (RFC 9112 section 9.6).
        """
        if self._asks_first and not self._taken:
            return
        with suppress(HTTPException, TimeoutError):
            async with asyncio.timeout(HEARD_OUT_S):
                while self._coming and max(self._taken, self._announced) <= HEARD_OUT_BYTES:
                    async with asyncio.timeout(HEARD_OUT_PIECE_S):
                        await self.receive()

    def leave(self) -> bool:
        """Give up its place among those on their way; whether more of it may come."""
        if self._holds:
            self._holds = False
            self._gone()
        return self._coming


def _has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a body is announced; without either header there is none (RFC 9112 section 6.3)."""
    return any((name == b"content-length" and value != b"0") or name == b"transfer-encoding" for name, value in headers)


async def _refuse(error: SdcError | HTTPException, send: Send, page: bytes = b"") -> None:
    """The answer to a request that reaches no handler: a problem, or the page for whoever reads pages."""
    problem = problems.of(error)
    headers = [
        (b"content-type", b"text/html; charset=utf-8" if page else b"application/problem+json"),
        (b"cache-control", b"no-store"),
    ]
    if isinstance(error, Unavailable):
        headers.append((b"retry-after", str(error.retry_after_s).encode()))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    body = page or msgspec.json.encode(problem)
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _wrong(scope: HTTPScope) -> SdcError | HTTPException | None:
    """What no handler need look at."""
    if scope["method"] not in _METHODS:
        return HTTPException(status_code=501, detail="This site does not know that method.")
    if not scope["path"].startswith("/") and scope["method"] not in _NO_PATH:
        return HTTPException(status_code=400)
    if scope["query_string"].count(b"&") >= MOST_FIELDS:
        return Invalid(f"the query of this address has too many fields: send {MOST_FIELDS} at the most")
    return None


def _readable(scope: HTTPScope) -> HTTPScope:
    """The request with an address that is text: bytes that are no UTF-8 would be a fault wherever they are read."""
    path = scope["path"].encode(errors="replace").decode()
    query = quote(scope["query_string"], safe="!#$%&'()*+,/:;=?@[]~").encode()
    return {**scope, "path": path, "query_string": query}


def _bare(scope: HTTPScope) -> bytes:
    """Where an address with a slash too many should go, or nothing. Never off the site, however the path begins."""
    path = scope["path"]
    if path == "/" or not (path.endswith("/") or "//" in path):
        return b""
    query = scope["query_string"]
    bare = "/" + "/".join(part for part in path.split("/") if part)
    return quote(bare, safe="/-._~!$&'()*+,;=:@").encode() + (b"?" + query if query else b"")


def security_headers(settings: Settings) -> list[tuple[bytes, bytes]]:
    """Headers of every answer, of errors and files as well."""
    headers = {
        "content-security-policy": _policy(settings.MEDIA_URL),
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "cross-origin-opener-policy": "same-origin",
        # Whoever answers pictures says otherwise: feeds are read, and links shared, on other sites.
        "cross-origin-resource-policy": "same-origin",
    }
    if settings.site_url.startswith("https://"):
        # Without its subdomains: what else is there below the name is not for this site to say.
        headers["strict-transport-security"] = "max-age=31536000"
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _policy(media_url: str) -> str:
    """The policy of all; pictures may come from where they are served as well, and nothing else may."""
    if not media_url:
        return CONTENT_SECURITY_POLICY
    parts = urlsplit(media_url)
    return CONTENT_SECURITY_POLICY.replace("img-src 'self'", f"img-src 'self' {parts.scheme}://{parts.netloc}")


def method_override(app: ASGIApp) -> ASGIApp:
    """Forms know GET and POST alone: below `/author`, `?_method=DELETE` (or PUT, PATCH) on a POST stands for it."""

    def overridden(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"].startswith("/author/"):
            query = scope["query_string"]
            wanted = parse_qs(query.decode("latin-1")).get("_method", [""])[0].upper() if b"_method=" in query else ""
            if wanted in _OVERRIDES:
                scope = cast("HTTPScope", {**scope, "method": wanted})
        return app(scope, receive, send)

    return overridden
