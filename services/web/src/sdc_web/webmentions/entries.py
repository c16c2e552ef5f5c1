"""What a page says of a text that it leads to: microformats2 where it has them (h-entry), else its title."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec

from sdc_web.about.site import MISLEADING, UNSEEN
from sdc_web.posts.backlinks import outward_url, place
from sdc_web.texts import characters
from sdc_web.webmentions import documents
from sdc_web.webmentions.documents import Element

Kind: TypeAlias = Literal["mention", "reply", "like", "repost", "bookmark"]

MAX_NAME = 80
MAX_TITLE = 150
MAX_WORDS = 500
MAX_AUTHOR_URL = 500
MAX_CITATION = 50
_KINDS: dict[str, Kind] = {
    "u-in-reply-to": "reply",
    "u-like-of": "like",
    "u-like": "like",
    "u-repost-of": "repost",
    "u-repost": "repost",
    "u-bookmark-of": "bookmark",
}
_SPELLED = re.compile(r"https?://[^\s<>\"'()\[\]{}|\\^`]{1,2000}")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One page: all of it plain text in one line, cut; `author_url` is http(s) or empty."""

    kind: Kind = "mention"
    author_name: str = ""
    author_url: str = ""
    title: str = ""
    words: str = ""


def read(body: bytes, content_type: str, at: str, target: str) -> Entry | None:
    """What the page at that address says; None when it does not lead to the target. Blocking."""
    kind = content_type.partition(";")[0].strip().lower()
    text = documents.decoded(body, content_type)
    if kind in ("", "text/html", "application/xhtml+xml"):
        root = documents.parse(text, at)
        return _of_page(root, target) if root else None
    if kind == "application/json" or kind.endswith("+json"):
        return Entry() if _is_in_json(body, target) else None
    if kind.startswith("text/"):
        named = (each.rstrip(".,:;!?") for each in _SPELLED.findall(text))
        return Entry() if any(_is_same(each, target) for each in named) else None
    return None


def _is_same(url: str | None, target: str) -> bool:
    """Whether that address is the target's: with or without https, a slash at the end, or a part of the page."""
    return bool(url and outward_url(url)) and place(url or "") == place(target)


def _is_in_json(body: bytes, target: str) -> bool:
    try:
        waiting: list[object] = [msgspec.json.decode(body)]
    except (msgspec.DecodeError, RecursionError):
        return False
    while waiting:
        match waiting.pop():
            case str(each) if _is_same(each, target):
                return True
            case list(several):
                waiting += several
            case dict(named):
                waiting += named.values()
            case _:
                pass
    return False


def _of_page(root: Element, target: str) -> Entry | None:
    leading, entry = _leading(root, target)
    if not leading:
        return None
    title = next((each.text() for each in root.every() if each.tag == "title"), "")
    if entry is None:
        return Entry(title=_line(title, MAX_TITLE))
    own = list(_properties(entry))
    author = _first(own, "p-author", "u-author") or _first(root.every(), "p-author")
    name, author_url = _author(author) if author else ("", "")
    words = _first(own, "e-content") or _first(own, "p-content", "p-summary")
    named = _first(own, "p-name")
    said, called = words.text() if words else "", named.text() if named else ""
    # A note has no name of its own, and what it says may stand as one.
    is_note = bool(said) and said.startswith(called[:60])
    return Entry(
        kind=_kind(own, leading),
        author_name=_line(name, MAX_NAME),
        author_url=author_url,
        title="" if is_note else _line(called or title, MAX_TITLE),
        words=_line(said, MAX_WORDS),
    )


def _leading(root: Element, target: str) -> tuple[frozenset[int], Element | None]:
    """The elements that lead to the target, by their identity, and the entry that the first of those in one stands in:
    the innermost, for a page of many has them within a feed.
    """
    found: set[int] = set()
    entry: Element | None = None
    waiting: list[tuple[Element, Element | None]] = [(root, None)]
    while waiting:
        element, around = waiting.pop()
        if "h-entry" in element.classes:
            around = element
        if element.tag != "link" and _is_same(element.url, target):
            found.add(id(element))
            entry = entry or around
        waiting += [(each, around) for each in reversed(element.within) if isinstance(each, Element)]
    return frozenset(found), entry


def _properties(entry: Element) -> Iterator[Element]:
    """What belongs to this entry: of another one within it that element alone, which may be a property."""
    waiting = [each for each in reversed(entry.within) if isinstance(each, Element)]
    while waiting:
        element = waiting.pop()
        yield element
        if not any(each.startswith("h-") for each in element.classes):
            waiting += [each for each in reversed(element.within) if isinstance(each, Element)]


def _first(elements: "Iterator[Element] | list[Element]", *classes: str) -> Element | None:
    wanted = frozenset(classes)
    return next((each for each in elements if wanted & each.classes), None)


def _kind(own: list[Element], leading: frozenset[int]) -> Kind:
    """What the first property says that leads there itself, or holds what does: a citation has few elements."""
    for element in own:
        for name, kind in _KINDS.items():
            if name in element.classes and any(id(each) in leading for each in islice(element.every(), MAX_CITATION)):
                return kind
    return "mention"


def _author(card: Element) -> tuple[str, str]:
    named = _first(card.every(), "p-name")
    leading = _first(card.every(), "u-url") or next(
        (each for each in card.every() if each.tag == "a" and each.url), None
    )
    url = outward_url((leading.url if leading else None) or "")
    return (named or card).text(), url if len(url) <= MAX_AUTHOR_URL else ""


def _line(text: str, longest: int) -> str:
    """One line without what is not seen, or turns the words around it; cut at a word."""
    line = characters.line(MISLEADING.sub("", UNSEEN.sub(" ", text[: longest * 20])))
    if len(line) <= longest:
        return line
    cut = line[: longest - 1]
    return (cut.rpartition(" ")[0] or cut).rstrip(" ,.;:") + "…"


def cleaned(said: Entry) -> Entry:
    """The same within the bounds of one that was read from a page: what a file says may be anything."""
    url = outward_url(said.author_url)
    return Entry(
        kind=said.kind,
        author_name=_line(said.author_name, MAX_NAME),
        author_url=url if len(url) <= MAX_AUTHOR_URL else "",
        title=_line(said.title, MAX_TITLE),
        words=_line(said.words, MAX_WORDS),
    )


def host_of(url: str) -> str:
    """The host of an address, in small letters, as blocks and bounds name it."""
    return (urlsplit(url).hostname or "").lower().removesuffix(".")
