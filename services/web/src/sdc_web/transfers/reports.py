"""What became of each thing of a transfer, a line each: written while it goes on, read page by page."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec

from sdc_web.imports import Line

ON_PAGE = 200
AT_FIRST = 50
MAX_BYTES = 64 * 1024 * 1024
MAX_LINE_BYTES = 1024 * 1024
CUT = "what it says further is too long for the report"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line as the pages show it, whatever it is of: how it ended, its address here, why, and what was left out."""

    file: str
    outcome: str
    kind: str = ""
    address: str = ""
    reason: str = ""
    notes: tuple[str, ...] = ()


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the lines; `after` is where the next ones begin, None at the end."""

    entries: list[Entry]
    after: int | None


async def beginning(file: Path) -> list[Entry]:
    """The first lines, of a report that is shown beside others."""
    return (await asyncio.to_thread(page, file, "", 0)).entries[:AT_FIRST]


class Writer:
    """Appends lines to a new report, up to `MAX_BYTES` of them; further ones are counted and not kept. Blocking."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file.open("wb")
        self._written = 0

    def write(self, lines: list[Line | Entry]) -> None:
        """Each is in the file when this returns."""
        for each in lines:
            line = msgspec.json.encode(each)
            if len(line) > MAX_LINE_BYTES:
                short = Entry(file=each.file[:1_000], outcome=each.outcome, address=each.address[:1_000], reason=CUT)
                line = msgspec.json.encode(short)
            self._written += len(line) + 1
            if self._written <= MAX_BYTES:
                self._file.write(line + b"\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def page(file: Path, outcome: str, after: int) -> Page:
    """The lines from that one on, of all or with that outcome. Blocking."""
    entries: list[Entry] = []
    for number, line in enumerate(_lines(file)):
        if number < after:
            continue
        entry = msgspec.json.decode(line, type=Entry)
        if outcome and entry.outcome != outcome:
            continue
        if len(entries) == ON_PAGE:
            return Page(entries=entries, after=number)
        entries.append(entry)
    return Page(entries=entries, after=None)


def as_json(file: Path) -> Iterator[bytes]:
    """All of it as one list, as `sdc import --json` writes it, in pieces. Blocking."""
    begins = b"["
    for line in _lines(file):
        yield begins + line.rstrip(b"\n")
        begins = b",\n"
    yield b"[]\n" if begins == b"[" else b"]\n"


def _lines(file: Path) -> Iterator[bytes]:
    """Whole ones: the last may have been cut off."""
    try:
        with file.open("rb") as opened:
            for line in opened:
                if line.endswith(b"\n"):
                    yield line
    except FileNotFoundError:
        return
