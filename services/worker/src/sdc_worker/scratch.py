"""A folder that is there for the length of a block, made and removed off the event loop."""

import asyncio
import contextlib
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
    path = await asyncio.to_thread(_make, prefix, inside)
    try:
        yield path
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLEAN_UP_S):
                await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)


def _make(prefix: str, inside: Path | None) -> Path:
    return Path(tempfile.mkdtemp(prefix=prefix, dir=inside))
