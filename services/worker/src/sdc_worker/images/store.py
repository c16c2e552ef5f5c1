"""The rows of image jobs. `sha256` is empty where the sweep found an original: the upload's own word was lost."""

from typing import Literal, TypeAlias

import msgspec
from sdc_core.sqlite import Connection, Value, execute, fetch_all, fetch_one, fetch_value
from sdc_core.variants import USUAL_AIM

State: TypeAlias = Literal["pending", "running", "done", "failed"]


class ImageJob(msgspec.Struct, frozen=True, kw_only=True):
    """An original that is to have variants. `attempts` counts those begun; `message_id` is the webhook id of the last
    answer to web, empty before it; `shown` when there is a first size for web to show; `recipe` is that of the last
    attempt that came to an end.
    """

    asset_id: str
    sha256: str
    state: State
    attempts: int
    reason: str
    enqueued_us: int
    updated_us: int
    message_id: str
    shown: bool = False
    recipe: str = ""


class StateCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs are in one state."""

    state: State
    jobs: int


class AssetState(msgspec.Struct, frozen=True, kw_only=True):
    """How the job of one asset stands, by which recipe it ended last and with how many `files`, 0 when that is not
    known; `heard` unless web has yet to take the answer.
    """

    asset_id: str
    state: State
    recipe: str
    files: int
    heard: bool


SQL_GET = """
SELECT asset_id, sha256, state, attempts, reason, enqueued_us, updated_us, message_id, shown, recipe
FROM image_jobs WHERE asset_id = :asset_id
"""


async def get(connection: Connection, asset_id: str) -> ImageJob | None:
    """The job of an asset."""
    return await fetch_one(connection, ImageJob, SQL_GET, {"asset_id": asset_id})


SQL_PUT = """
INSERT INTO image_jobs (asset_id, sha256, state, attempts, reason, enqueued_us, updated_us, message_id)
VALUES (:asset_id, :sha256, 'pending', 0, '', :now_us, :now_us, '')
ON CONFLICT (asset_id) DO UPDATE
SET sha256 = excluded.sha256, state = 'pending', attempts = 0, reason = '', enqueued_us = :now_us, updated_us = :now_us
"""


async def put(connection: Connection, *, asset_id: str, sha256: str, now_us: int) -> None:
    """Make a job wait, with all its attempts before it, whether it is known or not."""
    await execute(connection, SQL_PUT, {"asset_id": asset_id, "sha256": sha256, "now_us": now_us})


SQL_NAME = "UPDATE image_jobs SET sha256 = :sha256, enqueued_us = :now_us WHERE asset_id = :asset_id AND sha256 = ''"


async def name(connection: Connection, *, asset_id: str, sha256: str, now_us: int) -> None:
    """An author waits for what the sweep found."""
    await execute(connection, SQL_NAME, {"asset_id": asset_id, "sha256": sha256, "now_us": now_us})


SQL_PUT_FOUND = """
INSERT INTO image_jobs (asset_id, sha256, state, attempts, reason, enqueued_us, updated_us, message_id)
VALUES (:asset_id, '', 'pending', 0, '', :now_us, :now_us, '')
ON CONFLICT (asset_id) DO UPDATE
SET sha256 = '', state = 'pending', attempts = 0, reason = '', enqueued_us = :now_us, updated_us = :now_us
WHERE state = 'done'
"""


async def put_found(connection: Connection, *, asset_id: str, now_us: int) -> int:
    """Make a job of an original that was found wait; 0 when it waits, is worked on or has failed by now."""
    return await execute(connection, SQL_PUT_FOUND, {"asset_id": asset_id, "now_us": now_us})


SQL_CLAIM = """
UPDATE image_jobs SET state = 'running', attempts = iif(state = 'pending', attempts, 0) + 1, updated_us = :now_us
WHERE asset_id = coalesce(
    (
        SELECT asset_id FROM image_jobs WHERE state = 'pending'
        ORDER BY sha256 = '', shown, attempts, enqueued_us DESC LIMIT 1
    ),
    (
        SELECT asset_id FROM image_jobs WHERE state IN ('done', 'failed') AND recipe <> :recipe
            AND (SELECT count(*) FROM image_jobs WHERE state = 'running') < :at_once
            AND NOT EXISTS (SELECT 1 FROM image_jobs WHERE state = 'pending')
        ORDER BY updated_us LIMIT 1
    )
) AND NOT EXISTS (
    SELECT 1 FROM image_jobs AS other WHERE other.state = 'running' AND (other.suspect OR image_jobs.suspect)
)
RETURNING asset_id, sha256, state, attempts, reason, enqueued_us, updated_us, message_id, shown, recipe
"""


async def claim(connection: Connection, *, recipe: str, at_once: int, now_us: int) -> ImageJob | None:
    """Take the next job: those an author waits for before those of the sweep, those that show nothing yet before
    others, the newest first. When none waits, one that ended by another recipe, unless `at_once` are under way. One
    that was under way when a worker ended goes alone: should it end this one too, no other job is charged for that.
    """
    values: dict[str, Value] = {"recipe": recipe, "at_once": at_once, "now_us": now_us}
    return await fetch_one(connection, ImageJob, SQL_CLAIM, values)


SQL_SETTLE = """
UPDATE image_jobs
SET state = :state, reason = :reason, updated_us = :now_us, message_id = :message_id, recipe = :recipe, files = :files,
    suspect = 0
