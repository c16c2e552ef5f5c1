"""The work of a transfer, step by step; how far it is stands in its row, what became of each thing in its report."""

import asyncio
import shutil
import zipfile
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from sdc_core import clock, objects, supervise
from sdc_core.errors import TooLarge
from sdc_core.settings import Settings
from sdc_core.sqlite import fetch_value

from sdc_web import exports, imports
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.imports import Line, Manner, Pictures
from sdc_web.transfers import folders, reports, rounds, store
from sdc_web.transfers.records import FILE_OF_EXPORT_US, Transfer
from sdc_web.transfers.reports import Entry

TOLD_US = clock.SECOND_US // 2
MADE = "made.zip"
_PACKED = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".woff2")
_CLOSE_S = 10.0


async def do(databases: Databases, settings: Settings, transfer: Transfer, by: Actor) -> None:
    """One step of it. Raises SdcError, in words, OSError and MemoryError."""
    async with _told(databases, settings, transfer) as told:
        match transfer.step:
            case "look":
                await _import(databases, settings, transfer, by, told)
            case "take":
                await _import(databases, settings, transfer, by, told)
                await rounds.forget_file(databases, settings, transfer)
            case "write":
                await _export(databases, settings, transfer, by, told)


class Told:
    """What was told of a transfer so far: noted twice a second, not oftener."""

    def __init__(self, databases: Databases, transfer: Transfer, writer: reports.Writer) -> None:
        self.done = 0
        self.total = 0
        self.counts: Counter[str] = Counter()
        self._databases = databases
        self._transfer = transfer
        self._writer = writer
        self._lines: list[Line | Entry] = []
        self._noted_us = 0

    async def line(self, line: Line | Entry) -> None:
        """One more thing was done."""
        self._lines.append(line)
        self.counts[line.outcome] += 1
        self.done += 1
        if clock.monotonic_us() - self._noted_us > TOLD_US:
            await self.note()

    async def note(self) -> None:
        """Everything so far is in the row and in the report."""
        self._noted_us = clock.monotonic_us()
        lines, self._lines = self._lines, []
        await asyncio.to_thread(self._writer.write, lines)
        counts = msgspec.json.encode(self.counts).decode()
        async with self._databases.ttl.transaction() as connection:
            await store.progress(connection, self._transfer.id, self.done, max(self.total, self.done), counts)


@asynccontextmanager
async def _told(databases: Databases, settings: Settings, transfer: Transfer) -> AsyncGenerator[Told]:
    writer = await asyncio.to_thread(reports.Writer, folders.report(settings, transfer.id, transfer.step))
    told = Told(databases, transfer, writer)
    try:
        try:
            yield told
        finally:
            async with asyncio.timeout(_CLOSE_S):
                await told.note()
    finally:
        async with asyncio.timeout(_CLOSE_S):
            await asyncio.to_thread(writer.close)


async def _import(databases: Databases, settings: Settings, transfer: Transfer, by: Actor, told: Told) -> None:
    async with objects.open_store(objects.local_endpoint(settings)) as objects_:
        to = Pictures(settings=settings, databases=databases, store=objects_, by=by)
        manner = Manner(
            format=transfer.format,
            dry_run=transfer.step == "look",
            incomplete=transfer.incomplete,
            old_site=transfer.old_site,
            fetch_from=tuple(transfer.fetch_from.split()),
        )
        async with imports.opened(to, folders.file(settings, transfer), manner) as incoming:
            told.total = incoming.total
            async for line in incoming.lines:
                told.counts.update(_things(line))
                await told.line(line)


def _things(line: Line) -> dict[str, int]:
    """What comes with a line, by the words in which it is counted."""
    if line.kind == "host":
        return {line.file: line.pictures}
    if line.outcome in ("skipped", "unchanged"):
        return {}
    found = {"pictures": line.pictures, "redirects": line.redirects}
    if line.kind:
        name = line.kind if line.kind == "series" else f"{line.kind}s"
        found[name] = found.get(name, 0) + 1
    return {name: count for name, count in found.items() if count}


async def _export(databases: Databases, settings: Settings, transfer: Transfer, by: Actor, told: Told) -> None:
    target = folders.file(settings, msgspec.structs.replace(transfer, file=MADE))
    await asyncio.to_thread(folders.remove_file, settings, transfer.id)
    await asyncio.to_thread(target.parent.mkdir, parents=True)
    try:
        await _require_room(databases, target.parent)
        if transfer.kind == "copy":
            await _copy(databases, settings, by, target, told)
        else:
            await _archive(databases, settings, by, target, told)
    except BaseException:
        async with asyncio.timeout(_CLOSE_S):
            await asyncio.to_thread(folders.remove_file, settings, transfer.id)
        raise
    size_bytes = (await asyncio.to_thread(target.stat)).st_size
    async with databases.ttl.transaction() as connection:
        until_us = clock.now_us() + FILE_OF_EXPORT_US
        await store.set_file(connection, transfer.id, MADE, size_bytes, until_us)


SQL_ORIGINALS = "SELECT coalesce(sum(size_bytes), 0) FROM media_assets"


async def _require_room(databases: Databases, folder: Path) -> None:
    """An export is as large as its originals and a little more. Raises TooLarge."""
    async with databases.site.read() as connection:
        found = await fetch_value(connection, SQL_ORIGINALS)
    needed = found if isinstance(found, int) else 0
    free_bytes = (await asyncio.to_thread(shutil.disk_usage, folder)).free
    if needed > free_bytes * 0.9:
        megabytes = 1024 * 1024
        raise TooLarge(
            f"the export takes about {needed // megabytes} MB, and the disk of the site has "
            f"{free_bytes // megabytes} MB left: make room on it, or use `sdc export` with a path on another disk"
        )


async def _archive(databases: Databases, settings: Settings, by: Actor, target: Path, told: Told) -> None:
    extra = await exports.statistics.of_site(settings, by)
    async with objects.open_store(objects.local_endpoint(settings)) as objects_:

        def count(done: int, total: int) -> None:
            told.done, told.total = done, total

        async with _noting(told):
            report = await exports.archive.write(databases, by, objects_, settings, target, extra=extra, told=count)
    for note in report.notes:
        await told.line(Entry(file="", outcome="left out", reason=note))
    told.counts.update({"texts": report.texts, "pictures": report.media})


async def _copy(databases: Databases, settings: Settings, by: Actor, target: Path, told: Told) -> None:
    folder = target.parent / "site"

    def count(done: int) -> None:
        told.done = done

    ask = exports.static_site.asking(settings)
    async with _noting(told):
        report = await exports.static_site.write(databases, by, ask, settings.site_url, folder, told=count)
    for each in report.broken:
        reason = f"{each.why}; on {', '.join(each.pages)}" if each.pages else each.why
        await told.line(Entry(file=each.address, outcome="broken", reason=reason))
    told.counts.update({"files": report.files, "redirects": report.redirects})
    await asyncio.to_thread(_packed, folder, target)
    await asyncio.to_thread(shutil.rmtree, folder)


@asynccontextmanager
async def _noting(told: Told) -> AsyncGenerator[None]:
    """What counts by itself is noted for as long as the block runs."""

    async def note() -> None:
        while True:
            await told.note()
            await asyncio.sleep(TOLD_US / clock.SECOND_US)

    async with supervise.background({"transfers.note": note}):
        yield


def _packed(folder: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as opened:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file.name != exports.static_site.KEPT:
                packed = zipfile.ZIP_STORED if file.suffix.lower() in _PACKED else zipfile.ZIP_DEFLATED
                opened.write(file, file.relative_to(folder).as_posix(), packed)
