"""Archives that somebody sent: looked at whole before anything is written, then unpacked as plain files and no more."""

import shutil
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from sdc_core.errors import Invalid, TooLarge

MAX_ENTRIES = 100_000
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


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip into the folder, which is empty. Blocking. Raises Invalid or TooLarge, in words and with nothing
    written, for an archive that is damaged, locked, leads outside, holds links or devices, or unfolds without measure.
    """
    try:
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


def _checked(opened: zipfile.ZipFile, size_bytes: int, free_bytes: int) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """The files to write and where, once every entry was found harmless."""
    entries = opened.infolist()
    if len(entries) > MAX_ENTRIES:
        raise TooLarge(f"the archive has {len(entries)} files; at most {MAX_ENTRIES} are taken")
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
