"""Pictures and other files that a Markdown text names, in its words and in its front matter, and where they lie in its
folder.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from sdc_web.imports import inside, prose
from sdc_web.imports.records import Picture

_WORDS = r"((?:[^\[\]]|\[[^\[\]]*\])*)"
_TARGET = r"(<[^<>\n]+>|(?>(?:[^)\s\]]+|\](?!\())+))"
_REST = r"((?>(?:[^)\n\]]+|\](?!\())*)\))"
"""An address and what stands behind it hold no `](`, with which the next link begins: so no part of a text is looked at
for more than one link, however many begin and never end.
"""
_IMAGE = re.compile(rf"!\[{_WORDS}\]\(\s*{_TARGET}")
_TAG = re.compile(r"""(<img\b[^<>]*?\bsrc\s*=\s*)("[^"]*"|'[^']*')""", re.IGNORECASE)
_TAG_ALT = re.compile(r"""\balt\s*=\s*("[^"]*"|'[^']*')""", re.IGNORECASE)
_REFERENCE = re.compile(r"^( {0,3}\[[^\]\n]+\]:[ \t]*)(<[^>\n]+>|\S+)", re.MULTILINE)
_REFERRING = re.compile(r"!\[([^\[\]]{0,500})\](?:\[([^\[\]]{0,500})\])?")
"""A picture whose address may stand elsewhere, by its label."""
_LINKED = re.compile(rf"\[(!\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(\s*){_TARGET}{_REST}\s*\]\(\s*{_TARGET}{_REST}")
_LEADING = re.compile(rf"(?<!!)\[{_WORDS}\]\(\s*{_TARGET}{_REST}")
"""A link; one to a picture may have the picture in it."""
_EXPORTED = re.compile(r"(?<![\w./-])/media/[0-9a-f]{16}-[A-Za-z0-9._-]{1,80}")
"""What an export writes for a `media:ID`, which may stand anywhere; whether it is one its list of media tells."""
_PLAYED = (".m4a", ".m4v", ".mov", ".mp3", ".mp4", ".oga", ".ogg", ".ogv", ".opus", ".wav", ".flac", ".webm")
_GIVEN = (
    ".3mf", ".7z", ".bz2", ".csv", ".doc", ".docx", ".dxf", ".epub", ".gcode", ".gz", ".hex", ".ino", ".ipynb", ".json",
    ".mobi", ".odp", ".ods", ".odt", ".pdf", ".ppt", ".pptx", ".rar", ".rtf", ".scad", ".step", ".stl", ".stp", ".tar",
    ".tgz", ".txt", ".xls", ".xlsx", ".xz", ".zip", *_PLAYED,
)  # fmt: skip
"""Endings of files that a text leads to and that belong to it, as no page does."""
_HOLDS_PICTURE = re.compile(r"!\[|<img\b", re.IGNORECASE)
_NOTHING_BEHIND = re.compile(r"\n\n|\s{0,99}\Z")
_UPLOADED = re.compile(r"/wp-content/uploads/|/content/(?:files|media)/")
_SHOWN = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".svg")
_ELSEWHERE = re.compile(r"//|[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_WHOLE = re.compile(r"(?:https?:)?//[^/\s]", re.IGNORECASE)
MAX_ADDRESS = 2_000
_COVERS = ("cover", "image", "featured_image", "featuredimage", "thumbnail", "heroimage", "hero", "ogimage", "images")
_FILES = ("src", "image", "file", "url", "path")
_SAID = ("alt", "title", "caption")
_FOLDERS = ("", "static", "public", "assets", "src/assets", "src")


def of_text(body: str, *, verbatim: bool = False, media: Container[str] = ()) -> Iterator[Picture]:
    """Those that the text shows, and files that it leads to, by paths or by whole addresses; none of code. Of a
    `verbatim` text none of other sites is, nor what a picture leads to; `media` are addresses that an export has
    written for assets, wherever the text names them.
    """
    for found in prose.found(_EXPORTED, body) if media else []:
        if address := _exported(found[0], media):
            yield from _here(address, "")
    for found in _shown(body, leads=not verbatim):
        if not (verbatim and is_whole(found.file)):
            yield found


def _shown(body: str, *, leads: bool) -> Iterator[Picture]:
    for found in prose.found(_IMAGE, body):
        yield from _here(_bare(found[2]), found[1])
    for found in prose.found(_LINKED, body) if leads else []:
        # Where else a picture leads is a link like any other.
        larger, shown = _bare(found[4]), _bare(found[2])
        if _is_picture(larger) and (not is_whole(larger) or _host(larger) == _host(shown)):
            yield from _here(larger, "")
    tags = prose.found(_TAG, body)
    for found, end in zip(tags, [*(each.start() for each in tags[1:]), len(body)], strict=False):
        words = _TAG_ALT.search(body, found.start(), body.find(">", found.end(), end) + 1)
        yield from _here(_bare(found[2]), words[1][1:-1] if words else "")
    referring = {(it[2] or it[1]).casefold() for it in _REFERRING.finditer(body)}
    for found in prose.found(_REFERENCE, body):
        named, label = _bare(found[2]), found[1].strip()[1:].rpartition("]")[0].casefold()
        if _is_picture(named) and (not is_whole(named) or label in referring):
            yield from _here(named, "")
    for found in prose.found(_LEADING, body):
        named = _bare(found[2])
        shows = leads and not is_whole(named) and _is_picture(named)
        if shows or _ends(named, _GIVEN) or _UPLOADED.search(named) or (not leads and named.startswith("/media/")):
            yield from _here(named, "", leads=True)


def is_whole(target: str) -> bool:
    """Whether a picture is named by an address with a host."""
    return bool(_WHOLE.match(target))


def with_ids(body: str, assets: Mapping[str, str], *, verbatim: bool = False) -> str:
    """The text with the pictures that are assets now, by what was written for each. A picture that leads to its larger
    self is that one alone, but in a `verbatim` text: readers get the size that suits their screen. One that leads to
    a film or a document goes on leading there, and a link to a part of a file to that part.
    """
    if not assets:
        return body

    def asset(written: str) -> str:
        asset_id = assets.get(_bare(written))
        return f"media:{asset_id}" if asset_id else ""

    def back(found: re.Match[str]) -> str:
        address = _exported(found[0], assets)
        return f"{asset(address)}{found[0][len(address) :]}"

    def enlarged(written: str) -> bool:
        return bool(asset(written)) and _is_picture(_bare(written))

    if verbatim:
        body = prose.sub(_EXPORTED, back, body)
    else:
        body = prose.sub(_LINKED, lambda it: f"{it[1]}{asset(it[4])}{it[3]}" if enlarged(it[4]) else it[0], body)
    body = prose.sub(_IMAGE, lambda it: f"![{it[1]}]({asset(it[2]) or it[2]}", body)
    body = prose.sub(_TAG, lambda it: f'{it[1]}"{asset(it[2])}"' if asset(it[2]) else it[0], body)
    body = prose.sub(_LEADING, lambda it: _led(it, asset(it[2]), plays=not verbatim) if asset(it[2]) else it[0], body)
    return prose.sub(_REFERENCE, lambda it: f"{it[1]}{asset(it[2]) or it[2]}", body)


def _exported(written: str, media: Container[str]) -> str:
    """The longest of these addresses with which it begins, empty for none: what follows may be letters, too."""
    return next((written[:end] for end in range(len(written), 0, -1) if written[:end] in media), "")


def _led(link: re.Match[str], address: str, *, plays: bool) -> str:
    """The link with that address; one to sound or film that is a paragraph of its own becomes a player, unless it holds
    a picture.
    """
    text, begins = link.string, link.start()
    alone = (not begins or text.endswith("\n\n", 0, begins)) and _NOTHING_BEHIND.match(text, link.end())
    if plays and alone and _ends(_bare(link[2]), _PLAYED) and not _HOLDS_PICTURE.search(link[1]):
        return f"![{link[1]}]({address}{link[3]}"
    _, mark, part = _bare(link[2]).partition("#")
    led_to = f"{address}{mark}{part}"
    return f"[{link[1]}]({f'<{led_to}>' if mark and link[2].startswith('<') else led_to}{link[3]}"


def cover(fields: Mapping[str, object]) -> Picture | None:
    """The one that stands for the text."""
    for name in _COVERS:
        given = fields.get(name)
        for each in given[:1] if isinstance(given, list) else [given]:
            if found := next(_named(each), None):
                return found
    return None


def gallery(fields: Mapping[str, object]) -> tuple[Picture, ...]:
    """Those that a project names beside its text, in order."""
    given = fields.get("pictures") or fields.get("gallery")
    return tuple(named for each in given for named in _named(each)) if isinstance(given, list) else ()


def located(target: str, beside: Path, folder: Path, roots: Iterable[Path] = ()) -> Path | None:
    """The picture that a text names: beside it, from the folder or one of its roots on, or where generators keep what
    they serve as it is; never outside of the folder.
    """
    path = PurePosixPath(unquote(target.partition("?")[0].partition("#")[0]))
    bare = str(path).lstrip("/")
    if bare.startswith(("~/", "@/")):
        bare = f"src/{bare[2:]}"
    places = [*(folder / each / bare for each in _FOLDERS), *(root / bare for root in roots)]
    for place in places if path.is_absolute() else [beside / bare, *places]:
        try:
            whole = place.resolve()
            if whole.is_file() and inside.holds(folder, whole):
                return whole
        except (OSError, ValueError):  # no file can have that name
            continue
    return None


def _bare(written: str) -> str:
    return written.strip("<>\"'")


def _host(address: str) -> str:
    return address.partition("//")[2].partition("/")[0].lower()


def _is_picture(target: str) -> bool:
    return _ends(target, _SHOWN)


def _ends(target: str, endings: tuple[str, ...]) -> bool:
    return target.partition("?")[0].partition("#")[0].lower().endswith(endings)


def _named(given: object) -> Iterator[Picture]:
    """A name, or a table with one and with words."""
    if isinstance(given, dict):
        said = {str(name).lower(): value for name, value in given.items()}
        file = next((said[name] for name in _FILES if name in said), None)
        words = next((said[name] for name in _SAID if isinstance(said.get(name), str)), "")
    else:
        file, words = given, ""
    if isinstance(file, str) and file.strip():
        yield from _here(file.strip(), str(words))


def _here(file: str, alt: str, *, leads: bool = False) -> Iterator[Picture]:
    if not _ELSEWHERE.match(file) or (is_whole(file) and len(file) <= MAX_ADDRESS):
        # What cannot be seen, such as the joiners of an emoji, is no part of a picture's words.
        words = "".join(letter for letter in " ".join(alt.split()) if letter.isprintable())
        yield Picture(file=file, alt=words, leads=leads)
