"""Markdown to HTML that is safe to show: CommonMark with tables, task lists, footnotes, alerts, definitions, formulas,
figures, and bare addresses; colours of code as classes.

Sanitising comes last, so nothing before it needs to be trusted. Pictures stay `<img src="media:ASSET_ID">` until a page
is put together, since their variants come later than the text.
"""

import asyncio
import math
import re
from concurrent.futures import ThreadPoolExecutor
from html import escape, unescape

import msgspec
import nh3
import pyromark
from pygments.token import STANDARD_TYPES

from sdc_web.texts import attributes, characters, drawings, footnotes, fragments, links, mathematics, nesting, scrolling
from sdc_web.texts.code_blocks import Blocks

WORDS_A_MINUTE = 220

OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_FOOTNOTES
    | pyromark.Options.ENABLE_GFM
    | pyromark.Options.ENABLE_MATH
    | pyromark.Options.ENABLE_HEADING_ATTRIBUTES
    | pyromark.Options.ENABLE_DEFINITION_LIST
)
_FIGURE = re.compile(r'<p((?: [^<>]*)?)>(<img src="[^"]*" alt="[^"]*") title="([^"]*)" />\s*</p>')
_ALIGNED = re.compile(r'<(t[hd]) style="text-align: (left|center|right)">')
_FOOTNOTE = re.compile(r'(class="footnote-reference"><a href="#|class="footnote-definition" id=")')
_CHECKBOX = re.compile(r"<input([^>]*)>")
_WORD = re.compile(r"\w+")
_DIRECTION = re.compile(r'(<[a-z][a-z0-9]*(?: [^<>]*)?) dir="(?!(?:ltr|rtl|auto)")[^"]*"', re.IGNORECASE)
_ANCHOR = re.compile(r'\sid="([^"]+)"')

_KINDS = ("note", "tip", "important", "warning", "caution")
_ALERTS = {f"markdown-alert-{kind}" for kind in _KINDS}
_UNTITLED = re.compile(
    rf'<blockquote[^<>]* class="[^"]*markdown-alert-({"|".join(_KINDS)})[^<>]*>'
    r'(?!\s*<(?:p|div)[^<>]* class="callout-title")'
)
_ALIGNMENTS = {"align-left", "align-center", "align-right"}
LOOKS = frozenset({"wide", "narrow", "center", "small", "lead"})
"""Classes that an author may give, as `docs/writing.md` has them."""
EVERYWHERE = frozenset({"dir", "id", "lang", "title"})
"""Attributes that each element may have."""
CLASSES: dict[str, set[str]] = {
    **{each: {*LOOKS} for each in ("img", "ul", "ol", "dl", "table")},
    "a": {"small"},
    "code": {"small"},
    "span": {
        *(name for name in STANDARD_TYPES.values() if name),
        *("line", "hll", "math", "math-inline", "math-display", "small"),
    },
    "figure": {"code", "drawing", *LOOKS},
    "div": {
        "highlight",
        "numbered",
        "footnote-definition",
        "callout",
        "callout-title",
        "callout-warning",
        *LOOKS,
    },
    "aside": {"callout", "callout-warning", "callout-caution", *LOOKS},
    "p": {"callout-title", *LOOKS},
    "sup": {"footnote-reference", "footnote-definition-label"},
    "blockquote": {*_ALERTS, *LOOKS},
    "td": _ALIGNMENTS,
    "th": _ALIGNMENTS,
}
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
ATTRIBUTES: dict[str, set[str]] = {
    "a": {"href", "title", "hreflang"},
    "abbr": {"title"},
    "blockquote": {"cite"},
    "code": {"translate"},
    "del": {"cite", "datetime"},
    "details": {"open"},
    "img": {"src", "alt", "title", "width", "height"},
    "input": {"checked"},
    "ins": {"cite", "datetime"},
    "ol": {"start", "reversed"},
    "pre": {"data-language"},
    "q": {"cite"},
    "span": {"data-line"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan", "scope"},
    "time": {"datetime"},
}
TAGS = {
    *ATTRIBUTES, *CLASSES, *_HEADINGS, "b", "br", "caption", "cite", "dd", "dfn", "dl", "dt", "em", "figcaption", "hr",
    "i", "kbd", "li", "mark", "s", "samp", "section", "small", "strong", "sub", "summary", "table", "tbody",
    "tfoot", "thead", "tr", "u", "ul", "var", "wbr",
}  # fmt: skip
_CLEANER = nh3.Cleaner(
    tags=TAGS,
    clean_content_tags={"script", "style", "template", "title", "iframe", "noscript", "textarea", "svg", "math"},
    attributes={**ATTRIBUTES, "*": {*EVERYWHERE}},
    allowed_classes=CLASSES,
    url_schemes={"http", "https", "mailto", "tel", "media"},
    link_rel=None,
)
_UNBEARABLE = (
    "<p>This text is nested too deep to be shown as it is meant. It was typed like this:</p><pre><code>{}</code></pre>"
)

_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="texts")
"""A text may take its thread ten seconds, and many may come at once: they shall not hold those of `asyncio.to_thread`,
which pages are made in.
"""


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """`html` is safe to show and begins at `<h2>`; reading takes at least one minute. `faults` says why diagrams could
    not be drawn, and that code could not be coloured.
    """

    html: str
    reading_minutes: int
    faults: tuple[str, ...] = ()


