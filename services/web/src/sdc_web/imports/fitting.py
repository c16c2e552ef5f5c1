"""What is said of a text, within the measures of this site: no text stays behind for what stands beside its words."""

from msgspec.structs import replace

from sdc_web.imports.records import Document
from sdc_web.posts import revisions, tags
from sdc_web.texts import characters

_TOLD = 10
"""Tags left out that are named."""


def fitted(document: Document) -> Document:
    """The text with a title, a summary and tags that fit, and a word about what was more."""
    notes: list[str] = []
    draft = replace(
        document.draft,
        title=_cut(document.draft.title, revisions.MAX_TITLE, "title", notes),
        summary=_cut(document.draft.summary, revisions.MAX_SUMMARY, "summary", notes),
        tags=_tags(document.draft.tags, notes),
    )
    return replace(document, draft=draft, notes=(*document.notes, *notes)) if notes else document


def _cut(words: str, longest: int, name: str, notes: list[str]) -> str:
    line = characters.line(words)
    if len(line) <= longest:
        return words
    notes.append(f"the {name} is cut after {longest} characters")
    return line[: longest - 1].rsplit(" ", 1)[0] + "…"


def _tags(given: tuple[str, ...], notes: list[str]) -> tuple[str, ...]:
    lines = [line for line in dict.fromkeys(characters.line(each).lower() for each in given) if line]
    kept = [line for line in lines if len(line) <= tags.MAX_NAME][: tags.MAX_OF_POST]
    if left := [line[: tags.MAX_NAME] for line in lines if line not in kept]:
        more = f" and {len(left) - _TOLD} more" if len(left) > _TOLD else ""
        notes.append(
            f"tags left out: {', '.join(left[:_TOLD])}{more}; {tags.MAX_OF_POST} fit, of {tags.MAX_NAME} characters"
        )
    return tuple(kept)
