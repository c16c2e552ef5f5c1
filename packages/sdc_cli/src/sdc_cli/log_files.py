"""Access log files as they are found: plain, gzip or zstd, told apart by their first bytes."""

import gzip
import hashlib
import io
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import zstandard
from sdc_core.errors import Invalid

MAX_LINE = 64 * 1024
HEAD_LINES = 10
_BUFFER = 1024 * 1024
_CHUNK = 64 * 1024
_GZIP = b"\x1f\x8b"


class LogFile:
    """An open file: its lines, and how far it has been read in bytes of the file itself."""

    __slots__ = ("_grows", "_lines", "_raw", "number", "size_bytes", "unfinished")

    def __init__(self, raw: BinaryIO, lines: BinaryIO, size_bytes: int) -> None:
        self._raw = raw
        self._lines = lines
        self._grows = raw is lines
        self.size_bytes = size_bytes
        self.number = 0
        self.unfinished = False

    @property
    def read_bytes(self) -> int:
        """Of the file as it lies on the disk."""
        return self._raw.tell()

    def lines(self, most: int) -> list[bytes]:
        """The next lines without their ends, at most so many; of one that is too long only its beginning, which is no
        line. The last line of a plain file is `unfinished` until it ends: the server may be writing it. Raises Invalid
        when the file is damaged.
        """
        found: list[bytes] = []
        try:
            while len(found) < most and not self.unfinished and (line := self._lines.readline(MAX_LINE)):
                begun = line
                while line and not line.endswith(b"\n"):
                    line = self._lines.readline(MAX_LINE)
                if self._grows and not line:
                    self.unfinished = True
                else:
                    found.append(begun.rstrip(b"\r\n"))
        except (OSError, EOFError, zstandard.ZstdError) as error:
            message = f"it is damaged after line {self.number + len(found)}: {error}"
            raise Invalid(message) from None
        self.number += len(found)
        return found


@contextmanager
def opened(path: Path) -> Generator[LogFile]:
    """The file from its beginning."""
    with path.open("rb") as raw:
        magic = raw.read(4)
        raw.seek(0)
        yield LogFile(raw, _unpacked(raw, magic), path.stat().st_size)


def beginning(path: Path, most: int) -> list[bytes]:
    """The first lines of a file. Raises Invalid when they are damaged."""
    with opened(path) as file:
        return file.lines(most)


def name(head: list[bytes]) -> str:
    """Of a file that begins with those lines, of which there are `HEAD_LINES` unless it has fewer: packed or not, grown
    or not, it is the same file.
    """
    return "i" + hashlib.sha256(b"\n".join(head)).hexdigest()[:16]


def _unpacked(raw: BinaryIO, magic: bytes) -> BinaryIO:
    if magic.startswith(_GZIP):
        return io.BufferedReader(gzip.GzipFile(fileobj=raw), _BUFFER)
    if magic.startswith(zstandard.FRAME_HEADER):
        return io.BufferedReader(_Frames(raw), _BUFFER)
    return raw


class _Frames(io.RawIOBase):
    """The content of one zstd frame after another. The library's own reader takes half a frame for a whole one."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._begun = False
        self._plain = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # ty: ignore[incompatible-method-override]
        """Raises EOFError where the file ends within a frame."""
        while not self._plain:
            packed = self._frame.unused_data if self._frame.eof else b""
            packed = packed or self._raw.read(_CHUNK)
            if not packed:
                if self._begun and not self._frame.eof:
                    message = "it ends within a frame"
                    raise EOFError(message)
                return 0
            if self._frame.eof:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            self._begun = True
            self._plain = self._frame.decompress(packed)
        size = min(len(buffer), len(self._plain))
        buffer[:size] = self._plain[:size]
        self._plain = self._plain[size:]
        return size
