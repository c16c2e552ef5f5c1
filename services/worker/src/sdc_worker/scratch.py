"""A folder that is there for the length of a block, made and removed off the event loop."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

CLEAN_UP_S = 3.0


@asynccontextmanager
async def folder(prefix: str, inside: Path | None = None) -> AsyncGenerator[Path]:
    """A new empty folder, in the system's place for such or in `inside`; readable by nobody else.

    What cannot be removed within `CLEAN_UP_S` is left: it must not hold up a worker that stops.
    """
    path, lock = await asyncio.to_thread(_make, prefix, inside)
    try:
        yield path
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLEAN_UP_S):
                await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)
        os.close(lock)


def forget(prefix: str, inside: Path) -> None:
    """Remove the folders of that prefix whose process has ended: those of the living are locked."""
    for old in inside.glob(f"{prefix}*"):
        with contextlib.suppress(OSError):
            lock = os.open(old, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(old, ignore_errors=True)
            finally:
                os.close(lock)


def _make(prefix: str, inside: Path | None) -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=prefix, dir=inside))
        with contextlib.suppress(FileNotFoundError):
            lock = os.open(path, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if path.exists():
                return path, lock
            # Someone took it for a folder of the dead before it was locked.
            os.close(lock)
