"""Cards of Ghost, which its two editors name nearly alike, as HTML; and what of them has no place in a text."""

from collections.abc import Callable, Mapping
from html import escape
from types import MappingProxyType
from typing import TypeAlias

from sdc_core.errors import Invalid

from sdc_web.imports import html_text

_OF_MEMBERS = ("signup", "email", "email-cta", "paywall", "transistor", "subscribe")
_HELD = "\ue005"
Card: TypeAlias = Mapping[str, object]


class Cards:
    """Turns cards into HTML. `markdown` cards are held back by a mark, since they are Markdown already: `filled` puts
    them in once the rest is, too. `notes` is a word about each card that is left out.
    """

    __slots__ = ("_held", "_room", "notes")

    def __init__(self) -> None:
        self._held: list[str] = []
        self._room = html_text.MAX_CHARACTERS
        self.notes: list[str] = []

    def html(self, name: str, card: Card) -> str | None:
        """Of the card of that name; None for one that is not known."""
        if name in ("markdown", "card-markdown"):
            self._held.append(self.fitting(_text(card, "markdown")))
            return f"<p>{_HELD}{len(self._held) - 1}{_HELD}</p>"
        if name in _OF_MEMBERS:
            self.notes.append(f"card {name} is left out: it belongs to the members of the old site")
            return ""
        shape = _SHAPES.get(name)
        return self.fitting(shape(card)) if shape else None

    def fitting(self, part: str) -> str:
        """A part of the text, which may name the same one again and again. Raises Invalid once all are too much."""
        self._room -= len(part)
        if self._room < 0:
            raise Invalid("its text is longer than anybody can read")
        return part

    def filled(self, markdown: str) -> str:
        """The text with the Markdown of its cards in their places."""
        for number, held in enumerate(self._held):
            # Once: a text may hold such a mark of its own, and as many of them as it likes.
            markdown = markdown.replace(f"{_HELD}{number}{_HELD}", held.strip(), 1)
        return markdown


def _image(card: Card) -> str:
    return html_text.picture(_text(card, "src"), _text(card, "alt"), _text(card, "caption"))


def _gallery(card: Card) -> str:
    images = card.get("images")
    shown = [_image(each) for each in (images if isinstance(images, list) else ()) if isinstance(each, dict)]
    return "".join(shown) + _caption(card)


def _code(card: Card) -> str:
    return html_text.code(_text(card, "code"), _text(card, "language")) + _caption(card)


def _embed(card: Card) -> str:
    return html_text.link(_text(card, "url"), _within(card, "metadata", "title")) + _caption(card)


def _bookmark(card: Card) -> str:
    title, words = _within(card, "metadata", "title"), _within(card, "metadata", "description")
    described = f"<p>{escape(words)}</p>" if words else ""
    return f"<blockquote>{html_text.link(_text(card, 'url'), title)}{described}</blockquote>{_caption(card)}"


def _callout(card: Card) -> str:
    words = html_text.within_lines(_text(card, "calloutText"))
    emoji = _text(card, "calloutEmoji")
    return f"<blockquote><p>{f'{escape(emoji)} ' if emoji else ''}{words}</p></blockquote>"


def _toggle(card: Card) -> str:
    title = escape(html_text.plain(_text(card, "heading")))
    return f"<details><summary>{title}</summary>{_text(card, 'content')}</details>"


def _button(card: Card) -> str:
    return html_text.link(_text(card, "buttonUrl"), _text(card, "buttonText"))


def _file(card: Card) -> str:
    title = _text(card, "fileTitle") or _text(card, "title") or _text(card, "fileName")
    return html_text.link(_text(card, "src"), title) + _caption(card)


def _header(card: Card) -> str:
    title, below = (html_text.plain(_text(card, each)) for each in ("header", "subheader"))
    url = _text(card, "buttonUrl") if card.get("buttonEnabled") is True else ""
    leads = html_text.link(url, _text(card, "buttonText")) if url else ""
    return (f"<h2>{escape(title)}</h2>" if title else "") + (f"<p>{escape(below)}</p>" if below else "") + leads


def _call(card: Card) -> str:
    image = _text(card, "imageUrl")
    url = _text(card, "buttonUrl") if card.get("showButton") is True else ""
    leads = html_text.link(url, _text(card, "buttonText")) if url else ""
    return (html_text.picture(image, "") if image else "") + _text(card, "textValue") + leads


def _product(card: Card) -> str:
    image, url = _text(card, "productImageSrc"), _text(card, "productUrl")
    shown = html_text.picture(image, "") if image else ""
    leads = html_text.link(url, _text(card, "productButton") or "More") if url else ""
    title = escape(html_text.plain(_text(card, "productTitle")))
    return f"{shown}<p><strong>{title}</strong></p>{_text(card, 'productDescription')}{leads}"


_SHAPES: Mapping[str, Callable[[Card], str]] = MappingProxyType(
    {
        "image": _image,
        "gallery": _gallery,
        "code": _code,
        "codeblock": _code,
        "html": lambda card: _text(card, "html"),
        "hr": lambda _: "<hr>",
        "horizontalrule": lambda _: "<hr>",
        "embed": _embed,
        "bookmark": _bookmark,
        "callout": _callout,
        "toggle": _toggle,
        "button": _button,
        "file": _file,
        "audio": _file,
        "video": _file,
        "product": _product,
        "header": _header,
        "call-to-action": _call,
    }
)


def _text(card: Card, name: str) -> str:
    value = card.get(name)
    return value if isinstance(value, str) else ""


def _within(card: Card, table: str, name: str) -> str:
    inside = card.get(table)
    return _text(inside, name) if isinstance(inside, dict) else ""


def _caption(card: Card) -> str:
    caption = html_text.plain(_text(card, "caption"))
    return f"<p><em>{escape(caption, quote=False)}</em></p>" if caption else ""
