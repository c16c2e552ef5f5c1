"""Whether HTML can be parsed in a time and a room that a text is worth. What is left open in one paragraph, a parser
opens again in every one that follows (HTML section 13.2.4.3), so that thirty kilobytes could take a gigabyte.
"""

import re

MAX_DEPTH = 1_000
MAX_REOPENED = 1_000_000
"""Styles that were typed and may stay open, times the blocks that they may be opened again in: 240 bytes each."""

_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)", re.IGNORECASE)
_LEFT_OPEN = re.compile(
    r"<(b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])(?!(?:\s[^<>\"']*)?>[^<]*</\1\s*>)",
    re.IGNORECASE,
)
"""Not those that end before anything else begins, as nearly all do that people type."""
_WITHIN_LINES = frozenset({
    "a", "b", "big", "br", "code", "del", "em", "font", "i", "img", "input", "kbd", "nobr", "s", "small", "span",
    "strike", "strong", "sub", "sup", "tt", "u", "wbr",
})  # fmt: skip
_END_BY_THEMSELVES = frozenset({"br", "col", "dd", "dt", "hr", "img", "input", "li", "p", "td", "th", "tr", "wbr"})


def is_bearable(html: str, typed: str) -> bool:
    """Whether the HTML made of what was typed can be parsed. Neither a comment nor a quote is told from markup."""
    depth = deepest = blocks = 0
    for found in _TAG.finditer(html):
        name = found[2].lower()
        if name not in _END_BY_THEMSELVES:
            depth = max(0, depth - 1) if found[1] else depth + 1
            deepest = max(deepest, depth)
        blocks += not found[1] and name not in _WITHIN_LINES
    return deepest <= MAX_DEPTH and blocks * len(_LEFT_OPEN.findall(typed)) <= MAX_REOPENED
