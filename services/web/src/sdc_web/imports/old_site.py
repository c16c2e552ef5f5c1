"""Pictures of the old site: in the folder that came along or, if asked, from where that site is."""

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias
from urllib.parse import SplitResult, quote, unquote, urlsplit

from sdc_core import outside
from sdc_core.errors import Invalid

from sdc_web.imports import pictures

FETCH_S = 60.0
_SIZED = re.compile(r"-\d{2,5}x\d{2,5}(?=\.\w{3,4}\Z)")
"""What WordPress adds to the name of a smaller copy."""
_GHOST_SIZE = re.compile(r"/size/w\d+(?:h\d+)?(?:/format/\w+)?(?=/)")
Fetch: TypeAlias = Callable[[str], Awaitable[Path | None]]


def path_on(host: str, address: str) -> str:
    """The path that an address of that host names, without the marks of a smaller copy; empty for any other host."""
    try:
        split = urlsplit(f"https:{address}" if address.startswith("//") else address)
    except ValueError:
        return ""
    named = (split.hostname or "").removeprefix("www.")
    if split.scheme and (split.scheme not in ("http", "https") or named != host.removeprefix("www.")):
        return ""
    return split.path if split.path.startswith("/") else ""


def located(path: str, folder: Path) -> Path | None:
    """The picture at that path of the old site, in a folder that holds the site, its uploads or a part of these."""
    whole = _GHOST_SIZE.sub("", path)
    wider = [_SIZED.sub("", whole), whole]
    for each in dict.fromkeys(wider):
        parts = [part for part in unquote(each).split("/") if part]
        for skipped in range(len(parts)):
            if found := pictures.located(quote("/".join(parts[skipped:])), folder, folder):
                return found
    return None


def checked(site: str) -> SplitResult:
    """The address of an old site. Raises Invalid for what is none."""
    try:
        split = urlsplit(site)
        named = split.scheme in ("http", "https") and split.hostname and not split.query and "@" not in split.netloc
    except ValueError:
        named = False
    if not named:
        raise Invalid("name the old site by its address, as in https://old.example", field="old_site")
    return split


@asynccontextmanager
async def fetching(site: str, folder: Path, *, private: bool = False) -> AsyncGenerator[Fetch]:
    """Asks the site at that address for pictures, one at a time, and keeps them in the folder for the block. Only hosts
    of the public internet are asked, unless `private`. Raises Invalid for what is no address.
    """
    split = checked(site)
    base = f"{split.netloc}"
    schemes = dict.fromkeys(("https", split.scheme))

    async def fetch(path: str) -> Path | None:
        for scheme in schemes:
            url = f"{scheme}://{base}{quote(unquote(path))}"
            attempt = await outside.fetch(url, {"accept": "image/*"}, timeout_s=FETCH_S, private=private)
            if attempt.ok and attempt.body:
                name = Path(unquote(path)).name[-80:] or "picture"
                file = folder / hashlib.sha256(url.encode()).hexdigest()[:16] / name
                await asyncio.to_thread(_write, file, attempt.body)
                return file
        return None

    yield fetch


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
