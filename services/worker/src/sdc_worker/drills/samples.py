"""Some of a backup's objects, other ones each time: uploads, what was made of them, sealed days of the access log."""

import asyncio
import hashlib
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
from sdc_core import keys
from sdc_core.errors import Conflict, NotFound
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_core.variants import Manifest

from sdc_worker.drills import checks
from sdc_worker.drills.checks import Original, Sealed

Kind: TypeAlias = Literal["local", "remote", "monthly"]
SAMPLE = 5
DAYS = 3
MAX_MANIFEST_BYTES = 1 << 20


class DrillFailed(Conflict):
    """The backup does not give back what it should; the sentence says what is missing."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A backup: the replicas are at `replicas` + `litestream/<name>`, the uploads at `uploads` + their key, the sealed
    days at `days` + theirs.
    """

    kind: Kind
    store: ObjectStore
    replicas_bucket: str
    replicas: str
    uploads_bucket: str
    uploads: str
    days_bucket: str
    days: str


class Sampled(msgspec.Struct, frozen=True, kw_only=True):
    """How many objects were looked at: uploads and sealed days hashed, sizes of pictures that are there in full."""

    originals: int
    variants: int
    days: int

    def __str__(self) -> str:
        pictures = f"{self.originals} originals and {self.variants} sizes of pictures"
        return f"{pictures} and {self.days} sealed days compared"


async def look(settings: Settings, source: Source, home: Path) -> Sampled:
    """Compare some objects of the backup with the databases that were restored into `home`. What was deleted or made
    anew since is left out. Raises DrillFailed for one that is missing or differs.
    """
    originals = await _originals(settings, home / "site.db")
    made = 0
    for original in originals:
        await _compare_original(source, original)
        made += await _compare_variants(source, original)
    days = await _days(settings, home / "worker.db")
    for day in days:
        await _compare_day(source, day)
    return Sampled(originals=len(originals), variants=made, days=len(days))


async def _originals(settings: Settings, restored: Path) -> list[Original]:
    async with checks.reading(restored) as connection:
        originals = await checks.sample(connection, SAMPLE)
    if not await asyncio.to_thread(settings.site_db.exists):
        return originals
    async with checks.reading(settings.site_db) as connection:
        return [each for each in originals if await checks.knows(connection, each.id)]


async def _days(settings: Settings, restored: Path) -> list[Sealed]:
    async with checks.reading(restored) as connection:
        days = await checks.sealed(connection, DAYS)
    if not await asyncio.to_thread(settings.worker_db.exists):
        return days
    async with checks.reading(settings.worker_db) as connection:
        return [each for each in days if await checks.still_sealed(connection, each)]


async def _compare_original(source: Source, original: Original) -> None:
    digest = await _sha256(source, source.uploads_bucket, source.uploads + original.key)
    if digest is None:
        message = f"the {source.kind} backup lacks the original {original.id}, which the restored database names"
        raise DrillFailed(message)
    if digest != original.sha256:
        message = f"the original {original.id} in the {source.kind} backup differs from what was uploaded"
        raise DrillFailed(message)


async def _compare_variants(source: Source, original: Original) -> int:
    """How many sizes of a picture are there, as long as they were made. The databases are copied before the pictures:
    of one that was made anew in between, the manifest beside its sizes is the newer one.
    """
    if not original.manifest:
        return 0
    manifest = msgspec.json.decode(original.manifest, type=Manifest)
    if not (fault := await _fault(source, original.id, manifest)):
        return len(manifest.files)
    try:
        key = source.uploads + keys.manifest(original.id)
        stored = await source.store.get(source.uploads_bucket, key, max_bytes=MAX_MANIFEST_BYTES)
        newer = msgspec.json.decode(stored, type=Manifest)
    except NotFound:
        newer = manifest
    if newer == manifest or await _fault(source, original.id, newer):
        message = f"the {source.kind} backup {fault} of picture {original.id}, which the restored database names"
        raise DrillFailed(message)
    return len(newer.files)


async def _fault(source: Source, asset_id: str, manifest: Manifest) -> str:
    """What is wrong with the sizes that a manifest lists; empty where nothing is."""
    prefix = source.uploads + keys.variant(asset_id, manifest.recipe, "")
    listing = source.store.list(source.uploads_bucket, prefix)
    present = {info.key.removeprefix(prefix): info.size_bytes async for info in listing}
    for each in manifest.files:
        if present.get(each.name) != each.size_bytes:
            return f"{'has another length of' if each.name in present else 'lacks'} {each.name}"
    return ""


async def _compare_day(source: Source, day: Sealed) -> None:
    digest = await _sha256(source, source.days_bucket, source.days + keys.segment(day.day, day.name))
    if digest is None:
        message = f"the {source.kind} backup lacks the sealed day {day.day}, which the restored database names"
        raise DrillFailed(message)
    if digest != day.sha256:
        message = f"the sealed day {day.day} in the {source.kind} backup differs from what was sealed"
        raise DrillFailed(message)


async def _sha256(source: Source, bucket: str, key: str) -> str | None:
    """None where there is no such object."""
    digest = hashlib.sha256()
    try:
        async with source.store.stream(bucket, key) as stream:
            async for chunk in stream.chunks:
                digest.update(chunk)
    except NotFound:
        return None
    return digest.hexdigest()
