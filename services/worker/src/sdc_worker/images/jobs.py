"""The queue of image jobs: what comes in, how it stands, and the answer that goes to web."""

import msgspec
from sdc_core import clock
from sdc_core.answers.images import Progress
from sdc_core.errors import Invalid, Unavailable
from sdc_core.messages import ImageFailed, ImageReady, MediaFailed, MediaReady, Upload
from sdc_core.sqlite import Connection, Database
from sdc_core.variants import AIMS, RECIPE, Manifest, recipe

from sdc_worker.images import store
from sdc_worker.images.store import State
from sdc_worker.webhooks import deliveries, seen

MAX_PENDING = 1_000
FULL_RETRY_S = 60


async def enqueue(database: Database, upload: Upload) -> State:
    """Make an upload wait for its variants, and return the state it is in.

    One that waits or is worked on stays as it is, so a repeated call is harmless, but what the sweep found is not the
    last any more. One whose answer is still on its way to web stays too, and that is sent at once. Any other that is
    done or failed waits again: whoever asks does not know the answer; what exists in the store is announced anew and
    not made anew. Raises Unavailable, with a time to come back, when `MAX_PENDING` jobs wait.
    """
    now_us = clock.now_us()
    async with database.transaction() as connection:
        known = await store.get(connection, upload.asset_id)
        if known and known.sha256 in ("", upload.sha256):
            if known.state in ("pending", "running"):
                await store.name(connection, asset_id=upload.asset_id, sha256=upload.sha256, now_us=now_us)
                return known.state
            if await store.hurry(connection, message_id=known.message_id, now_us=now_us):
                return known.state
        if await room(connection) == 0:
            message = f"{MAX_PENDING:,} pictures wait for their variants already: try again later"
            raise Unavailable(message, retry_after_s=FULL_RETRY_S)
        await store.put(connection, asset_id=upload.asset_id, sha256=upload.sha256, now_us=now_us)
    return "pending"


async def set_aim(database: Database, aim: int, message_id: str) -> None:
    """Have every picture, made or to be made, reach that: one of `variants.AIMS`. The same message again changes
    nothing. Raises Invalid.
    """
    if aim not in AIMS:
        message = f"the aim is one of {', '.join(map(str, AIMS))}"
        raise Invalid(message)
    async with database.transaction() as connection:
        if await seen.first(connection, message_id):
            await store.set_aim(connection, aim=aim, now_us=clock.now_us())


async def progress(database: Database) -> Progress:
    """How far all pictures are by the aim of now."""
    async with database.read() as connection:
        chosen = await store.aim(connection)
        counted = await store.progress(connection, recipe=recipe(chosen.aim))
    return Progress(**msgspec.structs.asdict(chosen), **msgspec.structs.asdict(counted))


async def room(connection: Connection) -> int:
    """How many more jobs may wait."""
    return max(0, MAX_PENDING - await store.count_pending(connection))


async def counts(connection: Connection) -> dict[State, int]:
    """How many jobs are in each state, all states named."""
    states: dict[State, int] = {"pending": 0, "running": 0, "done": 0, "failed": 0}
    return states | {each.state: each.jobs for each in await store.count_by_state(connection)}


async def announce_ready(connection: Connection, asset_id: str, manifest: Manifest) -> str:
    """Hand the manifest to web's deliveries in the caller's transaction; returns the webhook id."""
    message_id = _message_id("ready", asset_id)
    message = MediaReady(data=ImageReady(asset_id=asset_id, manifest=manifest))
    await deliveries.enqueue(connection, message, message_id)
    return message_id


async def announce_failed(connection: Connection, asset_id: str, reason: str) -> str:
    """Hand the reason to web's deliveries in the caller's transaction; returns the webhook id."""
    message_id = _message_id("failed", asset_id)
    message = MediaFailed(data=ImageFailed(asset_id=asset_id, reason=reason))
    await deliveries.enqueue(connection, message, message_id)
    return message_id


def _message_id(what: str, asset_id: str) -> str:
    """New each time: web remembers ids, and must not take a second announcement for a repeat of a first one whose
    effect it has lost with a restored database.
    """
    return f"media-{what}/{asset_id}/{RECIPE}/{clock.new_id()}"
