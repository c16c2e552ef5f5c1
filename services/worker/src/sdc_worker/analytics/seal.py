"""Sealing: a closed day becomes one Parquet file with its visits computed, and leaves the database."""

import asyncio
import os
from pathlib import Path

from sdc_core import clock
from sdc_core.sqlite import Database

from sdc_worker.analytics import store
from sdc_worker.analytics.hits import Hits
from sdc_worker.analytics.segments import sha256
from sdc_worker.analytics.store import Segment
from sdc_worker.analytics.visits import SCHEMA

WAITED_US = 3 * clock.DAY_US
"""A stream that was not closed by then holds its day up no longer; lines that come later are sealed again with it."""


async def seal(database: Database, hits: Hits) -> str:
    """Seal every day that is ready. A repeat after any interruption is harmless: an object that is in no manifest is
    never read. Raises Unavailable when the object store does not answer.
    """
    now_us = clock.now_us()
    async with database.read() as connection:
        ready = await store.ready(connection, today=clock.day_of(now_us), waited_for=clock.day_of(now_us - WAITED_US))
        outdated = await store.outdated(connection, schema=SCHEMA)
    sealed = [await _seal_day(database, hits, day) for day in sorted({*ready, *outdated})]
    if not sealed:
        return "nothing to seal"
    return "\n".join(f"{each.day}: {each.rows} rows, {each.size_bytes} bytes" for each in sealed)


async def _seal_day(database: Database, hits: Hits, day: str) -> Segment:
    async with database.read() as connection:
        before = next((each for each in await store.segments(connection) if each.day == day), None)
    segment, up_to = await _write(hits, day, before)
    await hits.segments.upload(segment)
    async with hits.alone():
        async with database.transaction() as connection:
            await store.enter(connection, segment, now_us=clock.now_us())
            await store.drop_batches(connection, day=day, up_to=up_to)
        await hits.forget(day, up_to=up_to)
    if before is not None and before.name != segment.name:
        await hits.segments.discard(before)
    return segment


async def _write(hits: Hits, day: str, before: Segment | None) -> tuple[Segment, int]:
    """The day's file in its place on this machine, whole and on the disk, and the newest batch that it holds."""
    fresh = hits.segments.scratch / f"seal-{clock.new_id()}.parquet"
    rows, up_to = await hits.write(day, fresh, before=before)
    digest, size_bytes = await asyncio.to_thread(_settle, fresh)
    segment = Segment(day=day, name=digest[:16], rows=rows, size_bytes=size_bytes, sha256=digest, schema=SCHEMA)
    path = hits.segments.path(segment.day, segment.name)
    await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
    await asyncio.to_thread(fresh.replace, path)
    return segment, up_to


def _settle(path: Path) -> tuple[str, int]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        return sha256(path), os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)
