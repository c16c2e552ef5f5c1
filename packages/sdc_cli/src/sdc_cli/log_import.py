"""One log file on its way to the worker: a stream for each of its days, as web ships its own.

The worker says how many lines are there already. So a file that is imported again, or goes on after an interruption,
adds what is missing and nothing else, also where its lines are read in another way than before: with other names of the
site, another list of countries, another version.
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
from sdc_cli.foreign_lines import Converter, Format, NotALineError, OtherHostError, Parse
from sdc_cli.log_files import HEAD_LINES, LogFile
from sdc_cli.many_lines import Malformed, ManyLines, one_by_one

RANGE_BYTES = 1024 * 1024
LEVEL = 1
"""As web packs its own."""
LINES_AT_ONCE = 20_000
LOOKED_AT = 1_000
"""Lines that are looked at until one tells what kind of log it is."""
MOST_NAMED = 20
PUT_S = 30.0
MOST_WAIT_S = 600.0
PAUSE_S = 1.0
UNFINISHED = "it does not end yet"
_NOWHERE = 2**53


class Imported(msgspec.Struct, kw_only=True):
    """What became of a file. `counted` lines are new, `known` were there; of `malformed` ones the first are named.
    `error` is why the rest of it was not read, in words. `hosts` are the names that were asked for, where lines tell
    them; lines of others than were wanted are `left_out`.
    """

    file: str
    lines: int = 0
    counted: int = 0
    known: int = 0
    malformed: int = 0
    named: list[Malformed] = []
    first_day: str = ""
    last_day: str = ""
    error: str = ""
    hosts: dict[str, int] = {}
    left_out: int = 0


class Import:
    """One file. `read_bytes` and `size_bytes` tell how far it is."""

    def __init__(self, worker: ServiceClient, converter: Converter, path: Path, kind: Format | None = None) -> None:
        self._worker = worker
        self._converter = converter
        self._path = path
        self._kind = kind
        self._many = ManyLines(converter)
        self._slot = ""
        self._made_bytes: dict[str, int] = defaultdict(int)
        self._made_lines: dict[str, int] = defaultdict(int)
        self._there: dict[str, Committed] = {}
        self.report = Imported(file=str(path))
        self.read_bytes = 0

    async def run(self) -> Imported:
        """Bring everything. Raises Invalid for a damaged file, Conflict for one whose days say something else at the
        worker, Unavailable when that stays away, and NotALineError for a format that is not known.
        """
        head = await asyncio.to_thread(log_files.beginning, self._path, HEAD_LINES)
        if not head:
            return self.report
        parse = await self._parser(head)
        self._slot = await self._known_as(head, parse)
        self._converter.hosts.clear()
        with await asyncio.to_thread(log_files.opened, self._path) as file:
            while days := await asyncio.to_thread(self._convert, file, parse):
                for day, body in days.items():
                    await self._ship(day, body)
                self.read_bytes = file.read_bytes
        return self.report

    async def _parser(self, head: list[bytes]) -> Parse:
        """How its lines are read: as the first one that can be."""
        self._converter.hosts.clear()
        try:
            return self._converter.parser(head, self._kind)
        except NotALineError:
            more = await asyncio.to_thread(log_files.beginning, self._path, LOOKED_AT)
            return self._converter.parser(more, self._kind)

    async def _known_as(self, head: list[bytes], parse: Parse) -> str:
        """The name of the file's streams. One that was imported with fewer lines than name a file has the name that
        those gave it.
        """
        day = next(filter(None, (_day(parse, raw) for raw in head)), "")
        for length in range(1, len(head) if day else 0):
            self._slot = log_files.name(head[:length])
            if (await self._put(day, _NOWHERE, b"")).at:
                return self._slot
        return log_files.name(head)

    def _convert(self, file: LogFile, parse: Parse) -> dict[str, bytes]:
        """The next lines, by day; nothing at the end of the file. Blocking."""
        days: dict[str, bytes] = {}
        report = self.report
        while not days and (lines := file.lines(LINES_AT_ONCE)):
            first = report.lines + 1
            if parse == self._converter.combined and not self._converter.only_hosts:
                days, malformed, left_out = self._many.convert(lines, first)
            else:
                days, malformed, left_out = one_by_one(parse, lines, first)
            report.left_out += left_out
            report.lines += len(lines)
            report.malformed += len(malformed)
            report.named += malformed[: MOST_NAMED - len(report.named)]
        if not days and file.unfinished:
            report.lines += 1
            report.malformed += 1
            report.named += [Malformed(line=report.lines, reason=UNFINISHED)][: MOST_NAMED - len(report.named)]
        if days:
            report.first_day = min(filter(None, (report.first_day, *days)))
            report.last_day = max(report.last_day, *days)
            report.hosts = {host: count for host, count in self._converter.hosts.most_common() if host}
        return days

    async def _ship(self, day: str, body: bytes) -> None:
        """Send what of these lines the worker has not."""
        if day not in self._there:
            # No stream is as long: this changes nothing, and is answered with where the stream ends.
            self._there[day] = await self._put(day, _NOWHERE, b"")
        begin = self._new(day, body)
        self.report.known += _lines(body[:begin])
        while begin < len(body):
            piece = body[begin : begin + RANGE_BYTES]
            piece = piece[: piece.rfind(b"\n") + 1]
            at = self._there[day].at
            after = self._there[day] = await self._put(day, at, piece)
            if after.at != at + len(piece):
                message = f"something else changes {day} of this file at the worker: import it again"
                raise Unavailable(message)
            self.report.counted += _lines(piece)
            begin += len(piece)

    def _new(self, day: str, body: bytes) -> int:
        """Where in the next lines of a day those begin that the worker has not."""
        there, lines, size_bytes = self._there[day], self._made_lines[day], self._made_bytes[day]
        self._made_lines[day] += body.count(b"\n")
        self._made_bytes[day] += len(body)
        if there.lines is not None:
            return _after(body, there.lines - lines)
        # A stream of a version that counted no lines: its length tells, as long as every line is read as it was then.
        begin = min(max(there.at - size_bytes, 0), len(body))
        left_out = bool(there.at and self._converter.only_hosts)
        if left_out or (begin and body[begin - 1 : begin] != b"\n"):
            message = f"{day} of this file was read in another way by an earlier version, and cannot be added to"
            raise Conflict(message)
        return begin

    async def _put(self, day: str, at: int, piece: bytes) -> Committed:
        packed = await asyncio.to_thread(zstandard.ZstdCompressor(level=LEVEL).compress, piece)
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
                    if attempt.status != 503:
                        break
                    await asyncio.sleep(max(attempt.retry_after_s, PAUSE_S))
        except TimeoutError:
            message = f"the worker took no lines for {MOST_WAIT_S / 60:.0f} minutes"
            raise Unavailable(message) from None
        attempt.raise_unless_ok("the worker")
        return msgspec.json.decode(attempt.body, type=Committed)


def _day(parse: Parse, raw: bytes) -> str:
    """Of a line; empty for one that is none."""
    try:
        return clock.day_of(parse(raw).ts)
    except OtherHostError as error:
        return error.day
    except NotALineError:
        return ""


def _lines(body: bytes) -> int:
    """How many lines it has, those left out aside."""
    count = body.count(b"\n")
    if body.startswith(b"\n") or b"\n\n" in body:
        return count - body.removesuffix(b"\n").split(b"\n").count(b"")
    return count


def _after(body: bytes, lines: int) -> int:
    """Where so many lines end."""
    if lines >= body.count(b"\n"):
        return len(body)
    at = 0
    for _ in range(lines):
        at = body.index(b"\n", at) + 1
    return at
