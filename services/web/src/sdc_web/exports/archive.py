"""One zip with everything an author would take along: texts, originals, and what is said of the site. It is a site of
Hugo as it stands, and `imports.own_export` reads it back.
"""

import asyncio
import zipfile
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

import msgspec
from sdc_core.errors import NotFound
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.exports import contents, gathering, hugo, redirect_files, texts
from sdc_web.media.assets import Asset
from sdc_web.posts import series, tags

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Of every file, so that the same site is the same archive."""
TIDY_S = 10.0
_PACKED = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif")
_README = """This is a whole site: its texts, pictures and files as they were uploaded, and what its author says of it.

content/    texts in Markdown with front matter: posts, pages, projects; and for Hugo where tags and series are
changes/    what was written since of texts that readers see, and what is scheduled
static/     the pictures and files, as texts name them; _redirects for hosts that read it
data/       media, tags, series, redirects, authors, and the site's own words, as JSON
statistics/ visitors and what they read, as CSV, where there are any

`hugo` builds it as it is with any theme, and `sdc import` reads it back whole.
"""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an export holds, and `notes` on what it could not."""

    texts: int
    media: int
    bytes: int
    notes: tuple[str, ...]


class Extra(msgspec.Struct, frozen=True, kw_only=True):
    """More files of an export, by their paths, and a word about each that is missing."""

    files: dict[str, bytes] = {}
    notes: tuple[str, ...] = ()


async def write(
    databases: Databases,
    by: Actor,
    store: ObjectStore,
    settings: Settings,
    target: Path,
    *,
    extra: Extra | None = None,
    told: Callable[[int, int], None] | None = None,
) -> Report:
    """Write the archive to `target`, which exists once it is whole; `told` hears how many of the files are done. Holds
    one text and a part of one original in memory. Raises Forbidden; OSError where it cannot be written.
    """
    rights.require(by, "site.export")
    extra = extra or Extra()
    part = target.with_name(f"{target.name}.part")
    notes = list(extra.notes)
    try:
        async with _begun(part) as file:
            async with databases.site.read() as connection:
                assets, count, stumbling = await _words(connection, settings, file, extra)
            notes += stumbling
            for number, asset in enumerate(assets, 1):
                if reason := await _original(store, settings, file, asset):
                    notes.append(f"file {asset.file_name} is left out: {reason}")
                if told is not None:
                    told(number, len(assets))
        size_bytes = (await asyncio.to_thread(part.stat)).st_size
        await asyncio.to_thread(part.replace, target)
    except BaseException:
        async with asyncio.timeout(TIDY_S):
            await asyncio.to_thread(part.unlink, missing_ok=True)
        raise
    async with databases.site.transaction() as connection:
        await audit.record(connection, by, "site.exported", "", f"{count} texts, {len(assets)} files")
    return Report(texts=count, media=len(assets), bytes=size_bytes, notes=tuple(notes))


async def _words(
    connection: Connection, settings: Settings, file: zipfile.ZipFile, extra: Extra
) -> tuple[list[Asset], int, list[str]]:
    """Everything but the originals, as of one moment; returns the assets, the number of texts, and words about some."""
    assets = await gathering.media(connection)
    names = await gathering.names(connection, assets)
    data = await gathering.data(connection, assets)
    more = await _for_hugo(connection, settings, data)
    for path, content in {"README.txt": _README.encode(), **more, **data, **extra.files}.items():
        await asyncio.to_thread(_put, file, path, content)
    count, notes = 0, list[str]()
    async for each in texts.files(connection, names):
        count += each.path.startswith("content/")
        notes += [each.note] if each.note else []
        await asyncio.to_thread(_put, file, each.path, each.content)
    return assets, count, notes


def _put(file: zipfile.ZipFile, path: str, content: bytes) -> None:
    file.writestr(_entry(path), content)


def _entry(path: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, _EPOCH)
    entry.compress_type = zipfile.ZIP_STORED if path.lower().endswith(_PACKED) else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


async def _original(store: ObjectStore, settings: Settings, file: zipfile.ZipFile, asset: Asset) -> str:
    """Put an original in; returns why not. What the store does not bring is asked for before a file is begun."""
    try:
        async with store.stream(settings.S3_MEDIA_BUCKET, asset.original_key) as stream:
            path = f"{contents.MEDIA}/{texts.file_name(asset)}"
            async with _opened(file, path) as entry:
                async for chunk in stream.chunks:
                    await asyncio.to_thread(entry.write, chunk)
    except NotFound:
        return "its original is not in the object store"
    return ""


@asynccontextmanager
async def _begun(part: Path) -> AsyncGenerator[zipfile.ZipFile]:
    file = await asyncio.to_thread(zipfile.ZipFile, part, "w", zipfile.ZIP_DEFLATED)
    try:
        yield file
    finally:
        async with asyncio.timeout(TIDY_S):
            await asyncio.to_thread(file.close)


@asynccontextmanager
async def _opened(file: zipfile.ZipFile, path: str) -> AsyncGenerator[IO[bytes]]:
    entry = await asyncio.to_thread(file.open, _entry(path), "w", force_zip64=True)
    try:
        yield entry
    finally:
        async with asyncio.timeout(TIDY_S):
            await asyncio.to_thread(entry.close)


async def _for_hugo(connection: Connection, settings: Settings, data: dict[str, bytes]) -> dict[str, bytes]:
    """What stands beside the texts so that Hugo builds them, and that other hosts of files read."""
    redirects = msgspec.json.decode(data[contents.REDIRECTS], type=list[contents.Redirect])
    site = msgspec.json.decode(data[contents.SITE], type=contents.Site)
    every = (await tags.everything(connection), await series.everything(connection))
    return {
        "hugo.json": hugo.settings(settings.site_url, site),
        "static/_redirects": redirect_files.lines([(each.path, each.target) for each in redirects]),
        **hugo.terms(*every, redirects),
    }
