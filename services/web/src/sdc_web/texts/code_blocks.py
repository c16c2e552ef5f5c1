"""Code with its tokens in classes; if asked, with a title, numbers, marks: `python title="a.py" numbers=4 {5,7-9}`.
Attributes as of other blocks may stand there, too.
"""

import html
import re
from collections.abc import Iterator

import msgspec
import pyromark
from sdc_core import clock

from sdc_web.texts import attributes, colours, drawings

MAX_HIGHLIGHTED = 40_000
"""Characters of one code block beyond which it stays plain."""
MOST_TOO_SLOW = 2
"""Blocks of a text that may end the process which colours them; what follows stays plain."""
TOO_SLOW = "Some code of this text stays plain: to colour it takes too long."
MAX_TITLE = 120
MAX_DIGITS = 6
MAX_MARKED = 10_000

_WORD = re.compile(r"^[\w+#.-]{0,40}")
_TITLE = re.compile(r'\b(?:title|file|filename)=(?:"([^"]*)"|(\S+))')
_MARKS = re.compile(r"\{([0-9,\s-]{1,200})\}")
_GIVEN = re.compile(r"\{([^{}]{1,300})\}")
_NUMBERS = re.compile(r"\b(?:numbers|linenos|showLineNumbers)\b(?:=([0-9]{1,6})\b)?")


class Fence(msgspec.Struct, frozen=True):
    """What follows the fence of a code block; `marks` are numbers of lines, the first of which is `first`, and `given`
    are attributes that nobody has judged yet.
    """

    language: str = ""
    title: str = ""
    numbered: bool = False
    marks: frozenset[int] = frozenset()
    first: int = 1
    given: dict[str, str] = {}

    @property
    def plain(self) -> bool:
        """Whether it asks for nothing but colours."""
        return not (self.title or self.numbered or self.marks)


class Blocks:
    """The callback of one text: it is called for each code block in turn, and is told the language alone. `faults` says
    in the end what stayed plain that should not have.
    """

    __slots__ = ("_fences", "_left_us", "_too_slow", "faults")

    def __init__(self, text: str, options: pyromark.Options) -> None:
        self._fences = _fences(text, options)
        self._left_us = colours.TEXT_US
        self._too_slow = 0
        self.faults: tuple[str, ...] = ()

    def __call__(self, _: str | None, code: str) -> str:
        """The block, in a frame that does not scroll with it; a diagram waits to be drawn."""
        fence = next(self._fences, Fence())
        if fence.language == drawings.LANGUAGE:
            return drawings.fenced(code, fence.title, _opened("figure", "drawing", fence.given))
        coloured = self._coloured(fence.language, code)
        if coloured is None:
            coloured = html.escape(code, quote=False)
        if fence.plain:
            return f"{_opened('div', 'highlight', fence.given)}<pre{_named(fence)}><code>{coloured}</code></pre></div>"
        return _framed(fence, coloured)

    def _coloured(self, language: str, code: str) -> str | None:
        if not language or len(code) > MAX_HIGHLIGHTED or self._too_slow >= MOST_TOO_SLOW:
            return None
        began_us = clock.monotonic_us()
        try:
            return colours.coloured(language, code, self._left_us)
        except TimeoutError:
            self._too_slow += 1
            self.faults = (TOO_SLOW,)
            return None
        finally:
            self._left_us -= clock.monotonic_us() - began_us


def read(info: str) -> Fence:
    """The info string of a fence (CommonMark section 4.5); what it does not know it leaves alone."""
    info = info.strip()
    rest = _WORD.sub("", info, count=1)
    language = info.removesuffix(rest)
    if rest.startswith("="):
        language, rest = "", info
    titled = _TITLE.search(rest)
    title = (titled[1] if titled[1] is not None else titled[2])[:MAX_TITLE] if titled else ""
    others = _TITLE.sub("", rest)
    marked = _MARKS.search(others)
    marks = frozenset(_lines(marked[1])) if marked else frozenset()
    numbers = _NUMBERS.search(others)
    first = int(numbers[1]) if numbers and numbers[1] else 1
    given = next((read for each in _GIVEN.findall(others) if (read := attributes.read(each))), {})
    return Fence(language, title, numbers is not None, marks, first, given)


def _fences(text: str, options: pyromark.Options) -> Iterator[Fence]:
    for event in pyromark.events(text, options=options):
        match event:
            case {"Start": {"CodeBlock": {"Fenced": str(info)}}}:
                yield read(info)
            case {"Start": {"CodeBlock": _}}:
                yield Fence()


def _lines(marks: str) -> Iterator[int]:
    for part in marks.split(","):
        first, dash, last = part.strip().partition("-")
        if first.isdigit() and (not dash or last.isdigit()):
            begin = int(first[:MAX_DIGITS])
            end = int(last[:MAX_DIGITS]) if dash else begin
            yield from range(begin, min(end, begin + MAX_MARKED) + 1)


def _framed(fence: Fence, lines: str) -> str:
    # Styles count from 1 by themselves; another number must be told, since the site's policy forbids style attributes.
    told = fence.numbered and fence.first != 1
    marked = [
        f'<span class="line{" hll" if number in fence.marks else ""}"{_told(number) if told else ""}>{line}</span>'
        for number, line in enumerate(lines.removesuffix("\n").split("\n"), fence.first)
    ]
    kind = "highlight numbered" if fence.numbered else "highlight"
    code = "\n".join(marked)
    inside = f"<pre{_named(fence)}><code>{code}\n</code></pre></div>"
    if not fence.title:
        return _opened("div", kind, fence.given) + inside
    title = html.escape(fence.title)
    return (
        f'{_opened("figure", "code", fence.given)}<figcaption>{title}</figcaption><div class="{kind}">{inside}</figure>'
    )


def _opened(tag: str, kind: str, given: dict[str, str]) -> str:
    others = {name: value for name, value in given.items() if name != "class"}
    return f"<{tag}{attributes.written({'class': ' '.join((kind, given.get('class', ''))).strip(), **others})}>"


def _named(fence: Fence) -> str:
    """For whoever cannot see the colours."""
    return f' data-language="{html.escape(fence.language)}"' if fence.language else ""


def _told(number: int) -> str:
    return f' data-line="{number}"'