def render(text: str) -> Rendered:
    """HTML of a text. Takes milliseconds, mostly for colours of code, and 0.2 s with diagrams: call it in a thread."""
    source, given = attributes.marked(text, OPTIONS)
    blocks = Blocks(source, OPTIONS)
    html = pyromark.html(source, options=OPTIONS, highlight=blocks)
    if not nesting.is_bearable(html, text):
        html = _UNBEARABLE.format(escape(text, quote=False))
    html = attributes.applied(html, given)
    html = _ALIGNED.sub(r'<\1 class="align-\2">', html)  # the site's policy forbids style attributes
    html = _FOOTNOTE.sub(r"\1fn-", html)
    html = _FIGURE.sub(r"<figure\1>\2><figcaption>\3</figcaption></figure>", html)
    html = links.with_bare_addresses(html)
    words = len(_WORD.findall(fragments.without_markup(html, " ")))
    safe = _CHECKBOX.sub(_named, _arranged(html))
    # What a style alone would say is lost in feeds and to those who listen.
    safe = _UNTITLED.sub(lambda found: f'{found[0]}\n<p class="callout-title" lang="en">{found[1].title()}</p>', safe)
    safe, faults = drawings.draw(mathematics.draw(links.with_relations(safe)))
    safe = scrolling.named(safe)
    return Rendered(html=safe, reading_minutes=max(1, math.ceil(words / WORDS_A_MINUTE)), faults=blocks.faults + faults)


async def rendered(text: str) -> Rendered:
    """What `render` makes of it, in a thread."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, render, text)


def anchors(text: str) -> frozenset[str]:
    """The names in a text that `#name` leads to. Milliseconds: call it in a thread."""
    source, given = attributes.marked(text, OPTIONS)
    html = pyromark.html(source, options=OPTIONS)
    if not nesting.is_bearable(html, text):
        return frozenset()
    html = _FOOTNOTE.sub(r"\1fn-", attributes.applied(html, given))
    return frozenset(unescape(name) for name in _ANCHOR.findall(_arranged(html)))


def lines(text: str) -> list[int]:
    """The line, from 0, on which each block of the rendered text begins; comments, which show nothing, and footnotes,
    which stand at the end, are left out.
    """
    marked, _ = attributes.marked(text, OPTIONS)
    source, depth, found = marked.encode(), 0, []
    for event, span in pyromark.events_with_range(marked, options=OPTIONS):
        ends = isinstance(event, dict) and "End" in event
        aside = isinstance(event, dict) and "FootnoteDefinition" in event.get("Start", "")
        if depth == 0 and not ends and not aside and not source.startswith(b"<!--", span["start"]):
            found.append(span["start"])
        depth += 0 if not isinstance(event, dict) else ("Start" in event) - ends
    starts, line, counted = [], 0, 0
    for at in found:
        line += source.count(b"\n", counted, at)
        counted = at
        starts.append(line)
    return starts


def _named(checkbox: re.Match[str]) -> str:
    """A box of a task list with a name, which its text is not to machines, and nothing to type into: the sanitiser
    would add two attributes in an order that another process has otherwise, and a text have two ETags.
    """
    name = "done" if ' checked=""' in checkbox[1] else "to do"
    return f'<input aria-label="{name}"{checkbox[1]} disabled="" type="checkbox">'


def _arranged(html: str) -> str:
    """Sanitised, with footnotes at the end and headings in order. Only now is typed HTML spelt like what Markdown
    becomes, and every element of it closed.
    """
    safe = _DIRECTION.sub(r"\1", characters.allowed(_CLEANER.clean(html)))
    return fragments.placed(footnotes.gathered(fragments.without_those_of_notes(safe)))
