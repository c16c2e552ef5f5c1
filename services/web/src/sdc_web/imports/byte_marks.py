"""Files that are not UTF-8 without a mark, as editors and other systems leave them, read as if they were."""

import codecs
from collections.abc import Iterator
from pathlib import Path

PIECE_BYTES = 256 * 1024
_UTF_16 = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def words(begins: bytes) -> bytes:
    """The beginning of a file as UTF-8, without a mark. What is cut off within a letter loses that."""
    encoding, mark = _encoding(begins)
    if encoding == "utf-8":
        return begins[mark:]
    return codecs.getincrementaldecoder(encoding)("replace").decode(begins[mark:]).encode()


def head(file: Path, size: int) -> bytes:
    """The beginning of a file in the same way, from at most so many bytes of it. Blocking."""
    with file.open("rb") as opened:
        return words(opened.read(size))


def pieces(file: Path) -> Iterator[bytes]:
    """All of a file in the same way, piece by piece. Blocking. Raises ValueError for what is none of its encoding."""
    with file.open("rb") as opened:
        chunk = opened.read(PIECE_BYTES)
        encoding, mark = _encoding(chunk)
        chunk = chunk[mark:]
        decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)()
        while chunk:
            yield chunk if decoder is None else decoder.decode(chunk).encode()
            chunk = opened.read(PIECE_BYTES)
        if decoder is not None:
            decoder.decode(b"", final=True)


def is_utf_16(file: Path) -> bool:
    """Whether a file says so, or is some without saying so. Blocking."""
    with file.open("rb") as opened:
        return _encoding(opened.read(4))[0] != "utf-8"


def _encoding(begins: bytes) -> tuple[str, int]:
    """What the file is in, and how many bytes of a mark it begins with. One of ASCII in two bytes a letter holds a
    zero where others hold none.
    """
    if begins.startswith(codecs.BOM_UTF8):
        return "utf-8", len(codecs.BOM_UTF8)
    for mark, encoding in _UTF_16:
        if begins.startswith(mark):
            return encoding, len(mark)
    if begins[:1] in (b"<", b"{") and begins[1:2] == b"\0":
        return "utf-16-le", 0
    if begins[:1] == b"\0" and begins[1:2] in (b"<", b"{"):
        return "utf-16-be", 0
    return "utf-8", 0
