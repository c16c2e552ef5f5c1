import asyncio
import io
import os
from pathlib import Path

import msgspec
import pytest
from PIL import Image
from sdc_core import clock, keys
from sdc_core.errors import Unavailable
from sdc_core.messages import MediaFailed, MediaReady, Upload
from sdc_core.objects import Endpoint, ObjectStore, open_store
from sdc_core.sqlite import execute
from sdc_core.variants import FIRST_RECIPE, RECIPE
from sdc_worker.images import jobs, store
from sdc_worker.images import work as working
from sdc_worker.images.minify import first
from sdc_worker.images.pool import Pool
from sdc_worker.images.work import MAX_ATTEMPTS, Workshop, order, work, work_once
from sdc_worker.webhooks import store as webhooks

import poisoned
from image_work import claimed, picture_bytes, sent, state, until_running, uploaded, web_refuses, web_takes


async def test_an_upload_ends_as_stored_variants_and_a_word_to_web(workshop: Workshop) -> None:
    upload = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, upload)
    assert await work_once(workshop)
    (message,) = await sent(workshop.database)
    assert isinstance(message, MediaReady)
    listed = {keys.variant(upload.asset_id, RECIPE, each.name) for each in message.data.manifest.variants}
    stored = {info.key async for info in workshop.store.list(workshop.bucket, keys.VARIANTS)}
    assert stored == listed | {keys.manifest(upload.asset_id)}


async def test_the_same_upload_twice_is_one_job(workshop: Workshop) -> None:
    upload = await uploaded(workshop, picture_bytes())
    for _ in range(2):
        await jobs.enqueue(workshop.database, upload)
    async with workshop.database.read() as connection:
        assert await jobs.counts(connection) == {"pending": 1, "running": 0, "done": 0, "failed": 0}


async def test_a_full_queue_says_when_to_come_back(workshop: Workshop) -> None:
    async with workshop.database.transaction() as connection:
        for number in range(jobs.MAX_PENDING):
            await store.put(connection, asset_id=str(number), sha256="", now_us=0)
    with pytest.raises(Unavailable) as full:
        await jobs.enqueue(workshop.database, Upload(asset_id="new", sha256="0"))
    assert full.value.retry_after_s == jobs.FULL_RETRY_S


async def test_what_an_author_waits_for_comes_before_what_the_sweep_found(workshop: Workshop) -> None:
    asked = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, asked)
    async with workshop.database.transaction() as connection:
        await store.put(connection, asset_id="swept", sha256="", now_us=clock.now_us() + 1)
        first = await claimed(connection)
    assert first
    assert first.asset_id == asked.asset_id


async def test_a_file_that_is_no_picture_fails_at_once_and_in_words(workshop: Workshop) -> None:
    upload = await uploaded(workshop, b"not a picture at all")
    await jobs.enqueue(workshop.database, upload)
    await work_once(workshop)
    (message,) = await sent(workshop.database)
    assert isinstance(message, MediaFailed)
    assert message.data.reason == "cannot read this picture: it is not a JPEG, PNG, WebP, GIF or AVIF"


async def test_a_picture_that_kills_its_process_fails_after_bounded_attempts(workshop: Workshop) -> None:
    upload = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, upload)
    deadly = msgspec.structs.replace(workshop, make=poisoned.die)
    attempts = 0
    while await work_once(deadly):
        attempts += 1
    assert (attempts, (await state(workshop, upload.asset_id)).state) == (MAX_ATTEMPTS, "failed")


async def test_a_picture_that_its_encoder_raises_over_harms_no_other(workshop: Workshop) -> None:
    grey = io.BytesIO()
    Image.new("L", (40, 30)).save(grey, "PNG")
    good, bad = [await uploaded(workshop, each) for each in (picture_bytes(), grey.getvalue())]
    for each in (good, bad):
        await jobs.enqueue(workshop.database, each)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        loop = group.create_task(work(msgspec.structs.replace(workshop, make=poisoned.stumble, pool=Pool(2))))
        while len(await sent(workshop.database)) < 2:  # noqa: ASYNC110 - the loop has nothing to tell
            await asyncio.sleep(0.01)
        loop.cancel()
    ended = [await state(workshop, each.asset_id) for each in (good, bad)]
    assert [(each.state, each.attempts) for each in ended] == [("done", 1), ("failed", MAX_ATTEMPTS)]
    assert ended[1].reason == "cannot make the variants of this picture: ZeroDivisionError"


