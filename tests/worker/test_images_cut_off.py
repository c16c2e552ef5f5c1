"""The object store goes away in the middle of a picture: some of its variants are stored, and nobody is told of any."""

import asyncio
import hashlib
import io
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
from PIL import Image
from sdc_core import clock, keys
from sdc_core.errors import Unavailable
from sdc_core.messages import Upload
from sdc_core.objects import Endpoint, ObjectStore, open_store
from sdc_core.sqlite import fetch_value
from sdc_worker.db import open_worker
from sdc_worker.images import jobs, store
from sdc_worker.images.pool import Pool
from sdc_worker.images.work import Workshop, work_once

from conftest import FreshBucket
from loopback import serving


@asynccontextmanager
async def breaking(endpoint: Endpoint, after: int) -> AsyncGenerator[Endpoint]:
    """The way to a store on which so many objects can be written before it is cut."""
    behind = urlsplit(endpoint.url)
    written = 0

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        if written > after:
            return
        store_reader, store_writer = await asyncio.open_connection(behind.hostname, behind.port)
        async with asyncio.TaskGroup() as group:
            answering = group.create_task(_pass_on(store_reader, writer))
            while data := await reader.read(65_536):
                written += data.startswith(b"PUT ")
                if written > after:
                    break
                store_writer.write(data)
                await store_writer.drain()
            answering.cancel()
        store_writer.close()

    async with serving(relay) as url:
        yield msgspec.structs.replace(endpoint, url=url)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()


@pytest.mark.timeout(120)
async def test_a_store_that_goes_away_between_two_variants_publishes_nothing(
    tmp_path: Path, object_store: ObjectStore, object_store_endpoint: Endpoint, fresh_bucket: FreshBucket
) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (700, 300), "navy").save(buffer, "PNG")
    original = buffer.getvalue()
    bucket = await fresh_bucket()
    upload = Upload(asset_id=clock.new_id(), sha256=hashlib.sha256(original).hexdigest())
    await object_store.put(bucket, keys.original(upload.asset_id), original, content_type="image/png")
    async with open_worker(tmp_path / "worker.db") as database:
        await jobs.enqueue(database, upload)
        async with breaking(object_store_endpoint, after=2) as cut, open_store(cut) as through:
            with pytest.raises(Unavailable):
                await work_once(
                    Workshop(database=database, store=through, bucket=bucket, pool=Pool(1), home=tmp_path, begin=None)
                )
        stored = [info.key async for info in object_store.list(bucket, keys.VARIANTS)]
        assert len(stored) == 2
        assert not any(key.endswith("manifest.json") for key in stored)
        async with database.read() as connection:
            assert await fetch_value(connection, "SELECT count(*) FROM deliveries") == 0
            job = await store.get(connection, upload.asset_id)
        assert job
        assert (job.state, job.attempts) == ("pending", 0)
        whole = Workshop(database=database, store=object_store, bucket=bucket, pool=Pool(1), home=tmp_path, begin=None)
        assert await work_once(whole)
        assert await object_store.head(bucket, keys.manifest(upload.asset_id))
