"""The public site as files that any file server serves: each page as readers get it, with feeds, pictures, redirects
and an index for a small script. Done again, only what changed is written.
"""

import asyncio
import hashlib
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable
from html import escape
from pathlib import Path, PurePosixPath
from typing import TypeAlias
from urllib.parse import unquote

import msgspec
from sdc_core import outside
from sdc_core.errors import Invalid, Unavailable
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection, fetch_all

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.exports import redirect_files, static_links, static_search
from sdc_web.media import upload

KEPT = ".sdc-static.json"
"""In the folder: what the last copy wrote, so that the next one knows what is its own."""
_SEEDS = ("/", "/search", "/robots.txt", "/sitemap.xml", "/feed.xml", "/rss.xml", "/feed.json", "/favicon.ico")
_NOWHERE = "/there-is-nothing-at-this-address"
MAX_FILES = 500_000
ASK_S = 60.0
"""For one address: a film of the library comes through the site from the object store."""
_TRIES = 3
"""For an address that the site cannot answer at the moment."""
_MAX_WAIT_S = 10
_NOTED = 500
"""Files after which it is noted what was written: the next copy goes on from there, whatever ends this one."""
_LISTENED = re.compile(
    rb'<link rel="(?:webmention|micropub)" href="[^"]*">\n?'
    rb'|<script type="module" src="/static/js/reading[^>]*></script>\n?'
)
"""Nobody listens where the copy is."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the site answered; `status` 0 for nothing, with the reason. `retry_after_s` is when to ask again."""

    status: int
    body: bytes = b""
    reason: str = ""
    retry_after_s: int = 0

    @property
    def is_for_now(self) -> bool:
        """Whether nothing is known of the address: the site does not answer it, or not now."""
        return self.status == 0 or self.status >= 500

    @property
    def why(self) -> str:
        """In words, why there is no page."""
        return self.reason or f"it answers {self.status}"


Ask: TypeAlias = Callable[[str], Awaitable[Answer]]


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """An address that pages lead to and that is not there; `pages` are some of those. An `unanswered` one may be there
    all the same: the copy has it as it was.
    """

    address: str
    why: str
    pages: tuple[str, ...]
    unanswered: bool = False


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a copy holds: how many files, how many of them were written now, and removed, and what is broken."""

    files: int
    written: int
    removed: int
    redirects: int
    broken: tuple[Broken, ...]


class _Redirect(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    target: str


SQL_REDIRECTS = """
SELECT redirects.path, CASE
        WHEN redirects.target IS NOT NULL THEN redirects.target
        WHEN posts.kind = 'page' THEN '/' || posts.slug
        ELSE '/' || posts.kind || 's/' || posts.slug
    END AS target
