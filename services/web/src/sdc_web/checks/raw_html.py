"""What of the HTML in a text readers will not get, since it is taken out before it is stored."""

import html
import re
from collections.abc import Iterator

import msgspec

from sdc_web.texts import markdown

# Read in one way alone: a value without quotes begins with none, else half a tag could be read in as many ways as it
# has attributes, and each doubles them. Not possessive: CPython before 3.11.5 loses groups in such repetitions.
_TAG = re.compile(r"<([a-zA-Z][\w-]*)((?:\s+[^\s=<>/]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s<>\"'][^\s<>]*))?)*)\s*/?>")
_ATTRIBUTE = re.compile(r"([^\s=<>/]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s<>]+)))?")
_PART = re.compile(rf"{_TAG.pattern}|</([a-zA-Z][\w-]*)\s*>")


def dropped(text: str) -> dict[str, int]:
    """The tags, as `<script>`, and the attributes, as `onclick of <b>`, that are taken out of a piece of raw HTML, each
    with the line of its first place, counted from 0.
    """
    found: dict[str, int] = {}
    spoken = _without_comments(text)
    for tag in _TAG.finditer(spoken):
        for what in _dropped_of(tag):
            if what not in found:
                found[what] = spoken.count("\n", 0, tag.start())
    return found


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """A tag and the line that it is in, counted from 0; one that `ends` another has no attributes."""

    name: str
    below: int
    ends: bool = False
    attributes: dict[str, str] = {}


def parts(text: str) -> Iterator[Tag | str]:
    """The tags of a piece of raw HTML in their order, and the words between them."""
    spoken, at, below = _without_comments(text), 0, 0
    for found in _PART.finditer(spoken):
        if found.start() > at:
            yield html.unescape(spoken[at : found.start()])
        below += spoken.count("\n", at, found.start())
        if found[3]:
            yield Tag(name=found[3].lower(), below=below, ends=True)
        else:
            named = {
                each[1].lower(): html.unescape(each[2] or each[3] or each[4] or "")
                for each in _ATTRIBUTE.finditer(found[2])
            }
            yield Tag(name=found[1].lower(), below=below, attributes=named)
        below += spoken.count("\n", found.start(), found.end())
        at = found.end()
    yield html.unescape(spoken[at:])


def _without_comments(text: str) -> str:
    """The lines stay where they are. One that is never closed reaches to the end."""
    pieces, at = [], 0
    while (begin := text.find("<!--", at)) >= 0:
        end = text.find("-->", begin)
        pieces += [text[at:begin], "\n" * text.count("\n", begin, end if end >= 0 else len(text))]
        at = end + 3 if end >= 0 else len(text)
    return "".join([*pieces, text[at:]])


def _dropped_of(tag: re.Match[str]) -> list[str]:
    name = tag[1].lower()
    if name not in markdown.TAGS:
        return [f"<{name}>"]
    return [
        f"{attribute[1].lower()} of <{name}>"
        for attribute in _ATTRIBUTE.finditer(tag[2])
        if not _is_kept(name, attribute[1].lower(), attribute[2] or attribute[3] or attribute[4] or "")
    ]


def _is_kept(tag: str, attribute: str, value: str) -> bool:
    if attribute == "class":
        return set(value.split()) <= markdown.CLASSES.get(tag, set())
    return attribute in markdown.EVERYWHERE or attribute in markdown.ATTRIBUTES.get(tag, set())
