"""Jobs that no decoder should be; here, since the pool's processes import them by this name."""

import os
import signal
import sys
from pathlib import Path

from sdc_core.variants import Manifest


def die(_original: Path, _folder: Path, aim: int = 0) -> Manifest:
    """What a decoder that crashes does to its process."""
    os._exit(1)


def hang(_original: Path, _folder: Path, aim: int = 0) -> Manifest:
    """What a decoder in an endless loop does."""
    signal.pause()
    raise AssertionError


def hoard(_original: Path, _folder: Path) -> int:
    """What a decoder does that believes a header."""
    return len(bytearray(2 << 30))


def read(original: Path, _folder: Path) -> str:
    """The text of the file; of a pipe, when somebody has written it."""
    return original.read_text()


def loaded(_original: Path, _folder: Path) -> set[str]:
    """The modules of the process."""
    return set(sys.modules)
