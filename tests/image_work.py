"""Orders of pictures, and what became of them."""

import asyncio
import hashlib
import io

import msgspec
from PIL import Image
from sdc_core import clock, keys, messages
from sdc_core.messages import Upload
from sdc_core.sqlite import Connection, Database, execute, fetch_all
from sdc_core.variants import RECIPE
from sdc_worker.images import store, sweep
from sdc_worker.images.work import Workshop

LATER_US = sweep.SETTLED_US + clock.SECOND_US


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A message handed to the deliveries."""

    id: str
    body: bytes


def picture_bytes(color: str = "navy") -> bytes:
    """A small PNG."""
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), color).save(buffer, "PNG")
    return buffer.getvalue()


async def uploaded(workshop: Workshop, original: bytes) -> Upload:
    """An original in the store, and what web says of it."""
    upload = Upload(asset_id=clock.new_id(), sha256=hashlib.sha256(original).hexdigest())
    await workshop.store.put(workshop.bucket, keys.original(upload.asset_id), original, content_type="image/png")
    return upload


async def sent(database: Database) -> list[messages.Message]:
    """The messages that wait for web."""
    async with database.read() as connection:
        rows = await fetch_all(connection, Sent, "SELECT id, body FROM deliveries ORDER BY created_us, id")
    return [messages.decode(row.body) for row in rows]


async def state(workshop: Workshop, asset_id: str) -> store.ImageJob:
    """The job of an asset."""
    async with workshop.database.read() as connection:
        job = await store.get(connection, asset_id)
    assert job
    return job


async def claimed(connection: Connection) -> store.ImageJob | None:
    """The next job, of those that wait."""
    return await store.claim(connection, recipe=RECIPE, at_once=1, now_us=clock.now_us())


async def swept(workshop: Workshop) -> sweep.SweepReport:
    """The report of a sweep that happens a while from now."""
    with clock.frozen(clock.now_us() + LATER_US):
        return await sweep.run(workshop.database, workshop.store, workshop.bucket)


SQL_REFUSED = """
INSERT INTO attempts (delivery_id, number, at_us, status, error, duration_us)
SELECT id, 1, 0, :status, 'refused', 1 FROM deliveries WHERE next_us IS NOT NULL
"""


async def web_refuses(workshop: Workshop, status: int = 422) -> None:
    """Every message that waits is settled as refused."""
    async with workshop.database.transaction() as connection:
        await execute(connection, SQL_REFUSED, {"status": status})
        await execute(connection, "UPDATE deliveries SET next_us = NULL, attempts = 1, error = 'refused'")


async def web_takes(workshop: Workshop) -> None:
    """Every message that waits is settled as taken."""
    async with workshop.database.transaction() as connection:
        await execute(connection, "UPDATE deliveries SET next_us = NULL, attempts = 1, delivered_us = 1")


async def until_running(workshop: Workshop, asset_id: str) -> None:
    """Returns when somebody works on the job."""
    while (await state(workshop, asset_id)).state != "running":  # noqa: ASYNC110 - the loop has nothing to tell
        await asyncio.sleep(0.01)