async def test_a_picture_whose_encoder_crashes_is_made_without_it_at_last(workshop: Workshop) -> None:
    upload = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, upload)
    while await work_once(msgspec.structs.replace(workshop, make=poisoned.die_unless_plain)):
        pass
    (message,) = await sent(workshop.database)
    assert isinstance(message, MediaReady)
    assert {each.format for each in message.data.manifest.variants} == {"webp", "png"}


async def test_a_file_that_differs_from_its_upload_is_refused(workshop: Workshop) -> None:
    upload = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, msgspec.structs.replace(upload, sha256="0" * 64))
    await work_once(workshop)
    assert "not the one that was uploaded" in (await state(workshop, upload.asset_id)).reason


async def test_a_silent_store_costs_no_attempt(workshop: Workshop, object_store_endpoint: Endpoint) -> None:
    upload = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, upload)
    nobody = msgspec.structs.replace(object_store_endpoint, url="http://127.0.0.1:9")
    async with open_store(nobody) as silent:
        with pytest.raises(Unavailable):
            await work_once(msgspec.structs.replace(workshop, store=silent))
    job = await state(workshop, upload.asset_id)
    assert (job.state, job.attempts) == ("pending", 0)


async def test_a_job_that_an_ended_worker_had_begun_is_begun_again(workshop: Workshop) -> None:
    upload = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, upload)
    async with workshop.database.transaction() as connection:
        await claimed(connection)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        loop = group.create_task(work(workshop))
        while not await sent(workshop.database):  # noqa: ASYNC110 - the loop has nothing to tell
            await asyncio.sleep(0.01)
        loop.cancel()
    assert (await state(workshop, upload.asset_id)).attempts == 2


async def test_what_a_killed_worker_has_left_of_originals_is_removed(workshop: Workshop) -> None:
    left = workshop.home / "sdc-image-left"
    left.mkdir()
    (left / "original").write_bytes(b"with its place")
    await jobs.enqueue(workshop.database, await uploaded(workshop, picture_bytes()))
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        loop = group.create_task(work(msgspec.structs.replace(workshop, make=poisoned.hang)))
        while not (found := set(workshop.home.glob("sdc-image-*"))) - {left}:  # noqa: ASYNC110 - the loop has nothing to tell
            await asyncio.sleep(0.01)
        loop.cancel()
    assert left not in found


async def test_a_worker_that_is_stopped_gives_its_job_back_uncounted(workshop: Workshop) -> None:
    upload = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, upload)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        loop = group.create_task(work(msgspec.structs.replace(workshop, make=poisoned.hang)))
        await until_running(workshop, upload.asset_id)
        loop.cancel()
    job = await state(workshop, upload.asset_id)
    assert (job.state, job.attempts) == ("pending", 0)


async def test_a_picture_that_ended_the_worker_each_time_is_given_up(workshop: Workshop) -> None:
    upload = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, upload)
    for _ in range(MAX_ATTEMPTS):
        async with workshop.database.transaction() as connection:
            await claimed(connection)
            await store.recover(connection)
    await work_once(workshop)
    assert "the worker ended each time" in (await state(workshop, upload.asset_id)).reason


async def test_of_pictures_under_way_when_workers_end_only_the_one_at_fault_is_charged_again(
    workshop: Workshop,
) -> None:
    for each in ("bad", "good"):
        await jobs.enqueue(workshop.database, Upload(asset_id=each, sha256="0"))
    begun: list[list[str]] = []
    for _ in range(MAX_ATTEMPTS):
        async with workshop.database.transaction() as connection:
            found = [await claimed(connection) for _ in range(3)]
            begun.append([each.asset_id for each in found if each])
            if begun[-1] == ["good"]:
                await execute(connection, "UPDATE image_jobs SET state = 'done' WHERE asset_id = 'good'")
                begun.append([each.asset_id for each in [await claimed(connection)] if each])
            await store.recover(connection)
    assert sorted(begun[0]) == ["bad", "good"]
    assert begun[1:3] == [["good"], ["bad"]]
    assert (await state(workshop, "good")).attempts == 2


