"""What pictures may cost those who wait: the author of an upload, and everything else that the worker does."""

import asyncio
import hashlib
import time
from pathlib import Path

import pytest
from PIL import Image
from sdc_core import clock, keys
from sdc_core.lag import Lag
from sdc_core.messages import Upload
from sdc_core.objects import ObjectStore
from sdc_core.sqlite import fetch_value
from sdc_worker.db import open_worker
from sdc_worker.images import jobs
from sdc_worker.images.minify import first
from sdc_worker.images.pool import Pool
from sdc_worker.images.work import Workshop, work

from conftest import FreshBucket

LAG_US = 50_000

pytestmark = pytest.mark.timeout(120)  # of processor time that others may have meanwhile


def photo(path: Path, width: int, height: int) -> Path:
    """A JPEG of that size, quickly made."""
    noise = Image.effect_noise((width // 8, height // 8), 60).convert("RGB")
    noise.resize((width, height), Image.Resampling.BICUBIC).save(path, "JPEG", quality=90)
    return path


def _photo_bytes(path: Path, width: int) -> bytes:
    return photo(path, width, width // 2).read_bytes()


def test_the_first_size_of_twelve_megapixels_takes_a_fraction_of_a_second(tmp_path: Path) -> None:
    original = photo(tmp_path / "original", 4000, 3000)
    (tmp_path / "folder").mkdir()
    began = time.process_time()
    manifest = first(original, tmp_path / "folder")
    assert time.process_time() - began < 0.8
    assert (manifest.width, manifest.variants[0].width) == (4000, 960)


async def test_while_the_pool_is_full_the_loop_has_time(
    tmp_path: Path, object_store: ObjectStore, fresh_bucket: FreshBucket
) -> None:
    lag = Lag(every_s=0.002)
    async with open_worker(tmp_path / "worker.db") as database:
        bucket = await fresh_bucket()
        workshop = Workshop(database=database, store=object_store, bucket=bucket, pool=Pool(2), home=tmp_path)
        for number in range(3):
            original = await asyncio.to_thread(_photo_bytes, tmp_path / f"{number}.jpg", 700 + number)
            upload = Upload(asset_id=clock.new_id(), sha256=hashlib.sha256(original).hexdigest())
            await object_store.put(bucket, keys.original(upload.asset_id), original, content_type="image/jpeg")
            await jobs.enqueue(database, upload)
        async with asyncio.TaskGroup() as group:
            loops = [group.create_task(work(workshop)), group.create_task(lag.run())]
            while (await jobs.progress(database)).left:  # noqa: ASYNC110 - the loop has nothing to tell
                await asyncio.sleep(0.05)
            for each in loops:
                each.cancel()
        async with database.read() as connection:
            # A first size and all of them, for each.
            assert await fetch_value(connection, "SELECT count(*) FROM deliveries") == 6
    assert len(lag._busy_us) > 100
    # Of its own thread's time: how late a beat is says more about the machine that runs the tests.
    assert lag.busy_us(0.99) < LAG_US
