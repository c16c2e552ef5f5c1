"""What Hugo keeps from readers: by what a section says of the texts below it, and by what a text says of itself."""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from sdc_core.errors import Invalid

from sdc_web.imports import front_matter, inside

Section = tuple[Path, str]
"""A folder, and the language that its file speaks."""
MAX_SECTION_BYTES = 2 * 1024 * 1024
_TARGETED = frozenset({"path", "kind"})
_HIDING = frozenset({"draft", "build", "_build", "headless"})


def sections(folder: Path, roots: Iterable[Path], languages: Iterable[str], own: str) -> dict[Section, list[object]]:
    """What each section says of the texts below it."""
    found: dict[Section, list[object]] = {}
    for root in roots:
        for file in sorted(root.rglob("_index*.md")):
            if file.is_file() and inside.holds(folder, file) and file.stat().st_size <= MAX_SECTION_BYTES:
                found[file.parent, spoken(file, languages) or own] = _cascade(file)
    return found


def spoken(file: Path, languages: Iterable[str]) -> str:
    """The language in the name of a file; empty for none."""
    said = file.stem.rpartition(".")[2].lower() if "." in file.stem else ""
    return said if said in languages else ""


def cascaded(
    said: Mapping[Section, list[object]], whole: object, file: Path, below: PurePosixPath, language: str
) -> dict[str, object]:
    """The fields that the site as a `whole`, and the sections above it, give a text which does not say so itself."""
    fields: dict[str, object] = {}
    above = [file.parents[step] for step in range(len(below.parts))]
    for each in [whole, *(said.get((folder, language)) for folder in reversed(above))]:
        said_here: dict[str, object] = {}
        for given in each if isinstance(each, list) else [each]:
            if isinstance(given, dict):
                # Within a list the first that is meant says it.
                said_here = {**_meant(given, below), **said_here}
        fields.update(said_here)
    return fields


def hidden(fields: Mapping[str, object]) -> Iterator[str]:
    """Why Hugo makes no page of the text, if it makes none."""
    if front_matter.word(fields.get("headless")) == "true":
        yield "it was headless, a part of other pages, so it is a draft here"
    for name in ("build", "_build"):
        if front_matter.word(front_matter.table(fields, name).get("render")) in ("never", "link", "false"):
            yield "it was never rendered, so it is a draft here"


def _cascade(file: Path) -> list[object]:
    try:
        fields, _ = front_matter.parted(file.read_text(encoding="utf-8", errors="replace"))
    except Invalid:
        # It may say that the texts below it are for nobody yet.
        return [{"draft": "true"}]
    given = fields.get("cascade")
    return given if isinstance(given, list) else [given]


def _meant(given: Mapping[object, object], below: PurePosixPath) -> dict[str, object]:
    """What of it is for a text there. Where its target cannot be told, what keeps texts from readers is for all."""
    said = front_matter.lowered(given)
    target = front_matter.table(said, "_target") or front_matter.table(said, "target")
    kind, path = (front_matter.text(target, name).lower() for name in ("kind", "path"))
    page = below.with_suffix("")
    named = f"/{page.parent if page.name == 'index' else page}".lower()
    if kind not in ("", "page") or (path and "{" not in path and not fnmatchcase(named, f"/{path.lstrip('/')}")):
        return {}
    understood = set(target) <= _TARGETED and "{" not in path
    return said if understood else {name: each for name, each in said.items() if name in _HIDING}
