"""Pictures that did not come along, asked for where they are: of the old site, and of hosts that the owner named."""

import asyncio
import hashlib
import re
import shutil
from collections.abc import Awaitable, Callable, Iterator, Sequence
from html import unescape
from pathlib import Path
from typing import TypeAlias
from urllib.parse import SplitResult, quote, unquote, urljoin

import msgspec
from sdc_core import attempts, outside
from sdc_core.attempts import Attempt
from sdc_core.errors import Invalid

from sdc_web.imports import old_site, pictures
from sdc_web.media import upload
from sdc_web.templating import bytes_in_words

FETCH_S = 60.0
MAX_HOPS = 3
MAX_HOSTS = 50
LEFT_FREE_BYTES = 512 * 1024 * 1024
"""Of the disk: the databases live there."""
MAX_TOLD = 200
MAX_NAME = 60
"""Letters of a file's name: a disk counts its bytes."""
_HOST = re.compile(r"\w[\w.-]{1,252}(?::\d{1,5})?")
_TOO_LARGE = (
    f"it is larger than {bytes_in_words(upload.MAX_BYTES)}, and the library takes no more: make it smaller, and put it "
    "into the folder"
)
_LEADS_ON = frozenset({301, 302, 303, 307, 308})

Fetch: TypeAlias = Callable[[str], Awaitable[Path | str]]
"""The file of a picture that a text names, or in words why there is none."""


def hosts(given: str) -> tuple[str, ...]:
    """Hosts as somebody lists them, with spaces or commas between, each once; one may be given as an address. Raises
    Invalid, in words.
    """
    named = dict.fromkeys(_host(each) for each in given.replace(",", " ").split())
    if len(named) > MAX_HOSTS:
        raise Invalid(f"at most {MAX_HOSTS} hosts can be named", field="fetch_from")
    return tuple(named)


def host_of(address: str) -> str:
    """The host of an address as it is named, with its port where that is none of the usual; empty for none."""
    found = old_site.split(address)
    if found.scheme not in ("http", "https") or "@" in found.netloc:
        return ""
    host = (found.hostname or "").rstrip(".")
    return host if found.port in (None, 80, 443) else f"{host}:{found.port}"


def _host(given: str) -> str:
    host = host_of(given if "://" in given else f"https://{given}")
    if not _HOST.fullmatch(host):
        raise Invalid(f"name hosts as in cdn.example: {given[:80]} is none", field="fetch_from")
    return host


class Fetching(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for pictures, one at a time, and keeps them in the folder: a path of the `old` site, where there is one, a
    whole address where its host is among those `allowed`; whatever one leads on to has to be, too. Only hosts of the
    public internet are asked, unless `private`.
    """

    old: SplitResult | None
    allowed: frozenset[str]
    folder: Path
    private: bool = False
    failed: dict[str, str] = msgspec.field(default_factory=dict)
    """Why what was asked for did not come: a picture of every page is not asked for at each."""

    async def fetch(self, target: str) -> Path | str:
        """The file of a picture that a text names, or in words why there is none."""
        why = "there is no old site to ask for it"
        for url in self._addresses(unescape(target)):
            file = self.folder / hashlib.sha256(url.encode()).hexdigest()[:16] / _name(url)
            if await asyncio.to_thread(file.is_file):
                return file
            if host_of(url) not in self.allowed:
                return f"{host_of(url)[:MAX_TOLD] or 'its host'} was not named as a host to fetch pictures from"
            if url in self.failed:
                why = self.failed[url]
                continue
            if (await asyncio.to_thread(shutil.disk_usage, self.folder)).free < LEFT_FREE_BYTES:
                return "the disk of the site is nearly full"
            attempt = await self._followed(url)
            if attempt.ok and attempt.body:
                await asyncio.to_thread(_write, file, attempt.body)
                return file
            why = self.failed[url] = attempt.error or ("it is empty" if attempt.ok else f"it answered {attempt.status}")
        return why

    def _addresses(self, target: str) -> Iterator[str]:
        """Where the picture may be, its largest self first."""
        if pictures.is_whole(target):
            yield from dict.fromkeys(map(_asked, (old_site.original(target), target)))
        elif self.old is not None:
            for path in old_site.originals(target):
                for scheme in dict.fromkeys(("https", self.old.scheme)):
                    yield _asked(f"{scheme}://{self.old.netloc}{path}")

    async def _followed(self, url: str) -> Attempt:
        """What the address leads to, as long as it stays with these hosts."""
        for _ in range(MAX_HOPS + 1):
            attempt = await outside.fetch(
                url,
                {"accept": "image/*, */*;q=0.5"},
                timeout_s=FETCH_S,
                private=self.private,
                most_bytes=upload.MAX_BYTES,
            )
            if attempt.error.startswith(attempts.TOO_LARGE):
                return Attempt(error=_TOO_LARGE)
            if attempt.status not in _LEADS_ON or not attempt.location:
                return attempt
            url = _asked(urljoin(url, attempt.location))
            if host_of(url) not in self.allowed:
                return Attempt(error=f"it leads on to {host_of(url)[:MAX_TOLD] or 'no host'}, which was not named")
        return Attempt(error=f"it leads on more than {MAX_HOPS} times")


def fetching(site: str, named: Sequence[str], folder: Path, *, private: bool = False) -> Fetch:
    """What asks the site at that address, empty for none, and the hosts that are named. Raises Invalid for what is no
    address.
    """
    old = old_site.checked(site) if site else None
    allowed = frozenset(named) | (old_site.own_hosts(old) if old else frozenset())
    return Fetching(old=old, allowed=allowed, folder=folder, private=private).fetch


def _asked(address: str) -> str:
    """The address as it is sent: what is no letter of addresses is written as its bytes."""
    found = old_site.split(address)
    return found._replace(
        scheme=found.scheme or "https", path=quote(found.path, safe="%/!$&'()*+,;=:@~"), fragment=""
    ).geturl()


def _name(url: str) -> str:
    last = unquote(old_site.split(url).path).rpartition("/")[2][-MAX_NAME:].lstrip(".")
    return "".join(letter for letter in last if letter.isprintable()) or "picture"


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
