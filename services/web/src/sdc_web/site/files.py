"""Files: the site's own, from memory, and variants of media assets, streamed from the object store."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from functools import lru_cache

import brotli
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream
from sdc_core import keys
from sdc_core.errors import NotFound, Unavailable
from sdc_core.objects import ObjectStore, ObjectStream
from sdc_core.settings import Settings
from sdc_core.variants import CONTENT_TYPES, StoredVariant

from sdc_web import media, templating
from sdc_web.db import Databases
from sdc_web.page_cache import best_encoding
from sdc_web.templating import DIGEST_CHARS, StaticFile

FOREVER = "public, max-age=31536000, immutable"
OPEN_S = 4.0
"""A visitor does not wait longer for a store that hangs, and requests do not pile up behind it."""
STREAM_S = 300.0
_DIGESTED = re.compile(rf"(.+)\.([0-9a-f]{{{DIGEST_CHARS}}})(\.\w+)")
_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")
_MAX_RANGE = 60
AnyRequest = Request[object, object, State]


@get("/static/{path:path}")
async def static(request: AnyRequest, path: FromPath[str]) -> Response[bytes]:
    """A file of the site. Under an address with its digest it never changes; under its plain name it is asked about."""
    name, lasting = _named(str(path).lstrip("/"))
    file = templating.static_files().get(name)
    if file is None:
        message = "There is no such file."
        raise NotFound(message)
    return await _file(request, file, FOREVER if lasting else "no-cache")


@get("/favicon.ico")
async def favicon(request: AnyRequest) -> Response[bytes]:
    """For browsers that ask without being told of the icon."""
    return await _file(request, templating.static_files()["icon.svg"], "public, max-age=86400")


@get("/media/{asset_id:str}/{name:str}")
async def variant(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    store: NamedDependency[ObjectStore],
    settings: NamedDependency[Settings],
    asset_id: FromPath[str],
    name: FromPath[str],
) -> Response[bytes] | Stream:
    """A variant; never the original, which may tell where a photograph was taken."""
    async with databases.site.read() as connection:
        asset = await media.find(connection, asset_id)
    manifest = asset.manifest if asset else None
    stored = next((each for each in manifest.variants if each.name == name), None) if manifest else None
    if manifest is None or stored is None:
        message = "There is no such picture."
        raise NotFound(message)
    # Nothing else is ever stored under this key, so its parts name the content.
    etag = f'"{asset_id}-{manifest.recipe}-{stored.name}"'
    headers = {"cache-control": FOREVER, "etag": etag, "accept-ranges": "bytes"}
    if _is_known(request, etag):
        return Response(b"", status_code=304, headers=headers)
    if request.scope.get("sdc.head"):
        return Response(
            b"", media_type=CONTENT_TYPES[stored.format], headers=headers | {"content-length": str(stored.size_bytes)}
        )
    key = keys.variant(asset_id, manifest.recipe, stored.name)
    return await _streamed(request, store, settings.S3_MEDIA_BUCKET, key, stored, headers)


route_handlers = [static, favicon, variant]


def _named(path: str) -> tuple[str, bool]:
    """The file's own name, and whether the address is bound to its content. A digest of former days gets the file as it
    is now, and is not kept.
    """
    files = templating.static_files()
    if path in files:
        # Fonts and vendored scripts carry a digest or a version in their own names.
        return path, path.startswith(("fonts/", "vendor/"))
    digested = _DIGESTED.fullmatch(path)
    if digested is None:
        return path, False
    name = digested[1] + digested[3]
    return name, name in files and files[name].digest == digested[2]


async def _file(request: AnyRequest, file: StaticFile, cache_control: str) -> Response[bytes]:
    small = file.content_type.startswith(("text/", "image/svg")) and "br" in best_encoding(
        request.headers.get("accept-encoding", "")
    )
    encoding = {"content-encoding": "br"} if small else {}
    etag = f'"{file.digest}{"-br" if small else ""}"'
    headers = {"cache-control": cache_control, "etag": etag, "vary": "accept-encoding"}
    if _is_known(request, etag):
        return Response(b"", status_code=304, headers=headers)
    body = await asyncio.to_thread(_compressed, file.body) if small else file.body
    return Response(body, media_type=file.content_type, headers=headers | encoding)


@lru_cache(maxsize=64)
def _compressed(body: bytes) -> bytes:
    return brotli.compress(body, quality=9)


def _is_known(request: AnyRequest, etag: str) -> bool:
    known = request.headers.get("if-none-match", "")
    return any(each.strip().removeprefix("W/") in (etag, "*") for each in known.split(","))


async def _streamed(
    request: AnyRequest, store: ObjectStore, bucket: str, key: str, stored: StoredVariant, headers: dict[str, str]
) -> Response[bytes] | Stream:
    """An object's bytes, one piece at a time; a range of them where one was asked for."""
    wanted = request.headers.get("range", "")
    # Several ranges at once are answered whole, as RFC 9110 section 14.2 allows.
    byte_range = wanted if _is_inside(wanted, stored.size_bytes) else ""
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.timeout(OPEN_S):
                stream = await stack.enter_async_context(store.stream(bucket, key, byte_range=byte_range))
        except NotFound:
            message = "The picture is not in the object store at the moment."
            raise Unavailable(message) from None
        except TimeoutError:
            message = "The object store does not bring the picture at the moment."
            raise Unavailable(message) from None
        held = stack.pop_all()
    partial = {"content-range": stream.content_range} if stream.content_range else {}
    return Stream(
        _pieces(stream, held),
        status_code=206 if partial else 200,
        media_type=CONTENT_TYPES[stored.format],
        headers=headers | partial | {"content-length": str(stream.size_bytes)},
    )


def _is_inside(byte_range: str, size_bytes: int) -> bool:
    """Whether one range that this object has was asked for; anything else is answered whole."""
    found = _RANGE.fullmatch(byte_range)
    if found is None or len(byte_range) > _MAX_RANGE:
        return False
    first, last = found[1], found[2]
    if not first:
        return bool(last) and int(last) > 0
    return int(first) < size_bytes and (not last or int(first) <= int(last))


async def _pieces(stream: ObjectStream, held: AsyncExitStack) -> AsyncGenerator[bytes]:
    async with held, asyncio.timeout(STREAM_S):
        async for chunk in stream.chunks:
            yield chunk
