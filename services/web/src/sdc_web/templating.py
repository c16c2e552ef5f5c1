"""Templates: one environment a process, every file compiled at start, so that no request reads or stats one."""

import hashlib
import posixpath
import re
from collections.abc import Mapping
from email.utils import format_datetime
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jinja2
import msgspec
from markupsafe import Markup
from sdc_core import clock

from sdc_web import zones

ROOT = resources.files("sdc_web")
DIGEST_CHARS = 8
_IMPORT = re.compile(r"""(\b(?:from|import) ?\(?")(\.{1,2}/[\w./-]+)\.js(")""")
_COMMENT = re.compile(r"^[ \t]*//.*$", re.MULTILINE)
_STYLE_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_TIME = Markup('<time datetime="{}" title="{}">{}</time>')
_UNITS = (
    ("year", 365 * clock.DAY_US),
    ("month", 30 * clock.DAY_US),
    ("day", clock.DAY_US),
    ("hour", clock.DAY_US // 24),
    ("minute", 60 * clock.SECOND_US),
)
_CONTENT_TYPES = MappingProxyType({
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".png": "image/png",
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
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        cache_size=-1,
        keep_trailing_newline=True,
    )
    made.globals.update(_functions())
    for name in made.list_templates():
        made.get_template(name)
    return made


@cache
def static_files() -> Mapping[str, StaticFile]:
    """Every file of `static/` by its path in there."""
    return MappingProxyType(_linked(dict(_static(ROOT / "static", ""))))


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


def day(at_us: int, zone: str = "") -> str:
    """`24 November 2026`, for people; in UTC, as readers see it, unless a zone that was loaded is named."""
    at = zones.local(at_us, zone)
    return f"{at.day} {at:%B %Y}"


def moment(at_us: int, zone: str = "") -> str:
    """`24 November 2026, 11:00 CET`, for people who need the hour."""
    at = zones.local(at_us, zone)
    return f"{day(at_us, zone)}, {at:%H:%M} {zones.short(at)}"


def since(at_us: int, zone: str) -> Markup:
    """How long ago in a `<time>`, which names the moment to whoever points at it."""
    return _TIME.format(iso(at_us), moment(at_us, zone), ago(at_us))


def ago(at_us: int) -> str:
    """`just now`, `5 minutes ago`, `3 hours ago`, `in 2 days`: whole units, the largest that fits."""
    apart_us = clock.now_us() - at_us
    for unit, unit_us in _UNITS:
        if (count := abs(apart_us) // unit_us) > 0:
            words = f"{count} {unit}{'s' if count > 1 else ''}"
            return f"{words} ago" if apart_us > 0 else f"in {words}"
    return "just now"


def number(value: int) -> str:
    """Digits in groups of three with thin spaces between: `12 345`."""
    return f"{value:,}".replace(",", "\u202f")


def bytes_in_words(size_bytes: int) -> str:
    """`840 B`, `12 KB`, `3.4 MB`, by thousands."""
    size = float(size_bytes)
    for unit in ("B", "KB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.1f} {unit}" if unit != "B" and size < 9.95 else f"{size:.0f} {unit}"
        size /= 1_000
    return f"{size:.1f} TB"


def duration_in_words(duration_us: int) -> str:
    """`850 µs`, `12 ms`, `3.4 s`, `5 min`, `2 h 5 min`; no line ends between a number and its unit."""
    if duration_us < 1_000:
        return f"{duration_us}\u00a0µs"
    if duration_us < clock.SECOND_US:
        return f"{duration_us // 1_000}\u00a0ms"
    if duration_us < 60 * clock.SECOND_US:
        return f"{duration_us / clock.SECOND_US:.1f}\u00a0s"
    hours, minutes = divmod(duration_us // (60 * clock.SECOND_US), 60)
    return f"{hours}\u00a0h {minutes}\u00a0min" if hours else f"{minutes}\u00a0min"


def sentence(text: str) -> str:
    """An error's words as a person reads them: with a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?', '…', ':')) else '.'}" if text else ""


def english(around: str) -> str:
    """The attribute that says so of SDC's own words, where those around them are in another language."""
    return "" if around.partition("-")[0].lower() == "en" else Markup(' lang="en"')


def _functions() -> dict[str, Any]:
    """What templates may call, by the name they use."""
    return {
        "static": static_address,
        "iso": iso,
        "day": day,
        "moment": moment,
        "ago": ago,
        "since": since,
        "number": number,
        "sentence": sentence,
        "english": english,
        "bytes_in_words": bytes_in_words,
        "duration_in_words": duration_in_words,
    }


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


def _linked(files: dict[str, StaticFile]) -> dict[str, StaticFile]:
    """Scripts name the modules that they import by addresses with a digest: what is kept for ever is never of two
    versions, and no module runs twice under two names. Comments stay here, those of styles too: they are a sixth of
    the bytes. Their lines stay, empty, so that an error names the line of the file.
    """
    done: dict[str, StaticFile] = {}

    def linked(name: str) -> StaticFile:
        if name not in done:
            text = files[name].body.decode()
            if name.startswith("js/"):
                text = _COMMENT.sub("", text)
            body = _IMPORT.sub(lambda found: with_digest(name, found), text)
            digest = hashlib.sha256(body.encode()).hexdigest()[:DIGEST_CHARS]
            done[name] = msgspec.structs.replace(files[name], body=body.encode(), digest=digest)
        return done[name]

    def with_digest(importer: str, found: re.Match[str]) -> str:
        stem = posixpath.normpath(posixpath.join(posixpath.dirname(importer), found[2]))
        return f"{found[1]}{found[2]}.{linked(f'{stem}.js').digest}.js{found[3]}"

    scripts = {name: linked(name) for name in files if name.startswith("js/")}
    return files | scripts | {name: _terse(file) for name, file in files.items() if name.startswith("css/")}


def _terse(style: StaticFile) -> StaticFile:
    body = _STYLE_COMMENT.sub(lambda found: "\n" * found[0].count("\n"), style.body.decode()).encode()
    return msgspec.structs.replace(style, body=body, digest=hashlib.sha256(body).hexdigest()[:DIGEST_CHARS])