async def test_what_the_sweep_found_is_not_the_last_once_an_author_waits_for_it(workshop: Workshop) -> None:
    await jobs.enqueue(workshop.database, Upload(asset_id="asked", sha256="0"))
    async with workshop.database.transaction() as connection:
        await store.put(connection, asset_id="found", sha256="", now_us=clock.now_us())
    await jobs.enqueue(workshop.database, Upload(asset_id="found", sha256="1"))
    async with workshop.database.transaction() as connection:
        job = await claimed(connection)
    assert job
    assert (job.asset_id, job.sha256) == ("found", "1")


async def test_variants_that_exist_are_announced_and_not_made_again(workshop: Workshop) -> None:
    upload = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, upload)
    await work_once(workshop)
    await web_refuses(workshop)
    await jobs.enqueue(workshop.database, upload)
    await work_once(msgspec.structs.replace(workshop, make=poisoned.die))
    assert [type(message) for message in await sent(workshop.database)] == [MediaReady, MediaReady]


async def test_a_picture_without_its_manifest_is_made_anew_when_it_is_ordered(workshop: Workshop) -> None:
    upload = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, upload)
    await work_once(workshop)
    await web_takes(workshop)
    stored = keys.variant(upload.asset_id, RECIPE, "40.png")
    sound = await workshop.store.get(workshop.bucket, stored, max_bytes=9_999)
    await workshop.store.put(workshop.bucket, stored, bytes(len(sound)), content_type="image/png")
    await workshop.store.delete(workshop.bucket, keys.manifest(upload.asset_id))
    await jobs.enqueue(workshop.database, upload)
    await work_once(workshop)
    assert await workshop.store.get(workshop.bucket, stored, max_bytes=9_999) == sound
    assert len(await sent(workshop.database)) == 2


async def test_an_answer_that_still_waits_for_web_is_sent_at_once_and_not_written_again(workshop: Workshop) -> None:
    upload = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, upload)
    await work_once(workshop)
    async with workshop.database.transaction() as connection:
        await execute(connection, "UPDATE deliveries SET next_us = next_us + 1000000000")
    assert await jobs.enqueue(workshop.database, upload) == "done"
    assert not await work_once(workshop)
    async with workshop.database.read() as connection:
        (due,) = await webhooks.due(connection, now_us=clock.now_us(), limit=2)
    assert due.id == (await state(workshop, upload.asset_id)).message_id


async def test_an_idle_workshop_is_woken_by_an_order(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "IDLE_S", 3600)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        loop = group.create_task(work(workshop))
        for number, color in enumerate(("navy", "red"), start=1):
            await order(workshop, await uploaded(workshop, picture_bytes(color)))
            while len(await sent(workshop.database)) < number:  # noqa: ASYNC110 - the loop has nothing to tell
                await asyncio.sleep(0.01)
        loop.cancel()


async def test_who_stood_by_while_a_suspect_went_alone_takes_work_as_soon_as_that_ends(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "IDLE_S", 3600)
    word = workshop.home / "word"
    os.mkfifo(word)
    suspect = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, suspect)
    async with workshop.database.transaction() as connection:
        await claimed(connection)
    patient = msgspec.structs.replace(workshop, make=poisoned.wait_for_word, pool=Pool(2))
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        loop = group.create_task(work(patient))
        # It opens once the suspect listens. Until its process is there, the suspect only counts as running.
        pipe = await asyncio.to_thread(os.open, word, os.O_WRONLY)
        for color in ("red", "green"):
            await order(patient, await uploaded(workshop, picture_bytes(color)))
        os.write(pipe, b"go on")
        os.close(pipe)
        while await running(workshop) < 2:  # noqa: ASYNC110 - the loop has nothing to tell
            await asyncio.sleep(0.01)
        loop.cancel()
    assert (await state(workshop, suspect.asset_id)).state == "done"


