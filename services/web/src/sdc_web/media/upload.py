"""Taking in an upload: counted, hashed, told from its bytes, stored untouched, and only then recorded."""

import asyncio
import hashlib
import tempfile
import unicodedata
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from msgspec import UNSET
from sdc_core import clock
from sdc_core.errors import Invalid, TooLarge, Unavailable
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_core.sqlite import Database

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.media import assets, formats, trash
from sdc_web.media.assets import Asset
from sdc_web.templating import bytes_in_words

MAX_BYTES = 50 * 1024 * 1024
RECEIVE_S = 600.0
SOON_S = 0.4
"""A page that can do without pictures does not wait longer to know whether there are any."""
LEFT_OVER_US = 3_600 * clock.SECOND_US
"""Far longer than an upload may take, so what is this old belongs to nobody."""
MAX_FILE_NAME = 200
_FREE_BYTES = 64 * 1024


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A file of its own with all that was sent; `head` is the first `formats.HEAD_BYTES`."""

    path: Path
    sha256: str
    size_bytes: int
    head: bytes


async def accept(
    database: Database,
    by: Actor,
    store: ObjectStore,
    settings: Settings,
    file_name: str,
    chunks: AsyncIterator[bytes],
    alt: str,
    author_id: str = "",
) -> tuple[Asset, bool]:
    """The media asset of an upload, theirs or that author's, and whether it is new: the same bytes twice are the same
    asset.

    Holds one chunk in memory. Raises Forbidden, TooLarge over `MAX_BYTES`, Invalid for a picture that browsers do
    not know, Unavailable when the object store does not take the original or the sender is too slow; then nothing is
    recorded.
    """
    rights.require(by, "media.change", author_id or UNSET)
    text = assets.clean_alt(alt)
    async with received(chunks, settings) as file:
        return await keep(database, by, store, settings, file, file_name, text, author_id)


async def keep(
    database: Database,
    by: Actor,
    store: ObjectStore,
    settings: Settings,
    file: Received,
    file_name: str,
    alt: str,
    author_id: str = "",
) -> tuple[Asset, bool]:
    """The same for a file that has come."""
    rights.require(by, "media.change", author_id or UNSET)
    text = assets.clean_alt(alt)
    name = bare_name(file_name)
    content_type, kind = formats.told(file.head, name)
    async with database.read() as connection:
        known = await assets.by_sha256(connection, file.sha256)
    if known is not None:
        return await _again(database, by, known), False
    await require_store(store, settings)
    owner_id = author_id or by.id or None
    asset = assets.new_asset(file.sha256, name, content_type, file.size_bytes, text, owner_id, kind)
    key = asset.original_key
    await store.put_file(settings.S3_MEDIA_BUCKET, key, file.path, content_type=content_type)
    async with database.transaction() as connection:
        known = await assets.by_sha256(connection, asset.sha256)
        if known is None:
            await assets.insert(connection, asset)
            await audit.record(connection, by, "media.uploaded", asset.id, asset.file_name)
            return asset, True
    # The same file came twice at once: the first one stays.
    await store.delete(settings.S3_MEDIA_BUCKET, key)
    return await _again(database, by, known), False


async def require_store(store: ObjectStore, settings: Settings) -> None:
    """Raises Unavailable, in words for the author. To be asked first: a store that hangs would be waited for as long as
    a large file may take.
    """
    if reason := await store.ping(settings.S3_MEDIA_BUCKET):
        message = f"The file was not taken, because the object store cannot be used: {reason}. Try again later."
        raise Unavailable(message)


async def store_away(store: ObjectStore, settings: Settings) -> str:
    """Why no picture can be shown or taken at the moment, in words; empty when the object store answers soon."""
    try:
        async with asyncio.timeout(SOON_S):
            return await store.ping(settings.S3_MEDIA_BUCKET)
    except TimeoutError:
        return "the object store does not answer"


def forget_left_over(settings: Settings) -> int:
    """Delete the files of uploads that a killed process left; returns how many. Blocking: call it in a thread."""
    folder = _folder(settings)
    deleted = 0
    for file in folder.glob("upload-*") if folder.is_dir() else ():
        try:
            if clock.now_us() - int(file.stat().st_mtime * clock.SECOND_US) > LEFT_OVER_US:
                file.unlink()
                deleted += 1
        except FileNotFoundError:
            continue
    return deleted


@asynccontextmanager
async def received(
    chunks: AsyncIterator[bytes], settings: Settings, *, most_bytes: int | None = None, within_s: float = RECEIVE_S
) -> AsyncGenerator[Received]:
    """The upload as a file of its own, deleted at the end of the block. Raises TooLarge over `most_bytes` (`MAX_BYTES`
    where not given), Invalid for an empty one, Unavailable when the sender is too slow.
    """
    most_bytes = most_bytes or MAX_BYTES
    file = await asyncio.to_thread(_open, _folder(settings))
    digest, size_bytes, head, waiting = hashlib.sha256(), 0, b"", bytearray()

    def write(piece: bytes) -> None:
        digest.update(piece)
        file.write(piece)

    try:
        try:
            async with asyncio.timeout(within_s):
                async for chunk in chunks:
                    size_bytes += len(chunk)
                    if size_bytes > most_bytes:
                        message = f"The file is larger than {bytes_in_words(most_bytes)}."
                        raise TooLarge(message)
                    head = (
                        (head + chunk[: formats.HEAD_BYTES])[: formats.HEAD_BYTES]
                        if len(head) < formats.HEAD_BYTES
                        else head
                    )
                    waiting += chunk
                    if len(waiting) >= _FREE_BYTES:
                        await asyncio.to_thread(write, bytes(waiting))
                        waiting.clear()
                await asyncio.to_thread(write, bytes(waiting))
                await asyncio.to_thread(file.flush)
        except TimeoutError:
            message = "The upload took too long: try again on a faster line."
            raise Unavailable(message) from None
        if size_bytes == 0:
            message = "The file is empty."
            raise Invalid(message, field="file")
        yield Received(path=Path(file.name), sha256=digest.hexdigest(), size_bytes=size_bytes, head=head)
    finally:
        # Closing deletes the file; short enough not to be worth a thread that a cancellation could lose.
        file.close()


def _folder(settings: Settings) -> Path:
    return settings.DATA_DIR / "uploads"


def _open(folder: Path) -> "tempfile._TemporaryFileWrapper[bytes]":
    folder.mkdir(parents=True, exist_ok=True)
    return tempfile.NamedTemporaryFile(dir=folder, prefix="upload-")


async def _again(database: Database, by: Actor, known: Asset) -> Asset:
    """Who uploads what lies in the trash wants it back, whoever threw it away."""
    if known.trashed_at_us is None:
        return known
    async with database.transaction() as connection:
        if await trash.take_out(connection, [known.id]):
            await audit.record(connection, by, "media.restored", known.id, f"{known.file_name}, uploaded again")
    return msgspec.structs.replace(known, trashed_at_us=None)


def bare_name(file_name: str) -> str:
    """The last part of the name, printable and not too long."""
    last = file_name.replace("\\", "/").rpartition("/")[2]
    clean = "".join(letter for letter in last if unicodedata.category(letter)[0] not in "CZ" or letter == " ").strip()
    return clean[-MAX_FILE_NAME:] or "picture"
