"""Attributes in braces, `{.wide #map lang=fr}`: behind a picture, a link, code or `[words]`, and on a line right above
a block. Where they stand is asked of the parser, so that braces in code, and behind a backslash, stay what they are.
"""

import re
from collections.abc import Iterator
from html import escape, unescape
from typing import Literal, TypeAlias

import msgspec
import pyromark

Element: TypeAlias = Literal["a", "code", "img", "p", "span", "next"]
"""What they belong to: the last such element before the mark, or the one that begins right behind it."""

LONGEST = 300
"""Characters between braces beyond which they are only words."""
_ONE = r"\.[a-zA-Z][\w-]*|#\w[\w:.-]*|[a-zA-Z][a-zA-Z-]*=(?:\"[^\"{}<>]*\"|'[^'{}<>]*'|[^\s\"'{}<>=]+)"
_LIST = re.compile(rf"\s*(?:{_ONE})(?:\s+(?:{_ONE}))*\s*")
_EACH = re.compile(_ONE)
_SOME = re.compile(rb"\{\s*[.#a-zA-Z]")
_BRACES = re.compile(rf"\{{([^{{}}\n]{{1,{LONGEST}}})\}}")
_SPAN = re.compile(rf"\[([^\[\]{{}}\n]+)\]{_BRACES.pattern}")
_PLACE = re.compile(r"<(a|code|img|p|span)(?=[ />])|<!--sdc-attributes ([0-9]+)-->(?:\s*(<[a-z][a-z0-9]*))?")
_CLASS = re.compile(r' class="')


class Given(msgspec.Struct, frozen=True):
    """Attributes as they were typed, not judged yet: `class` and others by their names."""

    element: Element
    attributes: dict[str, str]


_NOBODY = Given("next", {})
"""Of a comment that was typed like a mark."""


class _Edit(msgspec.Struct, frozen=True):
    """Bytes of the text that others take the place of."""

    start: int
    end: int
    instead: bytes


class _Piece(msgspec.Struct, frozen=True):
    """An event of the parser, as in `Start Image`, `End Paragraph`, `Text`, and the bytes that it is of."""

    name: str
    start: int
    end: int


def read(words: str) -> dict[str, str] | None:
    """What stands between the braces; None for what is no list of attributes. Of a name the first counts, but classes
    add up.
    """
    if not _LIST.fullmatch(words):
        return None
    found: dict[str, str] = {}
    for one in _EACH.findall(words):
        if one[0] == ".":
            found["class"] = f"{found['class']} {one[1:]}" if "class" in found else one[1:]
        elif one[0] == "#":
            found.setdefault("id", one[1:])
        else:
            name, _, value = one.partition("=")
            found.setdefault(name.lower(), value[1:-1] if value[0] in "\"'" else value)
    return found


def marked(text: str, options: pyromark.Options) -> tuple[str, list[Given]]:
    """The text with a comment in place of each list of attributes, on the same lines, and those lists. The HTML of it
    must then go through `applied`.
    """
    source = text.encode()
    if not _SOME.search(source):
        return text, []
    given: list[Given] = []
    pieces, at = [], 0
    for edit in _edits(source, options, given):
        pieces += [source[at : edit.start], edit.instead]
        at = edit.end
    return b"".join([*pieces, source[at:]]).decode(), given


def applied(html: str, given: list[Given]) -> str:
    """The HTML of a marked text, not sanitised yet, with the attributes where they belong."""
    if not given:
        return html
    last: dict[str, int] = {}
    edits: list[tuple[int, int, str]] = []
    for found in _PLACE.finditer(html):
        if found[1]:
            last[found[1]] = found.end()
            continue
        each = given[int(found[2])] if int(found[2]) < len(given) else _NOBODY
        if each.element == "next":
            at = found.end() if found[3] else -1
            edits.append((found.start(), found.start(3) if found[3] else found.end(), ""))
        else:
            at = last.get(each.element, -1)
            edits.append((found.start(), found.end(2) + len("-->"), ""))
        if found[3]:
            last[found[3][1:]] = found.end()
        if at >= 0:
            edits += ((place, place, words) for place, words in _insertions(html, at, each.attributes))
    pieces, at = [], 0
    for start, end, words in sorted(edits):
        pieces += [html[at:start], words]
        at = end
    return "".join([*pieces, html[at:]])


