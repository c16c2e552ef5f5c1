"""What may be done with transfers: keep what was sent, ask for one, start, cancel, delete it. A loop does the work."""

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import msgspec
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid, NotFound, TooLarge
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Action, Actor
from sdc_web.db import Databases
from sdc_web.imports import Format, byte_marks, fetching, old_site
from sdc_web.media import upload
from sdc_web.media.upload import Received
from sdc_web.texts import characters
from sdc_web.transfers import folders, store
from sdc_web.transfers.records import FILE_OF_EXPORT_US, FILE_OF_IMPORT_US, KEPT_US, Kind, Step, Transfer

MAX_BYTES = 4 * 1024**3
RECEIVE_S = 4 * 3_600.0
LEFT_FREE_BYTES = 512 * 1024 * 1024
"""Of the disk, while something is being sent; the databases live there."""
MOST_FILES = 5
"""Of one kind that keep their file."""
MOST_UNDER_WAY = 3
MOST_ROWS = 100
MAX_NAME = 120
MAX_ADDRESS = 500
MAX_HOSTS = 4_000
"""Letters of all their names."""
_LOOK_EACH_BYTES = 16 * 1024 * 1024
_RIGHTS: dict[Kind, Action] = {"import": "site.import", "export": "site.export", "copy": "site.export"}
_NOT_HERE = "There is no such import or export. It may have been deleted: they are kept for 30 days."


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """How something is to be imported, as `imports.Manner` has it."""

    format: Format = ""
    incomplete: bool = False
    old_site: str = ""
    fetch_from: str = ""


def receiving(chunks: AsyncIterator[bytes], settings: Settings) -> AbstractAsyncContextManager[Received]:
    """What is being sent as a file of its own, for the block. Raises as `media.upload.received` does, and TooLarge when
    the disk would be full.
    """
    return upload.received(_while_there_is_room(chunks, settings), settings, most_bytes=MAX_BYTES, within_s=RECEIVE_S)


async def _while_there_is_room(chunks: AsyncIterator[bytes], settings: Settings) -> AsyncGenerator[bytes]:
    unlooked = _LOOK_EACH_BYTES
    async for chunk in chunks:
        unlooked += len(chunk)
        if unlooked >= _LOOK_EACH_BYTES:
            unlooked = 0
            free_bytes = (await asyncio.to_thread(shutil.disk_usage, settings.DATA_DIR)).free
            if free_bytes < LEFT_FREE_BYTES:
                raise TooLarge(
                    f"The disk of the site has {free_bytes // 1024 // 1024} MB left, which is too little for this "
                    "file: make room on it, then send the file again."
                )
        yield chunk


async def require_place(databases: Databases, by: Actor) -> None:
    """To be asked before a file is sent. Raises Forbidden, and Conflict when as many wait as may."""
    rights.require(by, "site.import")
    async with databases.ttl.read() as connection:
        await _require_place(connection, "import")


async def keep(
    databases: Databases, by: Actor, settings: Settings, sent: Received, name: str, wishes: Wishes
) -> Transfer:
    """The import of a file that has come; its dry run begins by itself. Raises Forbidden, Invalid for what is nothing
    to import, Conflict when as many wait as may.
    """
    rights.require(by, "site.import")
    old = characters.fitting(wishes.old_site.strip(), MAX_ADDRESS, "old_site", "This address")
    if old:
        old_site.checked(old)
    hosts = _hosts(wishes.fetch_from)
    suffix = _suffix(sent.head)
    told = characters.line(name.replace("\\", "/").rpartition("/")[2])[-MAX_NAME:] or f"a file{suffix}"
    transfer = msgspec.structs.replace(
        _new("import", "look", by, told.encode(errors="replace").decode(), FILE_OF_IMPORT_US),
        file=f"sent{suffix}",
        size_bytes=sent.size_bytes,
        format=wishes.format,
        incomplete=wishes.incomplete,
        old_site=old,
        fetch_from=hosts,
    )
    await asyncio.to_thread(_place, sent.path, folders.file(settings, transfer))
    try:
        return await _insert(databases, by, transfer, "import.uploaded")
    except Conflict:
        await asyncio.to_thread(folders.remove, settings, transfer.id)
        raise


