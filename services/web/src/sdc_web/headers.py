"""Headers: those of a request by their names, its token, and with which files are answered."""

from collections.abc import Iterable
from urllib.parse import quote

FOR_OTHER_SITES = {"cross-origin-resource-policy": "cross-origin"}
"""Of what pages elsewhere may show: pictures of a feed, of a link that was shared."""
SANDBOX = "sandbox; default-src 'none'"
"""The policy of what is given as it came: nothing in it runs, wherever it is opened."""


def kept_as(file_name: str) -> str:
    """The Content-Disposition by which a browser keeps a file under that name, and does not show it (RFC 6266)."""
    return f"attachment; filename*=UTF-8''{quote(file_name, safe='')}"


def bearer_token(sent: Iterable[tuple[bytes, bytes]]) -> str:
    """The token of the one Authorization header, or an empty text (RFC 6750 section 2.1)."""
    found = [value for name, value in sent if name.lower() == b"authorization"]
    if len(found) != 1:
        return ""
    scheme, _, text = found[0].decode("latin-1").partition(" ")
    return text.strip(" ") if scheme.lower() == "bearer" else ""


def by_name(sent: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Each header once, under its name as ASGI gives it, in lower case. One that came several times stands for all of
    them, with commas between (RFC 9110 section 5.3).
    """
    pairs = sent if isinstance(sent, list) else list(sent)
    found = dict(pairs)
    if len(found) != len(pairs):
        found.clear()
        for name, value in pairs:
            found[name] = found[name] + b"," + value if name in found else value
    return found
