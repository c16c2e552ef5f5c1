"""What the pages of the library show: an asset in a list, and everything about one."""

import re
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlencode

import msgspec
from sdc_core import clock
from sdc_core.errors import Invalid
from sdc_core.sqlite import Connection
from sdc_core.variants import CONTENT_TYPES, Personal

from sdc_web import list_places, media
from sdc_web.author import forms
from sdc_web.authors.rights import Actor
from sdc_web.media.assets import AssetKind, AssetState
from sdc_web.media.files import Replacement
from sdc_web.media.library import Filters, Order
from sdc_web.media.picture import Markup, Source
from sdc_web.media.uses import Use
from sdc_web.posts.records import Kind, path_of

LIBRARY = "/author/media"
ONE_FRAME = "Only the first frame of this animation is shown: it is too long or too large, or damaged further on."
SMALL = "(min-width: 48rem) 15rem, 45vw"
SMALL_WIDTH = 960
LARGE = "(min-width: 80rem) 44rem, 92vw"
_TOLD: dict[Personal, str] = {
    "place": "the place where it was taken",
    "moment": "when it was taken",
    "camera": "the camera",
    "author": "who took it",
    "comment": "comments",
    "preview": "a small preview, which may show what was cut off",
}
_MONTH = re.compile(r"(?:19[7-9]|20[0-9])[0-9]-(?:0[1-9]|1[0-2])", re.ASCII)
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WebP", "image/gif": "GIF", "image/avif": "AVIF"}


class AssetView(msgspec.Struct, frozen=True, kw_only=True):
    """An asset as the library shows it; `width` and `height` in pixels once they are known;
    `changeable` by whoever looks. The `address` is where readers get what is no picture.
    """

    id: str
    name: str
    file_name: str
    title: str
    alt: str
    decorative: bool
    caption: str
    state: AssetState
    reason: str
    kind: AssetKind
    format: str
    size_bytes: int
    variant_bytes: int
    width: int | None
    height: int | None
    created_at_us: int
    trashed_at_us: int | None
    used: bool
    pending: bool
    markdown: str
    changeable: bool
    picture: Markup | None
    is_picture: bool
    address: str


class VariantView(msgspec.Struct, frozen=True, kw_only=True):
    """One derived file; `share` is its part of the original's bytes, in percent."""

    url: str
    format: str
    width: int
    height: int
    size_bytes: int
    share: int


class UseView(msgspec.Struct, frozen=True, kw_only=True):
    """A post that shows the asset; `places` in words, `edit_url` for its author, `url` for readers."""

    edit_url: str
    title: str
    kind: str
    places: str
    url: str


class Uses(msgspec.Struct, frozen=True, kw_only=True):
    """Those on the site, those in drafts alone, and those of which only an earlier revision shows the asset;
    `others` are texts of other authors.
    """

    on_site: list[UseView]
    in_draft: list[UseView]
    earlier: list[UseView]
    others: int


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """All that one asset's page shows beside the asset itself."""

    asset: AssetView
    focus_x: int
    focus_y: int
    sha256: str
    variants: list[VariantView]
    uses: Uses
    waiting: Replacement | None
    former_name: str
    dropped: str


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The library's address: what is looked for, in which order and look, and after which asset. `undo` names those
    that have just gone into the trash.
    """

    q: str = ""
    kind: AssetKind = ""
    state: AssetState | Literal[""] = ""
    use: Literal["", "used", "unused"] = ""
    alt: Literal["", "missing"] = ""
    by: Literal["", "mine"] = ""
    format: Literal["", "jpeg", "png", "webp", "gif", "avif"] = ""
    month: str = ""
    sort: Order = "newest"
    view: Literal["grid", "list"] = "grid"
    after: str = ""
    said: str = ""
    undo: str = ""

    def filters(self, by: Actor) -> Filters:
        """What is asked for, by whoever looks. Raises Invalid for a month that is none."""
        since_us, before_us = _month(self.month)
        return Filters(
            words=self.q,
            kind=self.kind,
            state=self.state,
            use=self.use,
            alt=self.alt,
            owner_id=by.id if self.by else None,
            content_type=f"image/{self.format}" if self.format else "",
            since_us=since_us,
            before_us=before_us,
        )

    @property
    def narrowed(self) -> bool:
        """Whether anything but words and the look is chosen."""
        chosen = (self.kind, self.state, self.use, self.alt, self.by, self.format, self.month)
        return any(chosen) or self.sort != "newest"

    def url(self, **changes: str) -> str:
        """The address with something changed; what is as usual is not named, and the page begins anew."""
        named = msgspec.structs.asdict(self) | {"after": "", "said": "", "undo": ""} | changes
        usual = msgspec.structs.asdict(Asked())
        query = urlencode({name: value for name, value in named.items() if value != usual[name]})
        return f"{LIBRARY}?{query}" if query else LIBRARY


def _month(text: str) -> tuple[int, int]:
    """Its first moment and that of the next one, in UTC; all time for an empty text."""
    if not text:
        return 0, list_places.LATEST
    if not _MONTH.fullmatch(text):
        raise Invalid("write the month as 2026-11", field="month")
    year, month = int(text[:4]), int(text[5:])
    ends = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return clock.from_datetime(datetime(year, month, 1, tzinfo=UTC)), clock.from_datetime(ends)


def asked_before(query: str) -> Asked:
    """What a form that was on that page of the library sends back; all of it for what no page has sent."""
    try:
        return forms.fields(query.removeprefix(LIBRARY).removeprefix("?"), Asked)
    except Invalid:
        return Asked()


class Ticked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Assets whose boxes were ticked, or that a script asks after."""

    asset: tuple[str, ...] = ()


