"""The headings of a text: a table of contents, and a link at each to itself."""

import html
import re

import msgspec

ENTRIES = 3
"""A text with fewer headings needs no table of contents."""

_HEADING = re.compile(r'<h([2-6]) id="([^"]+)"([^<>]*)>(.*?)</h\1>', re.DOTALL)
_MARKUP = re.compile(r"<[^>]*>")
_LISTED = ("2", "3")


class Entry(msgspec.Struct, frozen=True):
    """A line of the table: `level` 2 or 3, the fragment of its address, its text without markup."""

    level: int
    id: str
    text: str


def of(safe: str) -> tuple[Entry, ...]:
    """The table of contents of sanitised HTML; nothing where it would be no help."""
    found = [
        Entry(int(level), html.unescape(name), html.unescape(_MARKUP.sub("", text)).strip())
        for level, name, _, text in _HEADING.findall(safe)
        if level in _LISTED
    ]
    return tuple(found) if len(found) >= ENTRIES else ()


def with_anchors(safe: str) -> str:
    """Each heading with a link to itself behind its text."""
    return _HEADING.sub(_anchored, safe)


def _anchored(found: re.Match[str]) -> str:
    level, name, others, text = found.groups()
    said = html.escape(html.unescape(_MARKUP.sub("", text)).strip())
    link = f'<a class="heading-anchor" href="#{name}" aria-label="Link to: {said}">#</a>'
    return f'<h{level} id="{name}"{others}>{text} {link}</h{level}>'
