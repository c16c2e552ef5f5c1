"""Asking the worker for the variants of an upload, until they are there."""

import asyncio
import logging

import msgspec
from sdc_core import clock, messages
from sdc_core.answers.images import Otherwise
from sdc_core.service_client import ServiceClient
from sdc_core.sqlite import Connection, Database, execute, fetch_all

from sdc_web.media.assets import FIRST_PAUSE_US, Asset

TIMEOUT_S = 2.0
"""An author waits for this; what is not taken in time is ordered again."""
AGAIN_S = 5.0
AT_ONCE = 20
LONGEST_PAUSE_US = 3_600 * clock.SECOND_US

log = logging.getLogger(__name__)


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file that waits for its variants, by the id below which it is stored."""

    stored_id: str
    sha256: str


async def order(worker: ServiceClient, file: File | Asset) -> str:
    """Send `media.uploaded`; a repeat is harmless. The reason why the worker did not take it, which may be left at
    that: `order_again` comes round. Empty when it did.
    """
    upload = messages.Upload(asset_id=file.stored_id, sha256=file.sha256)
    attempt = await worker.send(
        "POST",
        "/images",
        message_id=f"media-uploaded/{file.stored_id}/{file.sha256[:16]}",
        body=messages.encode(messages.MediaUploaded(data=upload)),
        timeout_s=TIMEOUT_S,
    )
    return "" if attempt.ok else attempt.error or f"it answered {attempt.status}"


async def order_again(database: Database, worker: ServiceClient) -> None:
    """The loop: for ever, order what has waited for a while.

    Words are lost when the worker is away or a process ends after the upload; the worker's own sweep would find the
    original as well, but minutes later.
    """
    reason = ""
    while True:
        before, reason = reason, await order_due(database, worker)
        if reason and not before:
            log.warning("uploads wait for the worker", extra={"reason": reason})
        elif before and not reason:
            log.info("the worker takes uploads again")
        await asyncio.sleep(AGAIN_S)


async def order_due(database: Database, worker: ServiceClient) -> str:
    """Order up to `AT_ONCE` assets, one after the other until the worker takes no more; then the reason for that.

    An asset that stays pending though the worker took the order is ordered again after a pause that grows.
    """
    async with database.read() as connection:
        waiting = await due(connection, clock.now_us())
    for file in waiting:
        if reason := await order(worker, file):
            return reason
        async with database.transaction() as connection:
            await ordered(connection, file.stored_id, clock.now_us())
    return ""


SQL_DUE = """
SELECT coalesce(file_id, id) AS stored_id, sha256, order_us FROM media_assets
WHERE state = 'pending' AND trashed_at_us IS NULL AND (order_us <= :now_us OR order_us > :now_us + :longest_us)
UNION ALL
SELECT file_id, sha256, order_us FROM media_replacements
WHERE state = 'pending' AND (order_us <= :now_us OR order_us > :now_us + :longest_us)
ORDER BY order_us LIMIT :limit
"""


async def due(connection: Connection, now_us: int) -> list[File]:
    """Files without variants that are to be ordered now, the longest overdue first; last those that a clock which was
    ahead has put off for longer than any pause.
    """
    values = {"now_us": now_us, "longest_us": LONGEST_PAUSE_US, "limit": AT_ONCE}
    return await fetch_all(connection, File, SQL_DUE, values)


SQL_ORDERED = """
UPDATE media_assets
SET orders = orders + 1, order_us = :now_us + min(:longest_us, :first_us << min(orders + 1, 20))
WHERE coalesce(file_id, id) = :file_id AND state = 'pending'
"""
SQL_ORDERED_REPLACEMENT = """
UPDATE media_replacements
SET orders = orders + 1, order_us = :now_us + min(:longest_us, :first_us << min(orders + 1, 20))
WHERE file_id = :file_id
"""


async def ordered(connection: Connection, file_id: str, now_us: int) -> None:
    """The worker took an order: each pause is twice the one before."""
    values = {"file_id": file_id, "now_us": now_us, "first_us": FIRST_PAUSE_US, "longest_us": LONGEST_PAUSE_US}
    await execute(connection, SQL_ORDERED, values)
    await execute(connection, SQL_ORDERED_REPLACEMENT, values)


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    id: str


MOST_NAMED = 1_000
SQL_OTHERWISE = """
SELECT coalesce(file_id, id) AS id FROM media_assets
WHERE state <> 'pending' AND manifest ->> 'recipe' IS NOT :recipe AND is_picture AND coalesce(file_id, id) > :after
ORDER BY 1 LIMIT :limit
"""


async def otherwise(connection: Connection, recipe: str, after: str = "") -> Otherwise:
    """What is not shown by that recipe, of all that nobody waits for, for the worker to tell again what it knows; the
    first ones by id `after` that one.
    """
    values = {"recipe": recipe, "after": after, "limit": MOST_NAMED + 1}
    found = await fetch_all(connection, _Named, SQL_OTHERWISE, values)
    return Otherwise(files=tuple(each.id for each in found[:MOST_NAMED]), more=len(found) > MOST_NAMED)
