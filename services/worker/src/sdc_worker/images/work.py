"""Taking image jobs one by one: original out of the store, variants into it, manifest last, then the word to web."""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol, TypeAlias

import msgspec
from sdc_core import clock, keys, metrics, tracing, variants
from sdc_core.errors import Invalid, NotFound, SdcError, TooLarge, Unavailable
from sdc_core.messages import Upload
from sdc_core.metrics import Family
from sdc_core.objects import ObjectStore
from sdc_core.sqlite import Connection, Database, OperationalError
from sdc_core.variants import Manifest

from sdc_worker import scratch
from sdc_worker.images import jobs, store
from sdc_worker.images.cluster import Runner
from sdc_worker.images.limits import Job, JobLost
from sdc_worker.images.minify import first, minify
from sdc_worker.images.picture import MAX_BYTES
from sdc_worker.images.store import ImageJob, State

MAX_ATTEMPTS = 3
IDLE_S = 30.0
"""An order and the end of a job wake who is idle; what the sweep found can wait this long."""
SCRATCH = "sdc-image-"
IMMUTABLE = "public, max-age=31536000, immutable"
MAX_MANIFEST_BYTES = 256 * 1024
CLEAN_UP_S = 2.0

log = logging.getLogger(__name__)

Begin: TypeAlias = Callable[[Path, Path], Manifest]
"""One size of a file, written into a folder."""


class Make(Protocol):
    """Every variant of a file that is worth having, written into a folder."""

    def __call__(self, original: Path, folder: Path, /, aim: int, *, plain: bool) -> Manifest: ...


class Gone(Invalid):
    """There is no original any more."""


class Workshop(msgspec.Struct, frozen=True, kw_only=True):
    """What the work needs; `make` and `begin`, which makes a first size, run in the pool; `ordered` is set when a job
    may be there to take; `home` is where originals lie meanwhile, and in it nobody else has folders of that prefix.
    """

    database: Database
    store: ObjectStore
    bucket: str
    pool: Runner
    home: Path
    make: Make = minify
    begin: Begin | None = first
    ordered: asyncio.Event = msgspec.field(default_factory=asyncio.Event)

    def figures(self) -> list[Family]:
        """How much of the pool is taken."""
        return [
            metrics.single("gauge", "sdc_image_processes", "Pictures made side by side.", self.pool.processes),
            metrics.single("gauge", "sdc_image_processes_busy", "Pictures under way.", self.pool.busy),
        ]


async def order(workshop: Workshop, upload: Upload) -> None:
    """Enqueue an upload and wake whoever is idle. Raises Unavailable when the queue is full."""
    await jobs.enqueue(workshop.database, upload)
    workshop.ordered.set()


async def work(workshop: Workshop) -> None:
    """The loop: as many jobs side by side as the pool has processes, for ever. Begins by taking back what an ended
    worker had begun, and removing what it left. While the store does not answer the jobs wait, and nothing is counted
    against them.
    """
    await asyncio.to_thread(scratch.forget, SCRATCH, workshop.home)
    async with workshop.database.transaction() as connection:
        await store.recover(connection)
    async with asyncio.TaskGroup() as group:
        for _ in range(workshop.pool.processes):
            group.create_task(_keep_working(workshop))


async def _keep_working(workshop: Workshop) -> None:
    while True:
        # Before looking: an order that comes while nothing is found must be seen by the wait.
        workshop.ordered.clear()
        try:
            if await work_once(workshop):
                # A job that had to go alone, or one too many made anew, may be what others stand by for.
                workshop.ordered.set()
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_S):
                        await workshop.ordered.wait()
        except Unavailable as error:
            log.warning("images wait", extra={"reason": str(error), "retry_after_s": error.retry_after_s})
            await asyncio.sleep(error.retry_after_s)


