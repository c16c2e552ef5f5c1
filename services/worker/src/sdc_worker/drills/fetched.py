"""Which media of this site a page leads a reader to, by the page itself."""

import re
from html.parser import HTMLParser

MEDIA = "/media/"
_SEVERAL = re.compile(r"[\s,]+")
_PICTURES = frozenset({"img", "source"})
_FILES = frozenset({"a", "audio", "video"})
_PLAIN = re.compile(r"(?!.*/\.{1,2}(?:/|$))[!-\[\]-~]+")


class Fetched(HTMLParser):
    """What is fed to it: pictures in every size, shown at once, and files (sound, film and what is linked), as paths
    of the site. `media_url` is where its readers fetch pictures, or empty.
    """

    def __init__(self, site_url: str, media_url: str) -> None:
        super().__init__()
        self.pictures: dict[str, None] = {}
        self.files: dict[str, None] = {}
        self._below = [MEDIA, f"{site_url}{MEDIA}", *([f"{media_url.rstrip('/')}/"] if media_url else [])]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """As the parser calls it."""
        for name, value in attrs:
            if not value:
                continue
            if (tag in _PICTURES and name in ("src", "srcset")) or name == "poster":
                self.pictures |= dict.fromkeys(self._paths(*_SEVERAL.split(value)))
            elif tag in _FILES and name in ("src", "href"):
                self.files |= dict.fromkeys(self._paths(value))

    def _paths(self, *addresses: str) -> list[str]:
        """Those below the site's media, as it has them itself; without what a browser keeps to itself, and without
        those that no browser asks for as they are written.
        """
        whole = [address.partition("#")[0] for address in addresses]
        return [
            MEDIA + address.removeprefix(below)
            for address in whole
            for below in self._below
            if address.startswith(below) and _PLAIN.fullmatch(address)
        ]