def view(asset: media.Asset, by: Actor, *, used: bool = False, pending: bool = False, sizes: str = SMALL) -> AssetView:
    """What lists show of an asset. It is `pending` as well when another file waits to take its place."""
    manifest = asset.manifest
    return AssetView(
        id=asset.id,
        name=asset.name,
        file_name=asset.file_name,
        title=asset.title,
        alt=asset.alt,
        decorative=asset.decorative,
        caption=asset.caption,
        state=asset.state,
        reason=asset.reason or (ONE_FRAME if manifest and manifest.animated and not manifest.moving else ""),
        kind=asset.kind,
        format=format_of(asset),
        size_bytes=asset.size_bytes,
        variant_bytes=asset.variant_bytes,
        width=manifest.width if manifest else None,
        height=manifest.height if manifest else None,
        created_at_us=asset.uploaded_at_us,
        trashed_at_us=asset.trashed_at_us,
        used=used,
        pending=pending or asset.state == "pending",
        markdown=markdown(asset),
        changeable=by.may_of("media.change", asset.author_id),
        picture=_picture(asset, sizes),
        is_picture=asset.is_picture,
        address="" if asset.is_picture or asset.trashed_at_us is not None else media.attachment.address(asset),
    )


def format_of(asset: media.Asset) -> str:
    """Its type in a word."""
    if asset.is_picture:
        return _FORMATS.get(asset.content_type, asset.content_type)
    return media.attachment.format_of(asset)


async def views(connection: Connection, by: Actor, found: list[media.Asset]) -> list[AssetView]:
    """The same of several, each with whether anything shows it."""
    used = await media.uses.used(connection, [each.id for each in found])
    return [view(each, by, used=each.id in used) for each in found]


async def details(connection: Connection, by: Actor, asset: media.Asset) -> Details:
    """Everything about one."""
    everywhere = await media.uses.of(connection, asset.id)
    uses = [each for each in everywhere if each.is_for(by)]
    former = await media.files.former_of(connection, asset.id)
    return Details(
        asset=view(asset, by, used=bool(everywhere), sizes=LARGE),
        focus_x=asset.focus_x,
        focus_y=asset.focus_y,
        sha256=asset.sha256,
        variants=_variants(asset),
        uses=Uses(
            on_site=[_use(each) for each in uses if each.on_site],
            in_draft=[_use(each) for each in uses if each.in_draft and not each.on_site],
            others=len(everywhere) - len(uses),
            earlier=[_use(each) for each in uses if not each.in_draft and not each.on_site],
        ),
        waiting=await media.files.waiting_for(connection, asset.id),
        dropped=_dropped(asset),
        former_name=former.file_name if former and (former.manifest_json or not former.is_picture) else "",
    )


def markdown(asset: media.Asset) -> str:
    """What the author pastes into a text; the caption goes along. What is no picture is called by its name."""
    words = asset.alt if asset.is_picture else asset.alt or asset.file_name
    alt = words.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    caption = asset.caption.replace("\\", "\\\\").replace('"', '\\"')
    return f'![{alt}](media:{asset.id} "{caption}")' if caption else f"![{alt}](media:{asset.id})"


def _dropped(asset: media.Asset) -> str:
    """What only the original tells, in a sentence."""
    manifest = asset.manifest
    if not asset.is_picture:
        return "Readers get it as it came, with all that it tells of when, where and by whom it was made."
    if manifest is None:
        return ""
    if manifest.dropped is None:
        return "Place, camera and comments, if there are any, stay in the original."
    if not manifest.dropped:
        return "The original tells nothing else either."
    return f"The original alone tells {', '.join(_TOLD[each] for each in manifest.dropped)}."


def _picture(asset: media.Asset, sizes: str) -> Markup | None:
    manifest = asset.manifest
    if manifest is None or not manifest.variants:
        return None
    if sizes == SMALL:
        # A page of them would be twice as long with widths that no card has room for.
        fitting = tuple(each for each in manifest.variants if each.width <= SMALL_WIDTH)
        manifest = msgspec.structs.replace(manifest, variants=fitting or manifest.variants)
    markup = media.picture.markup(asset, manifest, alt=asset.alt, sizes=sizes)
    if asset.trashed_at_us is None:
        return markup
    only = Source(url=f"{LIBRARY}/{asset.id}/picture")
    return msgspec.structs.replace(markup, sources=(), fallback=only)


def _variants(asset: media.Asset) -> list[VariantView]:
    manifest = asset.manifest
    if manifest is None:
        return []
    return [
        VariantView(
            url=media.picture.address_of(asset, manifest, each),
            format=_FORMATS[CONTENT_TYPES[each.format]],
            width=each.width,
            height=each.height,
            size_bytes=each.size_bytes,
            share=round(100 * each.size_bytes / asset.size_bytes),
        )
        for each in manifest.files
    ]


def _use(use: Use) -> UseView:
    kind = msgspec.convert(use.kind, Kind)
    return UseView(
        edit_url="/author/posts/trash" if use.trashed else f"/author/posts/{use.post_id}",
        title=use.title or "Untitled",
        kind=f"{use.kind} in the trash" if use.trashed else use.kind,
        places=" and ".join(sorted(use.places.split(","))),
        url=path_of(kind, use.slug) if use.on_site else "",
    )
