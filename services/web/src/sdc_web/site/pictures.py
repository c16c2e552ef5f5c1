"""Variants of media assets, out of the object store: small ones at once, large ones in pieces."""

import asyncio
import re
from asyncio import TaskGroup
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ASGIApp, Receive, Scope, Send
from sdc_core import keys
from sdc_core.errors import NotFound, Unavailable
from sdc_core.objects import ObjectStore
from sdc_core.variants import CONTENT_TYPES, Manifest, StoredVariant

from sdc_web import media
from sdc_web.db import Databases
from sdc_web.headers import FOR_OTHER_SITES
from sdc_web.problems import AnyRequest
from sdc_web.site.files import FOREVER, is_known

OPEN_S = 4.0
"""A visitor does not wait longer for a store that hangs, and requests do not pile up behind it."""
SEND_S = 120.0
"""For a chunk, which the slowest reader that is put up with takes in half of it (`slow_readers`)."""
WHOLE_BYTES = 1024 * 1024
"""Of a picture that is read before it is answered, and of a piece of a larger one."""
READS = 24
"""At once. They leave the store's client a quarter of its connections for all else."""
STREAMS = 32
"""Readers of large ones at once, with a piece each: a sixth of all that a process works on (`edge.Crowd`)."""
_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")
_MAX_RANGE = 60
_NOT_THERE = "The picture is not in the object store at the moment."
_TOO_LATE = "The object store does not bring the picture at the moment."


class Lost(Unavailable):
    """The store answers, and has no such file."""


class Pictures:
    """How variants come out of the store. A connection to it is held as long as the store takes, not the reader: what
    is sent has been read, at most `WHOLE_BYTES` at a time. Readers of larger ones, who are few, have a bound of their
    own.
    """

    __slots__ = ("_below", "_bucket", "_reads", "_store", "_streams")

    def __init__(self, store: ObjectStore, bucket: str, below: str = "") -> None:
        """`below` stands before each key: in a mirror, a bucket is a part of another one."""
        self._store = store
        self._bucket = bucket
        self._below = below
        self._reads = asyncio.Semaphore(READS)
        self._streams = asyncio.Semaphore(STREAMS)

    async def read(self, key: str, byte_range: str) -> list[bytes]:
        """The bytes, as they came. Raises Unavailable or Lost, in words for a visitor."""
        try:
            async with asyncio.timeout(OPEN_S), AsyncExitStack() as opened:
                await opened.enter_async_context(self._reads)
                opening = self._store.stream(self._bucket, self._below + key, byte_range=byte_range)
                stream = await opened.enter_async_context(opening)
                held = opened.pop_all()
        except NotFound:
            raise Lost(_NOT_THERE) from None
        except TimeoutError:
            raise Unavailable(_TOO_LATE) from None
        async with held:
            return [chunk async for chunk in stream.chunks]

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None]:
        """One among the readers of large ones, while the block runs. Raises Unavailable, in words for a visitor."""
        try:
            async with asyncio.timeout(OPEN_S):
                await self._streams.acquire()
        except TimeoutError:
            raise Unavailable(_TOO_LATE) from None
        try:
            yield
        finally:
            self._streams.release()


@get(["/media/{asset_id:str}/{name:str}", "/media/{asset_id:str}/{recipe:str}/{name:str}"])
async def variant(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    pictures: NamedDependency[Pictures],
    asset_id: FromPath[str],
    name: FromPath[str],
    recipe: FromPath[str] = "",
) -> ASGIApp:
    """A variant; never the original, which may tell where a photograph was taken. A file that an asset had once leads
    to what it shows now. The path with a recipe is that of the object store, by which a CDN asks.
    """
    recipe = recipe or request.query_params.get("r", "")
    found = await _find(databases, asset_id, name, recipe)
    if isinstance(found, str):
        return _answer(request, 302, {"location": found, "cache-control": "no-cache", **FOR_OTHER_SITES})
    manifest, stored = found
    # Nothing else is ever stored under this key, so its parts name the content; an address without recipe does not.
    etag = f'"{asset_id}-{manifest.recipe}-{stored.name}"'
    headers = {
        "cache-control": FOREVER if recipe else "no-cache",
        "etag": etag,
        "accept-ranges": "bytes",
        "content-type": CONTENT_TYPES[stored.format],
        **FOR_OTHER_SITES,
    }
    if is_known(request, etag):
        return _answer(request, 304, headers)
    if request.scope.get("sdc.head"):
        return _answer(request, *_part(headers, "", stored.size_bytes))
    key = keys.variant(asset_id, manifest.recipe, stored.name)
    byte_range = _range(request, etag, stored.size_bytes)
    if byte_range is None:
        outside = {"content-range": f"bytes */{stored.size_bytes}", "cache-control": "no-store", **FOR_OTHER_SITES}
        return _answer(request, 416, outside)
    first, end = _span(byte_range, stored.size_bytes)
    content_range = f"bytes {first}-{end - 1}/{stored.size_bytes}" if byte_range else ""
    if end - first > WHOLE_BYTES:
        return _in_pieces(pictures, key, (first, end), *_part(headers, content_range, end - first))
    try:
        body = b"".join(await pictures.read(key, byte_range))
    except Lost:
        headers, body = await _instead(pictures, asset_id, name, manifest.recipe)
        content_range = ""
    return _answer(request, *_part(headers, content_range, len(body)), body)


route_handlers = [variant]


async def _find(databases: Databases, file_id: str, name: str, recipe: str) -> tuple[Manifest, StoredVariant] | str:
    """The variant of that file, or the address of the one that is shown in its place: of another file, or of another
    recipe, which has not all the sizes and types that the former had. Raises NotFound.
    """
    async with databases.site.read() as connection:
        asset = await media.by_file(connection, file_id)
        here = asset if asset and asset.trashed_at_us is None else None
        instead = None if here else await media.files.shown_now(connection, file_id)
    manifest = here.manifest if here else None
    if here is not None and name == media.picture.WHOLE and (address := media.picture.nearest(here, name)):
        return address
    stored = next((each for each in manifest.files if each.name == name), None) if manifest else None
    # Under another recipe's name nothing is given out: there is one for each file, and it is kept for a year.
    if manifest is not None and recipe not in ("", manifest.recipe):
        instead = here
    elif manifest is not None and stored is not None:
        return manifest, stored
    if instead is not None and (address := media.picture.nearest(instead, name)):
        return address
    message = "There is no such picture."
    raise NotFound(message)


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

    async def answer(_: Scope, receive: Receive, send: Send) -> None:
        async with pictures.place():
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
