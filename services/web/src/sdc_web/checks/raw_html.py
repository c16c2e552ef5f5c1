"""What of the HTML in a text readers will not get, since it is taken out before it is stored."""

import re

from sdc_web.texts import markdown

# Read in one way alone: a value without quotes begins with none, else half a tag could be read in as many ways as it
# has attributes, and each doubles them. Not possessive: CPython before 3.11.5 loses groups in such repetitions.
_TAG = re.compile(r"<([a-zA-Z][\w-]*)((?:\s+[^\s=<>/]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s<>\"'][^\s<>]*))?)*)\s*/?>")
_ATTRIBUTE = re.compile(r"([^\s=<>/]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s<>]+)))?")
_EVERYWHERE = frozenset({"lang", "title"})


def dropped(html: str) -> dict[str, int]:
    """The tags, as `<script>`, and the attributes, as `onclick of <b>`, that are taken out of a piece of raw HTML, each
    with the line of its first place, counted from 0.
    """
    found: dict[str, int] = {}
    spoken = _without_comments(html)
    for tag in _TAG.finditer(spoken):
        for what in _dropped_of(tag):
            if what not in found:
                found[what] = spoken.count("\n", 0, tag.start())
    return found


def _without_comments(html: str) -> str:
    """The lines stay where they are. One that is never closed reaches to the end."""
    pieces, at = [], 0
    while (begin := html.find("<!--", at)) >= 0:
        end = html.find("-->", begin)
        pieces += [html[at:begin], "\n" * html.count("\n", begin, end if end >= 0 else len(html))]
        at = end + 3 if end >= 0 else len(html)
    return "".join([*pieces, html[at:]])


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
    return attribute in _EVERYWHERE or attribute in markdown.ATTRIBUTES.get(tag, set())
