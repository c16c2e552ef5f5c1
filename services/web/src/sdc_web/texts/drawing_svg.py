"""SVG of a diagram made small and harmless: only shapes and words, no scripts, links, or anything from elsewhere."""

import math
import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import msgspec

MAX_SVG = 60_000
"""Characters of one drawing, cleaned."""
MAX_SIDE = 20_000
LABEL_ROOM = 5
_LABEL = "merman-foreignobject-fallback"
_SVG = "{http://www.w3.org/2000/svg}"
_TAGS = frozenset({
    "circle", "clipPath", "defs", "desc", "ellipse", "feDropShadow", "filter", "g", "line", "linearGradient", "marker",
    "mask", "path", "pattern", "polygon", "polyline", "rect", "stop", "style", "svg", "symbol", "text", "title",
    "tspan", "use",
})  # fmt: skip
_ATTRIBUTES = frozenset({
    "alignment-baseline", "class", "clip-path", "clip-rule", "cx", "cy", "d", "dominant-baseline", "dx", "dy", "fill",
    "fill-opacity", "fill-rule", "filter", "flood-color", "flood-opacity", "font-family", "font-size", "font-style",
    "font-weight", "gradientTransform", "gradientUnits", "height", "href", "id", "letter-spacing", "marker-end",
    "marker-mid", "marker-start", "markerHeight", "markerUnits", "markerWidth", "mask", "offset", "opacity", "orient",
    "pathLength", "patternUnits", "points", "preserveAspectRatio", "r", "refX", "refY", "rx", "ry", "stdDeviation",
    "stop-color", "stop-opacity", "stroke", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap",
    "stroke-linejoin", "stroke-opacity", "stroke-width", "style", "text-anchor", "text-decoration", "transform",
    "transform-origin", "viewBox", "visibility", "width", "x", "x1", "x2", "y", "y1", "y2",
})  # fmt: skip
_ELSEWHERE = re.compile(r"url\(\s*['\"]?(?!#|['\"]?#)|@import|image-set|expression|\\", re.IGNORECASE)
_BRACE = re.compile(r"([{}])")
_NAMED = re.compile(r"([.#])([\w-]+)")
_LONG = re.compile(r"-?\d+\.\d{3,}")
_WORDS = frozenset({"class", "id", "href", "style", "font-family"})


class Svg(msgspec.Struct, frozen=True):
    """A drawing, and its size in CSS pixels."""

    text: str
    width: int
    height: int


def clean(svg: str, paper: str) -> Svg:
    """`paper` takes the place of white. Raises ValueError for what is no SVG or too large, and ParseError for what is
    not even XML.
    """
    if "<!" in svg.replace("<!--", ""):
        message = "it declares entities"
        raise ValueError(message)
    root = ET.fromstring(svg)  # noqa: S314 - declares nothing, as was just seen
    if root.tag != f"{_SVG}svg":
        message = "it is no SVG"
        raise ValueError(message)
    _prune(root, paper)
    width, height = _size(root.get("viewBox", ""))
    root.set("width", str(width))
    root.set("height", str(height))
    root.set("xmlns", _SVG[1:-1])
    root.attrib.pop("style", None)
    _prune_styles(root)
    _give_labels_room(root)
    text = ET.tostring(root, encoding="unicode")
    if len(text) > MAX_SVG:
        message = "it is too large"
        raise ValueError(message)
    return Svg(text, width, height)


def _prune(element: ET.Element, paper: str) -> None:
    """Take out what is not known to be harmless, with all that is in it; numbers get two decimals."""
    element.tag = str(element.tag).removeprefix(_SVG)
    for name, value in list(element.attrib.items()):
        if name not in _ATTRIBUTES or (name == "href" and not value.startswith("#")) or _ELSEWHERE.search(value):
            del element.attrib[name]
        elif name == "fill" and value == "white":
            element.set(name, paper)
        elif name not in _WORDS:
            element.set(name, _LONG.sub(lambda found: f"{float(found[0]):.2f}", value))
    for child in list(element):
        if isinstance(child.tag, str) and child.tag.startswith(_SVG) and child.tag.removeprefix(_SVG) in _TAGS:
            _prune(child, paper)
        else:
            element.remove(child)


def _prune_styles(root: ET.Element) -> None:
    """Of a style sheet for every diagram only the rules that this one needs."""
    names = {f".{name}" for each in root.iter() for name in each.get("class", "").split()}
    names |= {f"#{each.get('id')}" for each in root.iter() if each.get("id")}
    tags = {str(each.tag) for each in root.iter()}

    def needed(selector: str) -> bool:
        words = set(re.findall(r"(?<![.#\w-])[a-zA-Z]\w*", selector))
        return all(f"{sign}{name}" in names for sign, name in _NAMED.findall(selector)) and words <= tags

    for style in root.iter("style"):
        kept = []
        for selectors, declarations in _rules(style.text or ""):
            chosen = [each.strip() for each in selectors.split(",") if "@" not in each and needed(each)]
            if chosen and declarations.strip() and not _ELSEWHERE.search(declarations):
                kept.append(f"{','.join(chosen)}{{{declarations.strip()}}}")
        style.text = "".join(kept)


def _rules(css: str) -> Iterator[tuple[str, str]]:
    """Selectors and declarations of plain rules; what stands in an `@` is passed over, and in one walk."""
    parts, depth = ["", ""], 0
    for piece in _BRACE.split(css):
        if piece == "{":
            depth += 1
        elif piece == "}":
            depth -= 1
            if depth == 0:
                yield parts[0].rpartition(";")[2], parts[1]
                parts = ["", ""]
        elif depth in (0, 1):
            parts[depth] += piece


def _give_labels_room(root: ET.Element) -> None:
    """The ground of a line's label ends where the renderer believes that its letters end: lines would touch them."""
    for group in root.iter("g"):
        if group.get("class") == _LABEL:
            for ground in group.iter("rect"):
                ground.set("x", f"{float(ground.get('x', '0')) - LABEL_ROOM:g}")
                ground.set("width", f"{float(ground.get('width', '0')) + 2 * LABEL_ROOM:g}")


def _size(view_box: str) -> tuple[int, int]:
    try:
        _, _, width, height = (float(part) for part in view_box.replace(",", " ").split())
    except ValueError:
        message = "it has no size"
        raise ValueError(message) from None
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        message = "it is too large"
        raise ValueError(message)
    return math.ceil(width), math.ceil(height)
