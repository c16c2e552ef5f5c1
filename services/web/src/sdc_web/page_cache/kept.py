"""What is kept of a page: its answers in the encodings that were asked for, finished to the last byte."""

import asyncio
import hashlib
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import msgspec
from litestar.types import HTTPResponseBodyEvent, HTTPResponseStartEvent

from sdc_web.content_codings import CODINGS, MAX_ACCEPTED, best

MIN_COMPRESSED = 256
KEPT_BYTES = 550
"""What a page takes beside its body: its address, its ETag, its places in the dictionary and in the memory."""
_VARY = (b"vary", b"accept-encoding")
MAX_READY = 1_024
"""Replies kept finished, of some 1 kB each beside the body that they share with the page."""
MAX_KNOWN = 100
"""Bytes of If-None-Match with which a reply is kept: what is remembered of strangers has a bound."""
_NOT_MODIFIED_KEEPS = frozenset({b"cache-control", b"cdn-cache-control", b"vary", b"access-control-allow-origin"})
_READING = frozenset({"GET", "HEAD"})

Headers: TypeAlias = list[tuple[bytes, bytes]]


class Asked(NamedTuple):
    """What of a request decides how it is answered: its method and path, Accept-Encoding and If-None-Match."""

    method: str
    path: str
    accepted: bytes
    known: bytes


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A finished answer: its two messages, which many requests get and nobody changes. `told` is what the access log
    has of it: status, bytes of the body, media type of the page, also of one that the reader has already.
    """

    start: HTTPResponseStartEvent
    end: HTTPResponseBodyEvent
    told: tuple[int, int, str]


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What many pages have in common in one encoding: theirs alone would take more than the pages. `brief` is what
    those are told who have the page already.
    """

    coding: str
    headers: tuple[tuple[bytes, bytes], ...]
    brief: tuple[tuple[bytes, bytes], ...]
    media_type: str


class Answer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One page in one encoding."""

    shared: Shared
    etag: bytes
    body: bytes

    @property
    def size_bytes(self) -> int:
        """What it takes of the memory."""
        return len(self.body) + KEPT_BYTES

    def to(self, method: str, known: bytes) -> Reply:
        """The reply to GET or HEAD with that If-None-Match, which compares weakly (RFC 9110 section 13.1.2)."""
        shared, etag = self.shared, self.etag
        if known and any(each.strip().removeprefix(b"W/") in (etag, b"*") for each in known.split(b",")):
            return _reply(304, [*shared.brief, (b"etag", etag)], b"", shared.media_type)
        headers = [*shared.headers, (b"etag", etag), (b"content-length", b"%d" % len(self.body))]
        return _reply(200, headers, b"" if method == "HEAD" else self.body, shared.media_type)


def _reply(status: int, headers: Headers, body: bytes, media_type: str) -> Reply:
    return Reply(
        start={"type": "http.response.start", "status": status, "headers": headers},
        end={"type": "http.response.body", "body": body, "more_body": False},
        told=(status, len(body), media_type),
    )


class Page:
    """One page: its answers by encoding, each made when somebody first asks for it, and what they have in common.

    Nearly everybody takes Brotli: all four encodings of each page would be three times the memory.
    """

    __slots__ = ("answers", "compressible", "headers")

    def __init__(self, headers: Headers, body: bytes) -> None:
        self.headers = _one_copy(tuple(headers))
        drawn = any(value.startswith(b"image/") for _, value in headers)
        self.compressible = len(body) >= MIN_COMPRESSED and not drawn
        self.answers: tuple[Answer, ...] = ()

    def answer(self, coding: str) -> Answer | None:
        """The answer in that encoding, if it is there. Most pages have one alone, smaller than any dictionary."""
        for answer in self.answers:
            if answer.shared.coding == coding:
                return answer
        return None

    def body(self) -> bytes:
        """The page as it was put together, from whichever answer there is."""
        answer = self.answers[0]
        return CODINGS[answer.shared.coding].decode(answer.body)

    def encoded(self, body: bytes, coding: str) -> Answer:
        """The page in one encoding. Compresses, so it runs in a thread."""
        encoded = CODINGS[coding].encode(body)
        etag = f'"{hashlib.sha256(encoded).hexdigest()[:20]}-{coding}"'.encode()
        return Answer(shared=_shared(self.headers, coding), etag=etag, body=encoded)


@lru_cache(maxsize=64)
def _one_copy(headers: tuple[tuple[bytes, bytes], ...]) -> tuple[tuple[bytes, bytes], ...]:
    return headers


@lru_cache(maxsize=256)
def _shared(headers: tuple[tuple[bytes, bytes], ...], coding: str) -> Shared:
    coded = () if coding == "identity" else ((b"content-encoding", coding.encode()),)
    return Shared(
        coding=coding,
        headers=(*headers, _VARY, *coded),
        brief=tuple(each for each in (*headers, _VARY) if each[0].lower() in _NOT_MODIFIED_KEEPS),
        media_type=dict(headers).get(b"content-type", b"").partition(b";")[0].decode("latin-1"),
    )


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A page as a person is told of it: the bytes of its answers together, and in which encodings they are."""

    path: str
    size_bytes: int
    codings: list[str]


class Pages:
    """The pages of one generation. A page that is finished late is written into one that nobody reads any more.

    `ready` holds the replies of the moment by what was asked, so that most requests cost one look.
    """

    __slots__ = ("being_made", "kept", "ready", "size_bytes")

    def __init__(self) -> None:
        self.kept: dict[str, Page] = {}
        self.ready: dict[Asked | tuple[str, str, bytes, bytes], Reply] = {}
        self.being_made: dict[str, asyncio.Event] = {}
        self.size_bytes = 0

    def reply(self, asked: Asked) -> Reply | None:
        """The reply that a kept page has for a request; None when there is no such page, or not in that encoding."""
        page = self.kept.get(asked.path) if asked.method in _READING else None
        answer = page.answer(best(asked.accepted)) if page else None
        if answer is None:
            return None
        reply = answer.to(asked.method, asked.known)
        if len(asked.accepted) <= MAX_ACCEPTED and len(asked.known) <= MAX_KNOWN:
            if len(self.ready) >= MAX_READY:
                self.ready.clear()
            self.ready[asked] = reply
        return reply

    def keep(self, path: str, page: Page, answer: Answer, max_bytes: int) -> None:
        """Keep an answer of a page; the oldest pages make room. One that would take a quarter of it all is not kept."""
        if answer.size_bytes > max_bytes // 4:
            return
        if path not in self.kept:
            self.kept[path] = page
            page.answers = ()  # those of one that had to make room are not counted any more
        if self.kept[path] is not page or page.answer(answer.shared.coding):
            return
        page.answers = (*page.answers, answer)
        self.size_bytes += answer.size_bytes
        while self.size_bytes > max_bytes:
            oldest = self.kept.pop(next(iter(self.kept)))
            self.size_bytes -= sum(each.size_bytes for each in oldest.answers)
            self.ready.clear()
