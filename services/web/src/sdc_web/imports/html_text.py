"""HTML of other systems as Markdown: cleaned, brought into shapes that Markdown has, then converted."""

import re
from bisect import bisect_left
from html import escape, unescape
from html.parser import HTMLParser
from urllib.parse import parse_qs, unquote, urlsplit

import nh3
from html_to_markdown import ConversionOptions, convert
from sdc_core.errors import Invalid

from sdc_web.imports import prose
from sdc_web.texts import characters, nesting

MAX_CHARACTERS = 4_000_000
_KEPT = ["sup", "sub", "kbd", "mark", "abbr", "details", "summary"]
"""What Markdown here has no signs for, and readers may see."""
_OPTIONS = ConversionOptions(
    bullets="-",
    escape_asterisks=True,
    escape_underscores=True,
    escape_misc=True,
    extract_metadata=False,
    infer_dimensions=False,
    preserve_tags=_KEPT,
    max_depth=nesting.MAX_DEPTH,
    compact_tables=True,
    br_in_tables=True,
    autolinks=False,
)
_HOLDING = frozenset({"blockquote", "ol", "ul", "dl", "table", "p"})
_DOLLAR, _DOLLAR_OUT = "$", "\ue004"
"""A dollar of the text is no formula; one of code stays what it is."""
_CLEANER = nh3.Cleaner(
    tags={
        "a", "abbr", "audio", "b", "blockquote", "br", "cite", "code", "dd", "del", "details", "div", "dl", "dt", "em",
        "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "iframe", "img", "ins", "kbd", "li",
        "mark", "ol", "p", "pre", "s", "section", "small", "source", "span", "strike", "strong", "sub", "summary",
        "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "video",
    },
    clean_content_tags={"script", "style", "template", "title", "noscript", "textarea", "svg", "math", "object"},
    attributes={
        "a": {"href", "title"},
        "abbr": {"title"},
        "code": {"class", "lang"},
        "pre": {"class", "lang"},
        "div": {"class"},
        "figure": {"class"},
        "iframe": {"src", "title"},
        "img": {"src", "alt", "title", "class", "data-src", "data-orig-file", "data-full-url"},
        "audio": {"src"},
        "video": {"src"},
        "source": {"src"},
        "ol": {"start"},
        "td": {"colspan", "rowspan"},
        "th": {"colspan", "rowspan"},
    },
    url_schemes={"http", "https", "mailto", "tel", "data"},
    link_rel=None,
)  # fmt: skip
_LOST = re.compile(r"<(form|object|embed|canvas|math|script)\b", re.IGNORECASE)
"""What is left out with all that it does."""
_APART = "\ue007"
"""Stands between two quotations, which Markdown would take for one, until they are Markdown."""
_YOUTUBE = frozenset({"www.youtube.com", "youtube.com", "www.youtube-nocookie.com", "m.youtube.com"})
_LANGUAGE = re.compile(r"\b(?:language|lang|brush)[-:\s]+([\w+#.-]{1,40})")
_BEFORE_QUOTE = re.compile(r"^[^>\s].*\n(?=> )", re.MULTILINE)
_BARE = re.compile(r"\[(https?://[^\]\n]{1,2000})\]\((https?://[^)\s]{1,2000})\)")
_NEEDLESS = re.compile(r"(?<=[^\s\d\\])\\([-=.+!])|(?<=\w)\\(_)(?=\w)|\\(&)(?=[\s&])")
"""Signs that mean something at the beginning of a line alone, or before a bracket that is escaped itself; and such as
stand within words, or begin no name of a letter.
"""
_BLANKS = re.compile(r"\n{3,}")


def as_markdown(html: str) -> tuple[str, list[str]]:
    """The text in Markdown, and a word about what it could not keep. Blocking; raises Invalid for HTML that nests or
    weighs more than a text can.
    """
    if len(html) > MAX_CHARACTERS:
        raise Invalid(f"its text has {len(html)} characters of HTML; at most {MAX_CHARACTERS} are read")
    if not nesting.is_bearable(html, html):
        raise Invalid("its HTML nests deeper than anybody can read")
    shaped = _Shaped()
    shaped.feed(_CLEANER.clean(characters.allowed(html)))
    shaped.close()
    found = convert(shaped.html, _OPTIONS).content or ""
    found = prose.sub(_BEFORE_QUOTE, lambda line: f"{line[0]}\n", found.replace(_DOLLAR_OUT, "\\$"))
    found = found.replace(_APART, "")
    found = prose.sub(_BARE, lambda it: it[2] if _unescaped(it[1]) == it[2] else it[0], found)
    found = prose.sub(_NEEDLESS, lambda it: it[1] or it[2] or it[3], found)
    lost = {each.lower(): f"<{each.lower()}> is left out" for each in _LOST.findall(html)}
    return prose.sub(_BLANKS, lambda _: "\n\n", found).strip(), [*shaped.notes, *lost.values()]


def _unescaped(markdown: str) -> str:
    return re.sub(r"\\([^\w\s])", r"\1", markdown)


def plain(html: str) -> str:
    """The words alone, as one line."""
    return " ".join(unescape(nh3.clean(html[:MAX_CHARACTERS], tags=set())).split())


def within_lines(html: str) -> str:
    """HTML without its paragraphs, to stand in one."""
    return re.sub(r"</p>\s{0,9}<p[^<>]{0,200}>", "<br>", html).replace("<p>", "").replace("</p>", "")


def picture(src: str, alt: str, caption: str = "") -> str:
    """A picture with its caption, as `as_markdown` reads it."""
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f'<figure><img src="{escape(src)}" alt="{escape(alt)}">{below}</figure>'


