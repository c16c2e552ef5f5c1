"""Media assets, out of the object store, small ones at once, large ones in pieces: of pictures their variants, all else
as it came.
"""

import asyncio
import re
from asyncio import TaskGroup
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import NamedTuple
from weakref import WeakValueDictionary

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ASGIApp, Receive, Scope, Send
from sdc_core import keys, metrics
from sdc_core.errors import NotFound, Unavailable
from sdc_core.metrics import Family
from sdc_core.objects import ObjectStore, ObjectStream
from sdc_core.variants import CONTENT_TYPES, Manifest, StoredVariant

from sdc_web import media, origins
from sdc_web.db import Databases
from sdc_web.headers import FOR_OTHER_SITES
from sdc_web.media.assets import Asset
from sdc_web.problems import AnyRequest
from sdc_web.site.files import FOREVER, is_known

OPEN_S = 4.0
"""A visitor does not wait longer for a store that hangs, and requests do not pile up behind it."""
WHOLE_S = 8.0
"""For what has begun to come, at most `WHOLE_BYTES`. Then it is asked for once more: of many answers a store may leave
one hanging and give the next at once.
"""
SEND_S = 120.0
"""For a chunk, which the slowest reader that is put up with takes in half of it (`slow_readers`)."""
WHOLE_BYTES = 1024 * 1024
"""Of a picture that is read before it is answered, and of a piece of a larger one."""
READS = 24
"""At once. They leave the store's client a quarter of its connections for all else."""
STREAMS = 32
"""Readers of large ones at once, with a piece each: a sixth of all that a process works on (`edge.Crowd`)."""
STREAMS_OF_ONE = 8
"""Of one address: who plays a film and lets a page load beside it has enough, and nobody can take the place of all."""
_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")
_MAX_RANGE = 60
_NOT_THERE = "It is not in the object store at the moment."
_TOO_LATE = "The object store does not bring it at the moment."


class Lost(Unavailable):
    """The store answers, and has no such file."""


class Pictures:
    """How variants come out of the store. A connection to it is held as long as the store takes, not the reader: what
    is sent has been read, at most `WHOLE_BYTES` at a time. Readers of larger ones, who are few, have a bound of their
    own.
    """

    __slots__ = ("_below", "_bucket", "_of_one", "_reads", "_store", "_streams", "_under_way")

    def __init__(self, store: ObjectStore, bucket: str, below: str = "") -> None:
        """`below` stands before each key: in a mirror, a bucket is a part of another one."""
        self._store = store
        self._bucket = bucket
        self._below = below
        self._reads = asyncio.Semaphore(READS)
        self._streams = asyncio.Semaphore(STREAMS)
        self._under_way = 0
        self._of_one: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def read(self, key: str, byte_range: str) -> list[bytes]:
        """The bytes, as they came. Raises Unavailable or Lost, in words for a visitor."""
        for _ in range(2):
            held, stream = await self._open(key, byte_range)
            with suppress(TimeoutError):
                async with asyncio.timeout(WHOLE_S), held:
                    return [chunk async for chunk in stream.chunks]
        raise Unavailable(_TOO_LATE)

    async def _open(self, key: str, byte_range: str) -> tuple[AsyncExitStack, ObjectStream]:
        """What holds the connection to the store, and what comes over it."""
        try:
            async with asyncio.timeout(OPEN_S), AsyncExitStack() as opened:
                await opened.enter_async_context(self._reads)
                opening = self._store.stream(self._bucket, self._below + key, byte_range=byte_range)
                stream = await opened.enter_async_context(opening)
                return opened.pop_all(), stream
        except NotFound:
            raise Lost(_NOT_THERE) from None
        except TimeoutError:
            raise Unavailable(_TOO_LATE) from None

    @asynccontextmanager
    async def place(self, origin: str) -> AsyncGenerator[None]:
        """One among the readers of large ones, while the block runs. Raises Unavailable, in words for a visitor."""
        of_one = self._of_one.setdefault(origin, asyncio.Semaphore(STREAMS_OF_ONE))
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(OPEN_S):
                    await held.enter_async_context(of_one)
                    await held.enter_async_context(self._streams)
            except TimeoutError:
                raise Unavailable(_TOO_LATE) from None
            self._under_way += 1
            try:
                yield
            finally:
                self._under_way -= 1

    def figures(self) -> list[Family]:
        """How many of the places for large ones are taken."""
        told = f"Films, sound and large pictures that are being sent; the {STREAMS + 1}st reader waits."
        return [metrics.single("gauge", "sdc_large_files_under_way", told, self._under_way)]


