"""Committing ranges of the access log: exactly once, in order, whatever is sent again."""

import asyncio
import hashlib

import msgspec
from sdc_core import clock
from sdc_core.answers.logs import Committed, Stream
from sdc_core.errors import Conflict, Unavailable
from sdc_core.sqlite import Connection, Database

from sdc_worker.ingest import lines, packing, store
from sdc_worker.ingest.packing import Encoding

LISTED_US = 90 * clock.DAY_US
MOST_LISTED = 10_000
"""Most streams of one answer, the oldest of those asked for: about 700 kB."""

MOST_WAITING = 32
RETRY_AFTER_S = 2


class Closing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What web says of a day's whole file: its length in bytes and its SHA-256 in hexadecimal."""

    length: int
    sha256: str


class Intake:
    """The door for ranges: at most `MOST_WAITING` are let in, the next is told to come again."""

    __slots__ = ("_database", "_inside")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._inside = 0

    async def append(self, *, slot: str, day: str, at: int, body: bytes, encoding: Encoding = "") -> Committed:
        """Commit a range when it begins where the stream ends, and answer where the stream ends now. Any other offset
        changes nothing. A closed stream that goes on is open again: a clock that was far ahead took its day for over.
        Raises Invalid, TooLarge, and Unavailable when full.
        """
        if self._inside >= MOST_WAITING:
            message = "too many ranges of the log wait already"
            raise Unavailable(message, retry_after_s=RETRY_AFTER_S)
        self._inside += 1
        try:
            return await _append(self._database, slot=slot, day=day, at=at, body=body, encoding=encoding)
        finally:
            self._inside -= 1


async def known(database: Database, *, since: str | None = None) -> list[Stream]:
    """The streams of that day and later, the oldest `MOST_LISTED` of them; of the last 90 days when None. Raises
    Invalid for a day that is none.
    """
    day = clock.day_of(clock.now_us() - LISTED_US) if since is None else lines.check_day(since)
    async with database.read() as connection:
        return await store.streams(connection, since=day, limit=MOST_LISTED)


async def close(database: Database, *, slot: str, day: str, closing: Closing) -> Committed:
    """Prove that a stream arrived whole; twice is once. Raises Conflict when length or digest differ: web then sends
    what is missing, or says so.
    """
    lines.check_slot(slot)
    lines.check_day(day)
    async with database.read() as connection:
        stream = await store.stream(connection, slot=slot, day=day)
        if stream.at == closing.length and not stream.closed:
            length, digest = await _digest(connection, slot=slot, day=day)
            # A day sealed before its stream was closed has its batches no longer: then the length alone is compared.
            if length == stream.at and digest != closing.sha256.lower():
                message = f"the stream has the digest {digest} here: its bytes differ from the file"
                raise Conflict(message)
    if stream.at != closing.length:
        message = f"the stream has {stream.at} bytes here, not {closing.length}"
        raise Conflict(message)
    if not stream.closed:
        await _close(database, slot=slot, day=day, closing=closing)
    return Committed(at=stream.at, closed=True)


async def _append(
    database: Database, *, slot: str, day: str, at: int, body: bytes, encoding: Encoding = ""
) -> Committed:
    lines.check_slot(slot)
    lines.check_day(day)
    async with database.read() as connection:
        stream = await store.stream(connection, slot=slot, day=day)
    if stream.at != at:
        return Committed(at=stream.at, lines=stream.lines)
    plain, packed, rejected = await asyncio.to_thread(_prepare, body, encoding)
    async with database.transaction() as connection:
        # Asked again: another request may have committed the same range since.
        stream = await store.stream(connection, slot=slot, day=day)
        if stream.at != at:
            return Committed(at=stream.at, lines=stream.lines)
        await store.add_batch(
            connection, slot=slot, day=day, at=at, size_bytes=len(plain), body=packed, whole=not rejected
        )
        for reject in rejected:
            await store.add_reject(
                connection, slot=slot, day=day, at=at + reject.at, reason=reject.reason, lines=reject.lines
            )
        count = plain.count(b"\n")
        await store.advance(connection, slot=slot, day=day, at=at + len(plain), now_us=clock.now_us(), lines=count)
    return Committed(at=at + len(plain), lines=None if stream.lines is None else stream.lines + count)


def _prepare(body: bytes, encoding: Encoding) -> tuple[bytes, bytes, list[lines.Reject]]:
    plain = packing.open_range(body, encoding)
    lines.check_whole(plain)
    return plain, body if encoding else packing.pack(plain), lines.rejects(plain)


async def _digest(connection: Connection, *, slot: str, day: str) -> tuple[int, str]:
    """Length and SHA-256 of a stream's bytes from its beginning, one range at a time in memory."""
    digest = hashlib.sha256()
    length = 0
    while (batch := await store.stream_batch(connection, slot=slot, day=day, at=length)) is not None:
        plain = await asyncio.to_thread(packing.unpack, batch.body)
        await asyncio.to_thread(digest.update, plain)
        length += len(plain)
    return length, digest.hexdigest()


async def _close(database: Database, *, slot: str, day: str, closing: Closing) -> None:
    now_us = clock.now_us()
    async with database.transaction() as connection:
        stream = await store.stream(connection, slot=slot, day=day)
        if stream.at != closing.length:
            message = "more of the stream came while it was being closed"
            raise Conflict(message)
        await store.advance(connection, slot=slot, day=day, at=stream.at, now_us=now_us)
        await store.close(connection, slot=slot, day=day, sha256=closing.sha256.lower(), now_us=now_us)
