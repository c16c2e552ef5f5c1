"""Feeds as text: Atom (RFC 4287), RSS 2.0 and JSON Feed 1.1 of the same entries."""

import re
from html import escape
from uuid import UUID, uuid5

import msgspec

from sdc_web import templating
from sdc_web.media import Asset, attachment, picture
from sdc_web.media.picture import File
from sdc_web.posts import Front, Published
from sdc_web.site.whole_addresses import made_whole
from sdc_web.texts import drawings, scrolling

# What XML 1.0 section 2.2 leaves out, and readers choke on.
_NOT_XML = re.compile("[^\t\n\x20-\x7e\x80-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CROCKFORD = {letter: number for number, letter in enumerate("0123456789ABCDEFGHJKMNPQRSTVWXYZ")}
ALPHABET_BITS = 5


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """A feed's own facts; every address is whole. `updated_at_us` is that of its newest entry, 0 where it has none.
    `before` is where older entries are, `after` newer ones, `current` the feed that this is the past of; each is empty
    for none.
    """

    id: str
    title: str
    description: str
    address: str
    page: str
    hub: str
    updated_at_us: int
    front: Front
    before: str = ""
    after: str = ""
    current: str = ""

    @property
    def updated_at_rfc822(self) -> str:
        """The date as RSS wants it."""
        return templating.rfc822(self.updated_at_us)

    @property
    def description_html(self) -> str:
        """RSS takes every description for HTML."""
        return escape(self.description or self.title, quote=False)

    @property
    def author_name(self) -> str:
        """Never empty, which Atom forbids."""
        return self.front.author_name or self.front.title or "Anonymous"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A post in a feed, with whole addresses and the name of its author; `image` is the address of its cover, and the
    enclosure the first thing in its text that is played, or else the cover; `language` is empty for the feed's own;
    times in microseconds, UTC.
    """

    id: str
    url: str
    title: str
    summary: str
    html: str
    tags: tuple[str, ...]
    language: str
    published_at_us: int
    updated_at_us: int
    image: str
    enclosure: File | None
    author_name: str

    @property
    def published_at_rfc822(self) -> str:
        """The date as RSS wants it."""
        return templating.rfc822(self.published_at_us)

    @property
    def summary_html(self) -> str:
        """RSS takes every description for HTML."""
        return escape(self.summary, quote=False)


class Author(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who wrote it."""

    name: str
    url: str = ""


class Hub(msgspec.Struct, frozen=True, kw_only=True):
    """Who tells subscribers at once."""

    type: str
    url: str


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file that belongs to an item."""

    url: str
    mime_type: str
    size_in_bytes: int


class JsonItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An item of JSON Feed 1.1; an image is a whole address."""

    id: str
    url: str
    title: str
    summary: str = ""
    content_html: str
    image: str = ""
    date_published: str
    date_modified: str
    language: str = ""
    authors: tuple[Author, ...] = ()
    tags: tuple[str, ...]
    attachments: tuple[Attachment, ...] = ()


class JsonFeed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The whole of a JSON Feed."""

    version: str
    title: str
    home_page_url: str
    feed_url: str
    description: str = ""
    icon: str
    favicon: str
    language: str
    authors: tuple[Author, ...]
    hubs: tuple[Hub, ...] = ()
    items: tuple[JsonItem, ...]


def entry(post: Published, assets: dict[str, Asset], site_url: str) -> Entry:
    """A post with its cover above its text, as its page has it."""
    url = site_url + post.url
    body_html = scrolling.still(drawings.as_code(post.body_html))
    html = made_whole(picture.embed(body_html, assets, absolute=site_url), url)
    cover = assets.get(post.cover_asset_id or "")
    shown = picture.file(cover) if cover else None
    if cover and shown:
        html = f"<p>{picture.plain(cover, cover.manifest, site_url)}</p>\n{html}"
        shown = msgspec.structs.replace(shown, address=picture.absolute(shown.address, site_url))
    return Entry(
        id=urn(post.id),
        url=url,
        title=post.title,
        summary=post.summary,
        html=html,
        tags=post.tags,
        language=post.language,
        published_at_us=post.published_at_us,
        updated_at_us=post.updated_at_us,
        image=shown.address if shown else "",
        enclosure=_played(body_html, assets, site_url) or shown,
        author_name=post.author_name,
    )


def _played(body_html: str, assets: dict[str, Asset], site_url: str) -> File | None:
    """The first sound or film of a text: what readers of feeds offer to listen to."""
    for asset in picture.in_order(body_html, assets):
        if asset.kind in ("audio", "video"):
            address = site_url + attachment.address(asset)
            return File(address=address, type=asset.content_type, size_bytes=asset.size_bytes, width=0, height=0)
    return None


def urn(ulid: str) -> str:
    """An id in the database as a name for the world that no slug, address or domain is part of: `urn:uuid:`.

    A ULID and a UUID of version 7 both begin with 48 bits of milliseconds; version and variant replace six random bits.
    """
    number = 0
    for letter in ulid:
        number = number << ALPHABET_BITS | _CROCKFORD[letter]
    number = number & ~(0xF << 76) | 7 << 76
    return UUID(int=number & ~(0x3 << 62) | 0x2 << 62).urn


def part_urn(site_uuid: str, page: str) -> str:
    """The name for the world of a page of the site that has no id of its own: its address below the site's, wherever
    that may be. The site as a whole, whose page is empty, has its own.
    """
    return (uuid5(UUID(site_uuid), page) if page else UUID(site_uuid)).urn


def atom(feed: Feed, entries: list[Entry]) -> str:
    """RFC 4287."""
    return _xml("site/feed.xml", feed, entries)


def rss(feed: Feed, entries: list[Entry]) -> str:
    """RSS 2.0, with the text as `content:encoded`."""
    return _xml("site/rss.xml", feed, entries)


def json(feed: Feed, entries: list[Entry]) -> str:
    """https://www.jsonfeed.org/version/1.1/."""
    whole = JsonFeed(
        version="https://jsonfeed.org/version/1.1",
        title=feed.title,
        home_page_url=feed.page,
        feed_url=feed.address,
        description=feed.description,
        icon=feed.front.url + (feed.front.icon(512) or templating.static_address("icon-512.png")),
        favicon=feed.front.url + (feed.front.icon(32) or templating.static_address("icon-192.png")),
        language=feed.front.language,
        authors=(Author(name=feed.author_name, url=f"{feed.front.url}/"),),
        hubs=(Hub(type="WebSub", url=feed.hub),) if feed.hub else (),
        items=tuple(_item(each, feed) for each in entries),
    )
    return msgspec.json.encode(whole).decode()


def _xml(template: str, feed: Feed, entries: list[Entry]) -> str:
    return _NOT_XML.sub("", templating.render(template, feed=feed, site=feed.front, entries=entries).lstrip())


def _item(shown: Entry, feed: Feed) -> JsonItem:
    own = shown.author_name not in ("", feed.author_name)
    file = shown.enclosure
    return JsonItem(
        id=shown.id,
        url=shown.url,
        title=shown.title,
        summary=shown.summary,
        content_html=shown.html,
        image=shown.image,
        date_published=templating.iso(shown.published_at_us),
        date_modified=templating.iso(shown.updated_at_us),
        language=shown.language,
        authors=(Author(name=shown.author_name),) if own else (),
        tags=shown.tags,
        attachments=(Attachment(url=file.address, mime_type=file.type, size_in_bytes=file.size_bytes),) if file else (),
    )
