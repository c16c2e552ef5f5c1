"""Mermaid diagrams as pictures: drawn in a child process when a text is rendered, in the site's colours by day and by
night. A picture is a `data:` image, so nothing in it can run, load or reach the page, and it is where its text is.
"""

import html
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as ET

import msgspec

from sdc_web.texts import drawing_svg, drawing_themes
from sdc_web.texts.drawing_svg import Svg

LANGUAGE = "mermaid"
DRAW_S = 10.0
"""For all drawings of a text."""
MAX_SOURCE = 20_000
MAX_DRAWINGS = 20
"""In one text; further ones stay code."""
MAX_FAULT = 300

_CHILD = Path(__file__).with_name("drawing_child.py")
_OPENED = r'<figure(?=[^<>]* class="(?:[a-z]+ )*drawing[" ])([^<>]*)>'
_FIGURE = re.compile(rf"{_OPENED}<pre><code>([^<]*)</code></pre>(?:<figcaption>([^<]*)</figcaption>)?</figure>")
_PICTURE = re.compile(
    rf'{_OPENED}<div class="drawing-scroll".*?</div><figcaption>([^<]*)<details>.*?(<pre.*?</pre>)'
    r"</details></figcaption></figure>",
    re.DOTALL,
)
_KIND = re.compile(r'\bdrawing\b(?=[^"]*")')
_TITLE = re.compile(r"^[ \t]*(?:accTitle[ \t]*:|title[ \t]*:?)[ \t]*(.+)$", re.MULTILINE)
_DESCRIPTION = re.compile(r"^[ \t]*accDescr[ \t]*(?::[ \t]*([^\n]+)|\{([^}]*)\})", re.MULTILINE)


class Drawn(msgspec.Struct, frozen=True):
    """What the child answers of one diagram: its SVG in each theme, or why there is none."""

    svgs: list[str] = []
    fault: str = ""


class _Picture(msgspec.Struct, frozen=True):
    light: Svg
    dark: Svg


def fenced(source: str, title: str, opened: str = '<figure class="drawing">') -> str:
    """A diagram in its place before it is drawn: code that `draw` finds again after the text was sanitised. `opened` is
    the tag of its figure.
    """
    caption = f"<figcaption>{html.escape(title, quote=False)}</figcaption>" if title else ""
    return f"{opened}<pre><code>{html.escape(source, quote=False)}</code></pre>{caption}</figure>"


def draw(safe: str) -> tuple[str, tuple[str, ...]]:
    """Sanitised HTML with its diagrams drawn, and why some could not be: those stay code. Blocking, for 0.2 s, when
    there are any.
    """
    sources = [html.unescape(found[2]) for found in _FIGURE.finditer(safe)][:MAX_DRAWINGS]
    if not sources:
        return safe, ()
    drawn = iter(_drawn(sources))
    faults: list[str] = []

    def shown(found: re.Match[str]) -> str:
        picture = next(drawn, f"A text may have {MAX_DRAWINGS} drawings.")
        if isinstance(picture, str):
            faults.append(f"A diagram stays code: {picture}")
            return _as_code(found[1], found[2], found[3])
        return _as_picture(picture, found[1], found[2], found[3])

    return _FIGURE.sub(shown, safe), tuple(dict.fromkeys(faults))


def as_code(stored: str) -> str:
    """A stored text with the sources of its drawings in their place, for readers that take no such pictures."""

    def code(found: re.Match[str]) -> str:
        return f"<figure>{found[3]}<figcaption>{found[2]}</figcaption></figure>" if found[2] else found[3]

    return _PICTURE.sub(code, stored)


def _drawn(sources: list[str]) -> list[_Picture | str]:
    """For each source its picture, or why there is none."""
    small = [source for source in sources if len(source) <= MAX_SOURCE]
    try:
        themed = [[drawing_themes.themed(source, theme) for theme in drawing_themes.THEMES] for source in small]
        answers = _ask(themed) if themed else []
        answered = dict(zip(small, answers, strict=True))
    except (subprocess.SubprocessError, OSError, ValueError, msgspec.DecodeError):
        return ["The drawings of this text take too long, or too much memory."] * len(sources)
    long = Drawn(fault=f"A drawing may have {MAX_SOURCE:,} characters.")
    return [_picture(answered.get(source, long)) for source in sources]


def _picture(drawn: Drawn) -> _Picture | str:
    if drawn.fault:
        return drawn.fault[:MAX_FAULT]
    try:
        return _Picture(*map(drawing_svg.clean, drawn.svgs, (theme.paper for theme in drawing_themes.THEMES)))
    except (ValueError, ET.ParseError) as error:
        return f"The drawing cannot be shown: {error}"


def _ask(sources: list[list[str]]) -> list[Drawn]:
    done = subprocess.run(
        [sys.executable, "-I", "-X", "utf8", str(_CHILD)],
        input=json.dumps(sources),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        env={},  # nothing that it has no use for
        timeout=DRAW_S,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=list[Drawn])


def _as_picture(picture: _Picture, given: str, source: str, caption: str | None) -> str:
    """The attributes of the figure, `source` and `caption` are HTML already."""
    light, dark = (_address(svg.text) for svg in (picture.light, picture.dark))
    said = _alternative(html.unescape(source))
    alt, name = html.escape(said), html.escape(f"Drawing: {html.unescape(caption or '') or said}")
    return (
        f'<figure{given}><div class="drawing-scroll" role="group" aria-label="{name}" tabindex="0"><picture>'
        f'<source media="screen and (prefers-color-scheme: dark)" type="image/svg+xml" srcset="{dark}">'
        f'<img src="{light}" alt="{alt}" width="{picture.light.width}" height="{picture.light.height}">'
        f"</picture></div><figcaption>{caption or ''}<details><summary>The drawing as text</summary>"
        f'<pre data-language="{LANGUAGE}"><code>{source}</code></pre></details></figcaption></figure>'
    )


def _as_code(given: str, source: str, caption: str | None) -> str:
    block = f'<div class="highlight"><pre data-language="{LANGUAGE}"><code>{source}</code></pre></div>'
    figure = _KIND.sub("code", given, count=1)
    return f"<figure{figure}><figcaption>{caption}</figcaption>{block}</figure>" if caption else block


def _alternative(source: str) -> str:
    """What a drawing says of itself (`accTitle`, `accDescr`, `title`)."""
    title, description = _TITLE.search(source), _DESCRIPTION.search(source)
    said = [title[1] if title else "", (description[1] or description[2]) if description else ""]
    return ". ".join(" ".join(each.split()) for each in said if each.strip()) or "Diagram"


def _address(svg: str) -> str:
    """Without spaces, so that it can stand in a `srcset`, and without what HTML would want escaped."""
    return "data:image/svg+xml," + quote(svg, safe="/:=;()'-._~!*$@?+,")
