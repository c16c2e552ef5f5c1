"""One log file on its way to the worker: a stream for each of its days, as web ships its own.

The worker's offset says what is there already. So a file that is imported again, or goes on after an interruption, adds
what is missing and nothing else.
"""

import asyncio
from collections import defaultdict
from pathlib import Path

import msgspec
import zstandard
from sdc_core import clock
from sdc_core.answers.logs import Committed
from sdc_core.errors import Conflict, Unavailable
from sdc_core.service_client import ServiceClient

from sdc_cli import log_files
from sdc_cli.foreign_lines import Converter, Parse
from sdc_cli.log_files import LogFile
from sdc_cli.many_lines import Malformed, ManyLines, one_by_one

RANGE_BYTES = 1024 * 1024
LINES_AT_ONCE = 20_000
MOST_NAMED = 20
PUT_S = 30.0
MOST_WAIT_S = 600.0
PAUSE_S = 1.0
_NOWHERE = 2**53


class Imported(msgspec.Struct, kw_only=True):
    """What became of a file. `counted` lines are new, `known` were there; of `malformed` ones the first are named."""

    file: str
    lines: int = 0
    counted: int = 0
    known: int = 0
    malformed: int = 0
    named: list[Malformed] = []
    first_day: str = ""
    last_day: str = ""


class Import:
    """One file. `read_bytes` and `size_bytes` tell how far it is."""

    def __init__(self, worker: ServiceClient, converter: Converter, path: Path) -> None:
        self._worker = worker
        self._converter = converter
        self._path = path
        self._many = ManyLines(converter)
        self._slot = ""
        self._made: dict[str, int] = defaultdict(int)
        self._there: dict[str, int] = {}
        self.report = Imported(file=str(path))
        self.read_bytes = 0

    async def run(self) -> Imported:
        """Bring everything. Raises Invalid for a damaged file, Conflict for one whose days say something else at the
        worker, Unavailable when that stays away, and NotALineError for a format that is not known.
        """
        self._slot, head = await asyncio.to_thread(log_files.identity, self._path)
        if not head:
            return self.report
        parse = self._converter.parser(head)
        with await asyncio.to_thread(log_files.opened, self._path) as file:
            while days := await asyncio.to_thread(self._convert, file, parse):
                for day, body in days.items():
                    await self._ship(day, body)
                self.read_bytes = file.read_bytes
        return self.report

    def _convert(self, file: LogFile, parse: Parse) -> dict[str, bytes]:
        """The next lines, by day; nothing at the end of the file. Blocking."""
        days: dict[str, bytes] = {}
        report = self.report
        while not days and (lines := file.lines(LINES_AT_ONCE)):
            first = report.lines + 1
            if parse == self._converter.combined:
                days, malformed = self._many.convert(lines, first)
            else:
                days, malformed = one_by_one(parse, lines, first)
            report.lines += len(lines)
            report.malformed += len(malformed)
            report.named += malformed[: MOST_NAMED - len(report.named)]
        if days:
            report.first_day = min(filter(None, (report.first_day, *days)))
            report.last_day = max(report.last_day, *days)
        return days

    async def _ship(self, day: str, body: bytes) -> None:
        """Send what of these lines the worker has not."""
        begin = self._made[day]
        end = self._made[day] = begin + len(body)
        if day not in self._there:
            # No stream is as long: this changes nothing, and is answered with where the stream ends.
            self._there[day] = await self._put(day, _NOWHERE, b"")
        at = min(max(self._there[day], begin), end)
        self.report.known += body[: at - begin].count(b"\n")
        while at < end:
            piece = body[at - begin : at - begin + RANGE_BYTES]
            piece = piece[: piece.rfind(b"\n") + 1]
            after = self._there[day] = await self._put(day, at, piece)
            if after != at + len(piece):
                message = f"something else changes {day} of this file at the worker: import it again"
                raise Unavailable(message)
            self.report.counted += piece.count(b"\n")
            at = after

    async def _put(self, day: str, at: int, piece: bytes) -> int:
        packed = await asyncio.to_thread(zstandard.ZstdCompressor(level=3).compress, piece)
        try:
            async with asyncio.timeout(MOST_WAIT_S):
                while True:
                    attempt = await self._worker.send(
                        "PUT",
                        f"/logs/{self._slot}/{day}",
                        query={"at": str(at)},
                        message_id=f"{self._slot}/{day}/{at}/{clock.new_id()}",
                        body=packed,
                        headers={"content-type": "application/x-ndjson", "content-encoding": "zstd"},
                        timeout_s=PUT_S,
                    )
                    if attempt.status == 409:
                        message = f"{day} of this file was closed at the worker"
                        raise Conflict(message)
                    if attempt.status != 503:
                        break
                    await asyncio.sleep(max(attempt.retry_after_s, PAUSE_S))
        except TimeoutError:
            message = f"the worker took no lines for {MOST_WAIT_S / 60:.0f} minutes"
            raise Unavailable(message) from None
        attempt.raise_unless_ok("the worker")
        return msgspec.json.decode(attempt.body, type=Committed).at
