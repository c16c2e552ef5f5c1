"""An export of WordPress: posts and pages with their terms, dates, addresses, pictures and comments."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import BinaryIO
from urllib.parse import SplitResult, quote, unquote, urlsplit

import msgspec
from sdc_core.errors import Invalid

from sdc_web.imports import (
    html_text,
    kept_addresses,
    moments,
    old_site,
    pictures,
    wordpress_footnotes,
    wordpress_links,
    wordpress_text,
    wxr,
)
from sdc_web.imports.markdown_files import alias
from sdc_web.imports.records import Comment, Document, Picture, Source
from sdc_web.imports.wxr import Channel, Item
from sdc_web.posts import tags
from sdc_web.posts.records import Draft, Kind, path_of
from sdc_web.texts import names

_KINDS: dict[str, Kind] = {"post": "post", "page": "page", "jetpack-portfolio": "project", "portfolio": "project"}
_PUBLIC = ("publish", "future")
_TAKEN = (*_PUBLIC, "draft", "pending", "private")
_MENUS = frozenset({"nav_menu_item", "wp_navigation"})
_PASSED_OVER = _MENUS | {
    "attachment", "revision", "custom_css", "customize_changeset", "oembed_cache", "user_request", "wp_block",
    "wp_global_styles", "wp_template", "wp_template_part", "wp_font_family", "wp_font_face",
}  # fmt: skip
MAX_LEVELS = 12
"""Of categories within categories."""
MAX_HOSTS = 20
MAX_SAID = 2_000
"""Letters of what is said of a picture: a gallery says it of many."""
_NO_DATE = "0000-00-00 00:00:00"
_UNCATEGORISED = frozenset({"uncategorized", "uncategorised"})


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file of WordPress's library."""

    url: str
    alt: str
    caption: str
    page: str
    """The path of the page that WordPress gives it."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where an item lies in the kept file, what it will be, and where it was."""

    at: int
    length: int
    kind: Kind
    slug: str
    old: str
    number: str

    @property
    def numbers(self) -> tuple[str, ...]:
        """The addresses that WordPress makes of the number of every text."""
        if not (self.number.isascii() and self.number.isdigit()):
            return ()
        return (f"/?p={self.number}", *([f"/?page_id={self.number}"] if self.kind == "page" else []))


class Kept:
    """The items of one export, in a file of their own: an export may hold more than memory does."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.places: dict[str, Place] = {}
        self.attachments: dict[str, Attachment] = {}
        self.attached: dict[str, list[tuple[int, int, str]]] = {}
        """By the number of a text the order, number and id of what was uploaded to it."""
        self.shared: dict[str, tuple[int, int]] = {}
        """Where blocks lie that stand in several texts, by their numbers."""
        self.hosts: set[str] = set()
        """Where the library keeps its files, which may be another host than the site's."""
        self.in_menus = 0
        self.terms: dict[tuple[str, str], str] = {}
        self.refused: dict[str, str] = {}
        self.writers: set[str] = set()
        self._path = path
        self._file = file
        self._taken: set[tuple[Kind, str]] = set()
        self._numbers: Counter[tuple[Kind, str]] = Counter()
        self._known: dict[str, tuple[str, bytes]] = {}
        self.file = ""
        """Which is being read."""

    def take(self, item: Item) -> None:
        """Keep an item, or what matters of it. Raises Invalid for a text that another file has with other words."""
        kind = _KINDS.get(item.get("wp:post_type"))
        number = item.get("wp:post_id")
        if self._is_known(number, item, kind):
            return
        if item.get("wp:post_type") == "attachment":
            self.attachments[number] = Attachment(
                url=item.get("wp:attachment_url"),
                alt=item.meta.get("_wp_attachment_image_alt", "").strip()[:MAX_SAID],
                caption=html_text.plain(item.get("excerpt:encoded"))[:MAX_SAID],
                page=_split(item.get("link")).path,
            )
            if (host := _split(self.attachments[number].url).hostname) and len(self.hosts) < MAX_HOSTS:
                self.hosts.add(host)
            order, place = (_number(each) for each in (item.get("wp:menu_order"), number))
            self.attached.setdefault(item.get("wp:post_parent"), []).append((order, place, number))
        if item.get("wp:post_type") == "wp_block":
            self.shared[number] = self._put(item)
        self.in_menus += item.get("wp:post_type") in _MENUS
        if item.get("wp:post_type") in _PASSED_OVER or item.get("wp:status") in ("trash", "auto-draft", "inherit"):
            return
        name = f"{item.get('wp:post_type') or 'item'} {number}: {item.get('title')[:80]}"
        if kind is None or item.get("wp:status") not in _TAKEN:
            self.refused[name] = f"a {item.get('wp:post_type') or 'thing without a type'} has no place here"
            return
        slug = self._free(kind, item)
        old = _split(item.get("link"))
        at, length = self._put(item)
        self.places[name] = Place(
            at=at, length=length, kind=kind, slug=slug, old="" if old.query else old.path, number=number
        )
        self.writers.add(item.get("dc:creator"))
        for each in item.terms:
            if each.domain in ("category", "post_tag") and item.get("wp:status") == "publish":
                self.terms[each.domain, each.nicename] = _tag(each.name)

    def _is_known(self, number: str, item: Item, kind: Kind | None) -> bool:
        """Whether another file has it already: parts of an export may each hold what their texts show."""
        if not number:
            return False
        digest = hashlib.blake2b(msgspec.msgpack.encode(item), digest_size=16).digest()
        file, same = self._known.setdefault(number, (self.file, digest))
        if file == self.file:
            return False
        if kind is not None and same != digest:
            told = f"{item.get('title')[:80] or number} stands in {file} and in {self.file} with different words"
            raise Invalid(f"{told}: these are exports of different days. Import one of them")
        return True

    def item(self, name: str) -> Item:
        """The item of that name."""
        return self._read(self.places[name].at, self.places[name].length)

    def block(self, number: str) -> str:
        """What stands in a block that several texts share; empty where there is none."""
        at, length = self.shared.get(number, (0, 0))
        return self._read(at, length).fields.get("content:encoded", "") if length else ""

    def attachment(self, number: str) -> tuple[str, str, str] | None:
        """Address, alternative text and caption."""
        found = self.attachments.get(number)
        return (found.url, found.alt, found.caption) if found else None

    def _put(self, item: Item) -> tuple[int, int]:
        encoded = msgspec.msgpack.encode(item)
        at = self._file.tell()
        self._file.write(encoded)
        return at, len(encoded)

    def _read(self, at: int, length: int) -> Item:
        with self._path.open("rb") as file:
            file.seek(at)
            return msgspec.msgpack.decode(file.read(length), type=Item)

    def _free(self, kind: Kind, item: Item) -> str:
        # Letters that are not of ASCII stand there as their bytes.
        given = unquote(item.get("wp:post_name")).replace("_", "-")
        wanted = names.from_title(given) or names.from_title(html_text.plain(item.get("title")))
        wanted = wanted or f"{kind}-{names.from_title(item.get('wp:post_id')) or 'untitled'}"
        slug = wanted
        while (kind, slug) in self._taken or kept_addresses.is_kept(kind, slug):
            self._numbers[kind, wanted] += 1
            slug = names.numbered(wanted, 1 + self._numbers[kind, wanted])
        self._taken.add((kind, slug))
        return slug


