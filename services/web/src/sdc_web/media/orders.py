"""Asking the worker for the variants of an upload, until they are there."""

import asyncio
import logging

from sdc_core import clock, messages
from sdc_core.service_client import ServiceClient
from sdc_core.sqlite import Connection, Database, execute, fetch_all

from sdc_web.media.assets import FIRST_PAUSE_US, Asset

TIMEOUT_S = 2.0
"""An author waits for this; what is not taken in time is ordered again."""
AGAIN_S = 5.0
AT_ONCE = 20
LONGEST_PAUSE_US = 3_600 * clock.SECOND_US

log = logging.getLogger(__name__)


async def order(worker: ServiceClient, asset: Asset) -> str:
    """Send `media.uploaded`; a repeat is harmless. The reason why the worker did not take it, which may be left at
    that: `order_again` comes round. Empty when it did.
    """
    upload = messages.Upload(asset_id=asset.id, sha256=asset.sha256)
    attempt = await worker.send(
        "POST",
        "/images",
        message_id=f"media-uploaded/{asset.id}/{asset.sha256[:16]}",
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
    for asset in waiting:
        if reason := await order(worker, asset):
            return reason
        async with database.transaction() as connection:
            await ordered(connection, asset.id, clock.now_us())
    return ""


SQL_DUE = """
SELECT id, sha256, file_name, content_type, size_bytes, alt, state, reason, manifest AS manifest_json, uploaded_at_us,
    author_id
FROM media_assets WHERE state = 'pending' AND (order_us <= :now_us OR order_us > :now_us + :longest_us)
ORDER BY order_us LIMIT :limit
"""


async def due(connection: Connection, now_us: int) -> list[Asset]:
    """Assets without variants that are to be ordered now, the longest overdue first; last those that a clock which was
    ahead has put off for longer than any pause.
    """
    values = {"now_us": now_us, "longest_us": LONGEST_PAUSE_US, "limit": AT_ONCE}
    return await fetch_all(connection, Asset, SQL_DUE, values)


SQL_ORDERED = """
UPDATE media_assets
SET orders = orders + 1, order_us = :now_us + min(:longest_us, :first_us << min(orders + 1, 20))
WHERE id = :asset_id
"""


async def ordered(connection: Connection, asset_id: str, now_us: int) -> None:
    """The worker took an order: each pause is twice the one before."""
    values = {"asset_id": asset_id, "now_us": now_us, "first_us": FIRST_PAUSE_US, "longest_us": LONGEST_PAUSE_US}
    await execute(connection, SQL_ORDERED, values)