WHERE asset_id = :asset_id AND state = 'running'
"""


async def settle(
    connection: Connection,
    job: ImageJob,
    *,
    state: State,
    reason: str,
    message_id: str,
    recipe: str,
    files: int,
    now_us: int,
) -> int:
    """Say how the attempt at hand ended; 0 when the job was not running any more."""
    values: dict[str, Value] = {
        "asset_id": job.asset_id,
        "state": state,
        "reason": reason,
        "message_id": message_id,
        "recipe": recipe,
        "files": files,
        "now_us": now_us,
    }
    return await execute(connection, SQL_SETTLE, values)


SQL_GIVE_BACK = """
UPDATE image_jobs SET state = 'pending', attempts = max(0, attempts - 1)
WHERE asset_id = :asset_id AND state = 'running'
"""


async def give_back(connection: Connection, *, asset_id: str) -> None:
    """Make a job wait again as if it had not been begun."""
    await execute(connection, SQL_GIVE_BACK, {"asset_id": asset_id})


SQL_SHOW = "UPDATE image_jobs SET shown = 1 WHERE asset_id = :asset_id"


async def show(connection: Connection, *, asset_id: str) -> None:
    """There is a first size, or none can be made so quickly."""
    await execute(connection, SQL_SHOW, {"asset_id": asset_id})


SQL_RECOVER = "UPDATE image_jobs SET state = 'pending', suspect = 1 WHERE state = 'running'"


async def recover(connection: Connection) -> int:
    """Make the jobs wait again that an ended worker had begun. Their attempts count: one of them may have ended it."""
    return await execute(connection, SQL_RECOVER)


SQL_COUNT = "SELECT state, count(*) AS jobs FROM image_jobs GROUP BY state"


async def count_by_state(connection: Connection) -> list[StateCount]:
    """How many jobs are in each state that has any."""
    return await fetch_all(connection, StateCount, SQL_COUNT)


SQL_COUNT_PENDING = "SELECT count(*) FROM image_jobs WHERE state = 'pending'"


async def count_pending(connection: Connection) -> int:
    """The length of the queue."""
    pending = await fetch_value(connection, SQL_COUNT_PENDING)
    return pending if isinstance(pending, int) else 0


SQL_STATES = """
SELECT asset_id, state, recipe, files, NOT EXISTS (
    SELECT 1 FROM deliveries WHERE id = image_jobs.message_id AND delivered_us IS NULL
) AS heard FROM image_jobs
"""


async def states(connection: Connection) -> dict[str, AssetState]:
    """How every job stands, by asset."""
    return {each.asset_id: each for each in await fetch_all(connection, AssetState, SQL_STATES)}


SQL_HURRY = "UPDATE deliveries SET next_us = min(next_us, :now_us) WHERE id = :message_id AND next_us IS NOT NULL"


async def hurry(connection: Connection, *, message_id: str, now_us: int) -> int:
    """Have an answer that waits sent now; 0 when it does not wait."""
    return await execute(connection, SQL_HURRY, {"message_id": message_id, "now_us": now_us})


SQL_UNHEARD = """
SELECT job.asset_id, job.sha256, job.state, job.attempts, job.reason, job.enqueued_us, job.updated_us, job.message_id,
    job.shown, job.recipe
