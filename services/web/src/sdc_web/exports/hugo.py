"""What an export holds for Hugo alone: the settings of a site, and pages that keep the addresses of tags and series."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import unquote

from sdc_web.exports import contents, texts
from sdc_web.exports.contents import Redirect
from sdc_web.posts import tags
from sdc_web.posts.series import Series

MAX_NAME_BYTES = 240
_KEPT = frozenset("./\\_#+~-@")
_HEX = frozenset("0123456789abcdefABCDEF")


def settings(site_url: str, site: contents.Site) -> bytes:
    """The settings with which Hugo builds the site at its addresses."""
    return contents.encoded(
        {
            "baseURL": f"{site_url}/",
            # The second is what Hugo calls the first from 0.158 on; each version passes the other's name over.
            "languageCode": site.language,
            "locale": site.language,
            "title": site.title,
            "params": {"description": site.description},
            "taxonomies": {"tag": "tags", "series": "series"},
            "markup": {"goldmark": {"renderer": {"unsafe": True}}},
        }
    )


def terms(named: Iterable[tags.Tag], series: Iterable[Series], redirects: Sequence[Redirect]) -> dict[str, bytes]:
    """A page for each tag and each series that Hugo would give another address than it has here, by its path. To that
    of a tag, which may hold what Hugo writes in no address, an alias leads; a series has its own.
    """
    leading: defaultdict[str, list[str]] = defaultdict(list)
    for each in redirects:
        leading[unquote(each.target).rstrip("/")].append(each.path)
    pages: dict[str, bytes] = {}
    for tag in named:
        made, here = folder(tag.name), f"/tags/{tag.name}"
        # What follows a # is none of an address: Hugo itself writes links that lead nowhere.
        shown = made.replace("#", "-sharp").strip("-")
        aliases = [*([here] if shown != tag.name else []), *leading[here]]
        if made and (aliases or tag.description):
            url = f"/tags/{shown}/" if shown != made else ""
            pages[f"content/tags/{made}/_index.md"] = _page(tag.name, tag.description, url, aliases)
    for each in series:
        here = f"/series/{each.slug}"
        if made := folder(each.title):
            pages[f"content/series/{made}/_index.md"] = _page(each.title, each.description, f"{here}/", leading[here])
    return pages


def folder(term: str) -> str:
    """What Hugo makes of a term in paths: letters, digits and a few signs in small letters, a hyphen for spaces; empty
    for what would be no place in the archive.
    """
    made: list[str] = []
    parted = hyphen = False
    for at, letter in enumerate(unicodedata.normalize("NFC", term)):
        if _is_kept(letter) or (letter == "%" and len(term[at + 1 : at + 3]) == 2 and {*term[at + 1 : at + 3]} <= _HEX):
            hyphen = letter == "-"
            if parted and not hyphen:
                made.append("-")
            parted = False
            made.append(letter)
        elif made and not hyphen and letter.isspace():
            parted = True
    place = "".join(made).lower()
    parts = place.split("/")
    is_place = not {"", ".", ".."} & {*parts} and "\\" not in place
    return place if is_place and all(len(each.encode()) <= MAX_NAME_BYTES for each in parts) else ""


def _is_kept(letter: str) -> bool:
    return letter in _KEPT or unicodedata.category(letter)[0] in "LM" or unicodedata.category(letter) == "Nd"


def _page(title: str, description: str, url: str, aliases: Sequence[str]) -> bytes:
    fields: Mapping[str, object] = {
        "title": title,
        "description": description,
        "url": url,
        "aliases": list(dict.fromkeys(aliases)),
    }
    return texts.front_matter({name: value for name, value in fields.items() if value}).encode()
