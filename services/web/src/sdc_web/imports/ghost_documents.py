"""Texts as the editors of Ghost keep them, Lexical and Mobiledoc, as HTML."""

from collections.abc import Mapping
from html import escape

import msgspec
from sdc_core.errors import Invalid

from sdc_web.imports.ghost_cards import Cards

MAX_DEPTH = 100
_FORMATS = ((1, "strong"), (2, "em"), (4, "s"), (16, "code"), (32, "sub"), (64, "sup"), (128, "mark"))
"""Bits of Lexical's `format`; underlined words have no place among links."""
_MARKUPS = {
    "strong": "strong",
    "b": "strong",
    "em": "em",
    "i": "em",
    "code": "code",
    "s": "s",
    "sub": "sub",
    "sup": "sup",
}
_SECTIONS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "aside", "pull-quote"})


_EMPTY = {"linebreak": "<br>", "tab": " "}
_AROUND = {
    "paragraph": ("<p>", "</p>"),
    "quote": ("<blockquote><p>", "</p></blockquote>"),
    "aside": ("<blockquote><p>", "</p></blockquote>"),
    "listitem": ("<li>", "</li>"),
    "at-link": ("", ""),
    "zwnj": ("", ""),
}


class UnknownCard(Exception):
    """A card that this version does not know: what Ghost itself made of the text says more."""


def lexical(given: str, cards: Cards) -> str:
    """HTML of a document of Lexical. Raises Invalid for what is none, UnknownCard."""
    root = _table(_decoded(given).get("root"))
    return "".join(_node(each, cards, 0) for each in _children(root))


def mobiledoc(given: str, cards: Cards) -> str:
    """HTML of a document of Mobiledoc 0.3. Raises Invalid for what is none, UnknownCard."""
    document = _decoded(given)
    markups, known = _list(document.get("markups")), _list(document.get("cards"))
    atoms = _list(document.get("atoms"))
    try:
        return "".join(_section(_list(each), markups, known, atoms, cards) for each in _list(document.get("sections")))
    except (IndexError, TypeError, ValueError):
        raise Invalid("its text cannot be read: it is no Mobiledoc") from None


def _node(node: Mapping[str, object], cards: Cards, depth: int) -> str:
    if depth > MAX_DEPTH:
        raise Invalid("its text nests deeper than anybody can read")
    kind = _word(node, "type").removeprefix("extended-")
    if kind == "text" or kind in _EMPTY:
        return _EMPTY.get(kind) or _formatted(_word(node, "text"), node.get("format"))
    if kind == "list":
        return _listed(node, _items(node, cards, depth))
    inside = "".join(_node(each, cards, depth + 1) for each in _children(node))
    match kind:
        case "heading" if _word(node, "tag") in _SECTIONS:
            return f"<{_word(node, 'tag')}>{inside}</{_word(node, 'tag')}>"
        case "link" | "autolink":
            return f'<a href="{escape(_word(node, "url"))}">{inside}</a>'
        case _:
            before, after = _AROUND.get(kind) or (_card(kind, node, cards), "")
            return before + inside + after


def _items(node: Mapping[str, object], cards: Cards, depth: int) -> str:
    """The items of a list. One that holds nothing but a list belongs to the one before it: so the editor keeps it."""
    out = ""
    for each in _children(node):
        below = _children(each)
        html = _node(each, cards, depth + 1)
        if out.endswith("</li>") and below and all(_word(one, "type") == "list" for one in below):
            out = out.removesuffix("</li>") + html.removeprefix("<li>")
        else:
            out += html
    return out


def _listed(node: Mapping[str, object], inside: str) -> str:
    tag = "ol" if _word(node, "listType") == "number" else "ul"
    start = node.get("start")
    first = f' start="{start}"' if tag == "ol" and isinstance(start, int) and start != 1 else ""
    return f"<{tag}{first}>{inside}</{tag}>"


def _card(name: str, card: Mapping[str, object], cards: Cards) -> str:
    html = cards.html(name, card)
    if html is None:
        raise UnknownCard(name)
    return html


def _formatted(words: str, bits: object) -> str:
    html = escape(words, quote=False)
    for bit, tag in _FORMATS:
        if isinstance(bits, int) and bits & bit:
            html = f"<{tag}>{html}</{tag}>"
    return html


def _section(
    section: list[object], markups: list[object], known: list[object], atoms: list[object], cards: Cards
) -> str:
    match section:
        case [1, str(tag), list(markers), *_]:
            name = {"pull-quote": "blockquote", "aside": "blockquote"}.get(tag, tag)
            inside = _marked(markers, markups, atoms, cards)
            return f"<{name}>{inside}</{name}>" if tag in _SECTIONS else f"<p>{inside}</p>"
        case [2, str(src), *_]:
            return _card("image", {"src": src}, cards)
        case [3, str(tag), list(items), *_]:
            name = "ol" if tag == "ol" else "ul"
            inside = "".join(f"<li>{_marked(_list(each), markups, atoms, cards)}</li>" for each in items)
            return f"<{name}>{inside}</{name}>"
        case [10, int(number), *_]:
            name, payload = _list(known[number])[:2]
            return _card(str(name), _table(payload), cards)
        case _:
            return ""


def _marked(markers: list[object], markups: list[object], atoms: list[object], cards: Cards) -> str:
    out: list[str] = []
    opened: list[str] = []
    for marker in markers:
        kind, opens, closes, value = _list(marker)[:4]
        for number in _list(opens):
            tag, *rest = _list(markups[_number(number)])
            pairs = _list(rest[0]) if rest else []
            href = str(pairs[pairs.index("href") + 1]) if "href" in pairs[:-1] else ""
            if tag == "a":
                out.append(cards.fitting(f'<a href="{escape(href)}">'))
                opened.append("a")
            else:
                opened.append(_MARKUPS.get(str(tag), ""))
                out.append(f"<{opened[-1]}>" if opened[-1] else "")
        if kind == 0:
            out.append(escape(str(value), quote=False))
        else:
            name, words = _list(atoms[_number(value)])[:2]
            out.append("<br>" if name == "soft-return" else cards.fitting(escape(str(words), quote=False)))
        closing = [opened.pop() for _ in range(min(_number(closes), len(opened)))]
        out += [f"</{tag}>" for tag in closing if tag]
    return "".join(out)


def _decoded(given: str) -> Mapping[str, object]:
    try:
        return _table(msgspec.json.decode(given))
    except (msgspec.DecodeError, RecursionError):
        raise Invalid("its text cannot be read: it is no JSON") from None


def _children(node: Mapping[str, object]) -> list[Mapping[str, object]]:
    return [each for each in _list(node.get("children")) if isinstance(each, dict)]


def _word(node: Mapping[str, object], name: str) -> str:
    value = node.get(name)
    return value if isinstance(value, str) else ""


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError
    return value
