"""Links of a text of WordPress: they lead to what its texts and pictures are here, by addresses or by numbers."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import msgspec

from sdc_web.imports import old_site, prose

_TARGET = re.compile(r"(!?\]\(<?)([^)>\s]+)")
_NUMBERS = ("p", "page_id", "attachment_id")
_FILES = "/wp-content/"
_SHOWN = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif")


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """Of the site at that `address`: where what was at a path of its, without slashes at its ends, or had a number, is
    now.
    """

    address: str
    paths: Mapping[str, str]
    numbers: Mapping[str, str]

    @property
    def host(self) -> str:
        """Of the old site."""
        return urlsplit(self.address).hostname or ""

    @property
    def _base(self) -> str:
        """The path that the old site was served below, without slashes at its ends."""
        return urlsplit(self.address).path.strip("/")

    def followed(self, markdown: str) -> str:
        """The text with links that lead on here; one to a file of the old site names it whole."""

        def put(found: re.Match[str]) -> str:
            path = old_site.path_on(self.host, found[2])
            if not path:
                return found[0]
            _, mark, fragment = found[2].partition("#")
            if path.strip("/") == self._base and (number := _number(found[2])) in self.numbers:
                return f"{found[1]}{self.numbers[number]}{mark}{fragment}"
            if not path.startswith(_FILES) or path.lower().endswith(_SHOWN):
                return f"{found[1]}{self.paths.get(path.strip('/'), path)}{mark}{fragment}"
            return f"{found[1]}{self.address}{path}{mark}{fragment}"

        return prose.sub(_TARGET, put, markdown)


def _number(target: str) -> str:
    """By which the address of a site without names for its pages means one."""
    try:
        asked = parse_qs(urlsplit(target).query, max_num_fields=20)
    except ValueError:
        return ""
    return next((asked[each][0] for each in _NUMBERS if each in asked), "")
