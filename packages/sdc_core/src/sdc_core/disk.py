"""Disks that are full: told by `/health` before something is lost by it, and in words to whoever wanted to save."""

import errno
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sdc_core.errors import Unavailable

LEAST_BYTES = 16 * 1024 * 1024
"""With less than that, the next picture or the next change of the schema may be what does not fit."""
ROOM_BYTES = 1024 * 1024
"""SQLite needs 32 kB to open a file that nobody has open; others may have given back some since it asked."""
FULL_RETRY_S = 10
WORDS = "the disk of the site is full, and nothing was saved: make room on it, then do the same again"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def full() -> Unavailable:
    """The failure as it is told."""
    return Unavailable(WORDS, retry_after_s=FULL_RETRY_S)


def is_full(error: Exception) -> bool:
    """Whether the system refused to write for want of room."""
    return isinstance(error, OSError) and error.errno in _FULL


def has_no_room(folder: Path) -> bool:
    """Whether nothing more goes into it. Blocking, for microseconds."""
    return shutil.disk_usage(folder).free < ROOM_BYTES


def trouble(folders: Mapping[str, Path]) -> str:
    """Which of these folders, or of those for temporary files, has too little room; empty when none. Told by the names
    they are given here, since strangers read it. Blocking.
    """
    named = {**folders, "the temporary folder": Path(tempfile.gettempdir())}
    free = {name: shutil.disk_usage(folder).free for name, folder in named.items()}
    return "; ".join(f"{name} has {left // 1024} KiB left" for name, left in free.items() if left < LEAST_BYTES)