async def work_once(workshop: Workshop) -> bool:
    """Take the next job to its end, or to its next attempt; False when none waits. Raises Unavailable, with the job
    waiting as before, when store or database do not answer.
    """
    async with workshop.database.transaction() as connection:
        aim = (await store.aim(connection)).aim
        recipe = variants.recipe(aim)
        # One process is left for what an author is about to upload.
        at_once = max(1, workshop.pool.processes - 1)
        job = await store.claim(connection, recipe=recipe, at_once=at_once, now_us=clock.now_us())
    if job is None:
        return False
    try:
        with tracing.span("picture", sdc__asset_id=job.asset_id, sdc__attempt=job.attempts) as span:
            if job.attempts > MAX_ATTEMPTS:
                span.failed("given up")
                reason = job.reason or "cannot make the variants: the worker ended each time it tried"
                await _fail(workshop, job, reason, recipe)
            elif workshop.begin and job.sha256 and not job.shown:
                span.rename("picture, first size")
                await _show_first(workshop, job, workshop.begin)
            else:
                await _attempt(workshop, job, aim)
    except NotFound as error:
        # A file or a bucket went away between two looks: the next one tells what that means.
        await _give_back(workshop, job)
        raise Unavailable(str(error)) from None
    except SdcError:
        await _give_back(workshop, job)
        raise
    except asyncio.CancelledError:
        # When this fails, the next start takes the job back; whoever cancels must hear of nothing else.
        with suppress(TimeoutError, SdcError, OperationalError):
            await _give_back(workshop, job)
        raise
    return True


async def stored_manifest(object_store: ObjectStore, bucket: str, asset_id: str, recipe: str) -> Manifest | None:
    """The manifest of that recipe, when all was made before and is there, and only the word of it was lost."""
    try:
        raw = await object_store.get(bucket, keys.manifest(asset_id), max_bytes=MAX_MANIFEST_BYTES)
        manifest = msgspec.json.decode(raw, type=Manifest)
    except (NotFound, TooLarge, msgspec.DecodeError):
        return None
    if manifest.recipe != recipe:
        return None
    below = keys.variant(asset_id, recipe, "")
    listing = object_store.list(bucket, below)
    stored = {info.key.removeprefix(below): info.size_bytes async for info in listing}
    return manifest if all(stored.get(each.name) == each.size_bytes for each in manifest.files) else None


async def _give_back(workshop: Workshop, job: ImageJob) -> None:
    """Neither a silent store nor the worker's end is the picture's fault: the attempt does not count."""
    async with asyncio.timeout(CLEAN_UP_S), workshop.database.transaction() as connection:
        await store.give_back(connection, asset_id=job.asset_id)


async def _attempt(workshop: Workshop, job: ImageJob, aim: int) -> None:
    started_us, recipe = clock.monotonic_us(), variants.recipe(aim)
    try:
        manifest = await stored_manifest(workshop.store, workshop.bucket, job.asset_id, recipe)
        manifest = manifest or await _make(workshop, job, aim)
    except Gone as error:
        await _let_go(workshop, job, str(error), recipe)
    except Invalid as error:
        await _fail(workshop, job, str(error), recipe)
    except (JobLost, OSError, ValueError) as error:
        # The machine may be at fault (no memory, full disk): worth another try, but not for ever.
        reason = f"cannot make the variants of this picture: {error}"
        log.warning("image attempt failed", extra={"asset_id": job.asset_id, "attempt": job.attempts, "reason": reason})
        if job.attempts < MAX_ATTEMPTS:
            await _try_again(workshop, job, reason)
        else:
            await _fail(workshop, job, reason, recipe)
    else:
        await _finish(workshop, job, manifest)
        took_us = clock.monotonic_us() - started_us
        log.info("variants stored", extra={"asset_id": job.asset_id, "duration_us": took_us})


async def _show_first(workshop: Workshop, job: ImageJob, begin: Begin) -> None:
    """Have web show one size, and let the job wait for its others behind all that show nothing. What goes wrong here
    is told by the attempt that follows.
    """
    manifest = None
    with suppress(Invalid, JobLost, OSError, ValueError):
        if await workshop.store.head(workshop.bucket, keys.manifest(job.asset_id)) is None:
            manifest = await _stored(workshop, job, begin)
    async with workshop.database.transaction() as connection:
        await store.show(connection, asset_id=job.asset_id)
        if manifest:
            await jobs.announce_ready(connection, job.asset_id, manifest)
        await store.give_back(connection, asset_id=job.asset_id)