FROM image_jobs AS job JOIN deliveries ON deliveries.id = job.message_id
WHERE job.state IN ('done', 'failed') AND deliveries.next_us IS NULL AND deliveries.delivered_us IS NULL
    AND job.updated_us > :after_us
    AND NOT EXISTS (SELECT 1 FROM attempts WHERE delivery_id = deliveries.id AND status = 404)
ORDER BY job.updated_us
"""


async def unheard(connection: Connection, *, after_us: int) -> list[ImageJob]:
    """Settled jobs since then whose answer web did not take and will not be sent again, though it has the asset."""
    return await fetch_all(connection, ImageJob, SQL_UNHEARD, {"after_us": after_us})


SQL_SETTLED = """
SELECT asset_id, sha256, state, attempts, reason, enqueued_us, updated_us, message_id, shown, recipe
FROM image_jobs
WHERE asset_id IN (SELECT value FROM json_each(:ids)) AND state = 'done' AND recipe = :recipe
    AND NOT EXISTS (SELECT 1 FROM deliveries WHERE id = image_jobs.message_id AND next_us IS NOT NULL)
"""


async def settled(connection: Connection, *, asset_ids: tuple[str, ...], recipe: str) -> list[ImageJob]:
    """Those of the assets that are done by that recipe, with no answer still on its way to web."""
    values: dict[str, Value] = {"ids": msgspec.json.encode(asset_ids).decode(), "recipe": recipe}
    return await fetch_all(connection, ImageJob, SQL_SETTLED, values)


SQL_WITHDRAW = """
UPDATE deliveries SET next_us = NULL, error = 'a later answer says more' WHERE id = :message_id AND next_us IS NOT NULL
"""


async def withdraw(connection: Connection, *, message_id: str) -> None:
    """Do not send an answer that still waits: after a later one it would bring back what is about to be deleted."""
    await execute(connection, SQL_WITHDRAW, {"message_id": message_id})


SQL_REANNOUNCE = "UPDATE image_jobs SET message_id = :message_id WHERE asset_id = :asset_id"


async def reannounce(connection: Connection, *, asset_id: str, message_id: str) -> None:
    """Remember the id of a further answer to web."""
    await execute(connection, SQL_REANNOUNCE, {"asset_id": asset_id, "message_id": message_id})


SQL_FORGET = "DELETE FROM image_jobs WHERE asset_id = :asset_id"


async def forget(connection: Connection, *, asset_id: str) -> None:
    """There is no such file any more."""
    await execute(connection, SQL_FORGET, {"asset_id": asset_id})


class Aim(msgspec.Struct, frozen=True, kw_only=True):
    """What pictures are to reach, one of `variants.AIMS`, and since when."""

    aim: int
    since_us: int | None = None


SQL_AIM = "SELECT aim, since_us FROM image_aims"


async def aim(connection: Connection) -> Aim:
    """The aim that an author chose, or the usual one."""
    return await fetch_one(connection, Aim, SQL_AIM) or Aim(aim=USUAL_AIM)


SQL_SET_AIM = """
INSERT INTO image_aims (one, aim, since_us) VALUES (1, :aim, :now_us)
ON CONFLICT (one) DO UPDATE SET aim = excluded.aim, since_us = excluded.since_us WHERE aim <> excluded.aim
"""


async def set_aim(connection: Connection, *, aim: int, now_us: int) -> None:
    """Choose the aim; the same again changes nothing."""
    await execute(connection, SQL_SET_AIM, {"aim": aim, "now_us": now_us})


SQL_PROGRESS = """
SELECT coalesce(sum(state = 'done' AND recipe = :recipe), 0) AS made,
    coalesce(sum(state = 'failed' AND recipe = :recipe), 0) AS failed,
    coalesce(sum(state IN ('pending', 'running') OR recipe <> :recipe), 0) AS left,
    coalesce(sum(state IN ('pending', 'running') AND recipe = ''), 0) AS waiting
FROM image_jobs
"""


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """How many files a recipe has done, cannot do, and has before it."""

    made: int
    failed: int
    left: int
    waiting: int


async def progress(connection: Connection, *, recipe: str) -> Counted:
    """How far a recipe is."""
    found = await fetch_one(connection, Counted, SQL_PROGRESS, {"recipe": recipe})
    return found or Counted(made=0, failed=0, left=0, waiting=0)