async def running(workshop: Workshop) -> int:
    """How many pictures are under way."""
    async with workshop.database.read() as connection:
        return (await jobs.counts(connection))["running"]


async def test_a_job_is_cancelled_even_when_it_cannot_be_given_back(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "CLEAN_UP_S", 0.02)
    upload = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, upload)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        job = group.create_task(work_once(msgspec.structs.replace(workshop, make=poisoned.hang)))
        await until_running(workshop, upload.asset_id)
        async with workshop.database.transaction():
            job.cancel()
            await asyncio.wait([job])
    assert job.cancelled()


async def test_every_upload_is_shown_before_any_has_all_its_sizes(workshop: Workshop) -> None:
    begun = msgspec.structs.replace(workshop, begin=first)
    for color in ("navy", "red"):
        await jobs.enqueue(workshop.database, await uploaded(workshop, picture_bytes(color)))
    while await work_once(begun):
        pass
    told = [message.data for message in await sent(workshop.database) if isinstance(message, MediaReady)]
    assert [each.manifest.recipe for each in told] == [FIRST_RECIPE] * 2 + [RECIPE] * 2
    for each in told:
        for variant in each.manifest.variants:
            assert await workshop.store.head(
                workshop.bucket, keys.variant(each.asset_id, each.manifest.recipe, variant.name)
            )


async def test_a_first_size_that_cannot_be_made_costs_no_attempt(workshop: Workshop) -> None:
    upload = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, upload)
    await work_once(msgspec.structs.replace(workshop, begin=poisoned.die))
    assert (await state(workshop, upload.asset_id)).attempts == 0
    await work_once(msgspec.structs.replace(workshop, begin=poisoned.die))
    assert (await state(workshop, upload.asset_id)).state == "done"


async def test_a_picture_that_is_no_picture_fails_with_its_reason_though_it_was_to_be_shown(workshop: Workshop) -> None:
    upload = await uploaded(workshop, b"not a picture at all")
    await jobs.enqueue(workshop.database, upload)
    while await work_once(msgspec.structs.replace(workshop, begin=first)):
        pass
    assert "it is not a JPEG" in (await state(workshop, upload.asset_id)).reason


async def test_a_file_that_is_deleted_between_two_looks_ends_no_loop(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, upload)
    fetch = ObjectStore.get_file

    async def deleted_meanwhile(store: ObjectStore, bucket: str, key: str, path: Path) -> int:
        await store.delete(bucket, key)
        return await fetch(store, bucket, key, path)

    monkeypatch.setattr(ObjectStore, "get_file", deleted_meanwhile)
    with pytest.raises(Unavailable):
        await work_once(workshop)
    job = await state(workshop, upload.asset_id)
    assert (job.state, job.attempts) == ("pending", 0)
    assert await work_once(workshop)
    assert "not in the object store any more" in (await state(workshop, upload.asset_id)).reason


async def test_a_bucket_that_vanishes_while_variants_are_stored_costs_no_attempt(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, upload)
    put = ObjectStore.put

    async def elsewhere(store: ObjectStore, _bucket: str, key: str, body: bytes, **said: str) -> None:
        await put(store, "no-such-bucket", key, body, **said)  # ty: ignore[invalid-argument-type]

    monkeypatch.setattr(ObjectStore, "put", elsewhere)
    with pytest.raises(Unavailable):
        await work_once(workshop)
    job = await state(workshop, upload.asset_id)
    assert (job.state, job.attempts) == ("pending", 0)


async def test_a_manifest_of_any_size_in_the_store_is_written_over(workshop: Workshop) -> None:
    upload = await uploaded(workshop, picture_bytes())
    key = keys.manifest(upload.asset_id)
    await workshop.store.put(workshop.bucket, key, bytes(working.MAX_MANIFEST_BYTES + 1), content_type="text/plain")
    await jobs.enqueue(workshop.database, upload)
    await work_once(workshop)
    assert (await state(workshop, upload.asset_id)).state == "done"
