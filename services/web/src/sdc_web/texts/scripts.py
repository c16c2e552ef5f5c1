"""Scripts that put no space between words: what is kept of them for the search has an unseen one after each letter."""

import re

# Han, kana and bopomofo, with their extensions and half-width forms. Hangul has spaces.
_CLASS = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3041-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_LETTER = re.compile(f"([{_CLASS}])")
_APART = "\u200b"
"""A space of no width: it separates words for SQLite, and nobody sees one that is left over."""


def spread(text: str) -> str:
    """The text with each such letter as a word of its own, so that letters in a row are found as words in a row."""
    return _LETTER.sub(f"{_APART}\\1{_APART}", text)


def gathered(text: str) -> str:
    """The text as it was."""
    return text.replace(_APART, "")
