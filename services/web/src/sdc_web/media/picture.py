"""The markup of a media asset: `<picture>` with every variant, and how it takes its place in a text."""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape, unescape

import msgspec
from sdc_core.variants import CONTENT_TYPES, EXTENSIONS, Format, Manifest, StoredVariant

from sdc_web import templating
from sdc_web.media import attachment
from sdc_web.media.assets import Asset

SIZES = "(min-width: 42rem) 38rem, 100vw"
"""The column of a text, `--measure` of the style sheet."""
WIDE_SIZES = f"(min-width: 80rem) 46rem, {SIZES}"
GALLERY_SIZES = "(min-width: 42rem) 19rem, 100vw"
"""Two beside each other in that column."""
FALLBACK_WIDTH = 960
MOVES = "(prefers-reduced-motion: no-preference)"
"""Whom an animation is shown; others see its first frame."""
NEAR_THE_TOP = 2_000
"""Characters of a text before its first picture, so that it is in sight at once, or nearly."""
_LONGEST = 7
"""Digits of a width."""
_FOR_ALL: tuple[Format, ...] = ("avif", "webp", "png", "jpeg")
"""The format that every browser opens comes last."""
_EMPTY = "data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%20viewBox='0%200%203%202'/%3E"
_IN_WIDE = re.compile(r'<(?:p|figure)(?=[^<>]* class="(?:[a-z]+ )*wide[" ])[^<>]*>$')
_LONGEST_TAG = 1_000
_IMAGE_OR_LINK = re.compile(r"<(?:img ([^>]*)|a(?: [^>]*)?|/a)>")
_LINK = re.compile(r'(<a [^>]*?href=")media:([0-9A-Z]{26})((?:#[^"]*)?")')
_ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')
_MEDIA = re.compile(r"media:([0-9A-Z]{26})")


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One `<source>`, or the fallback `<img>` when `url` is set. One for a `media` alone has a single file."""

    type: str = ""
    media: str = ""
    srcset: str = ""
    url: str = ""


class Markup(msgspec.Struct, frozen=True, kw_only=True):
    """What `site/media/_picture.html` shows; sizes in pixels. `focus` are classes, empty for the middle."""

    id: str
    alt: str
    width: int
    height: int
    placeholder: str
    color: str
    sources: tuple[Source, ...]
    fallback: Source
    sizes: str
    eager: bool
    focus: str = ""


def render(asset: Asset, manifest: Manifest | None, *, eager: bool = False, alt: str = "", sizes: str = SIZES) -> str:
    """`<picture>` of the variants; without a manifest an empty frame of the usual shape, so that a page never breaks.
    `alt` stands in for the asset's own text.
    """
    text = alt or asset.alt
    if manifest is None or not manifest.variants:
        shown = _empty(asset.id, text, sizes)
    else:
        shown = markup(asset, manifest, alt=text, sizes=sizes, eager=eager)
    return templating.render("site/media/_picture.html", asset=shown)


class Cover(msgspec.Struct, frozen=True, kw_only=True):
    """The picture above a post: its markup, and the one file of it that links to the post show elsewhere.

    There is no `address` while there are no variants.
    """

    html: str
    address: str = ""
    width: int = 0
    height: int = 0
    alt: str = ""

    def absolute(self, site_url: str) -> str:
        """The address as whoever is not on the site needs it."""
        return absolute(self.address, site_url)


def cover(asset: Asset, *, eager: bool) -> Cover:
    """An asset as the cover of a post."""
    html = render(asset, asset.manifest, eager=eager)
    if (shown := file(asset)) is None:
        return Cover(html=html, alt=asset.alt)
    return Cover(html=html, address=shown.address, width=shown.width, height=shown.height, alt=asset.alt)


class File(msgspec.Struct, frozen=True, kw_only=True):
    """The one variant that is shown where there is room for a single file, such as an enclosure of a feed."""

    address: str
    type: str
    size_bytes: int
    width: int
    height: int


def file(asset: Asset) -> File | None:
    """A JPEG of the usual width, or what is nearest to that; None while there are no variants."""
    manifest = asset.manifest
    if manifest is None or not manifest.variants:
        return None
    shown = _fallback(manifest)
    return File(
        address=address_of(asset, manifest, shown),
        type=CONTENT_TYPES[shown.format],
        size_bytes=shown.size_bytes,
        width=shown.width,
        height=shown.height,
    )


WHOLE = "picture"
"""In place of the name of a variant: whichever shows the picture best to everybody."""


def nearest(asset: Asset, name: str) -> str:
    """The address of the variant that is most like one of that name, such as `960.avif`; empty while there are none."""
    manifest = asset.manifest
    return address_of(asset, manifest, like(manifest, name)) if manifest and manifest.variants else ""


def like(manifest: Manifest, name: str) -> StoredVariant:
    """The variant of that name, or what is nearest to it; there must be some."""
    width, _, ending = name.partition(".")
    wanted = int(width) if width.isascii() and width.isdecimal() and len(width) < _LONGEST else FALLBACK_WIDTH
    same = [each for each in manifest.variants if EXTENSIONS[each.format] == ending]
    shown = next((each for each in manifest.files if each.name == name), None)
    return shown or (min(same, key=lambda each: abs(each.width - wanted)) if same else _fallback(manifest))


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A picture of a gallery; `address` is its largest file, empty while there are no variants."""

    html: str
    alt: str
    address: str = ""


