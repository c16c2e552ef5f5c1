"""What the sweep finds in the store, and how often it looks through that, which may be paid by the request."""

import msgspec
import pytest
from sdc_core import clock, keys, sqlite
from sdc_core.answers.images import Otherwise
from sdc_core.answers.jobs import Run, Trigger
from sdc_core.messages import CompareMedia, MediaReady
from sdc_core.objects import ObjectStore
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.sqlite import Database, fetch_value
from sdc_core.variants import RECIPE
from sdc_core.webhooks import Keyring
from sdc_worker import app
from sdc_worker.app import Parts
from sdc_worker.images import jobs, store, sweep
from sdc_worker.images.pool import Pool
from sdc_worker.images.work import Workshop, work_once
from sdc_worker.webhooks import store as webhooks

from conftest import FreshBucket
from image_work import claimed, picture_bytes, sent, state, swept, uploaded, web_refuses, web_takes
from listening_web import Web

MINUTE_US = 60 * clock.SECOND_US
HOUR_US = 60 * MINUTE_US


@pytest.fixture
async def parts(
    settings: Settings,
    keyring: Keyring,
    database: Database,
    object_store: ObjectStore,
    web: ServiceClient,
    fresh_bucket: FreshBucket,
) -> Parts:
    """A worker whose store answers, with an empty bucket of pictures."""
    told = settings.model_copy(update={"S3_MEDIA_BUCKET": await fresh_bucket()})
    return app.assemble(told, keyring, database, object_store, web, Pool(1))


def run_at(due_us: int, trigger: Trigger = "schedule") -> Run:
    """A run that is under way."""
    return Run(
        id="run_1", job="images.sweep", trigger=trigger, attempt=1, due_us=due_us, started_us=due_us, ended_us=None,
        outcome="running", output="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("trigger", "minute", "whole"),
    [("schedule", 0, True), ("schedule", 10, False), ("schedule", 50, False), ("manual", 33, True)],
)
async def test_the_store_is_looked_through_once_an_hour_and_when_asked(
    parts: Parts, trigger: Trigger, minute: int, *, whole: bool
) -> None:
    due_us = clock.now_us() // HOUR_US * HOUR_US + minute * MINUTE_US
    said = await sweep.sweep(parts.context(run_at(due_us, trigger)))
    assert said.startswith("0 originals: " if whole else "0 announced again;")


async def test_at_times_of_its_own_the_store_is_looked_through_each_time(parts: Parts) -> None:
    due_us = clock.now_us() // HOUR_US * HOUR_US + 30 * MINUTE_US
    context = parts.context(run_at(due_us))
    told = context.settings.model_copy(update={"JOB_CRONS": "images.sweep=30 * * * *"})
    said = await sweep.sweep(msgspec.structs.replace(context, settings=told))
    assert said.startswith("0 originals: ")


@pytest.mark.parametrize("all_of_them", [True, False])
async def test_variants_that_were_lost_are_made_again(workshop: Workshop, *, all_of_them: bool) -> None:
    upload = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, upload)
    await work_once(workshop)
    stored = [info.key async for info in workshop.store.list(workshop.bucket, keys.VARIANTS)]
    lost = [key for key in stored if key != keys.manifest(upload.asset_id)]
    for key in lost if all_of_them else lost[:1]:
        await workshop.store.delete(workshop.bucket, key)
    assert (await swept(workshop)).enqueued == 1
    await work_once(workshop)
    assert [info.key async for info in workshop.store.list(workshop.bucket, keys.VARIANTS)] == stored
    assert (await swept(workshop)).enqueued == 0


async def test_the_last_word_about_a_picture_is_kept_until_web_has_taken_it(workshop: Workshop) -> None:
    await jobs.enqueue(workshop.database, await uploaded(workshop, picture_bytes()))
    await work_once(workshop)
    await web_refuses(workshop)
    later_us = clock.now_us() + clock.SECOND_US
    async with workshop.database.transaction() as connection:
        assert await webhooks.trim(connection, before_us=later_us) == 0
    await web_takes(workshop)
    async with workshop.database.transaction() as connection:
        assert await webhooks.trim(connection, before_us=later_us) == 1


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
    await sweep._announce_again(workshop.database, workshop.store, workshop.bucket, sweep.NOTHING)
    assert (await state(workshop, upload.asset_id)).state == "running"


async def test_variants_of_a_former_recipe_are_deleted_once_web_has_long_heard_of_new_ones(workshop: Workshop) -> None:
    done, waits = [await uploaded(workshop, picture_bytes(color)) for color in ("navy", "red")]
    former = [keys.variant(each.asset_id, "r0", "480.webp") for each in (done, waits)]
    for key in former:
        await workshop.store.put(workshop.bucket, key, b"old", content_type="image/webp")
    await jobs.enqueue(workshop.database, done)
    await work_once(workshop)
    assert (await swept(workshop)).cleared == 0
    with clock.frozen(clock.now_us() + sweep.OUTLIVED_US + clock.SECOND_US):
        assert (await sweep.run(workshop.database, workshop.store, workshop.bucket)).cleared == 0
        await web_takes(workshop)
        assert (await sweep.run(workshop.database, workshop.store, workshop.bucket)).cleared == 1
    left = [await workshop.store.head(workshop.bucket, key) is not None for key in former]
    assert left == [False, True]


