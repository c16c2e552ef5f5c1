"""An export of WordPress: posts and pages with their terms, dates, addresses, pictures and comments."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, urlsplit

import msgspec
from msgspec.structs import replace

from sdc_web.imports import html_text, kept_addresses, moments, old_site, wordpress_text, wxr
from sdc_web.imports.markdown_files import alias
from sdc_web.imports.records import Comment, Document, Picture, Source
from sdc_web.imports.wxr import Item
from sdc_web.posts import tags
from sdc_web.posts.records import Draft, Kind, path_of
from sdc_web.texts import names

_KINDS: dict[str, Kind] = {"post": "post", "page": "page", "jetpack-portfolio": "project", "portfolio": "project"}
_PUBLIC = ("publish", "future")
_TAKEN = (*_PUBLIC, "draft", "pending", "private")
_PASSED_OVER = frozenset(
    {"attachment", "nav_menu_item", "revision", "custom_css", "customize_changeset", "wp_global_styles"}
)
_NO_DATE = "0000-00-00 00:00:00"
_UNCATEGORISED = frozenset({"uncategorized", "uncategorised"})
_TARGET = re.compile(r"(!?\]\(<?)([^)>\s]+)")


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file of WordPress's library."""

    url: str
    alt: str
    caption: str


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where an item lies in the kept file, what it will be, and where it was."""

    at: int
    length: int
    kind: Kind
    slug: str
    old: str


class Kept:
    """The items of one export, in a file of their own: an export may hold more than memory does."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.places: dict[str, Place] = {}
        self.attachments: dict[str, Attachment] = {}
        self.terms: dict[tuple[str, str], str] = {}
        self.refused: dict[str, str] = {}
        self.writers: set[str] = set()
        self._path = path
        self._file = file
        self._taken: set[tuple[Kind, str]] = set()

    def take(self, item: Item) -> None:
        """Keep an item, or what matters of it."""
        kind = _KINDS.get(item.get("wp:post_type"))
        number = item.get("wp:post_id")
        if item.get("wp:post_type") == "attachment":
            self.attachments[number] = Attachment(
                url=item.get("wp:attachment_url"),
                alt=item.meta.get("_wp_attachment_image_alt", "").strip(),
                caption=html_text.plain(item.get("excerpt:encoded")),
            )
        if item.get("wp:post_type") in _PASSED_OVER or item.get("wp:status") in ("trash", "auto-draft", "inherit"):
            return
        name = f"{item.get('wp:post_type') or 'item'} {number}: {item.get('title')[:80]}"
        if kind is None or item.get("wp:status") not in _TAKEN:
            self.refused[name] = f"a {item.get('wp:post_type') or 'thing without a type'} has no place here"
            return
        encoded = msgspec.msgpack.encode(item)
        slug = self._free(kind, item)
        old = urlsplit(item.get("link"))
        self.places[name] = Place(
            at=self._file.tell(), length=len(encoded), kind=kind, slug=slug, old="" if old.query else old.path
        )
        self._file.write(encoded)
        self.writers.add(item.get("dc:creator"))
        for each in item.terms:
            if each.domain in ("category", "post_tag") and item.get("wp:status") == "publish":
                self.terms[each.domain, each.nicename] = _tag(each.name)

    def item(self, name: str) -> Item:
        """The item of that name."""
        place = self.places[name]
        with self._path.open("rb") as file:
            file.seek(place.at)
            return msgspec.msgpack.decode(file.read(place.length), type=Item)

    def _free(self, kind: Kind, item: Item) -> str:
        wanted = names.from_title(item.get("wp:post_name").replace("_", "-")) or names.from_title(item.get("title"))
        wanted = wanted or f"{kind}-{names.from_title(item.get('wp:post_id')) or 'untitled'}"
        slug, count = wanted, 1
        while (kind, slug) in self._taken or kept_addresses.is_kept(kind, slug):
            count += 1
            slug = f"{wanted[: names.MAX_LENGTH - 6].rstrip('-')}-{count}"
        self._taken.add((kind, slug))
        return slug


