"""A text taken apart for looking at: its headings, links, pictures, plain words and raw HTML, each with its line."""

from bisect import bisect_right

import msgspec
import pyromark

from sdc_web.checks import raw_html
from sdc_web.texts.markdown import OPTIONS

MOST_OPEN = 20
"""Tags within one another: to look through more of them at each would take a hostile text long."""
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


class Piece(msgspec.Struct, frozen=True):
    """Some text and the line that it begins in."""

    text: str
    line: int


class Heading(msgspec.Struct, frozen=True):
    """`level` 1 to 6, as it is typed."""

    level: int
    text: str
    line: int


class Target(msgspec.Struct, frozen=True):
    """A link, or a picture with its alternative text: `address` as it is typed."""

    address: str
    text: str
    line: int


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """`words` are those of paragraphs, headings and lists: no code."""

    headings: tuple[Heading, ...]
    links: tuple[Target, ...]
    pictures: tuple[Target, ...]
    words: tuple[Piece, ...]
    html: tuple[Piece, ...]
    is_empty: bool


class _Open(msgspec.Struct):
    """A heading, link or picture that has begun, and the text in it so far; `raw` when it was typed as HTML."""

    kind: str
    value: str
    line: int
    text: list[str]
    raw: bool = False


class _Reader:
    """The state of one pass over the events."""

    def __init__(self, text: str) -> None:
        encoded = text.encode()
        self._breaks = [at for at, byte in enumerate(encoded) if byte == ord("\n")]
        self._open: list[_Open] = []
        self._code = 0
        self._block: list[str] = []
        self.headings: list[Heading] = []
        self.links: list[Target] = []
        self.pictures: list[Target] = []
        self.words: list[Piece] = []
        self.html: list[Piece] = []

    def line(self, at: int) -> int:
        return bisect_right(self._breaks, at - 1) + 1

    def event(self, event: object, at: int) -> None:
        match event:
            case {"Start": "HtmlBlock"}:
                self._block = []
            case {"Start": begun}:
                self._begin(begun, at)
            case {"End": "CodeBlock"}:
                self._code -= 1
            case {"End": "HtmlBlock"}:
                self._raw("".join(self._block), self.line(at))
            case {"End": {"Heading": _}}:
                self._close("heading")
            case {"End": "Link"}:
                self._close("link")
            case {"End": "Image"}:
                self._close("picture")
            case _:
                self._content(event, at)

    def _begin(self, begun: object, at: int) -> None:
        match begun:
            case {"Heading": {"level": str(level)}}:
                self._open.append(_Open("heading", level.removeprefix("H"), self.line(at), []))
            case {"Link": {"dest_url": str(address)}}:
                self._open.append(_Open("link", address, self.line(at), []))
            case {"Image": {"dest_url": str(address)}}:
                self._open.append(_Open("picture", address, self.line(at), []))
            case {"CodeBlock": _}:
                self._code += 1
            case _:
                pass

    def _content(self, event: object, at: int) -> None:
        match event:
            case {"Text": str(text)} if not self._code:
                self._say(text)
                self.words.append(Piece(text, self.line(at)))
            case {"Code": str(text)} | {"InlineMath": str(text)}:
                self._say(text)
            case {"Html": str(text)}:
                self._block.append(text)
            case {"InlineHtml": str(text)}:
                self._raw(text, self.line(at))
            case "SoftBreak" | "HardBreak":
                self._say(" ")
            case _:
                pass

    def _raw(self, html: str, line: int) -> None:
        self.html.append(Piece(html, line))
        for part in raw_html.parts(html):
            if isinstance(part, str):
                self._say(part)
            elif part.ends:
                self._close("link" if part.name == "a" else "heading", raw=True)
            else:
                self._begin_raw(part, line + part.below)

    def _begin_raw(self, tag: raw_html.Tag, line: int) -> None:
        address = tag.attributes.get("href", "#")
        if tag.name != "img" and len(self._open) >= MOST_OPEN:
            return
        if tag.name in _HEADINGS:
            self._open.append(_Open("heading", tag.name[1], line, [], raw=True))
        # Within the text nothing is said of it: whether an id is kept shows only when it is rendered.
        elif tag.name == "a" and not address.startswith("#"):
            self._open.append(_Open("link", address, line, [], raw=True))
        elif tag.name == "img":
            shown = Target(tag.attributes.get("src", ""), tag.attributes.get("alt", "").strip(), line)
            self.pictures.append(shown)
            self._say(shown.text or shown.address)

    def _say(self, text: str) -> None:
        # The words of a picture are those of the link and the heading that it stands in as well.
        for each in self._open:
            each.text.append(text)

    def _close(self, kind: str = "", *, raw: bool = False) -> None:
        """End the innermost of that kind, with all that was begun in it and never ended; nothing where there is none.
        Without a kind everything ends.
        """
        places = [at for at, each in enumerate(self._open) if not kind or (each.kind, each.raw) == (kind, raw)]
        at = places[-1 if kind else 0] if places else len(self._open)
        while len(self._open) > at:
            self._put(self._open.pop())

    def end(self) -> None:
        """What was never ended ends here."""
        self._close()

    def _put(self, closed: _Open) -> None:
        text = "".join(closed.text).strip()
        match closed.kind:
            case "heading":
                self.headings.append(Heading(int(closed.value), text, closed.line))
            case "link":
                self.links.append(Target(closed.value, text, closed.line))
            case _:
                self.pictures.append(Target(closed.value, text, closed.line))


def parse(text: str) -> Parsed:
    """Milliseconds for a long text: call it in a thread."""
    reader = _Reader(text)
    for event, place in pyromark.events_with_range(text, options=OPTIONS):
        reader.event(event, place["start"])
    reader.end()
    return Parsed(
        headings=tuple(reader.headings),
        links=tuple(reader.links),
        pictures=tuple(reader.pictures),
        words=tuple(reader.words),
        html=tuple(reader.html),
        is_empty=not text.strip(),
    )
