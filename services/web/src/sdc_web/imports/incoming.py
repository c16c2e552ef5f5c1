"""Something to import, whatever it is: a folder or an archive, told apart by what is in it, taken line by line."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
from sdc_core.errors import Invalid

from sdc_web.authors import accounts
from sdc_web.imports import (
    archives,
    ghost,
    inside,
    markdown_folder,
    old_site,
    own_data,
    own_export,
    scratch,
    wordpress,
    wxr,
)
from sdc_web.imports.importer import Importer
from sdc_web.imports.records import Line, Source
from sdc_web.imports.uploads import Pictures

Format: TypeAlias = Literal["", "markdown", "ghost", "wordpress", "sdc"]
"""What something is to be read as; empty for what it looks like."""

_NAMED = {"ghost": "Ghost", "wordpress": "WordPress"}


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """An import about to happen: `total` lines, each of which is told once its entry was taken."""

    total: int
    lines: AsyncIterator[Line]


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How to import, as `Importer` has it. `old_site` is the address of the site that the texts come from, where
    pictures that did not come along are asked for, empty for nowhere; `private` lets it be in the own network.
    """

    format: Format = ""
    dry_run: bool = False
    incomplete: bool = False
    old_site: str = ""
    private: bool = False


@asynccontextmanager
async def opened(to: Pictures, path: Path, manner: Manner) -> AsyncGenerator[Incoming]:
    """The import of what is at that path, for the block. Raises Invalid, TooLarge, in words, for what cannot be."""
    async with AsyncExitStack() as stack:
        beside = to.settings.DATA_DIR
        folder = path
        if await asyncio.to_thread(path.is_file):
            is_archive = path.suffix.lower() == ".zip"
            folder = await stack.enter_async_context(_unpacked(path, beside)) if is_archive else path.parent
        fetch = None
        if manner.old_site:
            kept = await stack.enter_async_context(scratch.empty(beside))
            fetching = old_site.fetching(manner.old_site, kept, private=manner.private)
            fetch = await stack.enter_async_context(fetching)
        writers = {each.name: each.id for each in await accounts.everyone(to.databases)}

        def importer(source: Source) -> Importer:
            return Importer(
                pictures=to,
                source=source,
                dry_run=manner.dry_run,
                incomplete=manner.incomplete,
                writers=writers,
                fetch=fetch,
            )

        if await asyncio.to_thread(_is_own, folder, manner.format):
            told = await asyncio.to_thread(own_export.told, folder)
            source = await asyncio.to_thread(own_export.source, folder)
            listed = (told.media, told.tags, told.series, told.redirects, told.webmentions, told.site.webmention_blocks)
            rest = sum(map(len, listed)) + own_data.SITE_PARTS
            lines = _own(to, folder, told, importer(source), dry_run=manner.dry_run)
            yield Incoming(total=len(source.names) + rest, lines=lines)
            return
        written = await stack.enter_async_context(scratch.empty(beside))
        source = await asyncio.to_thread(_source, path, folder, written, manner.format)
        yield Incoming(total=source.total, lines=importer(source).lines())


def _is_own(folder: Path, wanted: Format) -> bool:
    """Whether the folder is read as an export of this site's own. Raises Invalid where it should be and is none."""
    is_one = wanted in ("", "sdc") and own_export.is_one(folder)
    if wanted == "sdc" and not is_one:
        raise Invalid("this is no export of a site of this kind: leave it open what it is, or choose what it is")
    return is_one


def _source(path: Path, folder: Path, written: Path, wanted: Format) -> Source:
    """What the file is, or the only export in the folder; else the folder's Markdown. Blocking."""
    formats = [
        each
        for each in (
            ("ghost", ".json", ghost.is_one, ghost.source),
            ("wordpress", ".xml", wxr.is_one, wordpress.source),
        )
        if wanted in ("", each[0])
    ]
    if path.is_file() and path.suffix.lower() != ".zip":
        for _, suffix, _, read in formats:
            if path.suffix.lower() == suffix:
                return read(path, folder, written)
        raise Invalid(
            f"{path.name} is nothing to import: give a folder, a zip, the .json of Ghost or the .xml of WordPress"
        )
    found = [
        (file, read)
        for _, suffix, is_one, read in formats
        for file in (*folder.glob(f"*{suffix}"), *folder.glob(f"*/*{suffix}"))
        if file.is_file() and is_one(file)
    ]
    if len(found) > 1:
        names = ", ".join(sorted(file.name for file, _ in found))
        raise Invalid(f"there are several exports in it: {names}. Name one of them")
    if not found and wanted in ("ghost", "wordpress"):
        raise Invalid(f"there is no export of {_NAMED[wanted]} in it: leave it open what it is, or choose what it is")
    if not found:
        return markdown_folder.source(folder)
    file, read = found[0]
    inside.require(folder, file)
    return read(file, folder, written)


async def _own(
    to: Pictures, folder: Path, told: own_export.Told, importer: Importer, *, dry_run: bool
) -> AsyncGenerator[Line]:
    async for line in own_data.before_texts(to, folder, told, importer.writers, dry_run=dry_run):
        yield line
    async for line in importer.lines():
        yield line
    async for line in own_data.after_texts(to, told, dry_run=dry_run):
        yield line


@asynccontextmanager
async def _unpacked(archive: Path, beside: Path) -> AsyncGenerator[Path]:
    """The files of an archive, for the block; an outermost folder that holds everything is passed over."""
    async with scratch.empty(beside) as folder:
        await asyncio.to_thread(archives.unpack, archive, folder)
        yield await asyncio.to_thread(_outermost, folder)


def _outermost(folder: Path) -> Path:
    inside = [each for each in folder.iterdir() if not each.name.startswith(".")]
    return inside[0] if len(inside) == 1 and inside[0].is_dir() and inside[0].name != "content" else folder
