"""Sealing: a closed day becomes one Parquet file with its visits computed, and leaves the database."""

import asyncio

from sdc_core import clock
from sdc_core.errors import Unavailable
from sdc_core.sqlite import Database

from sdc_worker.analytics import store
from sdc_worker.analytics.engine_words import EngineError
from sdc_worker.analytics.hits import Hits
from sdc_worker.analytics.segments import LostSegmentError, settle
from sdc_worker.analytics.store import Segment
from sdc_worker.analytics.visits import SCHEMA

WAITED_US = 3 * clock.DAY_US
"""A stream that was not closed by then holds its day up no longer; lines that come later are sealed again with it."""
MOST_TOLD = 10
KEPT_US = 35 * clock.DAY_US
"""A file that another has replaced stays for so long: a database of that time, brought back, reads it."""


async def seal(database: Database, hits: Hits) -> str:
    """Seal every day that is ready. A repeat after any interruption is harmless: an object that is in no manifest is
    never read. Raises Unavailable when the object store does not answer, and, once all others are sealed, for days of
    which it has lost what was sealed before and those that cannot be written.
    """
    now_us = clock.now_us()
    async with database.read() as connection:
        ready = await store.ready(connection, today=clock.day_of(now_us), waited_for=clock.day_of(now_us - WAITED_US))
        outdated = await store.outdated(connection, schema=SCHEMA)
    sealed: list[Segment] = []
    left: list[str] = []
    for day in sorted({*ready, *outdated}):
        try:
            sealed.append(await _seal_day(database, hits, day))
        except LostSegmentError as error:
            left.append(str(error))
        except EngineError as error:
            left.append(f"{day} cannot be sealed: {error}")
    await _discard_replaced(database, hits)
    if left:
        message = "; ".join((*left[:MOST_TOLD], *([f"{len(left) - MOST_TOLD} more"] if len(left) > MOST_TOLD else ())))
        raise Unavailable(message)
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
            now_us = clock.now_us()
            await store.enter(connection, segment, now_us=now_us)
            await store.forget_replaced(connection, day=day, name=segment.name)
            if before is not None and before.name != segment.name:
                await store.keep_replaced(connection, day=day, name=before.name, now_us=now_us)
            await store.drop_batches(connection, day=day, up_to=up_to)
        await hits.forget(day, up_to=up_to)
    return segment


async def _discard_replaced(database: Database, hits: Hits) -> None:
    """Delete what no database that may be brought back reads any more; one that is deleted twice is deleted."""
    async with database.read() as connection:
        replaced = await store.replaced(connection, before_us=clock.now_us() - KEPT_US)
    for each in replaced:
        await hits.segments.discard(each.day, each.name)
        async with database.transaction() as connection:
            await store.forget_replaced(connection, day=each.day, name=each.name)


async def _write(hits: Hits, day: str, before: Segment | None) -> tuple[Segment, int]:
    """The day's file in its place on this machine, whole and on the disk, and the newest batch that it holds."""
    fresh = hits.segments.scratch / f"seal-{clock.new_id()}.parquet"
    rows, up_to = await hits.write(day, fresh, before=before)
    digest, size_bytes = await asyncio.to_thread(settle, fresh)
    segment = Segment(day=day, name=digest[:16], rows=rows, size_bytes=size_bytes, sha256=digest, schema=SCHEMA)
    path = hits.segments.path(segment.day, segment.name)
    await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
    await asyncio.to_thread(fresh.replace, path)
    return segment, up_to