def source(file: Path, folder: Path, scratch: Path, more: Sequence[Path] = ()) -> Source:
    """The texts of an export, which may have been cut into `more` files, with pictures from the folder; its items are
    kept in `scratch` meanwhile. Blocking. Raises Invalid or TooLarge, in words, for what is no export of WordPress, or
    none of one site.
    """
    path = scratch / "items"
    channels: list[Channel] = []
    with path.open("wb") as items:
        kept = Kept(path, items)
        names_of = [part.name for part in (file, *more)]
        for part in (file, *more):
            kept.file = part.name if names_of.count(part.name) == 1 else f"{part.parent.name}/{part.name}"
            channels.append(wxr.read(part, kept.take))
    channel = _one_site((file, *more), channels)
    links = _links(kept, channel.address)
    kept.hosts.add(links.host)
    if kept.in_menus:
        kept.refused[f"menus: {kept.in_menus} links"] = "Navigation makes those of this site"
    return Source(
        names=tuple(sorted((*kept.places, *kept.refused))),
        read=lambda name: _document(name, kept, links),
        located=lambda _, target: old_site.located(old_site.path_at(target, kept.hosts), folder),
        refused=kept.refused,
        addresses=frozenset(path_of(each.kind, each.slug) for each in kept.places.values()),
        redirects=tuple(_redirects(kept, channel.parents)),
        authors=tuple(sorted(kept.writers - {""})),
        hosts=frozenset(host.removeprefix("www.") for host in kept.hosts),
    )


def _one_site(files: Sequence[Path], channels: Sequence[Channel]) -> Channel:
    """What all parts of the export say of their site."""
    if len({each.address.rstrip("/").lower() for each in channels}) > 1:
        told = [f"{file.name} of {each.address[:100]}" for file, each in zip(files, channels, strict=True)]
        raise Invalid(f"these are exports of several sites: {', '.join(told)}. Import one site after the other")
    whole, *others = channels
    for each in others:
        whole.parents.update(each.parents)
    return whole


def _links(kept: Kept, address: str) -> wordpress_links.Links:
    paths, numbers = dict[str, str](), dict[str, str]()
    for number, each in kept.attachments.items():
        # The page of a picture shows it: what leads there leads to the picture.
        paths[each.page.strip("/")] = numbers[number] = _split(each.url).path
    for place in kept.places.values():
        paths[place.old.strip("/")] = numbers[place.number] = path_of(place.kind, place.slug)
    paths.pop("", None)
    return wordpress_links.Links(address=address.rstrip("/"), paths=paths, numbers=numbers)


