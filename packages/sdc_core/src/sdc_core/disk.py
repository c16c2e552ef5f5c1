"""Disks that are full: told by `/health` before something is lost by it, and in words to whoever wanted to save."""

import errno
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from sdc_core.errors import Unavailable

LEAST_BYTES = 16 * 1024 * 1024
"""With less than that, the next picture or the next change of the schema may be what does not fit."""
FULL_RETRY_S = 10
WORDS = "the disk of the site is full, and nothing was saved: make room on it, then do the same again"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def full() -> Unavailable:
    """The failure as it is told."""
    return Unavailable(WORDS, retry_after_s=FULL_RETRY_S)


def is_full(error: Exception) -> bool:
    """Whether the system refused to write for want of room."""
    return isinstance(error, OSError) and error.errno in _FULL


def trouble(folders: Iterable[Path]) -> str:
    """Which of these folders, or of those for temporary files, has too little room; empty when none. Blocking."""
    free = {folder: shutil.disk_usage(folder).free for folder in (*folders, Path(tempfile.gettempdir()))}
    return "; ".join(f"{folder} has {left // 1024} KiB left" for folder, left in free.items() if left < LEAST_BYTES)
