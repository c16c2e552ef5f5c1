"""A text taken apart for looking at: its headings, links, pictures, plain words and raw HTML, each with its line."""

from bisect import bisect_right

import msgspec
import pyromark

from sdc_web.texts.markdown import OPTIONS


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
    """A heading, link or picture that has begun, and the text in it so far."""

    kind: str
    value: str
    line: int
    text: list[str]


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
                self.html.append(Piece("".join(self._block), self.line(at)))
            case {"End": {"Heading": _} | "Link" | "Image"}:
                self._close()
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
                self.html.append(Piece(text, self.line(at)))
                if "<img" in text:
                    self._say(text)
            case "SoftBreak" | "HardBreak":
                self._say(" ")
            case _:
                pass

    def _say(self, text: str) -> None:
        # The words of a picture are those of the link and the heading that it stands in as well.
        for each in self._open:
            each.text.append(text)

    def _close(self) -> None:
        closed = self._open.pop()
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
    return Parsed(
        headings=tuple(reader.headings),
        links=tuple(reader.links),
        pictures=tuple(reader.pictures),
        words=tuple(reader.words),
        html=tuple(reader.html),
        is_empty=not text.strip(),
    )