FROM redirects LEFT JOIN posts ON posts.id = redirects.post_id
WHERE redirects.target IS NOT NULL OR posts.revision_id IS NOT NULL
ORDER BY redirects.path
"""


def asking(settings: Settings) -> Ask:
    """Asks the site as it runs, on this machine."""
    host = "127.0.0.1" if settings.WEB_HOST in ("0.0.0.0", "::", "") else settings.WEB_HOST  # noqa: S104 - not bound here
    base = f"http://[{host}]:{settings.WEB_PORT}" if ":" in host else f"http://{host}:{settings.WEB_PORT}"
    # Known to the statistics as a program, so that no copy counts as readers.
    headers = {"user-agent": "sdc-export (bot)", "accept": "text/html, */*"}

    async def ask(address: str) -> Answer:
        attempt = await outside.fetch(
            f"{base}{address}", headers, timeout_s=ASK_S, private=True, most_bytes=upload.MAX_BYTES
        )
        return Answer(
            status=attempt.status, body=attempt.body, reason=attempt.error, retry_after_s=attempt.retry_after_s
        )

    return ask


async def write(
    databases: Databases, by: Actor, ask: Ask, site_url: str, folder: Path, *, told: Callable[[int], None] | None = None
) -> Report:
    """Write the copy into the folder; `told` hears how many addresses were asked for. Raises Forbidden; Unavailable
    where the site does not answer, with nothing removed; Invalid for a folder that holds something else.
    """
    rights.require(by, "site.export")
    copy = _Copy(folder, await asyncio.to_thread(_kept, folder))
    # The folder is known for a copy from here on.
    await copy.note()
    broken = await _pages(ask, site_url, copy, told)
    async with databases.site.read() as connection:
        redirects = await fetch_all(connection, _Redirect, SQL_REDIRECTS)
        await _search(connection, copy)
    await copy.put("404.html", (await _asked(ask, _NOWHERE)).body)
    await copy.put("_redirects", redirect_files.lines([(each.path, each.target) for each in redirects]))
    folders = {above for file in copy.files for above in _above(file)}
    for each in redirects:
        if redirect_files.is_pattern(each.path):
            continue
        # For servers that do not read that file; where a file would be a folder too, that file alone has it.
        place = _place(each.path)
        if place and place not in folders and copy.files.keys().isdisjoint((place, *_above(place))):
            await copy.put(place, _leading(each.target))
            folders.update(_above(place))
    removed = await copy.finish()
    async with databases.site.transaction() as connection:
        await audit.record(connection, by, "site.exported", "", f"{len(copy.files)} files of a static copy")
    return Report(files=len(copy.files), written=copy.written, removed=removed, redirects=len(redirects), broken=broken)


_RUNS = Answer(status=404, reason="a server of files would run it, or show it as a page of the site")
_RUNNING = (
    *(
        ".htm",
        ".html",
        ".mhtml",
        ".shtml",
        ".xht",
        ".xhtml",
        ".js",
        ".mjs",
        ".svg",
        ".wasm",
        ".xml",
        ".xsl",
        ".htaccess",
    ),
    *(".asp", ".aspx", ".cgi", ".jsp", ".phar", ".php", ".phtml", ".pl", ".py", ".rb", ".sh"),
)


def _would_run(path: str) -> bool:
    """Whether it is an uploaded file to which a server would give another meaning than this site, which sends it to be
    kept.
    """
    return path.startswith("/media/") and path.lower().endswith(_RUNNING)


async def _pages(ask: Ask, site_url: str, copy: "_Copy", told: Callable[[int], None] | None) -> tuple[Broken, ...]:
    """Every address that the site leads to, from its first page on; returns those that are not there."""
    waiting = list(_SEEDS)
    known = {*waiting, "/search.js"}
    named_by: defaultdict[str, list[str]] = defaultdict(list)
    broken: dict[str, Answer] = {}
    done = 0
    while waiting:
        address = waiting.pop(0)
        path = address.partition("?")[0]
        place = _place(path)
        done += 1
        if told is not None:
            told(done)
        body = await copy.kept(place, address)
        if body is None:
            answer = _RUNS if _would_run(path) else await _asked(ask, address)
            if answer.status == 200 and place:
                body = _LISTENED.sub(b"", answer.body)
                body = static_search.with_script(body) if path == "/search" else body
                await copy.put(place, body, address)
            else:
                if not 300 <= answer.status < 400 and address not in _SEEDS:
                    broken[address] = answer
                # What it led to is not gone either.
                body = await copy.left(place) if answer.is_for_now else None
                if body is None:
                    continue
        for link in await asyncio.to_thread(_links, path, body, site_url):
            named_by[link].append(path)
            if link not in known and len(known) < MAX_FILES:
                known.add(link)
                waiting.append(link)
    # Pages before the feeds that hold them.
    found = {each: sorted(named_by[each], key=lambda page: "." in page)[:3] for each in broken}
    return tuple(
        Broken(address=each, why=answer.why, pages=tuple(found[each]), unanswered=answer.is_for_now)
        for each, answer in sorted(broken.items())
    )


def _links(path: str, body: bytes, site_url: str) -> list[str]:
    return [*static_links.of(path, body, site_url)]


async def _asked(ask: Ask, address: str) -> Answer:
    """The answer, asked for again while the site is busy. Raises Unavailable where all else would be lost with it."""
    answer = await ask(address)
    for _ in range(_TRIES - 1):
        if not answer.is_for_now:
            return answer
        await asyncio.sleep(min(answer.retry_after_s, _MAX_WAIT_S))
        answer = await ask(address)
    if answer.is_for_now and (address in _SEEDS or address == _NOWHERE):
        raise Unavailable(
            f"the site does not answer {address}: {answer.why}. A static copy is made of the site as it runs."
        )
    return answer


async def _search(connection: Connection, copy: "_Copy") -> None:
    await copy.put("search-index.json", await static_search.index(connection))
    await copy.put("search.js", static_search.SCRIPT)


class _Copy:
    """The files of one copy: what is there from the last one, and what has been put since."""

    def __init__(self, folder: Path, before: dict[str, str]) -> None:
        self.files: dict[str, str] = {}
        self.written = 0
        self._folder = folder
        self._before = before

    async def kept(self, place: str, address: str) -> bytes | None:
        """What the last copy took from this very address, whose content never changes; None where it is to be asked."""
        lasting = address.startswith("/media/") or (address.startswith("/static/") and "?" not in address)
        told = self._before.get(place, "")
        if not lasting or not told.endswith(f" {address}"):
            return None
        try:
            # Styles lead to fonts, which are not gone either.
            body = await asyncio.to_thread((self._folder / place).read_bytes)
        except OSError:
            return None
        self.files[place] = told
        return body

    async def left(self, place: str) -> bytes | None:
        """The file, which stays as it was, if there is one: what the site cannot answer now is not gone."""
        if place not in self._before:
            return None
        self.files[place] = self._before[place]
        try:
            return await asyncio.to_thread((self._folder / place).read_bytes)
        except OSError:
            return None

    async def put(self, place: str, body: bytes, address: str = "") -> None:
        """The file holds that, and is written where it did not."""
        told = f"{hashlib.sha256(body).hexdigest()} {address}"
        self.files[place] = told
        if await asyncio.to_thread(_write, self._folder / place, body, is_new=self._before.get(place) != told):
            self.written += 1
            if self.written % _NOTED == 0:
                await self.note()

    async def note(self) -> None:
        """Note what is in the folder by now, of this copy and of the last one."""
        await self._noted({**self._before, **self.files})

    async def _noted(self, files: dict[str, str]) -> None:
        encoded = msgspec.json.encode(files, order="sorted")
        await asyncio.to_thread(_write, self._folder / KEPT, encoded, is_new=True)

    async def finish(self) -> int:
        """Remove what the last copy wrote and this one did not; returns how many files."""
        gone = [place for place in self._before if place not in self.files]
        for place in gone:
            await asyncio.to_thread(_remove, self._folder, place)
        await self._noted(self.files)
        return len(gone)


def _kept(folder: Path) -> dict[str, str]:
    """What the last copy wrote. Raises Invalid for a folder that holds something and is no copy."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / KEPT).is_file():
        if any(folder.iterdir()):
            raise Invalid(f"{folder} is not empty, and no static copy of a site: name a new folder")
        return {}
    try:
        return msgspec.json.decode((folder / KEPT).read_bytes(), type=dict[str, str])
    except msgspec.DecodeError:
        return {}


