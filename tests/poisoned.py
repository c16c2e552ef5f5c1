"""Jobs that no decoder should be; here, since the pool's processes import them by this name."""

import os
import signal
import sys
from pathlib import Path

from PIL import Image
from sdc_core.variants import Manifest
from sdc_worker.images.minify import minify


def die(_original: Path, _folder: Path, aim: int = 0, *, plain: bool = False) -> Manifest:
    """What a decoder that crashes does to its process."""
    os._exit(1)


def die_unless_plain(original: Path, folder: Path, aim: int = 0, *, plain: bool = False) -> Manifest:
    """What an encoder that crashes does to its process, until it is left out."""
    return minify(original, folder, aim, plain=True) if plain else die(original, folder)


def stumble(original: Path, folder: Path, aim: int = 0, *, plain: bool = False) -> Manifest:
    """What an encoder does that has no words for it, over a picture without colours."""
    with Image.open(original) as image:
        if image.mode == "L":
            raise ZeroDivisionError
    return minify(original, folder, aim, plain=plain)


def hang(_original: Path, _folder: Path, aim: int = 0, *, plain: bool = False) -> Manifest:
    """What a decoder in an endless loop does."""
    signal.pause()
    raise AssertionError


def wait_for_word(original: Path, folder: Path, aim: int = 0, *, plain: bool = False) -> Manifest:
    """What a slow picture does, until somebody writes into a pipe."""
    (original.parent.parent / "word").read_text()
    return minify(original, folder, aim, plain=plain)


def hoard(_original: Path, _folder: Path) -> int:
    """What a decoder does that believes a header."""
    return len(bytearray(2 << 30))


def read(original: Path, _folder: Path) -> str:
    """The text of the file; of a pipe, when somebody has written it."""
    return original.read_text()


def loaded(_original: Path, _folder: Path) -> set[str]:
    """The modules of the process."""
    return set(sys.modules)
