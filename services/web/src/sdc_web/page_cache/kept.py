"""What is kept of a page: its answers in the encodings that were asked for, finished to the last byte."""

import asyncio
import hashlib
from functools import lru_cache
from typing import TypeAlias

import msgspec

from sdc_web.content_codings import CODINGS

MIN_COMPRESSED = 256
KEPT_BYTES = 1_900
"""What an answer takes beside its body: headers, their lists, its place in the dictionaries."""
_VARY = (b"vary", b"accept-encoding")
_NOT_MODIFIED_KEEPS = frozenset({b"cache-control", b"cdn-cache-control", b"etag", b"vary"})

Headers: TypeAlias = list[tuple[bytes, bytes]]


@lru_cache(maxsize=256)
def shared(pair: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """One copy of a header that many pages have: theirs would take more than the pages."""
    return pair


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that is there already. `media_type` is its Content-Type without parameters."""

    status: int
    headers: Headers
    body: bytes
    media_type: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One page in one encoding, and what those are told who have it already."""

    etag: bytes
    whole: Reply
    not_modified: Reply

    @property
    def size_bytes(self) -> int:
        """What it takes of the memory."""
        return len(self.whole.body) + KEPT_BYTES

    def to(self, method: str, known: bytes) -> Reply:
        """The reply to GET or HEAD with that If-None-Match, which compares weakly (RFC 9110 section 13.1.2)."""
        if known and any(each.strip().removeprefix(b"W/") in (self.etag, b"*") for each in known.split(b",")):
            return self.not_modified
        return msgspec.structs.replace(self.whole, body=b"") if method == "HEAD" else self.whole


class Page:
    """One page: its answers by encoding, each made when somebody first asks for it, and what they have in common.

    Nearly everybody takes Brotli: all four encodings of each page would be three times the memory.
    """

    __slots__ = ("answers", "compressible", "digest", "headers")

    def __init__(self, headers: Headers, body: bytes) -> None:
        self.headers = [shared(pair) for pair in headers]
        self.digest = hashlib.sha256(body).hexdigest()[:20]
        drawn = any(value.startswith(b"image/") for _, value in headers)
        self.compressible = len(body) >= MIN_COMPRESSED and not drawn
        self.answers: dict[str, Answer] = {}

    def body(self) -> bytes:
        """The page as it was put together, from whichever answer there is."""
        coding, answer = next(iter(self.answers.items()))
        return CODINGS[coding].decode(answer.whole.body)

    def encoded(self, body: bytes, coding: str) -> Answer:
        """The page in one encoding. Compresses, so it runs in a thread."""
        encoded = CODINGS[coding].encode(body)
        etag = f'"{self.digest}-{coding}"'.encode()
        own = [*self.headers, (b"etag", etag), _VARY]
        coded = [] if coding == "identity" else [shared((b"content-encoding", coding.encode()))]
        headers = [*own, *coded, (b"content-length", str(len(encoded)).encode())]
        brief = [(name, value) for name, value in own if name.lower() in _NOT_MODIFIED_KEEPS]
        media_type = dict(own).get(b"content-type", b"").partition(b";")[0].decode("latin-1")
        return Answer(
            etag=etag,
            whole=Reply(status=200, headers=headers, body=encoded, media_type=media_type),
            not_modified=Reply(status=304, headers=brief, body=b"", media_type=""),
        )


class Pages:
    """The pages of one generation. A page that is finished late is written into one that nobody reads any more."""

    __slots__ = ("being_made", "kept", "size_bytes")

    def __init__(self) -> None:
        self.kept: dict[str, Page] = {}
        self.being_made: dict[str, asyncio.Event] = {}
        self.size_bytes = 0

    def keep(self, path: str, page: Page, coding: str, answer: Answer, max_bytes: int) -> None:
        """Keep an answer of a page; the oldest pages make room. One that would take a quarter of it all is not kept."""
        if answer.size_bytes > max_bytes // 4:
            return
        if path not in self.kept:
            self.kept[path] = page
            page.answers.clear()  # those of one that had to make room are not counted any more
        if self.kept[path] is not page or coding in page.answers:
            return
        page.answers[coding] = answer
        self.size_bytes += answer.size_bytes
        while self.size_bytes > max_bytes:
            oldest = self.kept.pop(next(iter(self.kept)))
            self.size_bytes -= sum(each.size_bytes for each in oldest.answers.values())
