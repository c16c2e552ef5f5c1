"""Archives that somebody sent: looked at whole before anything is written, then unpacked as plain files and no more."""

import os
import shutil
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from sdc_core.errors import Invalid, TooLarge

MAX_ENTRIES = 100_000
MAX_LISTED_BYTES = 48 * 1024**2
"""Of the list of names at the end: some 500 for each file."""
MAX_BYTES = 20 * 1024**3
MAX_RATIO = 100
"""How many times its size an archive may unfold: pictures do not shrink, and texts to a fifth or so."""
FREE_OF_RATIO_BYTES = 64 * 1024**2
MAX_NAME = 400
MAX_DEPTH = 32
_LEFT_FREE = 0.1
"""Of the disk; the databases live there."""
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, FileExistsError, NotADirectoryError,
    UnicodeError,
)  # fmt: skip
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What everybody packs with; others may ask for gigabytes of memory to unfold."""
_CHUNK = 256 * 1024
_ENTRY, _END, _LOCATOR, _END_64 = b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06"
_END_SHAPE = struct.Struct("<4x6xHL6x")
"""Of the number of entries and the bytes of their list, at the end; what follows is a comment."""
_END_64_SHAPE = struct.Struct("<4x28xQQ8x")
_LOCATOR_BYTES = 20
_MAX_END = _END_SHAPE.size + (1 << 16)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip into the folder, which is empty. Blocking. Raises Invalid or TooLarge, in words and with nothing
    written, for an archive that is damaged, locked, leads outside, holds links or devices, or unfolds without measure.
    """
    try:
        _require_countable(archive)
        with zipfile.ZipFile(archive) as opened:
            entries = _checked(opened, archive.stat().st_size, shutil.disk_usage(folder).free)
            written = 0
            for entry, path in entries:
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(entry) as source, target.open("xb") as file:
                    # What an entry says of its size is what its maker says.
                    written += _copied(source, file, entry.file_size)
                    if written > MAX_BYTES:
                        raise TooLarge("the archive unfolds further than it says")
    except _UNREADABLE as error:
        raise Invalid(f"the archive cannot be read: {error}") from None


def _require_countable(archive: Path) -> None:
    """Raises TooLarge for a list of names that is not to be read at once: the library makes something of each name in
    it before it says how many there are. Blocking.
    """
    with archive.open("rb") as file:
        if (ends_at := _end_of(file)) is None:
            return  # the library says in its own words that this is no zip
        counted, listed_bytes = _END_SHAPE.unpack(_at(file, ends_at, _END_SHAPE.size))
        # The large form stands right before: so the library reads it, whatever the small one says.
        large = _at(file, ends_at - _LOCATOR_BYTES - _END_64_SHAPE.size, _END_64_SHAPE.size + _LOCATOR_BYTES)
        if large.startswith(_END_64) and large[_END_64_SHAPE.size :].startswith(_LOCATOR):
            counted, listed_bytes = _END_64_SHAPE.unpack_from(large)
            ends_at -= len(large)
        if counted > MAX_ENTRIES or listed_bytes > MAX_LISTED_BYTES:
            raise TooLarge(_told_many(counted, listed_bytes))
        listed = _at(file, ends_at - listed_bytes, listed_bytes)
    # The number is what its maker says; so they are counted where they stand.
    if (found := listed.count(_ENTRY)) > MAX_ENTRIES:
        raise TooLarge(_told_many(found, listed_bytes))


def _end_of(file: IO[bytes]) -> int | None:
    """Where the end of a zip stands, found as the library does: last of all, or before a comment."""
    length = file.seek(0, os.SEEK_END)
    last = _at(file, length - _END_SHAPE.size, _END_SHAPE.size)
    if last.startswith(_END) and last.endswith(b"\0\0"):
        return length - _END_SHAPE.size
    begins = max(0, length - _MAX_END)
    at = _at(file, begins, _MAX_END).rfind(_END)
    return begins + at if at >= 0 and begins + at + _END_SHAPE.size <= length else None


def _at(file: IO[bytes], at: int, size: int) -> bytes:
    """Bytes of the file; none from before its beginning."""
    if at < 0:
        return b""
    file.seek(at)
    return file.read(size)


def _told_many(count: int, listed_bytes: int) -> str:
    if count > MAX_ENTRIES:
        return f"the archive has {count} files; at most {MAX_ENTRIES} are taken"
    return f"the archive has a list of names of {listed_bytes} bytes; at most {MAX_LISTED_BYTES} are read"


def _checked(opened: zipfile.ZipFile, size_bytes: int, free_bytes: int) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """The files to write and where, once every entry was found harmless."""
    entries = opened.infolist()
    if len(entries) > MAX_ENTRIES:
        raise TooLarge(_told_many(len(entries), 0))
    total = sum(each.file_size for each in entries)
    if total > MAX_BYTES or total > size_bytes * MAX_RATIO + FREE_OF_RATIO_BYTES:
        raise TooLarge(f"the archive unfolds from {size_bytes} to {total} bytes, which no site does")
    if total > free_bytes * (1 - _LEFT_FREE):
        raise TooLarge(f"the archive unfolds to {total} bytes, and the disk has {free_bytes} left")
    return list(_files(entries))


def _files(entries: list[zipfile.ZipInfo]) -> Iterator[tuple[zipfile.ZipInfo, PurePosixPath]]:
    seen: set[str] = set()
    for entry in entries:
        path = _place(entry)
        if entry.flag_bits & 0x1:
            raise Invalid(f"the archive is locked by a password: {_told(entry)}")
        if entry.compress_type not in _PACKED:
            raise Invalid(f"the archive is packed in a way that is not read here: {_told(entry)}; pack it as plain zip")
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise Invalid(f"the archive holds a link or a device: {_told(entry)}")
        if entry.is_dir() or path.parts[0] == "__MACOSX":
            continue
        # Disks that do not tell case or marks apart would write one over the other.
        folded = unicodedata.normalize("NFC", str(path)).casefold()
        if folded in seen:
            raise Invalid(f"the archive holds a file twice: {_told(entry)}")
        seen.add(folded)
        yield entry, path


def _place(entry: zipfile.ZipInfo) -> PurePosixPath:
    """Where it goes below the folder. Raises Invalid for every name that may lead elsewhere."""
    name = entry.orig_filename
    path = PurePosixPath(entry.filename)
    outside = path.is_absolute() or "\\" in name or "\0" in name or ".." in path.parts
    drive = bool(path.parts) and path.parts[0][1:2] == ":"
    if not path.parts or outside or drive:
        raise Invalid(f"the archive holds a name that leads outside of it: {_told(entry)}")
    if len(name) > MAX_NAME or len(path.parts) > MAX_DEPTH or any(len(part.encode()) > 255 for part in path.parts):
        raise Invalid(f"the archive holds a name that is too long: {_told(entry)}")
    return path


def _told(entry: zipfile.ZipInfo) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in entry.orig_filename[:80])


def _copied(source: IO[bytes], target: IO[bytes], most: int) -> int:
    written = 0
    while chunk := source.read(_CHUNK):
        written += len(chunk)
        if written > most:
            raise TooLarge("the archive unfolds further than it says")
        target.write(chunk)
    return written
