"""All pictures anew, for another aim: behind what is uploaded, a few at a time, and going on wherever it was left."""

import hashlib
import io
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest
from PIL import Image
from sdc_core import clock, keys
from sdc_core.answers.images import Progress
from sdc_core.errors import Invalid
from sdc_core.messages import Upload
from sdc_core.objects import ObjectStore
from sdc_core.service_client import ServiceClient
from sdc_core.sqlite import execute, fetch_value
from sdc_core.variants import RECIPE, recipe
from sdc_worker.db import open_worker
from sdc_worker.images import jobs, store, sweep
from sdc_worker.images.pool import Pool
from sdc_worker.images.work import Workshop, stored_manifest, work_once

import poisoned
from conftest import FreshBucket

FINE = recipe(80)


@pytest.fixture
async def workshop(tmp_path: Path, object_store: ObjectStore, fresh_bucket: FreshBucket) -> AsyncGenerator[Workshop]:
    """A workshop with two pictures that are done."""
    async with open_worker(tmp_path / "worker.db") as database:
        bucket = await fresh_bucket()
        made = Workshop(database=database, store=object_store, bucket=bucket, pool=Pool(1), home=tmp_path, begin=None)
        for color in ("navy", "red"):
            await uploaded(made, color)
        await all_of_it(made)
        yield made


async def uploaded(workshop: Workshop, color: str) -> str:
    """The id of a picture that was ordered."""
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), color).save(buffer, "JPEG")
    original = buffer.getvalue()
    upload = Upload(asset_id=clock.new_id(), sha256=hashlib.sha256(original).hexdigest())
    await workshop.store.put(workshop.bucket, keys.original(upload.asset_id), original, content_type="image/jpeg")
    await jobs.enqueue(workshop.database, upload)
    return upload.asset_id


async def all_of_it(workshop: Workshop) -> int:
    """Works until nothing is left; how many jobs that took."""
    done = 0
    while await work_once(workshop):
        done += 1
    return done


async def deliveries(workshop: Workshop) -> int:
    """How many messages to web there were."""
    async with workshop.database.read() as connection:
        counted = await fetch_value(connection, "SELECT count(*) FROM deliveries")
    assert isinstance(counted, int)
    return counted


async def every(workshop: Workshop) -> dict[str, store.AssetState]:
    """How each job stands."""
    async with workshop.database.read() as connection:
        return await store.states(connection)


async def test_another_aim_makes_all_anew_and_web_hears_of_each(workshop: Workshop) -> None:
    await jobs.set_aim(workshop.database, 80, "msg_80")
    assert await all_of_it(workshop) == 2
    for asset_id, job in (await every(workshop)).items():
        assert (job.state, job.recipe) == ("done", FINE)
        manifest = await stored_manifest(workshop.store, workshop.bucket, asset_id, FINE)
        assert manifest
        for each in manifest.files:
            assert await workshop.store.head(workshop.bucket, keys.variant(asset_id, FINE, each.name))
    async with workshop.database.read() as connection:
        told = await fetch_value(
            connection, "SELECT count(*) FROM deliveries WHERE body LIKE :fine", {"fine": f"%{FINE}%"}
        )
    assert told == 2


async def test_the_same_aim_again_makes_nothing(workshop: Workshop) -> None:
    await jobs.set_aim(workshop.database, 75, "msg_75")
    assert await all_of_it(workshop) == 0


async def test_an_aim_that_is_none_is_refused(workshop: Workshop) -> None:
    with pytest.raises(Invalid, match="70, 75, 80"):
        await jobs.set_aim(workshop.database, 100, "msg_100")


async def test_progress_is_told_from_what_is_made(workshop: Workshop) -> None:
    with clock.frozen(5):
        await jobs.set_aim(workshop.database, 70, "msg_70")
    seen = [await jobs.progress(workshop.database)]
    while await work_once(workshop):
        seen.append(await jobs.progress(workshop.database))
    assert [(each.made, each.left) for each in seen] == [(0, 2), (1, 1), (2, 0)]
    assert (seen[0].aim, seen[0].since_us, seen[0].waiting) == (70, 5, 0)


async def test_an_upload_comes_before_what_is_made_anew(workshop: Workshop) -> None:
    await jobs.set_aim(workshop.database, 80, "msg_80")
    asset_id = await uploaded(workshop, "green")
    assert (await jobs.progress(workshop.database)).waiting == 1
    await work_once(workshop)
    assert (await every(workshop))[asset_id].recipe == FINE


