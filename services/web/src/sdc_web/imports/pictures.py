"""Pictures that a Markdown text names, in its words and in its front matter, and where they lie in its folder."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from sdc_web.imports import inside, prose
from sdc_web.imports.records import Picture

_IMAGE = re.compile(r"!\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(\s*(<[^>\n]+>|[^)\s]+)")
_TAG = re.compile(r"""(<img\b[^<>]*?\bsrc\s*=\s*)("[^"]*"|'[^']*')""", re.IGNORECASE)
_TAG_ALT = re.compile(r"""\balt\s*=\s*("[^"]*"|'[^']*')""", re.IGNORECASE)
_REFERENCE = re.compile(r"^( {0,3}\[[^\]\n]+\]:[ \t]*)(<[^>\n]+>|\S+)", re.MULTILINE)
_LINKED = re.compile(
    r"\[(!\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(\s*)(<[^>\n]+>|[^)\s]+)([^)\n]*\))\s*\]\(\s*(<[^>\n]+>|[^)\s]+)[^)\n]*\)"
)
_SHOWN = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".svg")
_ELSEWHERE = re.compile(r"//|[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_COVERS = ("cover", "image", "featured_image", "featuredimage", "thumbnail", "heroimage", "hero", "ogimage", "images")
_FILES = ("src", "image", "file", "url", "path")
_WORDS = ("alt", "title", "caption")
_FOLDERS = ("", "static", "public", "assets", "src/assets", "src")


def of_text(body: str, *, verbatim: bool = False) -> Iterator[Picture]:
    """Those that the text shows; none of other sites, and none of code. In a `verbatim` text what a picture leads to is
    none of them.
    """
    for found in prose.found(_IMAGE, body):
        yield from _here(_bare(found[2]), found[1])
    for found in [] if verbatim else prose.found(_LINKED, body):
        if _is_picture(_bare(found[4])):
            yield from _here(_bare(found[4]), "")
    for found in prose.found(_TAG, body):
        words = _TAG_ALT.search(body, found.start(), body.find(">", found.end()) + 1)
        yield from _here(_bare(found[2]), words[1][1:-1] if words else "")
    for found in prose.found(_REFERENCE, body):
        if _is_picture(_bare(found[2])):
            yield from _here(_bare(found[2]), "")


def with_ids(body: str, assets: Mapping[str, str], *, verbatim: bool = False) -> str:
    """The text with the pictures that are assets now, by what was written for each. A picture that leads to its larger
    self is that one alone, but in a `verbatim` text: readers get the size that suits their screen.
    """
    if not assets:
        return body

    def asset(written: str) -> str:
        asset_id = assets.get(_bare(written))
        return f"media:{asset_id}" if asset_id else ""

    if not verbatim:
        body = prose.sub(_LINKED, lambda it: f"{it[1]}{asset(it[4])}{it[3]}" if asset(it[4]) else it[0], body)
    body = prose.sub(_IMAGE, lambda it: f"![{it[1]}]({asset(it[2]) or it[2]}", body)
    body = prose.sub(_TAG, lambda it: f'{it[1]}"{asset(it[2])}"' if asset(it[2]) else it[0], body)
    return prose.sub(_REFERENCE, lambda it: f"{it[1]}{asset(it[2]) or it[2]}", body)


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


def _is_picture(target: str) -> bool:
    return target.partition("?")[0].partition("#")[0].lower().endswith(_SHOWN)


def _named(given: object) -> Iterator[Picture]:
    """A name, or a table with one and with words."""
    if isinstance(given, dict):
        said = {str(name).lower(): value for name, value in given.items()}
        file = next((said[name] for name in _FILES if name in said), None)
        words = next((said[name] for name in _WORDS if isinstance(said.get(name), str)), "")
    else:
        file, words = given, ""
    if isinstance(file, str) and file.strip():
        yield from _here(file.strip(), str(words))


def _here(file: str, alt: str) -> Iterator[Picture]:
    if not _ELSEWHERE.match(file):
        # What cannot be seen, such as the joiners of an emoji, is no part of a picture's words.
        words = "".join(letter for letter in " ".join(alt.split()) if letter.isprintable())
        yield Picture(file=file, alt=words)
