"""The final bytes of public pages, kept per process, and never older than the database.

Freshness is asked of SQLite itself: `PRAGMA data_version` changes after a commit by any other connection, this
process's own writer included; only then `generation.n` is read, and only when that moved every page is forgotten.
"""

import asyncio
import gzip
import hashlib
from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import brotli
import msgspec
import zstandard
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
_PREFERENCE = ("br", "zstd", "gzip", "identity")
_BROTLI, _ZSTD, _GZIP = 5, 9, 6
"""Levels; together less than half a millisecond for a page of 9 kB."""
_NOT_MODIFIED_KEEPS = frozenset({b"cache-control", b"etag", b"vary"})


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Finished messages of one page in one encoding: nothing is built per request."""

    etag: bytes
    start: HTTPResponseStartEvent
    body: HTTPResponseBodyEvent
    not_modified: HTTPResponseStartEvent


class _Pages:
    """The pages of one generation. A page that is finished late is written into one that nobody reads any more."""

    __slots__ = ("answers", "being_made", "size_bytes")

    def __init__(self) -> None:
        self.answers: dict[str, dict[str, _Answer]] = {}
        self.being_made: dict[str, asyncio.Event] = {}
        self.size_bytes = 0

    def keep(self, path: str, answers: dict[str, _Answer], max_bytes: int) -> None:
        """The oldest pages make room; a page that would take a quarter of it all is not kept."""
        size_bytes = _size(answers)
        if size_bytes > max_bytes // 4 or path in self.answers:
            return
        self.answers[path] = answers
        self.size_bytes += size_bytes
        while self.size_bytes > max_bytes:
            oldest = next(iter(self.answers))
            self.size_bytes -= _size(self.answers.pop(oldest))


class PageCache:
    """ASGI layer in front of the router. `cacheable` says which paths may be kept; the answer must also be 200, of a
    type for pages, feeds or drawings, and say `Cache-Control: no-cache`, or that it never changes. A request with
    `cookie` goes past the cache.
    """

    __slots__ = (
        "_app",
        "_cacheable",
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
        self, app: ASGIApp, database: Path, cacheable: Callable[[str], bool], *, cookie: str, max_bytes: int = MAX_BYTES
    ) -> None:
        self._app = app
        self._database = database
        self._cacheable = cacheable
        self._cookie = cookie.encode()
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
        answers = None if pages is None else pages.answers.get(scope["path"])
        if answers is not None:
            self.hits += 1
        elif pages is None or not self._cacheable(scope["path"]):
            await self._app(scope, receive, send)
            return
        elif (answers := await self._make(pages, scope, receive, send)) is None:
            return
        answer = answers[best_encoding(accepted)]
        if known and _matches(known, answer.etag):
            await send(answer.not_modified)
            await send(_EMPTY)
        else:
            await send(answer.start)
            await send(_EMPTY if scope["method"] == "HEAD" else answer.body)

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

    async def _make(self, pages: _Pages, scope: HTTPScope, receive: Receive, send: Send) -> dict[str, _Answer] | None:
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
            if (made := pages.answers.get(path)) is not None:
                self.hits += 1
                return made
        self.misses += 1
        done = pages.being_made.setdefault(path, asyncio.Event())
        try:
            rendering = _Rendering(send, head=scope["method"] == "HEAD")
            await self._app(_plain(scope), receive, rendering.send)
            if rendering.start is None:
                return None
            made = await asyncio.to_thread(_answers, rendering.start["headers"], bytes(rendering.body))
            pages.keep(path, made, self._max_bytes)
            return made
        finally:
            done.set()
            if pages.being_made.get(path) is done:
                del pages.being_made[path]


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


@lru_cache(maxsize=512)
def best_encoding(accepted: str) -> str:
    """`br`, `zstd`, `gzip` or `identity` by the value of Accept-Encoding (RFC 9110 section 12.5.3); where the client
    likes two the same, the smaller one.
    """
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        coding, _, parameters = part.partition(";")
        if name := coding.strip():
            weights[name] = _weight(parameters)
    others = weights.get("*", 0.0)
    wanted = {name: weights.get(name, others) for name in ("br", "zstd", "gzip")}
    # What is not named is acceptable, but any coding that is named comes first.
    wanted["identity"] = weights.get("identity", weights.get("*", 0.001))
    best = max(_PREFERENCE, key=lambda name: wanted[name])
    return best if wanted[best] > 0 else "identity"


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return 0.0
            return weight if 0.0 <= weight <= 1.0 else 0.0
    return 1.0


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


def _answers(headers: Iterable[tuple[bytes, bytes]], body: bytes) -> dict[str, _Answer]:
    """Every encoding of a page. Compresses, so it runs in a thread."""
    kept = [(name, value) for name, value in headers if name.lower() not in _OWN_LENGTH]
    digest = hashlib.sha256(body).hexdigest()[:20]
    plain = _answer(kept, body, "identity", digest)
    if len(body) < MIN_COMPRESSED or any(value.startswith(b"image/") for _, value in kept):
        return dict.fromkeys(_PREFERENCE, plain)
    return {
        "identity": plain,
        "gzip": _answer(kept, gzip.compress(body, _GZIP, mtime=0), "gzip", digest),
        "zstd": _answer(kept, zstandard.compress(body, _ZSTD), "zstd", digest),
        "br": _answer(kept, brotli.compress(body, mode=brotli.MODE_TEXT, quality=_BROTLI), "br", digest),
    }


def _answer(headers: list[tuple[bytes, bytes]], body: bytes, encoding: str, digest: str) -> _Answer:
    etag = f'"{digest}-{encoding}"'.encode()
    own = [*headers, (b"etag", etag), (b"vary", b"accept-encoding")]
    coded = [] if encoding == "identity" else [(b"content-encoding", encoding.encode())]
    length = (b"content-length", str(len(body)).encode())
    return _Answer(
        etag=etag,
        start={"type": "http.response.start", "status": 200, "headers": [*own, *coded, length]},
        body={"type": "http.response.body", "body": body, "more_body": False},
        not_modified={
            "type": "http.response.start",
            "status": 304,
            "headers": [(name, value) for name, value in own if name.lower() in _NOT_MODIFIED_KEEPS],
        },
    )


def _size(answers: dict[str, _Answer]) -> int:
    return sum({id(answer): len(answer.body["body"]) for answer in answers.values()}.values())


def _matches(header: bytes, etag: bytes) -> bool:
    """If-None-Match compares weakly (RFC 9110 section 13.1.2)."""
    return any(each.strip().removeprefix(b"W/") in (etag, b"*") for each in header.split(b","))
