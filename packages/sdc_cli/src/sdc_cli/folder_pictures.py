"""Pictures that a Markdown file names, in its text and in its front matter, and where they lie in the folder."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import msgspec

_IMAGE = re.compile(r"!\[([^\]]*)\]\((<[^>]+>|[^)\s]+)")
_ELSEWHERE = re.compile(r"//|[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_COVERS = ("cover", "image", "featured_image", "thumbnail", "hero")
_FILES = ("src", "image", "file", "url", "path")
_WORDS = ("alt", "title", "caption")


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it is named there, and what it shows, in words, where that is said."""

    file: str
    alt: str = ""


def of_text(body: str) -> Iterator[Picture]:
    """Those that the text shows; none of other sites."""
    for found in _IMAGE.finditer(body):
        yield from _here(found[2].strip("<>"), found[1])


def cover(fields: Mapping[str, object]) -> Picture | None:
    """The one that stands for the text."""
    return next((named for name in _COVERS for named in _named(fields.get(name))), None)


def gallery(fields: Mapping[str, object]) -> tuple[Picture, ...]:
    """Those that a project names beside its text, in order."""
    given = fields.get("pictures") or fields.get("gallery")
    return tuple(named for each in given for named in _named(each)) if isinstance(given, list) else ()


def with_ids(body: str, assets: Mapping[str, str]) -> str:
    """The text with the pictures that are assets now, by what was written for each."""

    def put(found: re.Match[str]) -> str:
        asset_id = assets.get(found[2].strip("<>"))
        return f"![{found[1]}](media:{asset_id}" if asset_id else found[0]

    return _IMAGE.sub(put, body)


def located(target: str, file: Path, folder: Path) -> Path | None:
    """The picture that a text names: beside it, from the folder on, or below `static`; never outside of the folder."""
    path = PurePosixPath(unquote(target.partition("?")[0].partition("#")[0]))
    bare = str(path).lstrip("/")
    places = [folder / bare, folder / "static" / bare, folder / "public" / bare, folder / "assets" / bare]
    for place in places if path.is_absolute() else [file.parent / bare, *places]:
        try:
            whole = place.resolve()
            if whole.is_file() and whole.is_relative_to(folder.resolve()):
                return whole
        except (OSError, ValueError):  # no file can have that name
            continue
    return None


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
