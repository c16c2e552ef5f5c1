"""Templates: one environment a process, every file compiled at start, so that no request reads or stats one."""

import hashlib
from collections.abc import Mapping
from email.utils import format_datetime
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

import jinja2
import msgspec

from sdc_core import clock

ROOT = resources.files("sdc_web")
DIGEST_CHARS = 8
_CONTENT_TYPES = MappingProxyType({
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".json": "application/json",
})  # fmt: skip


class StaticFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of `static/` in memory, with the digest that its address carries."""

    body: bytes
    content_type: str
    digest: str


def render(template: str, /, **context: object) -> str:
    """The text of a template. A name that the context lacks is an error, never an empty place."""
    return environment().get_template(template).render(context)


@cache
def environment() -> jinja2.Environment:
    """The environment with every template loaded. The first call reads files: make it before the loop runs."""
    made = jinja2.Environment(
        loader=jinja2.DictLoader(dict(_texts(ROOT / "templates"))),
        autoescape=lambda name: name is not None and not name.endswith(".txt"),
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        cache_size=-1,
        keep_trailing_newline=True,
    )
    made.globals.update(static=static_address, iso=iso, day=day, number=number, moment=moment, size=size)
    for name in made.list_templates():
        made.get_template(name)
    return made


@cache
def static_files() -> Mapping[str, StaticFile]:
    """Every file of `static/` by its path in there."""
    return MappingProxyType(dict(_static(ROOT / "static", "")))


@cache
def static_address(path: str) -> str:
    """The address of a file of `static/`, which changes with its content. KeyError for one that is not there."""
    stem, dot, extension = path.rpartition(".")
    return f"/static/{stem}.{static_files()[path].digest}{dot}{extension}"


def iso(at_us: int) -> str:
    """`2026-11-24T10:00:00Z`, for `<time>` and feeds."""
    return clock.to_datetime(at_us).strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc822(at_us: int) -> str:
    """`Tue, 24 Nov 2026 10:00:00 +0000`, for RSS."""
    return format_datetime(clock.to_datetime(at_us))


def day(at_us: int) -> str:
    """`24 November 2026`, for people."""
    at = clock.to_datetime(at_us)
    return f"{at.day} {at:%B %Y}"


def moment(at_us: int) -> str:
    """`24 Nov 2026, 10:05 UTC`, for people."""
    at = clock.to_datetime(at_us)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def number(value: int) -> str:
    """Digits in groups of three with thin spaces between: `12 345`."""
    return f"{value:,}".replace(",", "\u202f")


def size(size_bytes: int) -> str:
    """`840 B`, `12 KB`, `3.4 MB`."""
    if size_bytes < 1_000:
        return f"{size_bytes} B"
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1_000:.0f} KB"
    return f"{size_bytes / 1_000_000:.1f} MB"


def _texts(folder: Traversable, prefix: str = "") -> list[tuple[str, str]]:
    found = []
    for entry in folder.iterdir():
        name = prefix + entry.name
        if entry.is_dir():
            found += _texts(entry, f"{name}/")
        elif not entry.name.startswith("."):
            found.append((name, entry.read_text(encoding="utf-8")))
    return found


def _static(folder: Traversable, prefix: str) -> list[tuple[str, StaticFile]]:
    found = []
    for entry in folder.iterdir():
        name = prefix + entry.name
        content_type = _CONTENT_TYPES.get(Path(entry.name).suffix)
        if entry.is_dir():
            found += _static(entry, f"{name}/")
        elif content_type is not None:
            body = entry.read_bytes()
            digest = hashlib.sha256(body).hexdigest()[:DIGEST_CHARS]
            found.append((name, StaticFile(body=body, content_type=content_type, digest=digest)))
    return found
