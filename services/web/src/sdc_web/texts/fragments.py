"""What `#name` leads to within a text: each heading has a name of its own, and all else keeps that which it was given,
where it is the first.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from html import unescape

from sdc_web.texts import names

OF_LAYOUT = frozenset({"main", "flash-region", "search-query", "search-form-site", "newest", "chosen-projects"})
"""What the pages around a text call their own parts."""
LONGEST = 81

_NAMED = r'<[a-z][a-z0-9]*(?: [^<>]*)? id="([^"]*)"[^<>]*>'
_PLACE = re.compile(rf"<h([1-6])((?: [^<>]*)?)>([^<]*(?:<(?!/?h[1-6])[^<]*)*)</h\1>|{_NAMED}")
_WITHIN = re.compile(_NAMED)
_OWN_ID = re.compile(r' id="([^"]*)"')
_AROUND_HEADINGS = re.compile(r"</?h1(?: [^<>]*)?>")
_OF_NOTES = re.compile(r"fn(?:ref)?-")
_TYPED_AS_NOTE = re.compile(
    r'(<(?!div class="footnote-definition" id="[^"]*">)[a-z][a-z0-9]*(?: [^<>]*)?) id="fn(?:ref)?-[^"]*"'
)
_NOTES = re.compile(r' id="(fn(?:ref)?-[^"]*)"')
_MARKUP = re.compile(r"<[^>]*>")
_FORMERLY_OWN = re.compile(r"[a-z][\w-]{0,80}", re.IGNORECASE | re.ASCII)


def without_those_of_notes(safe: str) -> str:
    """Sanitised HTML in which nothing that was typed takes the address of a footnote, before these are gathered."""
    return _TYPED_AS_NOTE.sub(r"\1", safe)


def placed(safe: str) -> str:
    """Sanitised HTML whose highest heading is `<h2>`, below the title of the page, with none more than one level below
    the heading that it stands under; each gets an address of its own. What has another's address has none.
    """
    # Headings around others, which parsers let pass, are none.
    # Notes stand behind the text, and their addresses are their own, whatever a heading before them is called.
    return _AROUND_HEADINGS.sub("", _PLACE.sub(_in_turn(_NOTES.findall(safe)), safe))


def without_markup(html: str, between: str) -> str:
    """The text of HTML. What follows the last `>` is no markup; to look for some in there takes long."""
    end = html.rfind(">") + 1
    return _MARKUP.sub(between, html[:end]) + html[end:]


class _Names:
    """Those that are taken; the next of a stem gets a number."""

    def __init__(self, notes: Iterable[str]) -> None:
        self.taken = {*OF_LAYOUT, *map(unescape, notes)}
        self._counts: dict[str, int] = {}

    def take(self, stem: str) -> str:
        name, count = stem, self._counts.get(stem, 1)
        while name in self.taken:
            count += 1
            name = f"{stem}-{count}"
        self._counts[stem] = count
        self.taken.add(name)
        return name


def _in_turn(notes: list[str]) -> Callable[[re.Match[str]], str]:
    now, formerly = _Names(notes), _Names(notes)
    above: list[int] = []
    """Levels, as they were typed, of the headings that the next one may stand under."""

    def other(found: re.Match[str]) -> str:
        name = unescape(found[found.lastindex or 0])
        if _OF_NOTES.match(name) or (_may_be_name(name) and name not in now.taken):
            now.taken.add(name)
            return found[0]
        return _OWN_ID.sub("", found[0])

    def heading(found: re.Match[str]) -> str:
        typed = int(found[1])
        while above and above[-1] >= typed:
            above.pop()
        above.append(typed)
        level, words = min(6, 1 + len(above)), _WITHIN.sub(other, found[3])
        own = _OWN_ID.search(found[2])
        name, former = _names(unescape(own[1]) if own else "", unescape(without_markup(words, "")), now, formerly)
        # Until texts kept their letters in addresses, this was one: links that lead here go on doing so.
        kept = f'<span id="{former}"></span>' if former else ""
        return f'<h{level} id="{name}"{_OWN_ID.sub("", found[2])}>{kept}{words}</h{level}>'

    return lambda found: heading(found) if found[1] else other(found)


def _names(own: str, words: str, now: _Names, formerly: _Names) -> tuple[str, str]:
    """The address of a heading, and the one that it had of old, empty where that is the same or another's."""
    plain = names.from_title(words)
    old = formerly.take((own if _FORMERLY_OWN.fullmatch(own) else "") or plain or "section")
    name = now.take((own if _may_be_name(own) else "") or names.of_heading(words) or "section")
    if old in now.taken:
        return name, ""
    now.taken.add(old)
    return name, old


def _may_be_name(name: str) -> bool:
    return (
        0 < len(name) <= LONGEST
        and name[0].isalpha()
        and all(sign in "-_." or unicodedata.category(sign)[0] in "LMN" for sign in name)
    )