async def begin(databases: Databases, by: Actor, kind: Kind) -> Transfer:
    """An export, which is made soon. Raises Forbidden, Conflict when as many wait, or are kept, as may."""
    rights.require(by, "site.export")
    name = f"sdc-{'site' if kind == 'copy' else 'export'}-{clock.today()}.zip"
    return await _insert(databases, by, _new(kind, "write", by, name, FILE_OF_EXPORT_US), "export.begun")


def _hosts(given: str) -> str:
    """As a row keeps them. Raises Invalid."""
    return " ".join(fetching.hosts(characters.fitting(given, MAX_HOSTS, "fetch_from", "This list of hosts")))


def _new(kind: Kind, step: Step, by: Actor, name: str, file_us: int) -> Transfer:
    now_us = clock.now_us()
    return Transfer(
        id=clock.new_id(),
        kind=kind,
        step=step,
        state="waiting",
        author_id=by.id,
        name=name,
        file="",
        size_bytes=0,
        format="",
        incomplete=False,
        old_site="",
        fetch_from="",
        done=0,
        total=0,
        counts="{}",
        words="",
        cancelling=False,
        created_at_us=now_us,
        ended_at_us=None,
        file_until_us=now_us + file_us,
        expires_at_us=now_us + KEPT_US,
    )


async def _insert(databases: Databases, by: Actor, transfer: Transfer, action: audit.Action) -> Transfer:
    async with databases.site.transaction() as connection:
        await audit.record(connection, by, action, transfer.id, transfer.name)
        # Counted where it is added: of two at once, the second one sees the first.
        async with databases.ttl.transaction() as rows:
            await _require_place(rows, transfer.kind)
            await store.insert(rows, transfer)
    return transfer


async def _require_place(rows: Connection, kind: Kind) -> None:
    if await store.under_way(rows) >= MOST_UNDER_WAY:
        raise Conflict(f"{MOST_UNDER_WAY} imports and exports wait already: let one of them end, or cancel it.")
    if await store.with_file(rows, kind) >= MOST_FILES:
        raise Conflict(f"The files of {MOST_FILES} are kept already: delete one of them below first.")
    if len(await store.everything(rows)) >= MOST_ROWS:
        raise Conflict(f"The reports of {MOST_ROWS} are kept already: delete those that are no use any more.")


async def listing(databases: Databases, by: Actor, *kinds: Kind) -> list[Transfer]:
    """Those of these kinds, the newest first. Raises Forbidden."""
    for kind in kinds:
        rights.require(by, _RIGHTS[kind])
    async with databases.ttl.read() as connection:
        return [each for each in await store.everything(connection) if each.kind in kinds]


async def one(databases: Databases, by: Actor, transfer_id: str, *kinds: Kind) -> Transfer:
    """Raises Forbidden, and NotFound where it is of none of these kinds."""
    async with databases.ttl.read() as connection:
        return await _find(connection, by, transfer_id, *kinds)


async def run(databases: Databases, by: Actor, transfer_id: str, step: Step, fetch_from: str | None = None) -> None:
    """An import is looked at once more, with pictures fetched from these hosts too where some are given, or is taken,
    by whoever asks for that. Raises Forbidden, NotFound, Invalid for hosts that are none, and Conflict where that
    cannot be done as things stand.
    """
    hosts = None if fetch_from is None or step == "take" else _hosts(fetch_from)
    async with databases.site.transaction() as connection, databases.ttl.transaction() as rows:
        transfer = await _find(rows, by, transfer_id, "import")
        if transfer.is_under_way:
            raise Conflict("This import is under way already.")
        if not (transfer.may_start if step == "take" else step == "look" and transfer.may_look):
            raise Conflict(_why_not(transfer))
        if await store.under_way(rows) >= MOST_UNDER_WAY:
            raise Conflict(f"{MOST_UNDER_WAY} imports and exports wait already: let one of them end, or cancel it.")
        await store.ask(rows, transfer_id, step, by.id, clock.now_us(), hosts)
        if step == "take":
            await audit.record(connection, by, "import.started", transfer_id, transfer.name)


