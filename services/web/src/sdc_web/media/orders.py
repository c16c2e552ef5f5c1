"""Asking the worker for the variants of an upload, until they are there."""

import asyncio
import logging

from sdc_core import clock, messages
from sdc_core.service_client import ServiceClient
from sdc_core.sqlite import Database

from sdc_web.media.assets import Asset, pending

TIMEOUT_S = 2.0
"""An author waits for this; what is not taken in time is ordered again."""
AGAIN_S = 5.0
AGAIN_US = 5 * clock.SECOND_US
"""Younger assets are being ordered by the request that took them in."""

log = logging.getLogger(__name__)


async def order(worker: ServiceClient, asset: Asset) -> bool:
    """Send `media.uploaded`; a repeat is harmless. False when the worker did not take it, which is only logged:
    `order_again` comes round.
    """
    upload = messages.Upload(asset_id=asset.id, sha256=asset.sha256)
    attempt = await worker.send(
        "POST",
        "/images",
        message_id=f"media-uploaded/{asset.id}/{asset.sha256[:16]}",
        body=messages.encode(messages.MediaUploaded(data=upload)),
        timeout_s=TIMEOUT_S,
    )
    if not attempt.ok:
        reason = attempt.error or f"answered {attempt.status}"
        log.warning("the worker did not take an upload", extra={"asset_id": asset.id, "reason": reason})
    return attempt.ok


async def order_again(database: Database, worker: ServiceClient) -> None:
    """The loop: for ever, order what has waited for a while, one after the other until the worker takes no more.

    Words are lost when the worker is away or a process ends after the upload; the worker's own sweep would find the
    original as well, but minutes later.
    """
    while True:
        async with database.read() as connection:
            waiting = await pending(connection)
        for asset in waiting:
            if clock.now_us() - asset.uploaded_at_us > AGAIN_US and not await order(worker, asset):
                break
        await asyncio.sleep(AGAIN_S)
