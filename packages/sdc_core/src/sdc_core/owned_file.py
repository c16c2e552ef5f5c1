"""A file that threads open and use, and that one task owns."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal


class OwnedFile:
    """Never left open: a thread that comes after the owner is done opens nothing, and one that is opening is waited
    for. A thread cannot be cancelled with the task that waits for it, so what it returns would be lost.
    """

    __slots__ = ("_file", "_lock", "_mode", "_over", "path")

    def __init__(self, path: Path, mode: Literal["rb", "xb"]) -> None:
        self.path = path
        self._mode = mode
        self._lock = threading.Lock()
        self._file: IO[bytes] | None = None
        self._over = False

    @property
    def opened(self) -> IO[bytes]:
        """What `open` has opened."""
        if self._file is None:
            raise ValueError(f"{self.path} is not open")
        return self._file

    def open(self) -> None:
        """Blocking: call it in a thread."""
        with self._lock:
            if not self._over:
                self._file = self.path.open(self._mode)

    async def close(self) -> None:
        """Raises OSError when what is left to be written does not fit on the disk."""
        await _certainly(self._close)

    async def discard(self) -> None:
        """Close and delete the file, if it was this one that made it."""
        await _certainly(self._discard)

    def _close(self) -> None:
        with self._lock:
            self._over = True
            if self._file is not None:
                self._file.close()

    def _discard(self) -> None:
        # A full disk fails the close as well: there is nothing more to lose.
        with suppress(OSError):
            self._close()
        if self._file is not None:
            self.path.unlink(missing_ok=True)


async def _certainly(function: Callable[[], None]) -> None:
    """Run it in a thread, even when the task that waits for it is cancelled."""
    await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, function))
