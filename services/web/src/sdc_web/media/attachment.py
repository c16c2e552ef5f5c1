"""The markup of an asset that is no picture: sound and film with a player, all else as a link that tells what it is."""

import msgspec

from sdc_web import templating
from sdc_web.headers import SANDBOX, kept_as
from sdc_web.media import formats
from sdc_web.media.assets import Asset, AssetKind
from sdc_web.texts import names

ONLY_ITSELF = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src 'self'; frame-ancestors 'none'"
"""What a browser shows by itself, a film or a PDF, in a page that it makes for it, loads nothing and runs nothing."""
_SHOWN = frozenset({formats.PDF})
"""Types that browsers open in a reader of their own, in which nothing of this site is within reach."""


class Markup(msgspec.Struct, frozen=True, kw_only=True):
    """What `site/media/_attachment.html` shows: what it is called, in its author's words or by its file's name, where
    it is, and what one gets there.
    """

    kind: AssetKind
    name: str
    address: str
    type: str
    facts: str


def render(asset: Asset, *, words: str = "", site_url: str = "") -> str:
    """A player or a link, which may stand within a paragraph. `words` are what a text calls it; with `site_url` the
    address is whole, for what leaves the site.
    """
    markup = Markup(
        kind=asset.kind,
        name=words or asset.alt or asset.file_name,
        address=site_url + address(asset),
        type=asset.content_type,
        facts=facts(asset),
    )
    return templating.render("site/media/_attachment.html", asset=markup)


def address(asset: Asset) -> str:
    """Where readers get it: by the id of its file, so that what is behind one never changes; the rest names it. From
    the site itself also where pictures are served from elsewhere, since a bucket would let browsers run what is in it.
    """
    return f"/media/{asset.stored_id}/{file_name(asset)}"


def file_name(asset: Asset) -> str:
    """Its name in the address: that of the file, in letters that every address can have."""
    ending = formats.ending_of(asset.file_name)
    stem = names.from_title(asset.file_name.removesuffix(f".{ending}") if ending else asset.file_name)
    return f"{stem or 'file'}.{ending}" if ending else stem or "file"


def facts(asset: Asset) -> str:
    """What it is and how large, such as `PDF, 1.2 MB`."""
    return f"{format_of(asset)}, {templating.bytes_in_words(asset.size_bytes)}"


def format_of(asset: Asset) -> str:
    """Its type as people say it: the ending of its name, in capitals."""
    return formats.ending_of(asset.file_name).upper() or "File"


def headers(asset: Asset) -> dict[str, str]:
    """With which it is given: nothing of it runs here. Only what browsers have a player or a reader for is shown by
    them, and all else is kept, under the name that it was uploaded by.
    """
    shown = asset.kind in ("audio", "video") or asset.content_type in _SHOWN
    kept = kept_as(asset.file_name)
    return {
        "content-type": asset.content_type,
        "content-disposition": kept.replace("attachment", "inline", 1) if shown else kept,
        "content-security-policy": ONLY_ITSELF if shown else SANDBOX,
    }
