"""What the access log keeps of a request: a few headers, the path without secrets, the query of campaigns."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from sdc_core.access_log import MAX_TEXT

_REQUEST_ID = re.compile(r"[0-9A-Za-z_-]{8,64}")
_LOGIN = "/author/login/"
_SLASHES = re.compile("/+")
"""A router takes several for one."""


class Asked:
    """The headers that matter here, read in one pass: this runs for every cached page too."""

    __slots__ = ("_referrer", "forwarded_for", "request_id", "user_agent")

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self._referrer = ""
        self.forwarded_for = ""
        self.request_id = ""
        self.user_agent = ""
        for name, value in headers:
            match name:
                case b"user-agent":
                    self.user_agent = value[:MAX_TEXT].decode("latin-1")
                case b"referer":
                    self._referrer = value.decode("latin-1")
                case b"x-forwarded-for":
                    more = value.decode("latin-1")
                    self.forwarded_for = f"{self.forwarded_for},{more}" if self.forwarded_for else more
                case b"x-request-id" if _REQUEST_ID.fullmatch(value.decode("latin-1")):
                    self.request_id = value.decode("latin-1")

    def foreign_host(self, own_host: str) -> str:
        """The referrer's host when it is another site, else empty."""
        if not self._referrer.startswith(("http://", "https://")):
            return ""
        try:
            host = urlsplit(self._referrer).hostname or ""
        except ValueError:
            return ""
        return "" if host == own_host else host[:MAX_TEXT]


def logged_path(path: str) -> str:
    """The path as the line keeps it: cut, and without the token of a sign-in link, which may not have been used yet."""
    if "login" in path and _SLASHES.sub("/", path).startswith(_LOGIN):
        return _LOGIN
    if path.isascii():
        return path[:MAX_TEXT]
    # A server may decode bytes that are no UTF-8 into lone surrogates, which no line can hold.
    return path[:MAX_TEXT].encode(errors="replace").decode()


def campaign(query: bytes) -> str:
    """The parts of the query that name a campaign, as sent; all else may be private."""
    if not query:
        return ""
    parts = query.decode("latin-1").split("&")
    kept = [part for part in parts if part.startswith(("utm_", "ref=", "source="))]
    return "&".join(kept)[:MAX_TEXT]
