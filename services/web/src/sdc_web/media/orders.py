"""Asking the worker for the variants of an upload."""

import logging

from sdc_core import messages
from sdc_core.service_client import ServiceClient

from sdc_web.media.assets import Asset

TIMEOUT_S = 5.0

log = logging.getLogger(__name__)


async def order(worker: ServiceClient, asset: Asset) -> bool:
    """Send `media.uploaded`; the id makes a repeat harmless. False when the worker did not take it: then it is only
    logged, since the worker's own sweep finds every original without a manifest.
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
