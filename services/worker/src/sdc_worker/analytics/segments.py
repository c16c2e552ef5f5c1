"""Segments on this machine: a cache of what the object store has, checked when it is filled."""

import asyncio
import hashlib
import os
from pathlib import Path

from sdc_core import clock, keys
from sdc_core.errors import NotFound, Unavailable
from sdc_core.objects import ObjectStore

from sdc_worker.analytics.store import Segment

_CHUNK = 1024 * 1024


class LostSegmentError(Unavailable):
    """A sealed day whose file is nowhere, or is not the one that was sealed: a matter of that day alone."""


class Segments:
    """Files of sealed days in `folder`, laid out as in the bucket."""

    __slots__ = ("_bucket", "_objects", "folder")

    def __init__(self, objects: ObjectStore, bucket: str, folder: Path) -> None:
        self._objects = objects
        self._bucket = bucket
        self.folder = folder

    @property
    def scratch(self) -> Path:
        """Where files are made before they are moved to their place; emptied whenever the engine starts."""
        return self.folder / "tmp"

    def path(self, day: str, name: str) -> Path:
        """Where that segment is kept."""
        return self.folder / keys.segment(day, name)

    async def fetch_all(self, segments: list[Segment]) -> list[Path]:
        """The files of segments, most of which are here. Raises as `fetch`."""
        here = await asyncio.to_thread(lambda: [self._is_here(each) for each in segments])
        for segment, is_here in zip(segments, here, strict=True):
            if not is_here:
                await self.fetch(segment)
        return [self.path(each.day, each.name) for each in segments]

    def _is_here(self, segment: Segment) -> bool:
        """Whole, as far as its length tells: what a power cut left of a file is fetched again."""
        try:
            return self.path(segment.day, segment.name).stat().st_size == segment.size_bytes
        except FileNotFoundError:
            return False

    async def fetch(self, segment: Segment) -> Path:
        """A segment's file, brought from the object store when it is not here. Raises Unavailable."""
        path = self.path(segment.day, segment.name)
        if await asyncio.to_thread(self._is_here, segment):
            return path
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        # What is left half written is swept away with the scratch folder at the next start.
        fresh = self.scratch / f"{clock.new_id()}.parquet"
        key = keys.segment(segment.day, segment.name)
        try:
            await self._objects.get_file(self._bucket, key, fresh)
        except NotFound:
            message = f"the segment of {segment.day} is missing: bring {self._bucket}/{key} back from the mirror"
            raise LostSegmentError(message) from None
        digest, _ = await asyncio.to_thread(settle, fresh)
        if digest != segment.sha256:
            message = f"the segment of {segment.day} in the object store is not the one that was sealed"
            raise LostSegmentError(message)
        await asyncio.to_thread(fresh.replace, path)
        return path

    async def upload(self, segment: Segment) -> None:
        """Put a segment's file into the bucket. Raises Unavailable."""
        path = self.path(segment.day, segment.name)
        key = keys.segment(segment.day, segment.name)
        await self._objects.put_file(self._bucket, key, path, content_type="application/vnd.apache.parquet")

    async def discard(self, day: str, name: str) -> None:
        """Delete a segment that another has replaced, here and in the bucket. Raises Unavailable."""
        await asyncio.to_thread(self.path(day, name).unlink, missing_ok=True)
        await self._objects.delete(self._bucket, keys.segment(day, name))


def settle(path: Path) -> tuple[str, int]:
    """Bring a file to the disk; returns its digest, in hexadecimal, and its length."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        os.fsync(file.fileno())
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
        return digest.hexdigest(), file.tell()
