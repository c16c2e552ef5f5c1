import asyncio
import hashlib
import io
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest
from PIL import Image
from sdc_core import clock, keys, messages, sqlite
from sdc_core.errors import Unavailable
from sdc_core.messages import MediaFailed, MediaReady, Upload
from sdc_core.objects import Endpoint, ObjectStore, open_store
from sdc_core.sqlite import Connection, Database, execute, fetch_all, fetch_value
from sdc_core.variants import FIRST_RECIPE, RECIPE
from sdc_worker.db import open_worker
from sdc_worker.images import jobs, store, sweep
from sdc_worker.images import work as working
from sdc_worker.images.minify import first
from sdc_worker.images.pool import Pool
from sdc_worker.images.work import MAX_ATTEMPTS, Workshop, order, work, work_once
from sdc_worker.webhooks import store as webhooks

import poisoned
from conftest import FreshBucket

LATER_US = sweep.SETTLED_US + clock.SECOND_US


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A message handed to the deliveries."""

    id: str
    body: bytes


@pytest.fixture
async def workshop(tmp_path: Path, object_store: ObjectStore, fresh_bucket: FreshBucket) -> AsyncGenerator[Workshop]:
    """A workshop with a database and a bucket of its own, and one process."""
    async with open_worker(tmp_path / "worker.db") as database:
        bucket = await fresh_bucket()
        yield Workshop(database=database, store=object_store, bucket=bucket, pool=Pool(1), begin=None)


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


async def until_running(workshop: Workshop, asset_id: str) -> None:
    """Returns when somebody works on the job."""
    while (await state(workshop, asset_id)).state != "running":  # noqa: ASYNC110 - the loop has nothing to tell
        await asyncio.sleep(0.01)


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


async def test_the_sweep_finds_an_upload_whose_call_was_lost(workshop: Workshop) -> None:
    await uploaded(workshop, picture_bytes())
    assert (await swept(workshop)).enqueued == 1
    await work_once(workshop)
    assert isinstance((await sent(workshop.database))[0], MediaReady)


async def test_a_sweep_after_all_is_done_finds_nothing(workshop: Workshop) -> None:
    await jobs.enqueue(workshop.database, await uploaded(workshop, picture_bytes()))
    await work_once(workshop)
    report = await swept(workshop)
    assert (report.enqueued, report.announced) == (0, 0)


async def test_a_fresh_upload_is_left_to_its_own_call(workshop: Workshop) -> None:
    await uploaded(workshop, picture_bytes())
    assert (await sweep.run(workshop.database, workshop.store, workshop.bucket)).enqueued == 0


async def test_an_answer_that_web_refused_is_told_again_under_a_new_id(workshop: Workshop) -> None:
    upload = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, upload)
    await work_once(workshop)
    before = (await state(workshop, upload.asset_id)).message_id
    await web_refuses(workshop)
    assert (await swept(workshop)).announced == 1
    async with workshop.database.read() as connection:
        waiting = await fetch_value(connection, "SELECT id FROM deliveries WHERE next_us IS NOT NULL")
    assert waiting == (await state(workshop, upload.asset_id)).message_id != before


async def test_variants_that_exist_are_announced_and_not_made_again(workshop: Workshop) -> None:
    upload = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, upload)
    await work_once(workshop)
    await web_refuses(workshop)
    await jobs.enqueue(workshop.database, upload)
    await work_once(msgspec.structs.replace(workshop, make=poisoned.die))
    assert [type(message) for message in await sent(workshop.database)] == [MediaReady, MediaReady]


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


async def test_an_answer_about_an_asset_that_web_has_deleted_is_told_once(workshop: Workshop) -> None:
    await jobs.enqueue(workshop.database, await uploaded(workshop, picture_bytes()))
    await work_once(workshop)
    await web_refuses(workshop, 404)
    assert (await swept(workshop)).announced == 0


async def test_a_sweep_that_finds_nothing_writes_nothing(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    await jobs.enqueue(workshop.database, await uploaded(workshop, picture_bytes()))
    await work_once(workshop)
    monkeypatch.setattr(sqlite, "LOCK_S", 0.02)
    async with workshop.database.transaction():
        assert (await swept(workshop)).originals == 1


async def test_a_sweep_leaves_what_the_queue_has_no_room_for(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MAX_PENDING", 1)
    for color in ("navy", "red"):
        await uploaded(workshop, picture_bytes(color))
    report = await swept(workshop)
    assert (report.enqueued, report.left) == (1, 1)


async def test_an_idle_workshop_is_woken_by_an_order(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "IDLE_S", 3600)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        loop = group.create_task(work(workshop))
        for number, color in enumerate(("navy", "red"), start=1):
            await order(workshop, await uploaded(workshop, picture_bytes(color)))
            while len(await sent(workshop.database)) < number:  # noqa: ASYNC110 - the loop has nothing to tell
                await asyncio.sleep(0.01)
        loop.cancel()


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


async def test_a_job_that_is_done_while_the_sweep_looks_is_not_begun_again(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await jobs.enqueue(workshop.database, await uploaded(workshop, picture_bytes()))
    look = sweep._found

    async def done_meanwhile(object_store: ObjectStore, *where: object) -> sweep.Found:
        found = await look(object_store, *where)  # ty: ignore[invalid-argument-type]
        await work_once(workshop)
        return found

    monkeypatch.setattr(sweep, "_found", done_meanwhile)
    assert (await swept(workshop)).enqueued == 0


async def test_a_sweep_does_not_take_a_job_from_who_works_on_it(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, upload)
    await work_once(workshop)
    await web_refuses(workshop)
    await workshop.store.delete(workshop.bucket, keys.manifest(upload.asset_id))

    async def ordered_meanwhile(*_: object) -> None:
        async with workshop.database.transaction() as connection:
            await store.put(connection, asset_id=upload.asset_id, sha256=upload.sha256, now_us=clock.now_us())
            await claimed(connection)

    monkeypatch.setattr(sweep, "stored_manifest", ordered_meanwhile)
    await sweep._announce_again(workshop.database, workshop.store, workshop.bucket)
    assert (await state(workshop, upload.asset_id)).state == "running"


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


async def test_variants_of_a_former_recipe_are_deleted_once_web_has_long_heard_of_new_ones(workshop: Workshop) -> None:
    done, waits = [await uploaded(workshop, picture_bytes(color)) for color in ("navy", "red")]
    former = [keys.variant(each.asset_id, "r0", "480.webp") for each in (done, waits)]
    for key in former:
        await workshop.store.put(workshop.bucket, key, b"old", content_type="image/webp")
    await jobs.enqueue(workshop.database, done)
    await work_once(workshop)
    assert (await swept(workshop)).cleared == 0
    with clock.frozen(clock.now_us() + sweep.OUTLIVED_US + clock.SECOND_US):
        assert (await sweep.run(workshop.database, workshop.store, workshop.bucket)).cleared == 1
    left = [await workshop.store.head(workshop.bucket, key) is not None for key in former]
    assert left == [False, True]