@get(["/media/{asset_id:str}/{name:str}", "/media/{asset_id:str}/{recipe:str}/{name:str}"])
async def variant(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    pictures: NamedDependency[Pictures],
    asset_id: FromPath[str],
    name: FromPath[str],
    recipe: FromPath[str] = "",
) -> ASGIApp:
    """A variant of a picture, never its original, which may tell where a photograph was taken; or what is no picture,
    as it came. A file that an asset had once leads to what it shows now. The path with a recipe is that of the object
    store, by which a CDN asks.
    """
    recipe = recipe or request.query_params.get("r", "")
    found = await _find(databases, asset_id, name, recipe)
    if isinstance(found, str):
        return _answer(request, 302, {"location": found, "cache-control": "no-cache", **FOR_OTHER_SITES})
    etag, size_bytes = found.headers["etag"], found.size_bytes
    if is_known(request, etag):
        return _answer(request, 304, found.headers)
    if request.scope.get("sdc.head"):
        return _answer(request, *_part(found.headers, "", size_bytes))
    byte_range = _range(request, etag, size_bytes)
    if byte_range is None:
        outside = {"content-range": f"bytes */{size_bytes}", "cache-control": "no-store", **FOR_OTHER_SITES}
        return _answer(request, 416, outside)
    first, end = _span(byte_range, size_bytes)
    content_range = f"bytes {first}-{end - 1}/{size_bytes}" if byte_range else ""
    if end - first > WHOLE_BYTES:
        return _in_pieces(pictures, found.key, (first, end), *_part(found.headers, content_range, end - first))
    headers = found.headers
    try:
        body = b"".join(await pictures.read(found.key, byte_range))
    except Lost:
        if not found.recipe:
            raise
        headers, body = await _instead(pictures, asset_id, name, found.recipe)
        content_range = ""
    return _answer(request, *_part(headers, content_range, len(body)), body)


route_handlers = [variant]


class _Found(NamedTuple):
    """Where the store has what was asked for, and with which headers it is given; `recipe` of a variant."""

    key: str
    size_bytes: int
    headers: dict[str, str]
    recipe: str = ""


async def _find(databases: Databases, file_id: str, name: str, recipe: str) -> _Found | str:
    """What readers get of that file, or the address of what is shown in its place: of another file, or of another
    recipe, which has not all the sizes and types that the former had. Raises NotFound.
    """
    async with databases.site.read() as connection:
        asset = await media.by_file(connection, file_id)
        here = asset if asset and asset.trashed_at_us is None else None
        instead = None if here else await media.files.shown_now(connection, file_id)
    if here is not None and not here.is_picture:
        return _as_it_came(here, name)
    manifest = here.manifest if here else None
    if here is not None and name == media.picture.WHOLE and (address := media.picture.nearest(here, name)):
        return address
    stored = next((each for each in manifest.files if each.name == name), None) if manifest else None
    # Under another recipe's name nothing is given out: there is one for each file, and it is kept for a year.
    if manifest is not None and recipe not in ("", manifest.recipe):
        instead = here
    elif manifest is not None and stored is not None:
        return _variant(file_id, manifest, stored, lasting=bool(recipe))
    if instead is not None and (address := _address(instead, name)):
        return address
    message = "There is no such picture."
    raise NotFound(message)


def _variant(file_id: str, manifest: Manifest, stored: StoredVariant, *, lasting: bool) -> _Found:
    # Nothing else is ever stored under this key, so its parts name the content; an address without recipe does not.
    headers = {
        "cache-control": FOREVER if lasting else "no-cache",
        "etag": f'"{file_id}-{manifest.recipe}-{stored.name}"',
        "accept-ranges": "bytes",
        "content-type": CONTENT_TYPES[stored.format],
        **FOR_OTHER_SITES,
    }
    key = keys.variant(file_id, manifest.recipe, stored.name)
    return _Found(key, stored.size_bytes, headers, manifest.recipe)