def written(attributes: dict[str, str]) -> str:
    """As they stand in a tag, behind its name."""
    return "".join(f' {name}="{escape(unescape(value))}"' for name, value in attributes.items())


def _insertions(html: str, at: int, attributes: dict[str, str]) -> Iterator[tuple[int, str]]:
    """Into the tag whose name ends at that place. Of two attributes of a name the first counts, so classes join those
    that are there.
    """
    others = dict(attributes)
    own = _CLASS.search(html, at, html.find(">", at)) if "class" in attributes else None
    if own:
        yield own.end(), f"{escape(others.pop('class'))} "
    yield at, written(others)


def _edits(source: bytes, options: pyromark.Options, given: list[Given]) -> Iterator[_Edit]:
    """In the order of the text, none within another."""
    before = run = _Piece("", -1, -1)
    paragraph, pictures = -1, 0
    for event, span in [*pyromark.events_with_range(source.decode(), options=options), ("", {"start": -1, "end": -1})]:
        piece = _Piece(_name(event), span["start"], span["end"])
        if piece.name == run.name == "Text" and run.end == piece.start:
            run = _Piece("Text", run.start, piece.end)
            continue
        # What stands for a picture is an attribute of it, and has none.
        if run.name == "Text" and before.name != "Start CodeBlock" and not pictures:
            yield from _of_run(source, run, before, piece, paragraph, given)
        if piece.name == "Start Paragraph":
            paragraph = piece.start
        pictures += (piece.name == "Start Image") - (piece.name == "End Image")
        before, run = run, piece


def _of_run(
    source: bytes, run: _Piece, before: _Piece, after: _Piece, paragraph: int, given: list[Given]
) -> Iterator[_Edit]:
    """Of words that the source has without a gap: `before` and `after` are what stands around them."""
    words, begins = source[run.start : run.end].decode(), run.start
    first = _BRACES.match(words)
    attributes = read(first[1]) if first else None
    if first and attributes is not None:
        ends = begins + len(first[0].encode())
        if element := _belongs_to(source, before, _Piece("Text", begins, ends), run, after, paragraph):
            yield _Edit(begins, ends, _mark(given, element, attributes))
            words, begins = words[first.end() :], ends
    yield from _spans(words, begins, given)


def _belongs_to(
    source: bytes, before: _Piece, braces: _Piece, run: _Piece, after: _Piece, paragraph: int
) -> Element | None:
    whole = braces.end == run.end
    if before.name == "Start Paragraph":
        return "next" if whole and _is_above(source, run.end, after) else None
    if before.end != braces.start:
        return None
    match before.name:
        case "End Image":
            # Alone in its paragraph, it gives that what it is given: the caption then has it, too.
            return "p" if whole and after.name == "End Paragraph" and before.start == paragraph else "img"
        case "End Link":
            return "a"
        case "Code":
            return "code"
        case _:
            return None


def _is_above(source: bytes, end: int, after: _Piece) -> bool:
    """Whether a line is right above what it belongs to: words of the same paragraph, or another block."""
    if after.name == "SoftBreak":
        return True
    begins = source.find(b"\n", end) + 1
    ends = source.find(b"\n", begins)
    return begins > 0 and bool(source[begins : ends if ends >= 0 else len(source)].strip(b" \t>"))


def _spans(words: str, begins: int, given: list[Given]) -> Iterator[_Edit]:
    counted = 0
    for found in _SPAN.finditer(words):
        attributes = read(found[2])
        if attributes is not None:
            begins += len(words[counted : found.start()].encode())
            said = begins + len(f"[{found[1]}".encode())
            yield _Edit(begins, begins + len(b"["), b"<span>" + _mark(given, "span", attributes))
            counted, begins = found.end(), begins + len(found[0].encode())
            yield _Edit(said, begins, b"</span>")


def _mark(given: list[Given], element: Element, attributes: dict[str, str]) -> bytes:
    given.append(Given(element, attributes))
    return b"<!--sdc-attributes %d-->" % (len(given) - 1)


def _name(event: object) -> str:
    match event:
        case {"Start": dict(begun)}:
            return f"Start {next(iter(begun), '')}"
        case {"Start": str(begun)}:
            return f"Start {begun}"
        case {"End": str(ended)}:
            return f"End {ended}"
        case dict():
            return str(next(iter(event)))
        case _:
            return str(event)
