"""The writer: lines wait in memory for a moment and reach the slot's file of their day in one write."""

import asyncio
import logging
import os
import threading
from pathlib import Path

from sdc_core import access_log, clock, metrics
from sdc_core.metrics import Family

from sdc_web.request_log.slots import SUFFIX

FLUSH_S = 0.2
FLUSH_BYTES = 256 * 1024
MAX_WAITING_BYTES = 4 * 1024 * 1024
"""Lines beyond this are dropped and counted: a full disk must not become a full memory."""
BATCH = 512
"""Lines that are encoded together: each alone would take three times as long."""

log = logging.getLogger(__name__)


class _Chunk:
    """Lines of one day on their way to the file. The writing thread counts `written`, so a write that was cancelled
    on this side is continued where the thread left it, and never done twice.
    """

    __slots__ = ("data", "day", "error", "lock", "written")

    def __init__(self, day: str, data: bytes) -> None:
        self.day = day
        self.data = data
        self.written = 0
        self.error = ""
        self.lock = threading.Lock()


class Writer:
    """Takes lines at once and writes them soon. `dropped` counts lines lost, `error` says why the disk refuses,
    `written` is set whenever something new is in a file.
    """

    __slots__ = (
        *("_chunk", "_folder", "_full", "_lines", "_waiting", "_waiting_bytes", "_writing"),
        *("dropped", "error", "written"),
    )

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: list[access_log.Line] = []
        self._waiting: dict[str, bytearray] = {}
        self._waiting_bytes = 0
        self._chunk: _Chunk | None = None
        self._full = asyncio.Event()
        self._writing = asyncio.Lock()
        self.written = asyncio.Event()
        self.dropped = 0
        self.error = ""

    def append(self, line: access_log.Line) -> None:
        """Take a line; never waits. Its file is that of the UTC day of `line.ts`."""
        self._lines.append(line)
        if len(self._lines) >= BATCH:
            self._encode()

    def _encode(self) -> None:
        lines, self._lines = self._lines, []
        if self._waiting_bytes >= MAX_WAITING_BYTES:
            self.dropped += len(lines)
            return
        days = {line.ts // clock.DAY_US for line in lines}
        for day in days:
            # Nearly always there is one, and nothing to sort.
            of_day = lines if len(days) == 1 else [line for line in lines if line.ts // clock.DAY_US == day]
            encoded = access_log.encode_all(of_day)
            self._waiting.setdefault(clock.day_of(day * clock.DAY_US), bytearray()).extend(encoded)
            self._waiting_bytes += len(encoded)
        if self._waiting_bytes >= FLUSH_BYTES:
            self._full.set()

    async def run(self) -> None:
        """Write what waits, every `FLUSH_S` or as soon as `FLUSH_BYTES` wait; the loop of this writer."""
        while True:
            try:
                async with asyncio.timeout(FLUSH_S):
                    await self._full.wait()
            except TimeoutError:
                pass
            self._full.clear()
            await self.flush()
            if self.error:
                # Lines that cannot be written keep the buffer full, and each new one would wake this loop at once.
                await asyncio.sleep(FLUSH_S)

    async def flush(self) -> None:
        """Write every line taken before this call. A disk that refuses is logged once, and the lines wait on."""
        async with self._writing:
            self._encode()
            if self._chunk is not None and not await self._write(self._chunk):
                return
            # Not until nothing waits: under load some line always does, and a write for each few would cost more than
            # all else that happens to them.
            for day in sorted(self._waiting):
                if not await self._write(_Chunk(day, bytes(self._waiting.pop(day)))):
                    return

    async def _write(self, chunk: _Chunk) -> bool:
        """Whether it is in its file; if not, it is tried again."""
        self._chunk = chunk
        await asyncio.to_thread(_append, self._folder / f"{chunk.day}{SUFFIX}", chunk)
        self._tell(chunk.error)
        if chunk.error:
            return False
        self._chunk = None
        self._waiting_bytes -= len(chunk.data)
        self.written.set()
        return True

    def figures(self) -> list[Family]:
        """What waits, and what was lost."""
        return [
            metrics.single("gauge", "sdc_log_waiting_bytes", "Lines that wait for the disk.", self._waiting_bytes),
            metrics.single("counter", "sdc_log_dropped_lines_total", "Lines that were lost.", self.dropped),
            metrics.single("gauge", "sdc_log_refused", "Whether the disk refuses them.", int(bool(self.error))),
        ]

    def is_empty(self, day: str) -> bool:
        """Whether no line of that day waits in memory."""
        self._encode()
        return day not in self._waiting and (self._chunk is None or self._chunk.day != day)

    def _tell(self, error: str) -> None:
        if error and not self.error:
            log.error("the access log cannot be written", extra={"folder": str(self._folder), "error": error})
        if self.error and not error:
            log.warning("the access log is written again", extra={"dropped_lines": self.dropped})
        self.error = error


def _append(path: Path, chunk: _Chunk) -> None:
    with chunk.lock:
        chunk.error = ""
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                while chunk.written < len(chunk.data):
                    chunk.written += os.write(descriptor, memoryview(chunk.data)[chunk.written :])
            finally:
                os.close(descriptor)
        except OSError as error:
            chunk.error = error.strerror or type(error).__name__
