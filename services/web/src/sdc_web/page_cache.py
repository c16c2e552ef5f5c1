"""The final bytes of public pages, kept per process, and never older than the database.

Freshness is asked of SQLite itself: `PRAGMA data_version` changes after a commit by any other connection, this
process's own writer included; only then `generation.n` is read, and only when that moved every page is forgotten.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

import msgspec
from litestar.types import (
    ASGIApp,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    HTTPScope,
    Message,
    Receive,
    Scope,
    Send,
)

from sdc_web import content_codings
from sdc_web.content_codings import CODINGS

if TYPE_CHECKING:
    import sqlite3 as pysqlite3  # what ships no types is the newer build of the same
else:
    from sdc_core.sqlite import pysqlite3

MAX_BYTES = 32 * 1024 * 1024
WAIT_S = 5.0
BUSY_S = 0.1
MIN_COMPRESSED = 256
_TYPES = (
    *(b"text/html", b"application/atom+xml", b"application/rss+xml", b"application/feed+json", b"application/xml"),
    b"image/png",
)
_FRESH = (b"no-cache", b"public, max-age=31536000, immutable")
_OWN_LENGTH = frozenset({b"content-length", b"content-encoding", b"etag", b"vary"})
_VARY = (b"vary", b"accept-encoding")
KEPT_BYTES = 1_200
"""What an answer takes beside its body: headers, their lists, its place in the dictionaries."""
_NOT_MODIFIED_KEEPS = frozenset({b"cache-control", b"cdn-cache-control", b"etag", b"vary"})


Headers: TypeAlias = list[tuple[bytes, bytes]]


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One page in one encoding, finished but for the dictionaries that ASGI wants around it."""

    etag: bytes
    headers: Headers
    not_modified: Headers
    body: bytes


class _Page:
    """One page: its answers by encoding, each made when somebody first asks for it, and what they have in common.

    Nearly everybody takes Brotli: all four encodings of each page would be three times the memory.
    """

    __slots__ = ("answers", "compressible", "digest", "headers")

    def __init__(self, headers: Headers, body: bytes) -> None:
        self.headers = headers
        self.digest = hashlib.sha256(body).hexdigest()[:20]
        drawn = any(value.startswith(b"image/") for _, value in headers)
        self.compressible = len(body) >= MIN_COMPRESSED and not drawn
        self.answers: dict[str, _Answer] = {}

    def body(self) -> bytes:
        """The page as it was put together, from whichever answer there is."""
        coding, answer = next(iter(self.answers.items()))
        return CODINGS[coding].decode(answer.body)


class _Pages:
    """The pages of one generation. A page that is finished late is written into one that nobody reads any more."""

    __slots__ = ("being_made", "kept", "size_bytes")

    def __init__(self) -> None:
        self.kept: dict[str, _Page] = {}
        self.being_made: dict[str, asyncio.Event] = {}
        self.size_bytes = 0

    def keep(self, path: str, page: _Page, coding: str, answer: _Answer, max_bytes: int) -> None:
        """Keep an answer of a page; the oldest pages make room. One that would take a quarter of it all is not kept."""
        if _size(answer) > max_bytes // 4:
            return
        if path not in self.kept:
            self.kept[path] = page
            page.answers.clear()  # those of one that had to make room are not counted any more
        if self.kept[path] is not page or coding in page.answers:
            return
        page.answers[coding] = answer
        self.size_bytes += _size(answer)
        while self.size_bytes > max_bytes:
            oldest = self.kept.pop(next(iter(self.kept)))
            self.size_bytes -= sum(map(_size, oldest.answers.values()))