def _as_it_came(asset: Asset, name: str) -> _Found | str:
    if name != media.attachment.file_name(asset):
        return media.attachment.address(asset)
    headers = {
        "cache-control": FOREVER,
        "etag": f'"{asset.stored_id}"',
        "accept-ranges": "bytes",
        **media.attachment.headers(asset),
        **FOR_OTHER_SITES,
    }
    return _Found(asset.original_key, asset.size_bytes, headers)


def _address(asset: Asset, name: str) -> str:
    return media.picture.nearest(asset, name) if asset.is_picture else media.attachment.address(asset)


async def _instead(pictures: Pictures, file_id: str, name: str, lost: str) -> tuple[dict[str, str], bytes]:
    """Headers and bytes of what the store has by another recipe, in place of one that it has no more: the database was
    brought back from before it, and the worker will tell it soon. Raises Unavailable.
    """
    raw = b"".join(await pictures.read(keys.manifest(file_id), ""))
    with suppress(msgspec.DecodeError):
        manifest = msgspec.json.decode(raw, type=Manifest)
        if manifest.variants and manifest.recipe != lost:
            near = media.picture.like(manifest, name)
            body = b"".join(await pictures.read(keys.variant(file_id, manifest.recipe, near.name), ""))
            return {"cache-control": "no-store", "content-type": CONTENT_TYPES[near.format], **FOR_OTHER_SITES}, body
    raise Lost(_NOT_THERE)


def _answer(request: AnyRequest, status: int, headers: dict[str, str], body: bytes = b"") -> ASGIApp:
    return Response(body, status_code=status, headers=headers).to_asgi_response(None, request)


def _part(headers: dict[str, str], content_range: str, size_bytes: int) -> tuple[int, dict[str, str]]:
    """Status and headers of the whole, or of the part that was asked for."""
    headers = headers | {"content-length": str(size_bytes)}
    return (206, headers | {"content-range": content_range}) if content_range else (200, headers)


def _in_pieces(pictures: Pictures, key: str, span: tuple[int, int], status: int, headers: dict[str, str]) -> ASGIApp:
    """An answer that holds its place among the readers of large ones exactly as long as it is being sent.

    Not Litestar's `Stream`: that leaves the generator of a reader who went away to be closed by chance.
    """
    first, end = span
    pieces = [f"bytes={at}-{min(at + WHOLE_BYTES, end) - 1}" for at in range(first, end, WHOLE_BYTES)]

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        client = scope["client"]
        async with pictures.place(origins.of(client[0]) if client else ""):
            chunks = await pictures.read(key, pieces[0])
            encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
            await send({"type": "http.response.start", "status": status, "headers": encoded})
            async with TaskGroup() as group:
                sending = group.create_task(_send(pictures, key, chunks, pieces[1:], send))
                leaving = group.create_task(_left(receive))
                sending.add_done_callback(lambda _: leaving.cancel())
                leaving.add_done_callback(lambda _: sending.cancel())

    return answer


async def _send(pictures: Pictures, key: str, chunks: list[bytes], further: list[str], send: Send) -> None:
    """What was read, then each further piece. Nothing else is ever stored under the key, so they are of one picture."""
    for piece in (None, *further):
        for chunk in await pictures.read(key, piece) if piece else chunks:
            async with asyncio.timeout(SEND_S):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _range(request: AnyRequest, etag: str, size_bytes: int) -> str | None:
    """The one range that is asked for, empty for the whole: also for several at once, as RFC 9110 section 14.2 allows,
    and where the part that the client has is of another content. None where all of it lies beyond the end.
    """
    wanted = request.headers.get("range", "")
    found = _RANGE.fullmatch(wanted)
    if found is None or len(wanted) > _MAX_RANGE or request.headers.get("if-range", etag) != etag:
        return ""
    first, last = found[1], found[2]
    if not (first or last) or (first and last and int(last) < int(first)):
        return ""
    is_inside = int(first) < size_bytes if first else int(last) > 0
    return wanted if is_inside else None


def _span(byte_range: str, size_bytes: int) -> tuple[int, int]:
    """The first byte of a range that lies inside, and the one behind its last; of all without one."""
    found = _RANGE.fullmatch(byte_range)
    if found is None:
        return 0, size_bytes
    first, last = found[1], found[2]
    if not first:
        return max(0, size_bytes - int(last)), size_bytes
    return int(first), min(int(last) + 1, size_bytes) if last else size_bytes
