"""The check of where readers fetch pictures, when that is a bucket or a CDN: these come, and originals do not."""

import asyncio

from sdc_core import keys, outside
from sdc_core.settings import Settings
from sdc_core.sqlite import OperationalError
from sdc_web import media
from sdc_web.authors.rights import SYSTEM
from sdc_worker.drills import checks

from sdc_cli.check import Check

ANSWER_S = 5.0
NAME = "public pictures"
_SIZES_REMEDY = "let the world read variants/* of the media bucket there, or set SDC_MEDIA_URL to where it may"
_ORIGINALS_REMEDY = "let the world read variants/* and nothing else: originals tell where photographs were taken"


async def pictures(settings: Settings) -> list[Check]:
    """The newest picture is fetched as a reader fetches it, and its original asked for beside it. Nothing where web
    serves pictures itself.
    """
    if not settings.MEDIA_URL:
        return []
    asset = await _newest(settings)
    manifest = asset.manifest if asset else None
    if not (asset and manifest and manifest.variants):
        return [Check(name=NAME, ok=True, found=f"{settings.MEDIA_URL}: there is no picture yet to try it with")]
    smallest = min(manifest.variants, key=lambda each: each.size_bytes)
    shown = media.for_readers({asset.id: asset}, settings.MEDIA_URL)[asset.id]
    address = media.picture.address_of(shown, manifest, smallest)
    # Wherever readers come from, this machine may reach the bucket by an address of its own network.
    answer = await outside.fetch(address, {}, timeout_s=ANSWER_S, private=True)
    if not answer.ok:
        found = f"{address} is not to be had: {answer.error or f'it answered {answer.status}'}"
        return [Check(name=NAME, ok=False, found=found, remedy=_SIZES_REMEDY)]
    if len(answer.body) != smallest.size_bytes:
        found = f"{address} has {len(answer.body)} bytes, but the picture has {smallest.size_bytes}"
        return [Check(name=NAME, ok=False, found=found, remedy=_SIZES_REMEDY)]
    original = f"{settings.MEDIA_URL.rpartition('/')[0]}/{keys.original(asset.stored_id)}"
    if (await outside.head(original, {}, timeout_s=ANSWER_S, private=True)).ok:
        found = f"everybody can fetch originals, such as {original}"
        return [Check(name=NAME, ok=False, found=found, remedy=_ORIGINALS_REMEDY)]
    return [Check(name=NAME, ok=True, found=f"{settings.MEDIA_URL}: sizes come, originals do not")]


async def _newest(settings: Settings) -> media.Asset | None:
    """The picture that was uploaded last and has its sizes; none where the site has not been started yet."""
    if not await asyncio.to_thread(settings.site_db.exists):
        return None
    try:
        async with checks.reading(settings.site_db) as connection:
            return next(iter(await media.page(connection, SYSTEM, state="ready", limit=1)), None)
    except OperationalError:
        # Of a release before this one, which the next start brings up to date.
        return None