def _redirects(kept: Kept, parents: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for (domain, nicename), name in sorted(kept.terms.items()):
        if name in _UNCATEGORISED or not nicename:
            continue
        if domain == "post_tag":
            yield f"/tag/{nicename}", tags.url_of(name)
            continue
        yield f"/category/{nicename}", tags.url_of(name)
        if whole := _below(nicename, parents):
            yield f"/category/{whole}", tags.url_of(name)
    yield "/feed", "/rss.xml"


def _below(nicename: str, parents: Mapping[str, str]) -> str:
    """The path of a category that lies in another one; empty for one that does not."""
    path = [nicename]
    while (above := parents.get(path[0], "")) and above not in path and len(path) < MAX_LEVELS:
        path.insert(0, above)
    return "/".join(path) if len(path) > 1 else ""


def _document(name: str, kept: Kept, links: wordpress_links.Links) -> Document:
    item, place = kept.item(name), kept.places[name]
    attached = tuple(number for _, _, number in sorted(kept.attached.get(place.number, ())))
    about = wordpress_text.About(attachment=kept.attachment, block=kept.block, attached=attached)
    marked, footnotes = wordpress_footnotes.marked(item.fields.get("content:encoded", ""), item.meta)
    html, notes = wordpress_text.as_html(marked, about)
    markdown, more = html_text.as_markdown(html)
    body = links.followed(wordpress_footnotes.put(markdown, footnotes))
    notes += more
    status, is_public = item.get("wp:status"), item.get("wp:status") in _PUBLIC
    if item.get("wp:post_password"):
        is_public = False
        notes.append("it was locked by a password, so it is a draft here")
    elif status in ("private", "pending"):
        notes.append(f"it was {status}, so it is a draft here")
    at = _at(item, notes) if is_public else None
    if is_public and at is None and place.kind == "post":
        # It would stand before all others, as of today.
        is_public = False
        notes.append("it has no date, so it is a draft here")
    comments = tuple(_comments(item))
    if comments:
        counted = "1 comment is" if len(comments) == 1 else f"{len(comments)} comments are"
        notes.append(f"{counted} kept in the report alone: texts have none here")
    thumbnail = kept.attachments.get(item.meta.get("_thumbnail_id", ""))
    summary = html_text.plain(item.get("excerpt:encoded"))
    title = html_text.plain(item.get("title"))
    if not title and is_public:
        title = names.from_beginning(body)
        is_public = bool(title)
        notes.append(
            "it has no title: its first words stand for one" if title else "it is empty, so it is a draft here"
        )
    return Document(
        name=name,
        kind=place.kind,
        draft=Draft(
            title=title,
            slug=place.slug,
            summary=summary,
            body=f"{body}\n",
            tags=tuple(dict.fromkeys(_tags(item))),
        ),
        is_draft=not is_public,
        at_us=moments.stored(at),
        claimed=tuple(_claimed(place)) if is_public else (),
        cover=_cover(thumbnail, links.host),
        notes=tuple(notes),
        author=item.get("dc:creator"),
        comments=comments,
    )


def _at(item: Item, notes: list[str]) -> datetime | None:
    """Its date: what other programs put into WordPress often has that of the site's own clock alone."""
    if (given := item.get("wp:post_date_gmt")) not in ("", _NO_DATE):
        return moments.read(given)
    if (given := item.get("wp:post_date")) not in ("", _NO_DATE):
        notes.append("its date is that of the old site's clock, whose zone the export does not say")
        return moments.read(given)
    # WordPress writes zeros as a day in the year -1.
    return None if "-0001" in (given := item.get("pubDate")) else moments.read(given)


def _claimed(place: Place) -> Iterator[str]:
    if place.old.strip("/") and (path := alias(place.old)):
        yield path
    yield from filter(None, map(alias, place.numbers))


def _tags(item: Item) -> Iterator[str]:
    for each in item.terms:
        name = _tag(each.name)
        if each.domain in ("category", "post_tag") and name and name not in _UNCATEGORISED:
            yield name


def _tag(name: str) -> str:
    # WordPress keeps names as HTML.
    return " ".join(unescape(name).replace("/", " ").replace(",", " ").lower().split())


def _split(address: str) -> SplitResult:
    """The parts of an address; none of what is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _number(given: str) -> int:
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 16 else 0


def _cover(thumbnail: Attachment | None, host: str) -> Picture | None:
    if thumbnail is None or not thumbnail.url:
        return None
    path = old_site.path_on(host, thumbnail.url) or (thumbnail.url if pictures.is_whole(thumbnail.url) else "")
    return Picture(file=quote(path, safe="/%:?&=#"), alt=thumbnail.alt) if path else None


def _comments(item: Item) -> Iterator[Comment]:
    for each in item.comments:
        if each.approved in ("1", "approve", "approved", "0", "hold") and each.kind in ("", "comment"):
            yield Comment(author=each.author, at=each.date, words=each.content)
