"""A post as Micropub speaks of it, an h-entry: its properties read into a draft, and told from one.

Pictures that are sent as `photo` stand at the end of the text, one in each paragraph: what is told as `photo` again are
the pictures that stand there, and `content` is what comes before them.
"""

import asyncio
import re
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec.structs import replace
from sdc_core import clock
from sdc_core.errors import Invalid

from sdc_web.api import incoming
from sdc_web.api.micropub_requests import MAX_PHOTOS, Command, Properties
from sdc_web.imports import html_text, moments
from sdc_web.posts.whole import Whole
from sdc_web.texts import names

Status: TypeAlias = Literal["", "published", "draft"]
_PICTURE = re.compile(r"!\[((?:[^\]\\]|\\.)*)\]\(media:([0-9A-Z]{26})\)")
MAX_LINE = 2_000
_SINGLE: Final = ("name", "content", "summary", "published", "mp-slug", "post-status", "visibility")
_KNOWN: Final = frozenset({*_SINGLE, "category", "photo"})
_ALIASES: Final = {"slug": "mp-slug"}


class Photo(msgspec.Struct, frozen=True, kw_only=True):
    """A picture by its address, or by the id of the asset that it is already."""

    url: str = ""
    asset_id: str = ""
    alt: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What an h-entry says. `at_us` is the moment of `published`, `status` what is wanted, if that is said.
    An empty `name` is made from the text once it is published.
    """

    name: str = ""
    content: str = ""
    summary: str = ""
    category: tuple[str, ...] = ()
    photo: tuple[Photo, ...] = ()
    slug: str = ""
    at_us: int | None = None
    status: Status = ""


async def of_properties(properties: Properties) -> Entry:
    """A new entry. Raises Invalid with the property at fault; those that are not known are passed over."""
    return await _put(Entry(), {_ALIASES.get(name, name): values for name, values in properties.items()})


def of_post(post: Whole, site_url: str) -> Entry:
    """What a post says."""
    content, photos = _parted(post.body, site_url)
    return Entry(
        name=post.title,
        content=content,
        summary=post.summary,
        category=post.tags,
        photo=photos,
        slug=post.shown_slug,
        at_us=post.dated_at_us,
    )


async def updated(entry: Entry, command: Command) -> Entry:
    """The entry with what an update puts in place, adds and takes away, in this order. Raises Invalid."""
    entry = await _put(entry, {_ALIASES.get(name, name): values for name, values in command.replace.items()})
    for given, values in command.add.items():
        name = _ALIASES.get(given, given)
        if name in _SINGLE and _said(entry, name):
            raise Invalid(f"`{name}` has one value, which is there already: replace it", field=name)
        if name == "category":
            entry = replace(entry, category=tuple(dict.fromkeys((*entry.category, *_texts(name, values)))))
        elif name == "photo":
            entry = replace(entry, photo=_few((*entry.photo, *_photos(values))))
        else:
            entry = await _put(entry, {name: values})
    if isinstance(command.delete, list):
        gone = {name: [] for name in {_ALIASES.get(each, each) for each in command.delete} & _KNOWN}
        return await _put(entry, gone)
    for given, values in command.delete.items():
        entry = _without(entry, _ALIASES.get(given, given), values)
    return entry


def fields_of(entry: Entry) -> dict[str, object]:
    """The fields of a `Draft` that Micropub speaks of. The pictures of the entry are assets by now."""
    shown = [f"![{_escaped(each.alt)}](media:{each.asset_id})" for each in entry.photo]
    return {
        "title": entry.name or named(entry),
        "slug": entry.slug,
        "summary": entry.summary,
        "body": "\n\n".join(each for each in (entry.content.strip("\n"), *shown) if each),
        "tags": entry.category,
        "dated_at_us": entry.at_us,
    }


def named(entry: Entry) -> str:
    """What a text without a name is called: by its first words, by what its first picture shows, or by its day."""
    shown = next((each.alt for each in entry.photo if each.alt), "")
    day = clock.to_datetime(entry.at_us or clock.now_us())
    return names.from_beginning(entry.content) or names.from_beginning(shown) or f"{day:%Y-%m-%d}"


def told(entry: Entry, status: str, published_us: int | None) -> dict[str, list[object]]:
    """The properties of an entry, those that it has."""
    photos: list[object] = [{"value": each.url, "alt": each.alt} if each.alt else each.url for each in entry.photo]
    at_us = entry.at_us if entry.at_us is not None else published_us
    found: dict[str, list[object]] = {
        "name": [entry.name] if entry.name else [],
        "content": [entry.content] if entry.content else [],
        "summary": [entry.summary] if entry.summary else [],
        "category": list(entry.category),
        "photo": photos,
        "published": [clock.to_datetime(at_us).isoformat()] if at_us is not None else [],
        "mp-slug": [entry.slug] if entry.slug else [],
        "post-status": [status],
    }
    return {name: values for name, values in found.items() if values}


async def _put(entry: Entry, properties: Properties) -> Entry:
    """The entry with these values in place of what it had; without values it has none."""
    alts = _texts("mp-photo-alt", properties.get("mp-photo-alt", []))
    for name, values in properties.items():
        match name:
            case "content":
                entry = replace(entry, content=await _content(values))
            case "category":
                entry = replace(entry, category=tuple(dict.fromkeys(_texts(name, values))))
            case "photo":
                entry = replace(entry, photo=_few(_described(_photos(values), alts)))
            case _ if name in _SINGLE:
                entry = _put_text(entry, name, _text(name, values))
            case _:
                continue
    return entry


def _put_text(entry: Entry, name: str, text: str) -> Entry:
    match name:
        case "name" | "summary":
            return replace(entry, **{name: text})
        case "mp-slug":
            return replace(entry, slug=text.strip("/"))
        case "published":
            return replace(entry, at_us=_moment(text))
        case "post-status":
            return replace(entry, status=_status(text))
        case _ if text not in ("", "public"):
            raise Invalid("what is published here is public: leave `visibility` out", field=name)
        case _:
            return entry


def _without(entry: Entry, name: str, values: list[object]) -> Entry:
    if name == "category":
        gone = set(_texts(name, values))
        return replace(entry, category=tuple(each for each in entry.category if each not in gone))
    if name == "photo":
        urls = {each.url for each in _photos(values)}
        return replace(entry, photo=tuple(each for each in entry.photo if each.url not in urls))
    if name in _KNOWN:
        raise Invalid(f"`{name}` has one value: name it in a list to take it away", field=name)
    return entry


def _said(entry: Entry, name: str) -> bool:
    held = {"mp-slug": entry.slug, "published": entry.at_us, "post-status": "", "visibility": ""}
    return bool(held[name] if name in held else getattr(entry, name))


def _text(name: str, values: list[object]) -> str:
    """The only value of a property. Raises Invalid for several, and for what is no text."""
    found = _texts(name, values)
    if len(found) > 1:
        raise Invalid(f"`{name}` has one value at most", field=name)
    return found[0] if found else ""


def _texts(name: str, values: list[object]) -> list[str]:
    for each in values:
        if not isinstance(each, str):
            raise Invalid(f"a value of `{name}` is no text", field=name)
    return [each for each in values if isinstance(each, str)]


async def _content(values: list[object]) -> str:
    """Markdown: as it was sent, or made of HTML. Raises Invalid."""
    match values:
        case []:
            return ""
        case [str() as text]:
            return text
        case [{"html": str() as html}]:
            markdown, _ = await asyncio.to_thread(html_text.as_markdown, html)
            return markdown
        case [{"value": str() as text}]:
            return text
        case _:
            raise Invalid("`content` is one text, or one object with `html`", field="content")


def _photos(values: list[object]) -> list[Photo]:
    found: list[Photo] = []
    for each in values:
        match each:
            case str():
                found.append(Photo(url=each))
            case {"value": str() as url, "alt": str() as alt}:
                found.append(Photo(url=url, alt=" ".join(alt.split())))
            case {"value": str() as url}:
                found.append(Photo(url=url))
            case Photo():
                found.append(each)
            case _:
                raise Invalid("a `photo` is an address, or an object with `value` and `alt`", field="photo")
    return found


def _described(photos: list[Photo], alts: list[str]) -> list[Photo]:
    """Each with the words at its place of `mp-photo-alt`, where it has none of its own."""
    said = [*alts, *[""] * len(photos)]
    return [replace(each, alt=each.alt or words) for each, words in zip(photos, said, strict=False)]


def _few(photos: Sequence[Photo]) -> tuple[Photo, ...]:
    if len(photos) > MAX_PHOTOS:
        raise Invalid(f"a post has at most {MAX_PHOTOS} pictures that are sent as `photo`", field="photo")
    return tuple(photos)


def _moment(text: str) -> int | None:
    try:
        at = moments.read(text)
        return None if at is None else incoming.at_us(at, "published")
    except Invalid as error:
        raise Invalid(str(error), field="published") from None


def _status(text: str) -> Status:
    match text:
        case "" | "published" | "draft":
            return text
        case _:
            raise Invalid("`post-status` is published or draft", field="post-status")


def _parted(body: str, site_url: str) -> tuple[str, tuple[Photo, ...]]:
    """The text before the pictures at its end, and those."""
    photos: list[Photo] = []
    left = body.rstrip()
    while len(photos) < MAX_PHOTOS:
        before, _, line = left.rpartition("\n")
        found = _PICTURE.fullmatch(line.strip()) if len(line) <= MAX_LINE else None
        if found is None:
            break
        alt = re.sub(r"\\(.)", r"\1", found[1])
        photos.append(Photo(url=picture_url(found[2], site_url), asset_id=found[2], alt=alt))
        left = before.rstrip()
    return left, tuple(reversed(photos))


def picture_url(asset_id: str, site_url: str) -> str:
    """Where the picture is shown, whatever sizes of it there are."""
    return f"{site_url}/media/{asset_id}/picture"


def _escaped(alt: str) -> str:
    return re.sub(r"([\\\[\]])", r"\\\1", alt)
