"""A small secret file that several processes want: whoever comes first writes it, and nobody ever changes it."""

import os
from pathlib import Path

from sdc_core import clock


def write_once(file: Path, content: bytes) -> None:
    """Write a new file, whole and safe on disk, or leave the one that is there. For its owner's eyes alone. Blocking.

    It is written under a name of its own, then linked to the wanted one, which fails for all but one process: nobody
    ever reads half of it, and nobody replaces one in use.
    """
    if file.exists():
        return
    part = file.with_name(f".{clock.new_id()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        os.link(part, file)
    except FileExistsError:
        return
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(file.parent)


def _sync_folder(folder: Path) -> None:
    """A name is safe once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
