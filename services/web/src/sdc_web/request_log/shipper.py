"""The shipper: brings every log file to the worker. The worker's offset is the only state there is.

    GET  /logs?since=DAY                         what the worker has of that day and later
    PUT  /logs/{slot}/{day}?at=OFFSET            whole lines from that offset; answers the offset it has now
    POST /logs/{slot}/{day}/close                the day is complete, with its length and digest

A retry, a lost answer, a worker that was away for days and one restored from an older copy are the same case: go on
from the offset that was answered.
"""

import asyncio
import hashlib
import logging
import os
from pathlib import Path
from typing import TypeVar

import msgspec
import zstandard
from sdc_core import access_log, clock
from sdc_core.answers.logs import Committed, Streams
from sdc_core.attempts import Attempt
from sdc_core.errors import Unavailable
from sdc_core.service_client import ServiceClient

from sdc_web.request_log import slots
from sdc_web.request_log.slots import LogFile, Slot
from sdc_web.request_log.writer import Writer

RANGE_BYTES = 1024 * 1024
IDLE_S = 1.0
ORPHANS_EVERY_US = 30 * clock.SECOND_US
AGAIN_EVERY_US = 10 * 60 * clock.SECOND_US
"""A file that could not be read is tried again this often."""
CLOSE_AFTER_US = 60 * clock.SECOND_US
"""A day is closed this long after its end: an answer that ended at midnight may still be on its way to the file."""
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
PUT_TIMEOUT_S = 15.0
_LEVEL = 1
"""Of lines of the log higher ones make more bytes, not fewer, in twice the time."""
FINAL = frozenset({400, 409, 413, 415, 422})
"""Answers that the same bytes would get again."""
SHORTER = "it is shorter than what the worker has of it"
DIFFERS = "the worker has other lines than the file"
UNREADABLE = "it cannot be read here: the log of web says why"

log = logging.getLogger(__name__)
AnswerT = TypeVar("AnswerT")


