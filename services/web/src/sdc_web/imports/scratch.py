"""Folders that an import works in: each is locked while it is used, so that what a killed import left is told apart."""

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

TIDY_S = 120.0
_PREFIX = "sdc-import-"


@asynccontextmanager
async def empty(beside: Path) -> AsyncGenerator[Path]:
    """An empty folder in that one, for the block. Those that no import uses any more are removed first."""
    await asyncio.to_thread(sweep, beside)
    folder, lock = await asyncio.to_thread(_make, beside)
    try:
        yield folder
    finally:
        try:
            async with asyncio.timeout(TIDY_S):
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        finally:
            os.close(lock)


def sweep(beside: Path) -> None:
    """Remove those that no import uses any more. Blocking."""
    for folder in beside.glob(f"{_PREFIX}*"):
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:  # gone meanwhile, or nothing that an import made
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)


def _make(beside: Path) -> tuple[Path, int]:
    """Locked before it has a name that is swept: another import that begins just now leaves it alone."""
    unlocked = Path(tempfile.mkdtemp(prefix=f"new-{_PREFIX}", dir=beside))
    lock = os.open(unlocked, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return unlocked.rename(beside / unlocked.name.removeprefix("new-")), lock