async def test_one_process_is_left_for_uploads(workshop: Workshop) -> None:
    async with workshop.database.transaction() as connection:
        first, second = [await store.claim(connection, recipe=FINE, at_once=1, now_us=clock.now_us()) for _ in range(2)]
    assert first
    assert second is None


async def test_what_was_begun_when_the_worker_ended_goes_on(workshop: Workshop) -> None:
    await jobs.set_aim(workshop.database, 80, "msg_80")
    await work_once(workshop)
    async with workshop.database.transaction() as connection:
        assert await store.claim(connection, recipe=FINE, at_once=1, now_us=clock.now_us())
        await store.recover(connection)
    assert await all_of_it(workshop) == 1
    assert {each.recipe for each in (await every(workshop)).values()} == {FINE}


async def test_a_picture_that_cannot_be_made_anew_keeps_what_it_has(workshop: Workshop) -> None:
    await jobs.set_aim(workshop.database, 80, "msg_80")
    await all_of_it(msgspec.structs.replace(workshop, make=poisoned.die))
    told = await jobs.progress(workshop.database)
    assert (told.made, told.failed, told.left) == (0, 2, 0)
    for asset_id in await every(workshop):
        assert await stored_manifest(workshop.store, workshop.bucket, asset_id, RECIPE)


async def test_web_is_not_told_of_a_file_that_it_has_deleted(workshop: Workshop) -> None:
    gone, stays = await every(workshop)
    await workshop.store.delete(workshop.bucket, keys.original(gone))
    before = await deliveries(workshop)
    await jobs.set_aim(workshop.database, 80, "msg_80")
    assert await all_of_it(workshop) == 2
    assert list(await every(workshop)) == [stays]
    assert await deliveries(workshop) == before + 1


async def test_an_answer_that_still_waits_is_not_sent_after_a_later_one(workshop: Workshop) -> None:
    await jobs.set_aim(workshop.database, 80, "msg_80")
    await all_of_it(workshop)
    async with workshop.database.read() as connection:
        waiting = "SELECT count(*) FROM deliveries WHERE next_us IS NOT NULL AND body NOT LIKE :fine"
        assert await fetch_value(connection, waiting, {"fine": f"%{FINE}%"}) == 0


async def test_a_sweep_leaves_it_to_the_work_and_the_queue_has_room(workshop: Workshop) -> None:
    await jobs.set_aim(workshop.database, 80, "msg_80")
    with clock.frozen(clock.now_us() + sweep.SETTLED_US + clock.SECOND_US):
        report = await sweep.run(workshop.database, workshop.store, workshop.bucket)
    assert (report.originals, report.enqueued, report.left) == (2, 0, 0)
    async with workshop.database.read() as connection:
        assert await jobs.room(connection) == jobs.MAX_PENDING


async def test_a_sweep_after_it_deletes_what_the_former_aim_made(workshop: Workshop) -> None:
    await jobs.set_aim(workshop.database, 80, "msg_80")
    await all_of_it(workshop)
    async with workshop.database.transaction() as connection:
        await execute(connection, "UPDATE deliveries SET next_us = NULL, delivered_us = 1")
    later = clock.now_us() + sweep.OUTLIVED_US + clock.SECOND_US
    with clock.frozen(later):
        public = await sweep.run(workshop.database, workshop.store, workshop.bucket, sweep.OUTLIVED_IN_PUBLIC_US)
        report = await sweep.run(workshop.database, workshop.store, workshop.bucket)
    assert (public.cleared, report.enqueued) == (0, 0)
    assert report.cleared > 0
    stored = [info.key async for info in workshop.store.list(workshop.bucket, keys.VARIANTS)]
    assert all(f"/{FINE}/" in key or key.endswith("manifest.json") for key in stored)


async def test_the_surface_takes_an_aim_and_tells_how_far_it_is(client: ServiceClient) -> None:
    answer = await client.send("PUT", "/images/aim", body=b'{"aim": 80}')
    assert answer.status == 200
    told = msgspec.json.decode((await client.send("GET", "/images")).body, type=Progress)
    assert (told.aim, told.made, told.left) == (80, 0, 0)
    for wrong in (b'{"aim": 99}', b'{"aim": "80"}', b"{}", b'{"aim": 80, "more": 1}'):
        assert (await client.send("PUT", "/images/aim", body=wrong)).status == 400