class Shipper:
    """Ships the files of its own slot, and those of slots that no process holds. `error` is empty while it gets on;
    `refused` are the files that cannot be shipped, by what the worker knows them by, each with the reason.
    """

    __slots__ = (
        *("_log_dir", "_offsets", "_orphans_at_us", "_since_us", "_slot", "_today", "_worker", "_writer"),
        *("_again_at_us", "error", "refused"),
    )

    def __init__(self, log_dir: Path, slot: Slot, writer: Writer, worker: ServiceClient) -> None:
        self._log_dir = log_dir
        self._slot = slot
        self._writer = writer
        self._worker = worker
        self._offsets: dict[tuple[str, str], Committed] | None = None
        self._again_at_us = 0
        self._orphans_at_us = 0
        self._since_us = clock.now_us()
        self._today = clock.today()
        self.refused: dict[tuple[str, str], str] = {}
        self.error = ""

    async def run(self) -> None:
        """Ship for ever: at full speed while there is something to ship, then whenever the writer has written.

        While a site starts, a slot is nobody's for a moment: its next owner comes before whoever ships it.
        """
        self._orphans_at_us = clock.monotonic_us() + ORPHANS_EVERY_US
        pause_s = FIRST_PAUSE_S
        while True:
            self._writer.written.clear()
            try:
                await self.ship_all()
            except Unavailable as error:
                self._tell(str(error))
                # What the worker has is asked anew: it may come back restored from an older copy.
                self._offsets = None
                self.refused.clear()
                await asyncio.sleep(max(pause_s, min(error.retry_after_s, LONGEST_PAUSE_S)) + clock.jitter(pause_s / 4))
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
                continue
            self._tell("")
            pause_s = FIRST_PAUSE_S
            await self._idle()

    async def ship_all(self) -> None:
        """Ship whatever the files hold now; raises Unavailable when the worker does not take it."""
        if self._today != clock.today():
            # Each is tried once a day: what was dated later than the worker takes is so no longer.
            self._today = clock.today()
            self.refused.clear()
        if clock.monotonic_us() >= self._again_at_us:
            # A disk may fail for a moment alone, and so may a process that has too many files open.
            self.refused = {key: reason for key, reason in self.refused.items() if reason != UNREADABLE}
            self._again_at_us = clock.monotonic_us() + AGAIN_EVERY_US
        if self._offsets is None:
            oldest = await asyncio.to_thread(slots.oldest_day, self._log_dir)
            self._offsets = await offsets(self._worker, min(oldest or clock.today(), clock.today()))
        await self._ship_slot(self._slot.name)
        if clock.monotonic_us() >= self._orphans_at_us:
            await self._ship_orphans()
            await self._forget_gone()
            self._orphans_at_us = clock.monotonic_us() + ORPHANS_EVERY_US

    async def _idle(self) -> None:
        try:
            async with asyncio.timeout(ORPHANS_EVERY_US / clock.SECOND_US):
                await self._writer.written.wait()
        except TimeoutError:
            return
        # Lines come in clusters: one range a second, not one for each flush.
        await asyncio.sleep(IDLE_S)

    async def _ship_orphans(self) -> None:
        for name in await asyncio.to_thread(slots.names, self._log_dir):
            if name == self._slot.name or not (news := await self._news(name)):
                continue
            try:
                orphan = await asyncio.to_thread(slots.claim, self._log_dir, name)
            except OSError as error:
                for file in news:
                    self._refuse(file, UNREADABLE, str(error))
                continue
            if orphan is None:
                continue
            try:
                await self._ship_slot(name)
            finally:
                slots.release(orphan)

    async def _forget_gone(self) -> None:
        """A file that somebody has moved away is told of no longer."""
        if self.refused:
            there = await asyncio.to_thread(slots.keys, self._log_dir)
            self.refused = {key: reason for key, reason in self.refused.items() if key in there}

    async def _news(self, name: str) -> list[LogFile]:
        files = await asyncio.to_thread(slots.files, self._log_dir, name)
        return [
            file
            for file in files
            if self._may_close(file) or (self._at(file) != file.size_bytes and file.key not in self.refused)
        ]

    async def _ship_slot(self, name: str) -> None:
        for file in await asyncio.to_thread(slots.files, self._log_dir, name):
            try:
                await self._ship(file)
            except FileNotFoundError:
                continue  # deleted since it was listed
            except OSError as error:
                self._refuse(file, UNREADABLE, str(error))

    async def _ship(self, found: LogFile) -> None:
        file, at = found, self._at(found)
        if at <= found.size_bytes and self.refused.get(found.key) == SHORTER:
            del self.refused[found.key]
        if at > found.size_bytes or (at < found.size_bytes and not await asyncio.to_thread(_ends_line, found.path, at)):
            file = await self._begin_anew(found)
        if self._at(file) < file.size_bytes:
            await self._ship_file(file)
        if self._may_close(file):
            await self._close(file)

    async def _begin_anew(self, file: LogFile) -> LogFile:
        """A file that is shorter than what the worker has, or has no line's end there: the log folder was lost, or an
        older copy came back. One that was begun since this process runs has new lines alone, and gets a name of its
        own; of another the worker may have lines already, and nobody here can tell which.
        """
        if file.key in self.refused:
            return file
        anew, began_us = None, await asyncio.to_thread(_began_us, file.path)
        if began_us is None:
            return file
        if began_us >= self._since_us:
            anew = await asyncio.to_thread(slots.rename_stream, file, self._offsets or {})
        if anew is None:
            if file.size_bytes < self._at(file):
                self._refuse(file, SHORTER)
            return file
        extra = {"slot": file.slot, "day": file.day, "stream": anew.stream}
        log.warning("a log file was lost, and the new one is shipped by another name", extra=extra)
        return anew

    async def _ship_file(self, file: LogFile) -> None:
        while file.key not in self.refused:
            at = self._at(file)
            body = await asyncio.to_thread(read_lines, file.path, at)
            if not body:
                return
            attempt = await self._worker.send(
                "PUT",
                f"/logs/{file.stream}/{file.day}",
                query={"at": str(at)},
                message_id=f"{file.stream}/{file.day}/{at}",
                body=await asyncio.to_thread(_pack, body),
                headers={"content-type": "application/x-ndjson", "content-encoding": "zstd"},
                timeout_s=PUT_TIMEOUT_S,
            )
            if attempt.status in FINAL:
                self._refuse(file, f"the worker refuses these lines: it answered {attempt.status}")
                return
            if self._keep(file, attempt).at == at:
                raise Unavailable(f"the worker stays at {at} of {file.stream}/{file.day}")

    def _refuse(self, file: LogFile, reason: str, error: str = "") -> None:
        """The file stays where it is, is told of once, and no longer stands in the way of the others."""
        self.refused[file.key] = reason
        sizes = {"size_bytes": file.size_bytes, "at_worker_bytes": self._at(file)}
        about = {"slot": file.slot, "day": file.day, "reason": reason, "error": error}
        log.error("a log file cannot be shipped", extra={**about, **sizes})

    def _may_close(self, file: LogFile) -> bool:
        """Whether a finished day is whole at the worker and has not been closed yet."""
        own_lines_wait = file.slot == self._slot.name and not self._writer.is_empty(file.day)
        over = clock.day_of(clock.now_us() - CLOSE_AFTER_US) > file.day
        closed = (self._offsets or {}).get(file.key, Committed(at=0)).closed
        # Half a line at its end: nothing to compare yet.
        whole = self._at(file) >= file.size_bytes
        return over and whole and not closed and not own_lines_wait and file.key not in self.refused

    async def _close(self, file: LogFile) -> None:
        length, digest = await asyncio.to_thread(_proof, file.path)
        if length != self._at(file):
            return
        attempt = await self._worker.send(
            "POST",
            f"/logs/{file.stream}/{file.day}/close",
            message_id=f"{file.stream}/{file.day}/close/{length}",
            body=msgspec.json.encode({"length": length, "sha256": digest}),
            timeout_s=PUT_TIMEOUT_S,
        )
        if attempt.status in FINAL:
            self._refuse(file, DIFFERS)
            return
        self._keep(file, attempt)

    def _at(self, file: LogFile) -> int:
        return (self._offsets or {}).get(file.key, Committed(at=0)).at

    def _keep(self, file: LogFile, attempt: Attempt) -> Committed:
        answered = _decode(attempt, Committed)
        self._offsets = {**(self._offsets or {}), file.key: answered}
        return answered

    def _tell(self, error: str) -> None:
        if error and not self.error:
            log.warning("the access log waits for the worker", extra={"error": error})
        if self.error and not error:
            log.info("the access log is shipped again")
        self.error = error


