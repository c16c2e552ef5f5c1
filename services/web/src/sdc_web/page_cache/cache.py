"""The layer that answers with what is kept while it is true.

Freshness is asked of SQLite itself: `PRAGMA data_version` changes after a commit by any other connection, this
process's own writer included; only then `generation.n` is read, and only when that moved every page is forgotten.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

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
from sdc_core import metrics
from sdc_core.metrics import Family

from sdc_web import content_codings
from sdc_web.headers import by_name
from sdc_web.page_cache.kept import Answer, Asked, Headers, Kept, Page, Pages, Reply

if TYPE_CHECKING:
    import sqlite3 as pysqlite3  # what ships no types is the newer build of the same
else:
    from sdc_core.sqlite import pysqlite3

MAX_BYTES = 36 * 1024 * 1024
"""Ten thousand pages of 3 kB."""
WAIT_S = 5.0
BUSY_S = 0.1
_TYPES = (
    *(b"text/html", b"application/atom+xml", b"application/rss+xml", b"application/feed+json", b"application/xml"),
    *(b"text/plain", b"application/manifest+json", b"application/opensearchdescription+xml", b"image/png"),
)
_FRESH = (b"no-cache", b"public, max-age=31536000, immutable")
_OWN_LENGTH = frozenset({b"content-length", b"content-encoding", b"etag", b"vary"})


class PageCache:
    """ASGI layer in front of the router. `cacheable` says which paths may be kept; the answer must also be 200, of a
    type for pages, feeds, drawings or rules of robots and the like, and say `Cache-Control: no-cache`, or that it never
    changes. A request with `cookie` goes past the cache.

    What may be kept reads no query: it is made without one, which the layers below find as `scope["sdc.query"]` should
    they lead elsewhere. So links of campaigns get the page that is kept, and nobody can put words into it. A query with
    which an address `asks_more` goes past the cache.
    """

    __slots__ = (
        "_app",
        "_asks_more",
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
        asks_more: Callable[[str, bytes], bool] = lambda _path, _query: False,
        cdn_seconds: int = 0,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._app = app
        self._database = database
        self._cacheable = cacheable
        self._asks_more = asks_more
        self._cookie = cookie.encode()
        self._cdn = _for_cdn(cdn_seconds) if cdn_seconds else []
        self._max_bytes = max_bytes
        self._pages = Pages()
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

    def figures(self) -> list[Family]:
        """How full it is, and how often it spared the work."""
        return [
            metrics.single("counter", "sdc_page_cache_hits_total", "Answers that were kept.", self.hits),
            metrics.single("counter", "sdc_page_cache_misses_total", "Pages that were made.", self.misses),
            metrics.single("gauge", "sdc_page_cache_bytes", "Bytes of the pages that are kept.", self.size_bytes),
            metrics.single("gauge", "sdc_page_cache_pages", "Pages that are kept.", len(self._pages.kept)),
        ]

    def contents(self) -> list[Kept]:
        """The pages that are kept, oldest first."""
        return [
            Kept(
                path=path,
                size_bytes=sum(each.size_bytes for each in page.answers),
                codings=[each.shared.coding or "plain" for each in page.answers],
            )
            for path, page in self._pages.kept.items()
        ]

    def ready(self, scope: HTTPScope, sent: Mapping[bytes, bytes]) -> Reply | None:
        """The reply that is kept for this request and true at this moment; None where the layers below must say.

        `sent` are its headers by name. Whoever stands before this layer may ask, and give the reply itself: then no
        more happens to a page that is kept than this, its line in the access log, and two messages.
        """
        if self._cookie in sent.get(b"cookie", b""):
            return None
        if (query := scope["query_string"]) and self._asks_more(scope["path"], query):
            return None
        pages = self._pages if self._checked else self._current()
        if pages is None:
            return None
        asked = (scope["method"], scope["path"], sent.get(b"accept-encoding", b""), sent.get(b"if-none-match", b""))
        reply = pages.ready.get(asked) or pages.reply(Asked(*asked))
        if reply is not None:
            self.hits += 1
        return reply

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "lifespan":
            return self._live(scope, receive, send)
        if scope["type"] != "http" or scope["method"] not in _READING:
            return self._app(scope, receive, send)
        sent = by_name(scope["headers"])
        if reply := self.ready(scope, sent):
            return give(reply, send)
        if self._cookie in sent.get(b"cookie", b"") or (
            scope["query_string"] and self._asks_more(scope["path"], scope["query_string"])
        ):
            return self._app(scope, receive, send)
        return self._serve(scope, sent, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        finally:
            self.close()

    async def _serve(self, scope: HTTPScope, sent: Mapping[bytes, bytes], receive: Receive, send: Send) -> None:
        pages = self._current()
        path, coding = scope["path"], _coding(sent)
        page = None if pages is None else pages.kept.get(path)
        if pages is None or not (page or self._cacheable(path)):
            await self._app(scope, receive, send)
            return
        if page is not None:
            self.hits += 1
            answer = await self._encoded(pages, page, coding, path)
        else:
            answer = await self._make(pages, coding, scope, receive, send)
        if answer:
            if (note := scope.get("sdc.note_type")) is not None:
                # The header that says it is not in a 304.
                cast("Callable[[str], None]", note)(answer.shared.media_type)
            await give(answer.to(scope["method"], sent.get(b"if-none-match", b"")), send)

    def close(self) -> None:
        """Close the connection, and forget every page."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._pages = Pages()
        self._data_version = self._generation = -1

    def _current(self) -> Pages | None:
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
                    self._pages = Pages()
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

    async def _make(self, pages: Pages, coding: str, scope: HTTPScope, receive: Receive, send: Send) -> Answer | None:
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
                return made.answer(coding) or await self._encoded(pages, made, coding, path)
        self.misses += 1
        done = pages.being_made.setdefault(path, asyncio.Event())
        try:
            rendering = _Rendering(send, head=scope["method"] == "HEAD")
            await self._app(_plain(scope), receive, rendering.send)
            if rendering.start is None:
                return None
            body = bytes(rendering.body)
            page = Page(_own(rendering.start["headers"], self._cdn), body)
            return await self._encoded(pages, page, coding, path, body)
        finally:
            done.set()
            if pages.being_made.get(path) is done:
                del pages.being_made[path]

    async def _encoded(self, pages: Pages, page: Page, coding: str, path: str, body: bytes = b"") -> Answer:
        """The answer in that coding, made from one that is there unless the body is given, and kept."""
        if not page.compressible:
            coding = "identity"
        answer = page.answer(coding)
        if answer is None:
            answer = await asyncio.to_thread(_compressed, page, body, coding)
            pages.keep(path, page, answer, self._max_bytes)
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


async def give(reply: Reply, send: Send) -> None:
    """Send a reply as it is kept."""
    await send(reply.start)
    await send(reply.end)


_READING = frozenset({"GET", "HEAD"})
_EMPTY: HTTPResponseBodyEvent = {"type": "http.response.body", "body": b"", "more_body": False}


def _coding(sent: Mapping[bytes, bytes]) -> str:
    return content_codings.best(sent.get(b"accept-encoding", b""))


def _compressed(page: Page, body: bytes, coding: str) -> Answer:
    return page.encoded(body or page.body(), coding)


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
    """The request as if it asked for the whole page, unencoded, with nothing behind its address."""
    conditional = {b"if-none-match", b"if-modified-since", b"range", b"accept-encoding"}
    headers = [(name, value) for name, value in scope["headers"] if name not in conditional]
    plain = {**scope, "method": "GET", "headers": headers, "query_string": b"", "sdc.query": scope["query_string"]}
    return cast("HTTPScope", plain)


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
