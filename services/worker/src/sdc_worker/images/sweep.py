"""Finding what was lost: originals nobody asked variants for, answers that web never took or forgot with a database
that was brought back, variants of old recipes.
"""

from collections import Counter

import msgspec
from sdc_core import clock, keys, variants
from sdc_core.answers.images import Otherwise
from sdc_core.answers.jobs import Run
from sdc_core.messages import CompareMedia, Recipe
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection, Database
from sdc_core.variants import Manifest

from sdc_worker.cron.jobs import JobContext
from sdc_worker.images import jobs, store
from sdc_worker.images.store import ImageJob
from sdc_worker.images.work import stored_manifest
from sdc_worker.webhooks import deliveries

SETTLED_US = 5 * 60 * clock.SECOND_US
"""Younger originals are left alone: web is still writing its row, and will ask for itself."""
UNHEARD_US = 3 * clock.DAY_US
"""How long web is told again: after that it has its reasons, such as a deleted asset."""
OUTLIVED_US = clock.DAY_US
OUTLIVED_IN_PUBLIC_US = 30 * clock.DAY_US
"""How long variants of a former recipe, and first sizes, stay beside the present ones, once web shows these."""
MAX_CLEARED = 1_000
MAX_ANNOUNCED = 1_000
MOST_ASKED = 100
"""Times that web is asked in a sweep, which names a thousand files each time."""
WHOLE_MINUTES = 10
"""The run that is due in the first minutes of an hour looks through the store."""
NOTHING = Otherwise(files=())


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The store's variants: of assets with a manifest how many of the recipe there are, and by asset the keys that
    nothing leads to any more.
    """

    files: dict[str, int]
    outlived: list[tuple[str, str]]


class SweepReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a sweep found: originals looked at, jobs made of them, answers sent to web again, old variants deleted."""

    originals: int
    enqueued: int
    announced: int
    left: int
    cleared: int


async def sweep(context: JobContext) -> str:
    """The action of a cron job; returns the report as a sentence. What web has not heard or shows otherwise is told it
    each time, the store is looked through once an hour and when somebody asks for it: thousands of pictures are many
    paid requests.
    """
    bucket = context.settings.S3_MEDIA_BUCKET
    otherwise = await _shown_otherwise(context)
    if not _is_whole(context.run, context.settings):
        announced = await _announce_again(context.database, context.store, bucket, otherwise or NOTHING)
        return f"{announced} announced again; the store is looked through each hour"
    # Nobody leads whoever asks a bucket from an old address to a new one.
    outlived_us = OUTLIVED_IN_PUBLIC_US if context.settings.MEDIA_URL else OUTLIVED_US
    report = await run(context.database, context.store, bucket, outlived_us, otherwise)
    text = f"{report.originals} originals: {report.enqueued} enqueued, {report.announced} announced again"
    text += f", {report.cleared} old variants deleted" if report.cleared else ""
    return f"{text}, {report.left} left for the next sweep" if report.left else text


def _is_whole(run: Run, settings: Settings) -> bool:
    of_hour = clock.to_datetime(run.due_us).minute < WHOLE_MINUTES
    return of_hour or run.trigger != "schedule" or "images.sweep" in settings.JOB_CRONS


async def _shown_otherwise(context: JobContext) -> Otherwise | None:
    """What web shows by another recipe than that of now, whatever this database says of its answers: either may have
    been brought back from another day. None when web does not say.
    """
    async with context.database.read() as connection:
        recipe = variants.recipe((await store.aim(connection)).aim)
    files: list[str] = []
    for _ in range(MOST_ASKED):
        message = CompareMedia(data=Recipe(recipe=recipe, after=files[-1] if files else ""))
        # Never an id that came before: web remembers what it answered.
        attempt = await deliveries.call(context.web, context.database, message, f"media-compare/{clock.new_id()}")
        try:
            told = msgspec.json.decode(attempt.body, type=Otherwise) if attempt.ok else None
        except msgspec.DecodeError:
            told = None
        if told is None:
            return None
        goes_on = told.files and told.files[0] > (files[-1] if files else "")
        files += told.files
        if not (told.more and goes_on):
            return Otherwise(files=tuple(files), more=told.more)
    return Otherwise(files=tuple(files), more=True)