def gallery(ids: Sequence[str], assets: Mapping[str, Asset]) -> tuple[Shown, ...]:
    """Those of the pictures that are still there, in that order."""
    return tuple(_in_gallery(assets[each]) for each in ids if each in assets)


def _in_gallery(asset: Asset) -> Shown:
    html = render(asset, asset.manifest, sizes=GALLERY_SIZES)
    if asset.manifest is None or not asset.manifest.variants:
        return Shown(html=html, alt=asset.alt)
    return Shown(html=html, alt=asset.alt, address=address_of(asset, asset.manifest, _largest(asset.manifest)))


def _largest(manifest: Manifest) -> StoredVariant:
    return max(manifest.variants, key=lambda each: (each.width, _FOR_ALL.index(each.format)))


def _empty(asset_id: str, alt: str, sizes: str) -> Markup:
    return Markup(
        id=asset_id,
        alt=alt,
        width=3,
        height=2,
        placeholder="",
        color="",
        sources=(),
        fallback=Source(url=_EMPTY),
        sizes=sizes,
        eager=False,
    )


def plain(asset: Asset, manifest: Manifest | None, site_url: str, *, alt: str = "") -> str:
    """A single `<img>` with an absolute address, for feeds; only the text while there are no variants."""
    text = escape(alt or asset.alt)
    if manifest is None or not manifest.variants:
        return text
    shown = _fallback(manifest)
    address = escape(absolute(address_of(asset, manifest, shown), site_url))
    return f'<img src="{address}" alt="{text}" width="{shown.width}" height="{shown.height}">'


def address_of(asset: Asset, manifest: Manifest, variant: StoredVariant) -> str:
    """A variant's address, which changes with the file and the recipe: what is behind one never changes. Whole where
    the asset is served from elsewhere, by the path that it has in the object store.
    """
    if asset.served_from:
        return f"{asset.served_from}/{asset.stored_id}/{manifest.recipe}/{variant.name}"
    return f"/media/{asset.stored_id}/{variant.name}?r={manifest.recipe}"


def absolute(address: str, site_url: str) -> str:
    """The address as whoever is not on the site needs it."""
    return address if "://" in address else site_url + address


def mentioned(html: str) -> set[str]:
    """Ids of the assets that a stored text shows."""
    return {found[1] for found in _MEDIA.finditer(html)}


def in_order(html: str, assets: Mapping[str, Asset]) -> Iterator[Asset]:
    """The assets that a stored text shows, each where it stands."""
    return (assets[found[1]] for found in _MEDIA.finditer(html) if found[1] in assets)