@pytest.fixture
async def told_once(parts: Parts) -> str:
    """A picture of which web has taken the answer."""
    workshop = msgspec.structs.replace(parts.workshop, begin=None)
    upload = await uploaded(workshop, picture_bytes())
    await jobs.enqueue(workshop.database, upload)
    await work_once(workshop)
    await web_takes(workshop)
    return upload.asset_id


async def announced(parts: Parts, asset_id: str) -> int:
    """How often web was told that it is ready, or is about to be."""
    told = [each.data for each in await sent(parts.database) if isinstance(each, MediaReady)]
    return [each.asset_id for each in told].count(asset_id)


async def test_a_picture_that_web_shows_by_another_recipe_is_announced_again_and_not_made_again(
    parts: Parts, hooks: Web, told_once: str
) -> None:
    hooks.body = msgspec.json.encode(Otherwise(files=(told_once, "01UNKNOWN")))
    due_us = clock.now_us() // HOUR_US * HOUR_US + 30 * MINUTE_US
    for _ in range(2):
        await sweep.sweep(parts.context(run_at(due_us)))
    assert await announced(parts, told_once) == 2
    assert (await state(parts.workshop, told_once)).state == "done"
    ((_, asked), *_) = hooks.received
    assert isinstance(asked, CompareMedia)
    assert asked.data.recipe == RECIPE


async def test_a_picture_that_web_shows_by_another_recipe_and_whose_files_are_lost_is_made_again(
    parts: Parts, hooks: Web, told_once: str
) -> None:
    hooks.body = msgspec.json.encode(Otherwise(files=(told_once,)))
    await parts.store.delete(parts.settings.S3_MEDIA_BUCKET, keys.manifest(told_once))
    await sweep.sweep(parts.context(run_at(clock.now_us() // HOUR_US * HOUR_US + 30 * MINUTE_US)))
    assert (await state(parts.workshop, told_once)).state == "pending"


async def test_web_is_asked_on_until_it_has_named_all_that_it_shows_otherwise(
    parts: Parts, hooks: Web, told_once: str
) -> None:
    """A thousand failed pictures stand before the one that is to be told of."""
    failed = tuple(f"0{number:025}" for number in range(1_000))
    hooks.bodies = [msgspec.json.encode(Otherwise(files=failed, more=True))]
    hooks.body = msgspec.json.encode(Otherwise(files=(told_once,)))
    await sweep.sweep(parts.context(run_at(clock.now_us() // HOUR_US * HOUR_US + 30 * MINUTE_US)))
    assert await announced(parts, told_once) == 2
    asked = [each.data.after for _, each in hooks.received if isinstance(each, CompareMedia)]
    assert asked == ["", failed[-1]]


async def test_web_that_begins_again_is_not_asked_for_ever(parts: Parts, hooks: Web, told_once: str) -> None:
    hooks.body = msgspec.json.encode(Otherwise(files=(told_once,), more=True))
    await sweep.sweep(parts.context(run_at(clock.now_us() // HOUR_US * HOUR_US + 30 * MINUTE_US)))
    assert len([each for _, each in hooks.received if isinstance(each, CompareMedia)]) == 2


async def test_what_web_does_not_tell_of_is_announced_once(parts: Parts, hooks: Web, told_once: str) -> None:
    hooks.body = msgspec.json.encode(Otherwise(files=()))
    await sweep.sweep(parts.context(run_at(clock.now_us(), "manual")))
    assert await announced(parts, told_once) == 1


@pytest.mark.parametrize(
    "says", ["shows it", "shows more than it names", "is away", "says something else", "shows none"]
)
async def test_what_web_still_shows_is_not_deleted_whatever_the_database_says(
    parts: Parts, hooks: Web, told_once: str, says: str
) -> None:
    hooks.status = 503 if says == "is away" else 200
    if says != "says something else":
        files = (told_once,) if says == "shows it" else ()
        hooks.body = msgspec.json.encode(Otherwise(files=files, more=says == "shows more than it names"))
    former = keys.variant(told_once, "r0", "480.webp")
    bucket = parts.settings.S3_MEDIA_BUCKET
    await parts.store.put(bucket, former, b"old", content_type="image/webp")
    with clock.frozen(clock.now_us() + sweep.OUTLIVED_US + clock.SECOND_US):
        await sweep.sweep(parts.context(run_at(clock.now_us(), "manual")))
    assert (await parts.store.head(bucket, former) is None) == (says == "shows none")