async def run(
    database: Database,
    object_store: ObjectStore,
    bucket: str,
    outlived_us: int = OUTLIVED_US,
    otherwise: Otherwise | None = NOTHING,
) -> SweepReport:
    """Enqueue every original that has no job, or one that is done though its variants are not there, as far as the
    queue has room, and send web again what it refused in the last days or shows otherwise. Where it does not say what
    that is, nothing is deleted. Raises Unavailable or NotFound with the store.
    """
    until_us = clock.now_us() - SETTLED_US
    listing = object_store.list(bucket, keys.ORIGINALS)
    originals = [info.key.removeprefix(keys.ORIGINALS) async for info in listing if info.modified_us <= until_us]
    # Before the variants are listed: of a job that is done by now they are all there.
    async with database.read() as connection:
        known = await store.states(connection)
        recipe = variants.recipe((await store.aim(connection)).aim)
    found = await _found(object_store, bucket, recipe, outlived_us)
    # Unknown: this database was restored from before it, and web may not have heard either. Done and incomplete:
    # variants were deleted. What was done by another recipe is found by whoever has nothing else to do.
    done = {each.asset_id: each for each in known.values() if each.state == "done" and each.recipe == recipe}
    whole = {each for each, job in done.items() if found.files.get(each, 0) >= max(1, job.files)}
    lost = [each for each in originals if each not in known or (each in done and each not in whole)]
    enqueued, left = await _enqueue(database, lost) if lost else (0, 0)
    # What web has not heard of the present ones it still shows the former ones of.
    told = whole - set(otherwise.files) if otherwise and not otherwise.more else set()
    outlived = [key for each, key in found.outlived if each in told and done[each].heard][:MAX_CLEARED]
    for key in outlived:
        await object_store.delete(bucket, key)
    return SweepReport(
        originals=len(originals),
        enqueued=enqueued,
        announced=await _announce_again(database, object_store, bucket, otherwise or NOTHING),
        left=left,
        cleared=len(outlived),
    )


async def _enqueue(database: Database, lost: list[str]) -> tuple[int, int]:
    """How many wait now, and how many the queue had no room for: one transaction, since the queue is short."""
    async with database.transaction() as connection:
        room = await jobs.room(connection)
        now_us = clock.now_us()
        enqueued = sum([await store.put_found(connection, asset_id=each, now_us=now_us) for each in lost[:room]])
    return enqueued, len(lost[room:])


async def _found(object_store: ObjectStore, bucket: str, recipe: str, outlived_us: int) -> Found:
    settled: dict[str, int] = {}
    current: Counter[str] = Counter()
    former: list[tuple[str, str]] = []
    async for info in object_store.list(bucket, keys.VARIANTS):
        asset_id, _, rest = info.key.removeprefix(keys.VARIANTS).partition("/")
        if rest == "manifest.json":
            settled[asset_id] = info.modified_us
        elif rest.startswith(f"{recipe}/"):
            current[asset_id] += 1
        else:
            former.append((asset_id, info.key))
    files = {asset_id: current[asset_id] for asset_id in settled.keys() & current.keys()}
    until_us = clock.now_us() - outlived_us
    outlived = [(asset_id, key) for asset_id, key in former if asset_id in files and settled[asset_id] <= until_us]
    return Found(files=files, outlived=outlived)


async def _announce_again(database: Database, object_store: ObjectStore, bucket: str, otherwise: Otherwise) -> int:
    async with database.read() as connection:
        recipe = variants.recipe((await store.aim(connection)).aim)
        unheard = await store.unheard(connection, after_us=clock.now_us() - UNHEARD_US)
        forgotten = await store.settled(connection, asset_ids=otherwise.files, recipe=recipe)
    again = {each.asset_id: each for each in [*unheard, *forgotten][:MAX_ANNOUNCED]}
    for job in again.values():
        made = job.state == "done"
        manifest = await stored_manifest(object_store, bucket, job.asset_id, job.recipe) if made else None
        async with database.transaction() as connection:
            await _announce(connection, job, manifest)
    return len(again)


async def _announce(connection: Connection, job: ImageJob, manifest: Manifest | None) -> None:
    if manifest:
        message_id = await jobs.announce_ready(connection, job.asset_id, manifest)
    elif job.state == "failed":
        message_id = await jobs.announce_failed(connection, job.asset_id, job.reason)
    else:
        await store.put_found(connection, asset_id=job.asset_id, now_us=clock.now_us())
        return
    await store.reannounce(connection, asset_id=job.asset_id, message_id=message_id)
