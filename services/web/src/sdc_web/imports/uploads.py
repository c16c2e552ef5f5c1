"""Pictures of an import: known again by their bytes, or uploaded as an author would."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

import msgspec
from sdc_core.errors import Invalid
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings

from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.imports import likeness
from sdc_web.media import assets, formats, upload
from sdc_web.media.assets import Asset
from sdc_web.templating import bytes_in_words

CHUNK_BYTES = 256 * 1024
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_PAGES = frozenset({"htm", "html", "xhtml"})


class Pictures(msgspec.Struct, frozen=True, kw_only=True):
    """Where pictures go, and whose they will be."""

    settings: Settings
    databases: Databases
    store: ObjectStore
    by: Actor

    async def known(self, picture: Path) -> str:
        """The id of the asset with these bytes, or nothing; also where that lies in the trash."""
        digest = await asyncio.to_thread(likeness.sha256, picture)
        async with self.databases.site.read() as connection:
            asset = await assets.by_sha256(connection, digest)
        return asset.id if asset and asset.trashed_at_us is None else ""

    async def put(self, picture: Path, name: str, alt: str, author_id: str = "") -> Asset:
        """The asset of that file, theirs or that author's. Raises as `media.upload.accept` does."""

        async def chunks() -> AsyncIterator[bytes]:
            with await asyncio.to_thread(_open, picture) as file:
                while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                    yield chunk

        asset, _ = await upload.accept(
            self.databases.site, self.by, self.store, self.settings, name, chunks(), alt[: assets.MAX_ALT], author_id
        )
        return asset


def require_taken(file: Path, name: str = "") -> formats.Format:
    """What the file is. Raises Invalid for what the library does not take, by its first bytes, its size and its name,
    the file's own if none is given. Blocking.
    """
    head = _head(file)
    return formats.told(head, name or file.name)


def require_picture(file: Path) -> None:
    """Raises Invalid for what is no picture. Blocking."""
    formats.require_picture(_head(file))


def require_as_named(file: Path) -> None:
    """Raises Invalid where a server has answered with something else than was asked for, such as a page that says that
    there is nothing. Blocking.
    """
    head, ending = _head(file), formats.ending_of(file.name)
    if ending == "pdf" and formats.told(head, file.name).content_type != formats.PDF:
        raise Invalid("what came is no PDF")
    if _PAGE.match(head) and ending not in _PAGES:
        raise Invalid("what came is a page of HTML")


def _head(file: Path) -> bytes:
    size_bytes = file.stat().st_size
    if size_bytes == 0:
        raise Invalid("the file is empty")
    if size_bytes > upload.MAX_BYTES:
        raise Invalid(f"larger than {bytes_in_words(upload.MAX_BYTES)}")
    with file.open("rb") as opened:
        return opened.read(formats.HEAD_BYTES)


def _open(file: Path) -> BinaryIO:
    return file.open("rb")