async def _make(workshop: Workshop, job: ImageJob, aim: int) -> Manifest:
    # What twice ended badly may be the fault of the youngest encoders: better without them than not at all.
    manifest = await _stored(workshop, job, partial(workshop.make, aim=aim, plain=job.attempts == MAX_ATTEMPTS))
    # Last, so that whoever finds a manifest finds everything it lists.
    await workshop.store.put(
        workshop.bucket,
        keys.manifest(job.asset_id),
        msgspec.json.encode(manifest),
        content_type="application/json",
        cache_control="no-cache",
    )
    return manifest


async def _stored(workshop: Workshop, job: ImageJob, make: Begin) -> Manifest:
    """Make variants in the pool, and store them."""
    async with scratch.folder(SCRATCH, workshop.home) as home:
        original, folder = home / "original", home / "variants"
        await asyncio.to_thread(folder.mkdir)
        await _fetch(workshop, job, original)
        manifest = await workshop.pool.run(Job(function=make, original=original, folder=folder))
        for variant in manifest.files:
            await workshop.store.put(
                workshop.bucket,
                keys.variant(job.asset_id, manifest.recipe, variant.name),
                await asyncio.to_thread((folder / variant.name).read_bytes),
                content_type=variants.CONTENT_TYPES[variant.format],
                cache_control=IMMUTABLE,
            )
    return manifest


async def _fetch(workshop: Workshop, job: ImageJob, original: Path) -> None:
    """Bring the original to a file. Raises Gone when it is not there, Invalid when it is too large or not what was
    uploaded.
    """
    key = keys.original(job.asset_id)
    info = await workshop.store.head(workshop.bucket, key)
    if info is None:
        if reason := await workshop.store.ping(workshop.bucket):
            raise Unavailable(reason)
        message = "cannot read this picture: its file is not in the object store any more"
        raise Gone(message)
    if info.size_bytes > MAX_BYTES:
        message = f"cannot read this picture: it has more than {MAX_BYTES // (1024 * 1024)} MB"
        raise Invalid(message)
    await workshop.store.get_file(workshop.bucket, key, original)
    if job.sha256 and await asyncio.to_thread(_sha256, original) != job.sha256:
        message = "cannot read this picture: the stored file is not the one that was uploaded"
        raise Invalid(message)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def _finish(workshop: Workshop, job: ImageJob, manifest: Manifest) -> None:
    async with workshop.database.transaction() as connection:
        message_id = await jobs.announce_ready(connection, job.asset_id, manifest)
        await _settle(connection, job, "done", "", message_id, manifest.recipe, len(manifest.files))


async def _try_again(workshop: Workshop, job: ImageJob, reason: str) -> None:
    async with workshop.database.transaction() as connection:
        await _settle(connection, job, "pending", reason, job.message_id, job.recipe)


async def _fail(workshop: Workshop, job: ImageJob, reason: str, recipe: str) -> None:
    async with workshop.database.transaction() as connection:
        message_id = await jobs.announce_failed(connection, job.asset_id, reason)
        await _settle(connection, job, "failed", reason, message_id, recipe)


async def _let_go(workshop: Workshop, job: ImageJob, reason: str, recipe: str) -> None:
    """Web deletes files without a word: what was made once and has none any more is not told of."""
    if not job.message_id:
        await _fail(workshop, job, reason, recipe)
        return
    async with workshop.database.transaction() as connection:
        await store.forget(connection, asset_id=job.asset_id)


async def _settle(
    connection: Connection, job: ImageJob, state: State, reason: str, message_id: str, recipe: str, files: int = 0
) -> None:
    if message_id != job.message_id:
        await store.withdraw(connection, message_id=job.message_id)
    now_us = clock.now_us()
    await store.settle(
        connection, job, state=state, reason=reason, message_id=message_id, recipe=recipe, files=files, now_us=now_us
    )
