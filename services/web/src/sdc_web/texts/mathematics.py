"""TeX between dollar signs, as MathML Core that every browser draws without a script."""

import html
import re
from xml.etree import ElementTree as ET

from math_core import LatexError, LatexToMathML

MAX_TEX = 4_000
"""Characters of one formula beyond which it is shown as it was typed."""

_FORMULA = re.compile(r'<span class="math math-(inline|display)">([^<]*)</span>')
_TAGS = frozenset({
    "math", "menclose", "merror", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover", "mpadded", "mphantom",
    "mprescripts", "mroot", "mrow", "ms", "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup", "mtable", "mtd",
    "mtext", "mtr", "munder", "munderover",
})  # fmt: skip
_ATTRIBUTES = frozenset({
    "accent", "accentunder", "columnalign", "columnspan", "depth", "dir", "display", "displaystyle", "fence", "form",
    "height", "largeop", "linethickness", "lspace", "mathvariant", "maxsize", "minsize", "movablelimits", "notation",
    "rowspan", "rspace", "scriptlevel", "separator", "stretchy", "symmetric", "voffset", "width",
})  # fmt: skip


def draw(safe: str) -> str:
    """Sanitised HTML with its formulas drawn. One that cannot be read stays as it was typed, in code."""
    return _FORMULA.sub(_drawn, safe)


def _drawn(found: re.Match[str]) -> str:
    display, tex = found[1] == "display", html.unescape(found[2])
    try:
        drawn = _mathml(tex, display=display)
    except (LatexError, ET.ParseError, ValueError):
        return f'<code class="math">{found[2]}</code>'
    if not display:
        return drawn
    return f'<span class="math-display">{drawn}</span>'


def _mathml(tex: str, *, display: bool) -> str:
    """Raises LatexError for what is no TeX, and ValueError for what is no part of MathML Core."""
    if len(tex) > MAX_TEX:
        message = f"a formula of more than {MAX_TEX} characters"
        raise ValueError(message)
    # One each time: its counters are its own.
    written = LatexToMathML(fancy_error=False).convert_with_local_state(tex, displaystyle=display)
    root = ET.fromstring(written)  # noqa: S314 - written a line above, by a library, without entities
    for element in root.iter():
        if element.tag not in _TAGS:
            message = f"a formula with {element.tag}"
            raise ValueError(message)
        # Styles above all, which the site's policy forbids.
        for name in set(element.attrib) - _ATTRIBUTES:
            del element.attrib[name]
    return ET.tostring(root, encoding="unicode")
