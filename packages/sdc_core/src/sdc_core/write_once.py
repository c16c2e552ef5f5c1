"""Small secret files that several processes read: written whole, for their owner's eyes alone."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sdc_core import clock


def write_once(file: Path, content: bytes) -> None:
    """Write a new file, whole and safe on disk, or leave the one that is there. Blocking.

    It is written under a name of its own, then linked to the wanted one, which fails for all but one process: nobody
    ever reads half of it, and nobody replaces one in use.
    """
    if file.exists():
        return
    with _written_beside(file, content) as part:
        try:
            os.link(part, file)
        except FileExistsError:
            return
    _sync_folder(file.parent)


def write_anew(file: Path, content: bytes) -> None:
    """Put it in the place of what there was: who reads finds one or the other, whole. Blocking."""
    with _written_beside(file, content) as part:
        part.replace(file)
    _sync_folder(file.parent)


@contextmanager
def _written_beside(file: Path, content: bytes) -> Generator[Path]:
    part = file.with_name(f".{clock.new_id()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        yield part
    finally:
        part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """A name is safe once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