def code(text: str, language: str) -> str:
    """A block of code, as `as_markdown` reads it."""
    language = language.strip()
    return f'<pre><code class="language-{escape(language)}">{escape(text)}</code></pre>'


def link(url: str, words: str) -> str:
    """A paragraph that leads elsewhere."""
    return f'<p><a href="{escape(url)}">{escape(words or url)}</a></p>'


class _Shaped(HTMLParser):
    """HTML that is well-formed, without what Markdown has no shape for: a figure becomes its picture with the caption
    as its title, what plays elsewhere a link to it.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.notes: list[str] = []
        self._out: list[str] = []
        self._captions: list[list[str]] = []
        self._figures: list[int] = []
        self._images: list[int] = []
        self._code = 0
        self._within: list[str] = []
        """Quotations, lists, cells and paragraphs that are open, the innermost last."""
        self._pre_language = ""

    @property
    def html(self) -> str:
        """What was made of it."""
        return "".join(self._out)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One tag; those of a caption are left out, since a title has none."""
        given = {name: value or "" for name, value in attrs}
        match tag:
            case "figure":
                self._figures.append(len(self._out))
                self._out.append("<div>")
            case "figcaption":
                self._captions.append([])
            case "img":
                self._image(given)
            case "iframe" | "audio" | "video" | "source":
                self._plays(tag, given)
            case _ if self._captions:
                return
            case "cite":
                self._out.append("<p>— " if self._within[-1:] == ["blockquote"] else "<em>")
            case "pre" | "code":
                self._code += 1
                language = _LANGUAGE.search(given.get("class", "")) or _LANGUAGE.search(f"lang-{given.get('lang', '')}")
                if tag == "pre":
                    self._pre_language = language[1] if language else ""
                named = language[1] if language else self._pre_language if tag == "code" else ""
                self._out.append(f'<{tag} class="language-{escape(named)}">' if named and tag == "code" else f"<{tag}>")
            case _:
                if tag in _HOLDING:
                    self._within.append(tag)
                shown = "".join(f' {name}="{escape(value)}"' for name, value in given.items() if name != "class")
                self._out.append(f"<{tag}{shown}>")

    def handle_endtag(self, tag: str) -> None:
        """The other end of one."""
        match tag:
            case "figure" if self._figures:
                self._figures.pop()
                self._out.append("</div>")
            case "figcaption" if self._captions:
                self._caption(" ".join("".join(self._captions.pop()).split()))
            case "img" | "iframe" | "audio" | "video" | "source" | "figure" | "figcaption":
                return
            case _ if self._captions:
                return
            case "cite":
                self._out.append("</p>" if self._within[-1:] == ["blockquote"] else "</em>")
            case "pre" | "code":
                self._code = max(0, self._code - 1)
                self._out.append(f"</{tag}>")
            case _:
                if self._within[-1:] == [tag]:
                    self._within.pop()
                self._out.append(f"</{tag}>")
                if tag == "blockquote" and not self._within:
                    self._out.append(f"<p>{_APART}</p>")

    def handle_data(self, data: str) -> None:
        """Words, of a caption or of the text."""
        if self._captions:
            self._captions[-1].append(data)
            return
        self._out.append(escape(data if self._code else data.replace(_DOLLAR, _DOLLAR_OUT), quote=False))

    def _image(self, given: dict[str, str]) -> None:
        sources = (given.get(name, "") for name in ("data-orig-file", "data-full-url", "src", "data-src"))
        src = next((each for each in sources if each and not each.startswith("data:")), "")
        if not src:
            self.notes.append("a picture within the text is left out: it is no file")
            return
        src = src.replace(" ", "%20")
        self._images.append(len(self._out))
        self._out.append(f'<img src="{escape(src)}" alt="{escape(" ".join(given.get("alt", "").split()))}">')

    def _caption(self, words: str) -> None:
        """The caption goes to the picture of its figure; where that has none, or several, it is a paragraph."""
        since = self._figures[-1] if self._figures else len(self._out)
        at = bisect_left(self._images, since)
        shown = self._images[at : at + 2]
        if words and len(shown) == 1 and " title=" not in self._out[shown[0]]:
            self._out[shown[0]] = f'{self._out[shown[0]][:-1]} title="{escape(words)}">'
            return
        if words:
            self._out.append(f"<p><em>{escape(words, quote=False)}</em></p>")

    def _plays(self, tag: str, given: dict[str, str]) -> None:
        """A link to what another site plays, or to a file that comes along if it is there."""
        if not (src := given.get("src", "")):
            return
        address = _watched(src)
        # A file is called by its name; an address by itself, which the text would show as an embedded page is.
        named = given.get("title") or (address if tag == "iframe" else _file_name(address))
        self._out.append(f'<p><a href="{escape(address)}">{escape(named, quote=False)}</a></p>')


def _file_name(address: str) -> str:
    return unquote(address.partition("?")[0].rpartition("/")[2]) or address


def _watched(src: str) -> str:
    """The page of a film whose frame that is; the frame's own address for any other."""
    address = f"https:{src}" if src.startswith("//") else src
    try:
        split = urlsplit(address)
    except ValueError:
        return address
    film = split.path.rpartition("/")[2]
    if split.hostname in _YOUTUBE and split.path.startswith("/embed/") and film:
        start = parse_qs(split.query).get("start", [""])[0]
        return f"https://www.youtube.com/watch?v={film}{f'&t={start}' if start.isdecimal() else ''}"
    if split.hostname == "player.vimeo.com" and film:
        return f"https://vimeo.com/{film}"
    return address