def _above(place: str) -> list[str]:
    """The folders that a file lies in."""
    return [str(each) for each in PurePosixPath(place).parents]


def _place(path: str) -> str:
    """The file that a server gives for that path; empty for what no folder can hold."""
    parts = [unquote(part) for part in path.split("/") if part]
    if any(part in (".", "..") or "/" in part or "\0" in part or len(part.encode()) > 255 for part in parts):
        return ""
    if parts and "." in parts[-1][1:] and not path.endswith("/") and parts[0] not in ("posts", "projects", "tags"):
        return "/".join(parts)
    is_feed = bool(parts) and parts[-1] in ("feed.xml", "rss.xml", "feed.json")
    return "/".join(parts) if is_feed else "/".join((*parts, "index.html"))


def _write(file: Path, body: bytes, *, is_new: bool) -> bool:
    if not is_new and file.is_file():
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name[:200]}.part")
    part.write_bytes(body)
    part.replace(file)
    return True


def _remove(folder: Path, place: str) -> None:
    file = (folder / place).resolve()
    if not file.is_relative_to(folder.resolve()):
        return
    file.unlink(missing_ok=True)
    for above in file.parents:
        if above == folder.resolve() or any(above.iterdir()):
            return
        above.rmdir()


def _leading(target: str) -> bytes:
    leads_to = escape(target)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Moved</title>\n'
        f'<meta http-equiv="refresh" content="0; url={leads_to}">\n<link rel="canonical" href="{leads_to}">\n</head>\n'
        f'<body><p>This is at <a href="{leads_to}">{leads_to}</a> now.</p></body>\n</html>\n'
    ).encode()
