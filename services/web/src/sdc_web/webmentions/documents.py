"""A page of somebody else, as a tree: what a browser would take for markup in it, and nothing else.

It is parsed by nh3, as browsers do, and written out again as well-formed HTML: neither a comment nor a script nor what
is typed in a text can pass for a link.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from html.parser import HTMLParser
from urllib.parse import urljoin

import msgspec
import nh3

from sdc_web.texts import nesting

MAX_ELEMENTS = 40_000
"""Of a page; what comes after them is not looked at."""
_CONTAINERS = {
    "article", "aside", "blockquote", "details", "div", "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5",
    "h6", "header", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "td", "tr", "ul", "dl", "dt",
    "dd",
}  # fmt: skip
_WITHIN_LINES = {"a", "abbr", "b", "cite", "data", "em", "i", "q", "small", "span", "strong", "time"}
_EMPTY = {"area", "base", "br", "hr", "img", "link", "source"}
_LEADING = {"a": "href", "area": "href", "link": "href", "img": "src", "video": "src", "audio": "src", "source": "src"}
"""Elements that may hold the address of another page, and where."""
_BLOCKS = _CONTAINERS | {"br", "hr"}
_CLEANER = nh3.Cleaner(
    tags=_CONTAINERS | _WITHIN_LINES | _EMPTY | {"title", "video", "audio"},
    clean_content_tags={
        "button", "iframe", "math", "noscript", "object", "script", "select", "style", "svg", "template", "textarea",
    },
    attributes={
        "*": {"class"},
        "a": {"href", "rel"},
        "area": {"href"},
        "base": {"href"},
        "link": {"href", "rel"},
        "img": {"src"},
        "video": {"src"},
        "audio": {"src"},
        "source": {"src"},
        "abbr": {"title"},
        "data": {"value"},
        "time": {"datetime"},
    },
    url_schemes={"http", "https"},
    link_rel=None,
)  # fmt: skip
_CHARSET = re.compile(
    r"utf-?(?:8|16(?:[_-]?[lb]e)?)|(?:us-)?ascii|latin-?\d|(?:iso[_-]?8859[_-]|windows-|cp)\d{1,5}|koi8[_-][ru]|macintosh"
    r"|gbk|gb2312|gb18030|big5(?:-hkscs)?|euc-(?:jp|kr)|ks_c_5601-1987|tis-620|iso-2022-jp|s(?:hift)?[_-]?jis",
    re.IGNORECASE,
)
"""Those of pages. Python knows others by such names, which raise whatever is asked of them (`idna`, `undefined`), or
make halves of surrogate pairs (`utf-7`, `unicode_escape`).
"""
_BODY = re.compile(r"<(/?)body(?=[\s>])", re.IGNORECASE)


class Element(msgspec.Struct, kw_only=True):
    """One of a page. `rel` and `classes` in lower case and as written; `url` is whole, None where there is none."""

    tag: str
    classes: frozenset[str] = frozenset()
    rel: frozenset[str] = frozenset()
    url: str | None = None
    value: str = ""
    within: "list[Element | str]" = msgspec.field(default_factory=list)

    def every(self) -> "Iterator[Element]":
        """This one and all within it, in the order of the page."""
        waiting: list[Element] = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting += [each for each in reversed(element.within) if isinstance(each, Element)]

    def text(self) -> str:
        """Its words, in one line."""
        found: list[str] = []
        waiting: list[Element | str] = [self]
        while waiting:
            each = waiting.pop()
            if isinstance(each, str):
                found.append(each)
            else:
                found.append(" " if each.tag in _BLOCKS else "")
                waiting += [*([" "] if each.tag in _BLOCKS else []), *reversed(each.within)]
        return " ".join("".join(found).split())


def parse(html: str, at: str) -> Element | None:
    """The page at that address; None for one that no parser should be given. Blocking."""
    if not nesting.is_bearable(html, html):
        return None
    # A fragment has no body, and that of a page may say what the page is.
    reader = _Reader(at)
    with suppress(_EnoughError):
        reader.feed(_CLEANER.clean(_BODY.sub(r"<\1div", html)))
        reader.close()
    return reader.root


def decoded(body: bytes, content_type: str) -> str:
    """The text of a page, by what its header says of it."""
    named = re.search(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", content_type, re.IGNORECASE)
    if named and _CHARSET.fullmatch(named[1]):
        with suppress(LookupError):
            return body.decode(named[1], errors="replace")
    return body.decode(errors="replace")


class _EnoughError(Exception):
    pass


class _Reader(HTMLParser):
    """What nh3 has written, as elements."""

    def __init__(self, at: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element(tag="")
        self._open = [self.root]
        self._base = at
        self._has_base = False
        self._left = MAX_ELEMENTS

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._left -= 1
        if self._left < 0:
            raise _EnoughError
        given = {name: value or "" for name, value in attrs}
        if tag == "base":
            if "href" in given and not self._has_base:
                self._has_base, self._base = True, joined(self._base, given["href"]) or self._base
            return
        leads = given.get(_LEADING[tag]) if tag in _LEADING else None
        element = Element(
            tag=tag,
            classes=frozenset(given.get("class", "").split()),
            rel=frozenset(given.get("rel", "").lower().split()),
            url=None if leads is None else joined(self._base, leads),
            value=given.get("datetime") or given.get("value") or given.get("title") or "",
        )
        self._open[-1].within.append(element)
        if tag not in _EMPTY:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if len(self._open) > 1 and self._open[-1].tag == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].within.append(data)


def joined(base: str, url: str) -> str | None:
    """The whole address; None where it cannot be read."""
    try:
        return urljoin(base, url.strip())
    except ValueError:
        return None
