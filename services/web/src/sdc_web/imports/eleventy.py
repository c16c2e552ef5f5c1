"""What Eleventy's data files say of the texts beside them and below them."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path, PurePosixPath
from stat import S_ISREG

from sdc_web.imports import front_matter, inside

MAX_DATA_BYTES = 256 * 1024
_NAMES = ("{}.json", "{}.11tydata.json")
"""Those that are programs say nothing here."""


def said(folder: Path, file: Path, below: PurePosixPath) -> dict[str, object]:
    """The fields that they give a text, which lies so far `below` its root, the nearest of them the last. Blocking."""
    fields: dict[str, object] = {}
    for each in _data_files(file, below):
        # A name that is too long with its ending is that of no data file.
        with suppress(OSError):
            about = each.stat()
            if S_ISREG(about.st_mode) and about.st_size <= MAX_DATA_BYTES and inside.holds(folder, each):
                fields = with_tags(fields, _read(each, about.st_mtime_ns, about.st_size))
    return fields


@lru_cache(maxsize=256)
def _read(file: Path, changed_ns: int, size_bytes: int) -> dict[str, object]:  # noqa: ARG001 - they tell one state from another
    """What one says: all texts of a folder have it in common."""
    return front_matter.configuration(file.read_text(encoding="utf-8", errors="replace"), ".json")


def with_tags(given: Mapping[str, object], own: Mapping[str, object]) -> dict[str, object]:
    """What a text says itself in place of what it was given, but for tags, of which it has both."""
    tags = [*front_matter.words(given, "tags"), *front_matter.words(own, "tags")]
    return {**given, **own, **({"tags": [*dict.fromkeys(tags)]} if tags else {})}


def _data_files(file: Path, below: PurePosixPath) -> Iterator[Path]:
    for above in reversed(file.parents[: len(below.parts)]):
        yield from (above / name.format(above.name) for name in _NAMES)
    yield from (file.with_name(name.format(file.stem)) for name in _NAMES)