class PageCache:
    """ASGI layer in front of the router. `cacheable` says which paths may be kept; the answer must also be 200, of a
    type for pages, feeds or drawings, and say `Cache-Control: no-cache`, or that it never changes. A request with
    `cookie` goes past the cache.
    """

    __slots__ = (
        "_app",
        "_cacheable",
        "_cdn",
        "_checked",
        "_connection",
        "_cookie",
        "_data_version",
        "_database",
        "_generation",
        "_max_bytes",
        "_pages",
        "hits",
        "misses",
    )

    def __init__(
        self,
        app: ASGIApp,
        database: Path,
        cacheable: Callable[[str], bool],
        *,
        cookie: str,
        cdn_seconds: int = 0,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._app = app
        self._database = database
        self._cacheable = cacheable
        self._cookie = cookie.encode()
        self._cdn = _for_cdn(cdn_seconds) if cdn_seconds else []
        self._max_bytes = max_bytes
        self._pages = _Pages()
        self._connection: pysqlite3.Connection | None = None
        self._data_version = -1
        self._generation = -1
        self._checked = False
        self.hits = 0
        self.misses = 0

    @property
    def size_bytes(self) -> int:
        """Bytes of the bodies that are kept."""
        return self._pages.size_bytes

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "lifespan":
            return self._live(scope, receive, send)
        if scope["type"] == "http" and scope["method"] in _READING and not scope["query_string"]:
            return self._serve(scope, receive, send)
        return self._app(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        finally:
            self.close()

    async def _serve(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        accepted, known, signed_in = _asked(scope, self._cookie)
        pages = None if signed_in else self._current()
        if pages is None:
            await self._app(scope, receive, send)
            return
        path, coding = scope["path"], content_codings.best(accepted)
        page = pages.kept.get(path)
        if page is not None:
            self.hits += 1
            answer = page.answers.get(coding) or await self._encoded(pages, page, coding, path)
        elif not self._cacheable(path):
            await self._app(scope, receive, send)
            return
        elif (answer := await self._make(pages, coding, scope, receive, send)) is None:
            return
        if known and _matches(known, answer.etag):
            await send({"type": "http.response.start", "status": 304, "headers": answer.not_modified})
            await send(_EMPTY)
        else:
            await send({"type": "http.response.start", "status": 200, "headers": answer.headers})
            if scope["method"] == "HEAD":
                await send(_EMPTY)
            else:
                await send({"type": "http.response.body", "body": answer.body, "more_body": False})

    def close(self) -> None:
        """Close the connection, and forget every page."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._pages = _Pages()
        self._data_version = self._generation = -1

    def _current(self) -> _Pages | None:
        """The pages that are true at this moment; None when the database cannot say.

        SQLite is asked once per turn of the event loop: whatever runs before `_forget_check` was queued, hence had
        arrived, before the check ran. The connection lives on the loop's own thread, since a hop to another one would
        cost twenty times the question; it reads two pages that are in memory and waits for no writer.
        """
        if self._checked:
            return self._pages
        try:
            connection = self._connection or self._open()
            (data_version,) = connection.execute("PRAGMA data_version").fetchone()
            if data_version != self._data_version:
                (generation,) = connection.execute("SELECT n FROM generation").fetchone()
                if generation != self._generation:
                    self._pages = _Pages()
                    self._generation = generation
                self._data_version = data_version
        except pysqlite3.Error:
            self.close()
            return None
        self._checked = True
        asyncio.get_running_loop().call_soon(self._forget_check)
        return self._pages

    def _forget_check(self) -> None:
        self._checked = False

    def _open(self) -> pysqlite3.Connection:
        address = f"file:{quote(str(self._database.absolute()))}?mode=ro"
        self._connection = pysqlite3.connect(address, uri=True, isolation_level=None, timeout=BUSY_S)
        return self._connection

    async def _make(self, pages: _Pages, coding: str, scope: HTTPScope, receive: Receive, send: Send) -> _Answer | None:
        """Render a page once however many ask for it; None when the answer was no page, and has been sent already.

        `pages` was taken before the page reads the database, so a publication in between leaves this one in a
        dictionary that is not asked again.
        """
        path = scope["path"]
        while (busy := pages.being_made.get(path)) is not None:
            try:
                async with asyncio.timeout(WAIT_S):
                    await busy.wait()
            except TimeoutError:
                break
            if (made := pages.kept.get(path)) is not None:
                self.hits += 1
                return made.answers.get(coding) or await self._encoded(pages, made, coding, path)
        self.misses += 1
        done = pages.being_made.setdefault(path, asyncio.Event())
        try:
            rendering = _Rendering(send, head=scope["method"] == "HEAD")
            await self._app(_plain(scope), receive, rendering.send)
            if rendering.start is None:
                return None
            body = bytes(rendering.body)
            page = _Page(_own(rendering.start["headers"], self._cdn), body)
            return await self._encoded(pages, page, coding, path, body)
        finally:
            done.set()
            if pages.being_made.get(path) is done:
                del pages.being_made[path]

    async def _encoded(self, pages: _Pages, page: _Page, coding: str, path: str, body: bytes = b"") -> _Answer:
        """The answer in that coding, made from one that is there unless the body is given, and kept."""
        if not page.compressible:
            coding = "identity"
        answer = page.answers.get(coding)
        if answer is None:
            answer = await asyncio.to_thread(_answer, page, body or page.body(), coding)
            pages.keep(path, page, coding, answer, self._max_bytes)
        return answer


class _Rendering:
    """Takes a page in; passes every other answer on as it comes. `start` stays None for those."""

    __slots__ = ("_head", "_send", "body", "start")

    def __init__(self, send: Send, *, head: bool) -> None:
        self._send = send
        self._head = head
        self.start: HTTPResponseStartEvent | None = None
        self.body = bytearray()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            self.start = message
        elif self.start is not None and message["type"] == "http.response.body":
            self.body += message.get("body", b"")
        elif self._head and message["type"] == "http.response.body":
            if not message.get("more_body", False):
                await self._send(_EMPTY)
        else:
            await self._send(message)


def _asked(scope: HTTPScope, cookie: bytes) -> tuple[str, bytes, bool]:
    """Accept-Encoding and If-None-Match, each as one value, and whether the session cookie came along."""
    accepted, known, signed_in = b"", b"", False
    for name, value in scope["headers"]:
        if name == b"accept-encoding":
            accepted += b"," + value
        elif name == b"if-none-match":
            known += b"," + value
        elif name == b"cookie":
            signed_in = signed_in or cookie in value
    return accepted.decode("latin-1"), known, signed_in


_READING = frozenset({"GET", "HEAD"})
_EMPTY: HTTPResponseBodyEvent = {"type": "http.response.body", "body": b"", "more_body": False}


def _is_page(start: HTTPResponseStartEvent) -> bool:
    if start["status"] != 200:
        return False
    headers = {name.lower(): value for name, value in start["headers"]}
    return (
        headers.get(b"content-type", b"").startswith(_TYPES)
        and headers.get(b"cache-control") in _FRESH
        and b"set-cookie" not in headers
    )


def _plain(scope: HTTPScope) -> HTTPScope:
    """The request as if it asked for the whole page, unencoded."""
    conditional = {b"if-none-match", b"if-modified-since", b"range", b"accept-encoding"}
    headers = [(name, value) for name, value in scope["headers"] if name not in conditional]
    return {**scope, "method": "GET", "headers": headers}


def _for_cdn(seconds: int) -> Headers:
    """In the place of `no-cache`, which would bind a CDN as well. What lets it serve the old page while it asks for the
    new one is for CDNs alone (RFC 9213): browsers would do that too.
    """
    return [
        (b"cache-control", f"public, max-age=0, must-revalidate, s-maxage={seconds}".encode()),
        (b"cdn-cache-control", f"public, max-age={seconds}, stale-while-revalidate={seconds}".encode()),
    ]


def _own(headers: Iterable[tuple[bytes, bytes]], cdn: Headers) -> Headers:
    """Its headers but for those that each encoding has for itself; the type comes first, where it is looked for."""
    kept = [(name, value) for name, value in headers if name.lower() not in _OWN_LENGTH]
    if cdn and (b"cache-control", b"no-cache") in kept:
        kept = [*(each for each in kept if each[0] != b"cache-control"), *cdn]
    return sorted(kept, key=lambda each: each[0] != b"content-type")


def _answer(page: _Page, body: bytes, coding: str) -> _Answer:
    """The page in one encoding. Compresses, so it runs in a thread."""
    encoded = CODINGS[coding].encode(body)
    etag = f'"{page.digest}-{coding}"'.encode()
    own = [*page.headers, (b"etag", etag), _VARY]
    coded = [] if coding == "identity" else [(b"content-encoding", coding.encode())]
    return _Answer(
        etag=etag,
        headers=[*own, *coded, (b"content-length", str(len(encoded)).encode())],
        not_modified=[(name, value) for name, value in own if name.lower() in _NOT_MODIFIED_KEEPS],
        body=encoded,
    )


def _size(answer: _Answer) -> int:
    return len(answer.body) + KEPT_BYTES


def _matches(header: bytes, etag: bytes) -> bool:
    """If-None-Match compares weakly (RFC 9110 section 13.1.2)."""
    return any(each.strip().removeprefix(b"W/") in (etag, b"*") for each in header.split(b","))
