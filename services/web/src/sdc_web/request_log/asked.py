"""What the access log keeps of a request: a few headers, the path without secrets, the query of campaigns."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from sdc_core.access_log import MAX_TEXT

PREFETCH = "PREFETCH"
"""In the place of a method."""
MAX_QUERY = 4_096
"""Links have hundreds; to take 64 kB apart for a line of the log would hold the loop for a millisecond and more."""
_REQUEST_ID = re.compile(r"[0-9A-Za-z_-]{8,64}")
_SECRET = ("/author/login/", "/author/invitations/", "/preview/")
"""What follows them is a token."""
_SLASHES = re.compile("/+")
"""A router takes several for one."""


def prefetched(sent: Mapping[bytes, bytes]) -> bool:
    """Whether a browser fetches the page before anybody asked for it. One that is drawn already, ahead of an answer
    that is all but certain, will be shown without another request: it counts.
    """
    purpose = sent.get(b"sec-purpose", b"")
    return purpose.startswith(b"prefetch") and b"prerender" not in purpose


def request_id(sent: bytes) -> str:
    """The id that a proxy gave the request, or nothing when it is none."""
    given = sent.decode("latin-1")
    return given if _REQUEST_ID.fullmatch(given) else ""


def foreign_host(referrer: bytes, own_host: str) -> str:
    """The referrer's host when it is another site, or the name of an app of Android, else empty."""
    if not referrer.startswith((b"http://", b"https://", b"android-app://")):
        return ""
    try:
        host = urlsplit(referrer.decode("latin-1")).hostname or ""
    except ValueError:
        return ""
    return "" if host == own_host else host[:MAX_TEXT]


def logged_path(path: str) -> str:
    """The path as the line keeps it: cut, and without the token of a link, which whoever has it may use."""
    if "/author/" in path or "/preview/" in path:
        bare = _SLASHES.sub("/", path)
        for folder in _SECRET:
            if bare.startswith(folder):
                return folder
    if path.isascii():
        return path[:MAX_TEXT]
    # A server may decode bytes that are no UTF-8 into lone surrogates, which no line can hold.
    return path[:MAX_TEXT].encode(errors="replace").decode()


def campaign(query: bytes) -> str:
    """The parts of the query that name a campaign, as sent; all else may be private. They are looked for in its first
    `MAX_QUERY` bytes alone.
    """
    if not query:
        return ""
    whole = query if len(query) <= MAX_QUERY else query[:MAX_QUERY].rpartition(b"&")[0]
    parts = whole.decode("latin-1").split("&")
    kept = [part for part in parts if part.startswith(("utm_", "ref=", "source="))]
    return "&".join(kept)[:MAX_TEXT]
