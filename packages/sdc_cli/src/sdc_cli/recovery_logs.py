"""The access log of the days that are not closed, written anew from the worker's ranges.

Web's next line belongs behind the last one that the worker has: a log that began anew below an offset that the worker
remembers would not be counted until it had grown beyond it.
"""

import asyncio
from pathlib import Path

from sdc_core.settings import Settings
from sdc_core.sqlite import Connection
from sdc_worker.drills import checks
from sdc_worker.ingest import packing, store

SINCE_EVER = "0000-00-00"
MOST = 10_000


async def write(settings: Settings) -> int:
    """Write every file that is missing here; returns how many lines. One that is there is left as it is."""
    lines = 0
    async with checks.reading(settings.worker_db) as connection:
        for stream in await store.streams(connection, since=SINCE_EVER, limit=MOST):
            path = settings.log_dir / stream.slot / f"{stream.day}.ndjson"
            if not stream.closed and not await asyncio.to_thread(path.exists):
                lines += await _write(connection, stream.slot, stream.day, path)
    return lines


async def _write(connection: Connection, slot: str, day: str, path: Path) -> int:
    await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True, mode=0o700)
    scratch = path.with_suffix(".recovering")
    await asyncio.to_thread(scratch.unlink, missing_ok=True)
    at = lines = 0
    while (batch := await store.stream_batch(connection, slot=slot, day=day, at=at)) is not None:
        plain = await asyncio.to_thread(packing.unpack, batch.body)
        await asyncio.to_thread(_append, scratch, plain)
        at += len(plain)
        lines += plain.count(b"\n")
    if at:
        await asyncio.to_thread(scratch.replace, path)
    return lines


def _append(path: Path, body: bytes) -> None:
    with path.open("ab") as file:
        file.write(body)
