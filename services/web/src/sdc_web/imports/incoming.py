"""Something to import, whatever it is: a folder or an archive, told apart by what is in it, taken line by line."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
from sdc_core.errors import Invalid

from sdc_web.authors import accounts
from sdc_web.imports import archives, markdown_folder, own_data, own_export
from sdc_web.imports.importer import Importer
from sdc_web.imports.records import Line, Source
from sdc_web.imports.uploads import Pictures

TIDY_S = 120.0


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """An import about to happen: `total` lines, each of which is told once its entry was taken."""

    total: int
    lines: AsyncIterator[Line]


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How to import, as `Importer` has it."""

    dry_run: bool = False
    incomplete: bool = False


@asynccontextmanager
async def opened(to: Pictures, path: Path, manner: Manner) -> AsyncGenerator[Incoming]:
    """The import of what is at that path, for the block. Raises Invalid, TooLarge, in words, for what cannot be."""
    async with AsyncExitStack() as stack:
        is_folder = await asyncio.to_thread(path.is_dir)
        folder = path if is_folder else await stack.enter_async_context(_unpacked(path, to.settings.DATA_DIR))
        writers = {each.name: each.id for each in await accounts.everyone(to.databases)}

        def importer(source: Source) -> Importer:
            return Importer(
                pictures=to, source=source, dry_run=manner.dry_run, incomplete=manner.incomplete, writers=writers
            )

        if not await asyncio.to_thread(own_export.is_one, folder):
            source = await asyncio.to_thread(markdown_folder.source, folder)
            yield Incoming(total=len(source.names), lines=importer(source).lines())
            return
        told = await asyncio.to_thread(own_export.told, folder)
        source = await asyncio.to_thread(own_export.source, folder)
        rest = len(told.media) + len(told.tags) + len(told.series) + len(told.redirects) + own_data.SITE_PARTS
        lines = _own(to, folder, told, importer(source), dry_run=manner.dry_run)
        yield Incoming(total=len(source.names) + rest, lines=lines)


async def _own(
    to: Pictures, folder: Path, told: own_export.Told, importer: Importer, *, dry_run: bool
) -> AsyncGenerator[Line]:
    async for line in own_data.before_texts(to, folder, told, dry_run=dry_run):
        yield line
    async for line in importer.lines():
        yield line
    async for line in own_data.after_texts(to, told, dry_run=dry_run):
        yield line


@asynccontextmanager
async def _unpacked(archive: Path, beside: Path) -> AsyncGenerator[Path]:
    """The files of an archive, for the block; an outermost folder that holds everything is passed over."""
    if archive.suffix.lower() != ".zip":
        raise Invalid(f"{archive.name} is nothing that can be imported: give a folder, or a zip of one")
    folder = await asyncio.to_thread(lambda: Path(tempfile.mkdtemp(prefix="import-", dir=beside)))
    try:
        await asyncio.to_thread(archives.unpack, archive, folder)
        yield await asyncio.to_thread(_outermost, folder)
    finally:
        async with asyncio.timeout(TIDY_S):
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _outermost(folder: Path) -> Path:
    inside = [each for each in folder.iterdir() if not each.name.startswith(".")]
    return inside[0] if len(inside) == 1 and inside[0].is_dir() and inside[0].name != "content" else folder
