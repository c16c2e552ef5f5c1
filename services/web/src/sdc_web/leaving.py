"""Whether this web is about to stop: told to every process of it, before any of them stops serving."""

import mmap
import threading

_shared = mmap.mmap(-1, 1)
"""Memory that processes have in common with the one that forked them; elsewhere nobody hears of it, and all goes on."""


def announce(seconds: float) -> None:
    """Say so, and wait until whoever asks has heard it. Blocking."""
    _shared[0] = 1
    threading.Event().wait(seconds)


def is_announced() -> bool:
    """Whether the process that started this one is about to stop it."""
    return _shared[0] == 1
