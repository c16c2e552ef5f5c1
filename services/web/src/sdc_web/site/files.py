"""The site's own files, from memory."""

import asyncio
import re
from functools import lru_cache

import brotli
from litestar import Response, get
from litestar.params import FromPath
from sdc_core.errors import NotFound

from sdc_web import content_codings, templating
from sdc_web.problems import AnyRequest
from sdc_web.templating import DIGEST_CHARS, StaticFile

FOREVER = "public, max-age=31536000, immutable"
DAY = "public, max-age=86400"
_DIGESTED = re.compile(rf"(.+)\.([0-9a-f]{{{DIGEST_CHARS}}})(\.\w+)")


@get("/static/{path:path}")
async def static(request: AnyRequest, path: FromPath[str]) -> Response[bytes]:
    """A file of the site. Under an address with its digest it never changes; under its plain name it is asked about."""
    name, lasting = _named(str(path).lstrip("/"))
    file = templating.static_files().get(name)
    if file is None:
        message = "There is no such file."
        raise NotFound(message)
    return await _file(request, file, FOREVER if lasting else "no-cache")


route_handlers = [static]


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
    accepted = request.headers.get("accept-encoding", "").encode("latin-1")
    shrinks = file.content_type.startswith(("text/", "image/svg"))
    coding = content_codings.best(accepted) if shrinks else "identity"
    small = coding != "identity"
    encoding = {"content-encoding": coding} if small else {}
    etag = f'"{file.digest}{"-" + coding if small else ""}"'
    headers = {"cache-control": cache_control, "etag": etag, "vary": "accept-encoding"}
    if is_known(request, etag):
        return Response(b"", status_code=304, headers=headers)
    body = await asyncio.to_thread(_compressed, file.body, coding) if small else file.body
    return Response(body, media_type=file.content_type, headers=headers | encoding)


@lru_cache(maxsize=256)
def _compressed(body: bytes, coding: str) -> bytes:
    """Browsers take Brotli over https alone, where it is worth more time than a page has."""
    return brotli.compress(body, quality=11) if coding == "br" else content_codings.CODINGS[coding].encode(body)


def is_known(request: AnyRequest, etag: str) -> bool:
    """Whether the client has it already."""
    known = request.headers.get("if-none-match", "")
    return any(each.strip().removeprefix("W/") in (etag, "*") for each in known.split(","))
