"""Which characters a text may hold: those that every reader of it, feeds in XML included, can carry."""

import re
import unicodedata

from sdc_core.errors import Invalid

# XML 1.0 section 2.2, without carriage returns, which a text has none of.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")
_UNPAIRED = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair has no UTF-8."""


def allowed(text: str) -> str:
    """The text without control characters other than tab and newline; every kind of line end becomes a newline."""
    return _FORBIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def line(text: str) -> str:
    """One line of text, without control characters; letters with marks are one character where there is one (NFC)."""
    lines = "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in text)
    return unicodedata.normalize("NFC", " ".join(allowed(lines).split()))


def fitting(text: str, longest: int, field: str, name: str) -> str:
    """The text itself. Raises Invalid for that field when it is longer than `longest`, or no database can hold it."""
    if len(text) > longest:
        raise Invalid(f"{name} has {len(text)} characters; at most {longest} fit.", field=field)
    if _UNPAIRED.search(text):
        raise Invalid(f"{name} holds a character that cannot be stored.", field=field)
    return text
