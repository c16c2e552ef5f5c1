"""Functions that a process of the pool does not survive; here, since its processes import them by this name."""

import os
import signal

from sdc_core.variants import Manifest
from sdc_worker.images.minify import Minify


def die(_: Minify) -> Manifest:
    """What a decoder that crashes does to its process."""
    os._exit(1)


def hang(_: Minify) -> Manifest:
    """What a decoder in an endless loop does."""
    signal.pause()
    raise AssertionError
