"""Which characters a text may hold: those that every reader of it, feeds in XML included, can carry."""

import re

# XML 1.0 section 2.2, without carriage returns, which a text has none of.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")


def allowed(text: str) -> str:
    """The text without control characters other than tab and newline; every kind of line end becomes a newline."""
    return _FORBIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
