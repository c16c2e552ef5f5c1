"""What Hugo would take for a shortcode, written so that it does not, and read back as it was."""

import re

_SHORTCODE = re.compile(r"\{\{([<%])(?!/\*)(.{0,2000}?)([>%])\}\}", re.DOTALL)
_ESCAPED = re.compile(r"\{\{([<%])/\*(.{0,2000}?)\*/([>%])\}\}", re.DOTALL)
_OPENING = re.compile(r"\{\{[<%]")


def escaped(body: str) -> tuple[str, bool]:
    """The text for Hugo, and whether it had to be changed. One that holds escapes of its own stays as it is, since
    nobody could tell them apart.
    """
    if not _OPENING.search(body) or _ESCAPED.search(body):
        return body, False
    return _SHORTCODE.sub(r"{{\1/*\2*/\3}}", body), True


def unescaped(body: str) -> str:
    """The other way round."""
    return _ESCAPED.sub(r"{{\1\2\3}}", body)


def stops_hugo(body: str) -> bool:
    """Whether Hugo finds a shortcode in an escaped text all the same."""
    return _OPENING.search(_ESCAPED.sub("", body)) is not None