def source(file: Path, folder: Path, scratch: Path) -> Source:
    """Its texts, with pictures from the folder; its items are kept in `scratch` meanwhile. Blocking. Raises Invalid or
    TooLarge, in words, for what is no export of WordPress.
    """
    path = scratch / "items"
    with path.open("wb") as items:
        kept = Kept(path, items)
        host = urlsplit(wxr.read(file, kept.take).address).hostname or ""
    paths = {each.old.strip("/"): path_of(each.kind, each.slug) for each in kept.places.values() if each.old.strip("/")}
    return Source(
        names=tuple(sorted((*kept.places, *kept.refused))),
        read=lambda name: _document(name, kept, host, paths),
        located=lambda _, target: old_site.located(target, folder),
        refused=kept.refused,
        addresses=frozenset(path_of(each.kind, each.slug) for each in kept.places.values()),
        redirects=tuple(_redirects(kept)),
        authors=tuple(sorted(kept.writers - {""})),
    )


def _redirects(kept: Kept) -> Iterator[tuple[str, str]]:
    folders = {"category": "/category/", "post_tag": "/tag/"}
    for (domain, nicename), name in sorted(kept.terms.items()):
        if name not in _UNCATEGORISED and nicename:
            yield f"{folders[domain]}{nicename}", tags.url_of(name)
    yield "/feed", "/rss.xml"


def _document(name: str, kept: Kept, host: str, paths: Mapping[str, str]) -> Document:
    item, place = kept.item(name), kept.places[name]

    def attachment(number: str) -> tuple[str, str, str] | None:
        found = kept.attachments.get(number)
        return (found.url, found.alt, found.caption) if found else None

    html, notes = wordpress_text.as_html(item.fields.get("content:encoded", ""), attachment)
    markdown, more = html_text.as_markdown(html)
    notes += more
    status, is_public = item.get("wp:status"), item.get("wp:status") in _PUBLIC
    if item.get("wp:post_password"):
        is_public = False
        notes.append("it was locked by a password, so it is a draft here")
    elif status in ("private", "pending"):
        notes.append(f"it was {status}, so it is a draft here")
    given = item.get("wp:post_date_gmt")
    at = None if given in ("", _NO_DATE) else moments.read(given)
    comments = tuple(_comments(item))
    if comments:
        notes.append(f"{len(comments)} comments are kept in the report alone: texts have none here")
    thumbnail = kept.attachments.get(item.meta.get("_thumbnail_id", ""))
    summary = html_text.plain(item.get("excerpt:encoded"))
    document = Document(
        name=name,
        kind=place.kind,
        draft=Draft(
            title=" ".join(item.get("title").split()),
            slug=place.slug,
            summary=summary,
            body=f"{_body(markdown, host, paths)}\n",
            tags=tuple(dict.fromkeys(_tags(item))),
        ),
        is_draft=not is_public,
        at_us=moments.stored(at) if is_public else None,
        claimed=tuple(filter(None, [alias(place.old)])) if place.old.strip("/") and is_public else (),
        cover=_cover(thumbnail, host),
        notes=tuple(notes),
        author=item.get("dc:creator"),
        comments=comments,
    )
    return document if document.draft.title else replace(document, is_draft=True)


def _body(markdown: str, host: str, paths: Mapping[str, str]) -> str:
    """Addresses of the old site as paths: those of texts are the new ones, those of pictures are looked for."""

    def put(found: re.Match[str]) -> str:
        path = old_site.path_on(host, found[2])
        if not path:
            return found[0]
        _, mark, fragment = found[2].partition("#")
        return f"{found[1]}{paths.get(path.strip('/'), path)}{mark}{fragment}"

    return _TARGET.sub(put, markdown)


def _tags(item: Item) -> Iterator[str]:
    for each in item.terms:
        name = _tag(each.name)
        if each.domain in ("category", "post_tag") and name and name not in _UNCATEGORISED:
            yield name


def _tag(name: str) -> str:
    return " ".join(name.replace("/", " ").replace(",", " ").lower().split())


def _cover(thumbnail: Attachment | None, host: str) -> Picture | None:
    path = old_site.path_on(host, thumbnail.url) if thumbnail else ""
    return Picture(file=quote(path, safe="/%"), alt=thumbnail.alt) if thumbnail and path else None


def _comments(item: Item) -> Iterator[Comment]:
    for each in item.comments:
        if each.approved in ("1", "approve", "approved", "0", "hold") and each.kind in ("", "comment"):
            yield Comment(author=each.author, at=each.date, words=each.content)