async def offsets(worker: ServiceClient, since: str) -> dict[tuple[str, str], Committed]:
    """What the worker has of that day and later, by slot and day; Unavailable when it does not say.

    It names the oldest ten thousand files: one that is not named counts as new, and the first range sent of it is
    answered with what the worker has.
    """
    attempt = await worker.send("GET", "/logs", query={"since": since})
    found = _decode(attempt, Streams).streams
    return {(stream.slot, stream.day): Committed(at=stream.at, closed=stream.closed) for stream in found}


def read_lines(path: Path, at: int) -> bytes:
    """At most `RANGE_BYTES` of whole lines from an offset, safe on disk before they are returned. Blocking.

    A range without any newline is no line that was ever written here: it comes as it is, for the worker to refuse.
    Without the sync a power cut could leave the file shorter than what the worker has acknowledged.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fdatasync(descriptor)
        data = os.pread(descriptor, RANGE_BYTES, at)
    finally:
        os.close(descriptor)
    return data if len(data) == RANGE_BYTES and b"\n" not in data else data[: data.rfind(b"\n") + 1]


def _ends_line(path: Path, at: int) -> bool:
    """Whether a line ends there, as it does where the worker stopped if it was in this very file. Blocking."""
    with path.open("rb") as file:
        file.seek(max(at - 1, 0))
        return at == 0 or file.read(1) == b"\n"


def _began_us(path: Path) -> int | None:
    """When the first line of a file was written; 0 when that cannot be told, None while there is none."""
    with path.open("rb") as file:
        line = file.readline(RANGE_BYTES)
    if not line.endswith(b"\n") and len(line) < RANGE_BYTES:
        return None
    try:
        return access_log.decode(line).ts
    except msgspec.MsgspecError:
        return 0


def _pack(body: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=_LEVEL).compress(body)


def _proof(path: Path) -> tuple[int, str]:
    digest = hashlib.sha256()
    length = 0
    with path.open("rb") as file:
        while block := file.read(1024 * 1024):
            digest.update(block)
            length += len(block)
    return length, digest.hexdigest()


def _decode(attempt: Attempt, answer: type[AnswerT]) -> AnswerT:
    """Raises Unavailable with the wait that the worker asked for, 0 when it named none."""
    if not attempt.ok:
        reason = attempt.error or f"it answered {attempt.status}"
        raise Unavailable(f"the worker does not take the log: {reason}", retry_after_s=attempt.retry_after_s)
    try:
        return msgspec.json.decode(attempt.body, type=answer)
    except msgspec.DecodeError as error:
        raise Unavailable(f"the worker's answer is not understood: {error}") from None