async def cancel(databases: Databases, by: Actor, transfer_id: str, *kinds: Kind) -> None:
    """It stops within seconds; what was taken until then stays. Raises Forbidden, NotFound, and Conflict where it is
    over already.
    """
    async with databases.site.transaction() as connection, databases.ttl.transaction() as rows:
        transfer = await _find(rows, by, transfer_id, *kinds)
        if not transfer.is_under_way:
            raise Conflict("It is over already: there is nothing to be cancelled.")
        await store.cancel(rows, transfer_id, clock.now_us())
        action: audit.Action = "import.cancelled" if transfer.kind == "import" else "export.cancelled"
        await audit.record(connection, by, action, transfer_id, transfer.name)


async def remove(databases: Databases, by: Actor, settings: Settings, transfer_id: str, *kinds: Kind) -> None:
    """Its row, its file and its report go; what was imported stays. Raises Forbidden, NotFound, and Conflict while it
    is under way.
    """
    async with databases.site.transaction() as connection, databases.ttl.transaction() as rows:
        transfer = await _find(rows, by, transfer_id, *kinds)
        if transfer.is_under_way:
            raise Conflict("It is under way: cancel it first.")
        await store.delete(rows, transfer_id)
        action: audit.Action = "import.deleted" if transfer.kind == "import" else "export.deleted"
        await audit.record(connection, by, action, transfer_id, transfer.name)
    await asyncio.to_thread(folders.remove, settings, transfer.id)


async def downloaded(databases: Databases, by: Actor, settings: Settings, transfer_id: str) -> tuple[Transfer, Path]:
    """The file of an export, for whoever takes it away. Raises Forbidden, NotFound."""
    transfer = await one(databases, by, transfer_id, "export", "copy")
    file = folders.file(settings, transfer)
    if not transfer.file or not await asyncio.to_thread(file.is_file):
        raise NotFound("This export is not there any more: they are kept for a day. Make another one.")
    async with databases.site.transaction() as connection:
        await audit.record(connection, by, "export.downloaded", transfer.id, transfer.name)
    return transfer, file


async def _find(rows: Connection, by: Actor, transfer_id: str, *kinds: Kind) -> Transfer:
    for kind in kinds:
        rights.require(by, _RIGHTS[kind])
    found = await store.one(rows, transfer_id)
    if found is None or found.kind not in kinds:
        raise NotFound(_NOT_HERE)
    return found


def _why_not(transfer: Transfer) -> str:
    if not transfer.file:
        return "The file of this import is not here any more: send it again."
    if transfer.state == "done":
        return "This import is done already."
    return "This import has to be looked at first: have the dry run made again."


def _suffix(head: bytes) -> str:
    """What kind of file it is by its first bytes, so that its name says nothing. Raises Invalid for every other."""
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return ".zip"
    words = byte_marks.words(head).lstrip()
    if words.startswith((b"{", b"[")):
        return ".json"
    if words.startswith(b"<"):
        return ".xml"
    raise Invalid(
        "This is nothing to import: send a zip, the .json of Ghost or the .xml of WordPress. A folder of Markdown goes "
        "into a zip first.",
        field="file",
    )


def _place(sent: Path, target: Path) -> None:
    """A second name for the same file, as the first one is deleted; a copy on disks that have no such thing."""
    target.parent.mkdir(parents=True)
    try:
        os.link(sent, target)
    except OSError:
        shutil.copyfile(sent, target)
