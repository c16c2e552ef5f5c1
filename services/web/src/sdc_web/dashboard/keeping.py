"""What the site keeps on this machine: the sizes of its files, and what runs it."""

import asyncio
from pathlib import Path

import msgspec
from sdc_core import sqlite, versions
from sdc_core.settings import Settings

from sdc_web import media
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A database with what is not yet merged into it."""

    name: str
    size_bytes: int


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """`originals` counts the uploads, `variants_bytes` is what their sizes for readers take."""

    files: list[File]
    originals: int
    originals_bytes: int
    variants_bytes: int
    sdc: str
    sqlite: str


async def of_site(databases: Databases, settings: Settings, by: Actor) -> Keeping:
    """As it is now. Raises Forbidden."""
    paths = (settings.site_db, settings.ttl_db, settings.worker_db)
    files = await asyncio.to_thread(lambda: [file for path in paths if (file := _file(path))])
    async with databases.site.read() as connection:
        stored = await media.storage(connection, by)
    return Keeping(
        files=files,
        originals=stored.assets,
        originals_bytes=stored.original_bytes,
        variants_bytes=stored.variant_bytes,
        sdc=versions.SDC,
        sqlite=sqlite.VERSION,
    )


def _file(path: Path) -> File | None:
    """None for one that is on another machine."""
    parts = [each for each in (path, path.with_name(f"{path.name}-wal")) if each.exists()]
    return File(name=path.name, size_bytes=sum(each.stat().st_size for each in parts)) if parts else None
