"""What may be wider than its column scrolls in itself, is reached without a mouse, and says what it is: a table, code,
a formula, each by its own words or by the heading above it. The site's script takes all that from what does not scroll.
"""

import re
from collections import Counter
from html import escape, unescape

LONGEST = 80
"""Characters of a name."""

_PLACE = re.compile(
    r"<h[2-6](?: [^<>]*)?>(?P<heading>[^<]*(?:<(?!/h[2-6])[^<]*)*)</h[2-6]>"
    r'|<figure(?=[^<>]* class="(?:[a-z]+ )*code[" ])[^<>]*><figcaption>(?P<title>[^<]*)</figcaption>'
    r"|(?P<table><table(?: [^<>]*)?>)(?P<caption>\s*<caption(?: [^<>]*)?>[^<]*(?:<(?!/caption)[^<]*)*</caption>)?"
    r'|<pre(?: data-language="(?P<language>[^"]*)")?(?P<pre>(?: [^<>]*)?)>'
    r'|<span class="math-display"(?P<formula>)>'
)
_MARKUP = re.compile(r"<[^>]*>")
_REACHED = re.compile(r'<(div|pre|span)[^<>]* tabindex="0">')


def named(safe: str) -> str:
    """Sanitised HTML whose tables, code and formulas scroll by themselves."""
    heading = title = ""
    counted: Counter[str] = Counter()

    def group(kind: str, own: str) -> str:
        words = _name(own) or heading
        name = f"{kind}: {words}" if words else kind
        counted[name] += 1
        if counted[name] > 1:
            name = name.replace(kind, f"{kind} {counted[name]}", 1)
        return f'role="group" aria-label="{escape(name)}" tabindex="0"'

    def placed(found: re.Match[str]) -> str:
        nonlocal heading, title
        match found.lastgroup:
            case "heading":
                # Once, however much stands below it.
                heading = _name(found["heading"])
            case "title":
                title = found["title"]
            case "table" | "caption":
                return f'<div class="table-scroll" {group("Table", found["caption"] or "")}>{found[0]}'
            case "formula":
                return f'<span class="math-display" {group("Formula", "")}>'
            case _:
                words, title = title or found["language"] or "", ""
                return f"<pre{found['pre']} {group('Code', words)}>"
        return found[0]

    return _PLACE.sub(placed, safe).replace("</table>", "</table></div>")


def _name(html: str) -> str:
    words = " ".join(unescape(_MARKUP.sub("", html)).split())
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


def still(stored: str) -> str:
    """A stored text without what lets a keyboard scroll its wide parts, for readers that lay it out themselves."""
    return _REACHED.sub(r"<\1>", stored)