def embed(html: str, assets: Mapping[str, Asset], *, absolute: str = "", eager: bool = False) -> str:
    """A stored text with its pictures. `absolute` is the site's address when the text leaves the site, as in feeds;
    with `eager` the first picture is loaded before all else, where it is near the top. What is shown of an asset that
    is gone is its alternative text; of one that is no picture, within a link, its words: a link holds no other.
    """
    within_link = False
    first = _MEDIA.search(html, 0, NEAR_THE_TOP) if eager else None

    def show(found: re.Match[str]) -> str:
        attributes = {name: unescape(value) for name, value in _ATTRIBUTE.findall(found[1])}
        named = _MEDIA.fullmatch(attributes.get("src", ""))
        if named is None:
            return "" if attributes.get("src", "").startswith("media:") else found[0]
        alt = attributes.get("alt", "")
        asset = assets.get(named[1])
        if asset is None:
            return escape(alt)
        if not asset.is_picture:
            return escape(alt or asset.name) if within_link else attachment.render(asset, words=alt, site_url=absolute)
        if absolute:
            return plain(asset, asset.manifest, absolute, alt=alt)
        at_once = first is not None and found.start() < first.start() < found.end()
        wide = _IN_WIDE.search(html, max(0, found.start() - _LONGEST_TAG), found.start())
        return render(asset, asset.manifest, alt=alt, eager=at_once, sizes=WIDE_SIZES if wide else SIZES)

    def lead(found: re.Match[str]) -> str:
        return f"{found[1]}{escape(_led_to(found[2], assets.get(found[2]), absolute))}{found[3]}"

    def put(found: re.Match[str]) -> str:
        nonlocal within_link
        if found[1] is not None:
            return show(found)
        within_link = found[0] != "</a>"
        return _LINK.sub(lead, found[0])

    return _IMAGE_OR_LINK.sub(put, html)


def _led_to(asset_id: str, asset: Asset | None, site_url: str) -> str:
    """Where a link to it leads: to a picture at its largest, to all else as it came, and to nothing while there is
    neither.
    """
    if asset is not None and not asset.is_picture:
        return site_url + attachment.address(asset)
    manifest = asset.manifest if asset else None
    if asset is None or manifest is None or not manifest.variants:
        return f"{site_url}/media/{asset_id}/{WHOLE}"
    return absolute(address_of(asset, manifest, _largest(manifest)), site_url)


def markup(asset: Asset, manifest: Manifest, *, alt: str, sizes: str = SIZES, eager: bool = False) -> Markup:
    """What `site/media/_picture.html` shows of an asset that has its variants."""
    by_format: dict[Format, list[StoredVariant]] = {}
    for variant in sorted(manifest.variants, key=lambda each: each.width):
        by_format.setdefault(variant.format, []).append(variant)

    def srcset(format_: Format) -> str:
        return ", ".join(f"{address_of(asset, manifest, each)} {each.width}w" for each in by_format[format_])

    shown = _fallback(manifest)
    # A placeholder beneath would be seen through a transparent picture, and only those are kept as PNG.
    opaque = "png" not in by_format
    return Markup(
        id=asset.id,
        alt=alt,
        focus=focus(asset),
        width=manifest.width,
        height=manifest.height,
        placeholder=manifest.placeholder if opaque else "",
        color=manifest.color if opaque else "",
        sources=_moving(asset, manifest)
        + tuple(
            Source(type=CONTENT_TYPES[format_], srcset=srcset(format_))
            for format_ in ("avif", "webp")
            if format_ in by_format and format_ != shown.format
        ),
        fallback=Source(url=address_of(asset, manifest, shown), srcset=srcset(shown.format)),
        sizes=sizes,
        eager=eager,
    )


def _moving(asset: Asset, manifest: Manifest) -> tuple[Source, ...]:
    return tuple(
        Source(type=CONTENT_TYPES[each.format], srcset=address_of(asset, manifest, each), media=MOVES)
        for each in manifest.moving
    )


def focus(asset: Asset) -> str:
    """Classes of `site.css` that keep a point in view where a picture is cut, by tenths: the policy allows no style."""
    if (asset.focus_x, asset.focus_y) == (50, 50):
        return ""
    return f"focus-x-{round(asset.focus_x / 10)} focus-y-{round(asset.focus_y / 10)}"


def _fallback(manifest: Manifest) -> StoredVariant:
    """The variant for browsers that know neither AVIF nor WebP, and nearest to the usual width."""
    oldest = next(
        format_ for format_ in ("jpeg", "png", "webp", "avif") if any(v.format == format_ for v in manifest.variants)
    )
    return min(
        (variant for variant in manifest.variants if variant.format == oldest),
        key=lambda variant: abs(variant.width - FALLBACK_WIDTH),
    )
