"""Something to import, whatever it is: a folder or an archive, told apart by what is in it, taken line by line."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
from sdc_core.errors import Invalid

from sdc_web.authors import accounts
from sdc_web.imports import (
    archives,
    fetching,
    ghost,
    inside,
    markdown_folder,
    own_data,
    own_export,
    scratch,
    wordpress,
    wxr,
)
from sdc_web.imports.finding import Finder
from sdc_web.imports.importer import Importer
from sdc_web.imports.records import Line, Source
from sdc_web.imports.uploads import Pictures

Format: TypeAlias = Literal["", "markdown", "ghost", "wordpress", "sdc"]
"""What something is to be read as; empty for what it looks like."""

_EXPORTS: dict[Format, tuple[str, Callable[[Path], bool]]] = {
    "ghost": (".json", ghost.is_one),
    "wordpress": (".xml", wxr.is_one),
}
_NAMED = {"ghost": "Ghost", "wordpress": "WordPress"}


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """An import about to happen: `total` lines, each of which is told once its entry was taken."""

    total: int
    lines: AsyncIterator[Line]


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How to import. With `incomplete` a text is taken without those of its pictures that cannot be shown, which it
    names still. `old_site` is the address of the site that the texts come from, where pictures that did not come along
    are asked for, empty for nowhere; `fetch_from` are other hosts that have some; `private` lets them be in the own
    network.
    """

    format: Format = ""
    dry_run: bool = False
    incomplete: bool = False
    old_site: str = ""
    fetch_from: tuple[str, ...] = ()
    private: bool = False


@asynccontextmanager
async def opened(to: Pictures, path: Path, manner: Manner, more: Sequence[Path] = ()) -> AsyncGenerator[Incoming]:
    """The import of what is at that path, with `more` files of the same export, for the block. Raises Invalid,
    TooLarge, in words, for what cannot be.
    """
    if more and not await asyncio.to_thread(_are_files, (path, *more)):
        raise Invalid("several files are the .xml of one export of WordPress: give anything else by itself")
    async with AsyncExitStack() as stack:
        beside = to.settings.DATA_DIR
        folder = path
        if await asyncio.to_thread(path.is_file):
            is_archive = path.suffix.lower() == ".zip"
            folder = await stack.enter_async_context(_unpacked(path, beside)) if is_archive else path.parent
        fetch = None
        if manner.old_site or manner.fetch_from:
            kept = await stack.enter_async_context(scratch.empty(beside))
            fetch = fetching.fetching(manner.old_site, manner.fetch_from, kept, private=manner.private)
        writers = {each.name: each.id for each in await accounts.everyone(to.databases)}

        def importer(source: Source) -> Importer:
            named = frozenset(manner.fetch_from)
            finder = Finder(source=source, fetch=fetch, named=named, incomplete=manner.incomplete)
            return Importer(pictures=to, finder=finder, dry_run=manner.dry_run, writers=writers)

        if not more and await asyncio.to_thread(_is_own, folder, manner.format):
            told = await asyncio.to_thread(own_export.told, folder)
            source = await asyncio.to_thread(own_export.source, folder, told.media)
            listed = (told.media, told.tags, told.series, told.redirects, told.webmentions, told.site.webmention_blocks)
            rest = sum(map(len, listed)) + own_data.SITE_PARTS
            lines = _own(to, folder, told, importer(source), dry_run=manner.dry_run)
            yield Incoming(total=len(source.names) + rest, lines=lines)
            return
        written = await stack.enter_async_context(scratch.empty(beside))
        source = await asyncio.to_thread(_source, path, more, folder, written, manner.format)
        yield Incoming(total=source.total, lines=importer(source).lines())


def _are_files(paths: Sequence[Path]) -> bool:
    return all(each.is_file() and each.suffix.lower() == ".xml" for each in paths)


def _is_own(folder: Path, wanted: Format) -> bool:
    """Whether the folder is read as an export of this site's own. Raises Invalid where it should be and is none."""
    is_one = wanted in ("", "sdc") and own_export.is_one(folder)
    if wanted == "sdc" and not is_one:
        raise Invalid("this is no export of a site of this kind: leave it open what it is, or choose what it is")
    return is_one


def _source(path: Path, more: Sequence[Path], folder: Path, written: Path, wanted: Format) -> Source:
    """What the file is with those that belong to it, or the export in the folder; else its Markdown. Blocking."""
    if path.is_file() and path.suffix.lower() != ".zip":
        return _of_files((path, *more), folder, written, wanted)
    found: dict[Format, list[Path]] = {
        name: sorted(
            file
            for file in (*folder.glob(f"*{suffix}"), *folder.glob(f"*/*{suffix}"))
            if file.is_file() and is_one(file)
        )
        for name, (suffix, is_one) in _EXPORTS.items()
        if wanted in ("", name)
    }
    files = [file for each in found.values() for file in each]
    if not files and wanted in ("ghost", "wordpress"):
        raise Invalid(f"there is no export of {_NAMED[wanted]} in it: leave it open what it is, or choose what it is")
    if not files:
        return markdown_folder.source(folder)
    # WordPress cuts what is large into several files; those are one export.
    if len(files) > 1 and found.get("ghost"):
        names = ", ".join(sorted(file.name for file in files))
        raise Invalid(f"there are several exports in it: {names}. Name one of them")
    for file in files:
        inside.require(folder, file)
    first, *rest = files
    if found.get("wordpress"):
        return wordpress.source(first, folder, written, rest)
    return ghost.source(first, folder, written)


def _of_files(files: Sequence[Path], folder: Path, written: Path, wanted: Format) -> Source:
    suffixes = {file.suffix.lower() for file in files}
    if suffixes == {".xml"} and wanted in ("", "wordpress"):
        first, *rest = sorted(files)
        return wordpress.source(first, folder, written, rest)
    if suffixes == {".json"} and wanted in ("", "ghost"):
        return ghost.source(files[0], folder, written)
    raise Invalid(
        f"{files[0].name} is nothing to import: give a folder, a zip, the .json of Ghost or the .xml of WordPress"
    )


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
