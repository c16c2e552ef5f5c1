"""The text of a post of WordPress, of its block editor or the classic one, with shortcodes, as HTML without either."""

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping
from html import escape, unescape

import msgspec

from sdc_web.imports import html_text

_BLOCK = re.compile(r"<!--\s{0,9}/?wp:([a-z][a-z0-9/-]{0,80})(\s{1,9}\{.{0,5000}?\})?\s{0,9}(/)?-->", re.DOTALL)
_DYNAMIC = frozenset({"more", "nextpage", "spacer", "separator"})
_SHARED = re.compile(r"<!--\s{0,9}wp:block\s{1,9}\{[^{}]{0,200}?\"ref\":\s{0,9}(\d{1,18})[^{}]{0,200}\}\s{0,9}/-->")
MAX_SHARED_DEPTH = 3
MAX_SHOWN = 500
"""Pictures of a gallery."""
_BUTTON = re.compile(r"<a\s[^<>]{0,2000}\bwp-block-file__button\b[^<>]{0,2000}>[^<>]{0,200}</a>")
_LITERAL = re.compile(r"<(/?)(pre|code)\b", re.IGNORECASE)
_ROOMY = re.compile(r"(</?(?:blockquote|div|section|article|center)\b[^<>]{0,300}>)", re.IGNORECASE)
"""What holds paragraphs: WordPress makes some of the lines in it."""
_SHORTCODE = re.compile(r"(?<!\[)\[(?P<name>[a-z][\w-]{1,30})(?P<rest>(?:\s[^\[\]]{0,2000})?)\](?!\])")
_ARGUMENT = re.compile(r"""([\w-]{1,40})\s{0,3}=\s{0,3}(?:"([^"]{0,2000})"|'([^']{0,2000})'|([^\s"'\]]{1,500}))""")
_CODE = frozenset({"code", "sourcecode", "source", "python", "php", "js", "javascript", "css", "html", "bash", "sql"})
_PAIRED = _CODE | {"caption", "wp_caption", "embed", "audio", "video", "youtube"}
_EMBED = re.compile(r'<div class="wp-block-embed__wrapper">\s{0,9}(https?://[^\s<]{1,2000})\s{0,9}</div>')
_ALONE = re.compile(r"^[ \t]{0,9}(https?://[^\s<\[]{1,2000})[ \t]{0,9}$", re.MULTILINE)
_STARTS_BLOCK = re.compile(
    r"</?(?:address|article|aside|audio|blockquote|details|div|dl|fieldset|figure|footer|form|h[1-6]|header|hr|iframe|"
    r"ol|p|pre|section|style|script|table|tbody|td|th|thead|tr|ul|li|video)\b",
    re.IGNORECASE,
)
_PRE = re.compile(r"<(pre|script|style)\b", re.IGNORECASE)
MAX_TOLD = 10


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a text stands on: `attachment` brings address, alternative text and caption by its id, `block` what stands
    in a block that several texts share; `attached` are the ids of what was uploaded to the text, in order.
    """

    attachment: Callable[[str], tuple[str, str, str] | None]
    block: Callable[[str], str]
    attached: tuple[str, ...] = ()


def as_html(content: str, about: About) -> tuple[str, list[str]]:
    """The text as HTML, and a word about every block and shortcode that it is without, or that stays as it is."""
    notes: list[str] = []
    content = _with_shared(content, about)
    is_blocks = "<!-- wp:" in content
    html = _without_shortcodes(content.replace("\r\n", "\n").replace("\r", "\n"), about, notes)
    if is_blocks:
        notes += sorted(
            {
                f"block {found[1]} is left out: WordPress makes it anew each time"
                for found in _BLOCK.finditer(content)
                if found[3] and found[1] not in _DYNAMIC
            }
        )
        html = _BUTTON.sub("", _BLOCK.sub("", html))
    html = _EMBED.sub(lambda found: html_text.link(unescape(found[1]), ""), html)
    return (html if is_blocks else _with_paragraphs(html)), notes


def _with_shared(content: str, about: About) -> str:
    """The text with what stands in blocks that it shares, as long as it stays one that can be read."""
    for _ in range(MAX_SHARED_DEPTH):
        room = html_text.MAX_CHARACTERS - len(content)

        def put(found: re.Match[str]) -> str:
            nonlocal room
            inside = about.block(found[1])
            room -= len(inside)
            return inside if inside and room > 0 else found[0]

        content = _SHARED.sub(put, content)
    return content


def _literal(content: str) -> list[tuple[int, int]]:
    """Where code stands as it is, from its beginning to its end, in order."""
    spans: list[tuple[int, int]] = []
    tag, began = "", 0
    for found in _LITERAL.finditer(content):
        if not tag and not found[1]:
            tag, began = found[2].lower(), found.start()
        elif found[1] and found[2].lower() == tag:
            spans.append((began, found.end()))
            tag = ""
    return spans


def _without_shortcodes(content: str, about: About, notes: list[str]) -> str:
    """Each shortcode as what it stands for; ends are looked for once, so that beginnings without one cost nothing. In
    code they are words.
    """
    room = html_text.MAX_CHARACTERS
    code = _literal(content)
    begins = [began for began, _ in code]
    ends: dict[str, list[int]] = {}
    for found in re.finditer(r"\[/([a-z][\w-]{1,30})\]", content):
        ends.setdefault(found[1], []).append(found.start())
    out: list[str] = []
    told: set[str] = set()
    at = 0
    for found in _SHORTCODE.finditer(content):
        before = bisect_left(begins, found.start()) - 1
        if found.start() < at or (before >= 0 and found.start() < code[before][1]):
            continue
        name = found["name"]
        closings = ends.get(name, []) if name in _PAIRED else []
        after = bisect_left(closings, found.end())
        close = closings[after] if after < len(closings) else -1
        inside = content[found.end() : close] if close >= 0 else ""
        html = _meaning(name, _arguments(found["rest"]), inside, about) if room > 0 else None
        room -= len(html or "")
        if html is None:
            told.add(f"shortcode {' '.join(found[0].split())[:60]} stays as it is written")
            continue
        out += (content[at : found.start()], html)
        at = close + len(name) + 3 if close >= 0 else found.end()
    notes += sorted(told)[:MAX_TOLD]
    if len(told) > MAX_TOLD:
        notes.append(f"and {len(told) - MAX_TOLD} more of that kind")
    whole = "".join((*out, content[at:]))
    return re.sub(r"\[(\[[a-z][^\[\]]{0,2000}\])\]", r"\1", whole)


def _meaning(name: str, given: Mapping[str, str], inside: str, about: About) -> str | None:
    """HTML; None for a shortcode of some plugin."""
    match name:
        case "caption" | "wp_caption" if inside:
            image, _, words = inside.partition(">") if "</a>" not in inside else _after(inside, "</a>")
            below = given.get("caption") or html_text.plain(words)
            return f"\n\n<figure>{image}><figcaption>{escape(below)}</figcaption></figure>\n\n"
        case "gallery":
            listed = given.get("ids") or given.get("include")
            ids = listed.split(",") if listed else about.attached
            found = [about.attachment(each.strip()) for each in ids[:MAX_SHOWN]]
            shown = "".join(html_text.picture(*each) for each in found if each)
            return f"\n\n{shown}\n\n" if shown else None
        case "embed" | "youtube" | "vimeo" if inside.strip().startswith("http"):
            return f"\n\n{html_text.link(unescape(inside.strip()), '')}\n\n"
        case "audio" | "video":
            src = next((given[each] for each in ("src", "mp3", "m4a", "ogg", "mp4", "webm") if each in given), inside)
            return f'\n\n<{name} src="{escape(src.strip())}"></{name}>\n\n'
        case _ if name in _CODE and inside:
            language = given.get("language") or given.get("lang") or (name if "code" not in name else "")
            return f"\n\n{html_text.code(unescape(inside).strip(chr(10)), language)}\n\n"
        case _:
            return None


def _after(inside: str, end: str) -> tuple[str, str, str]:
    before, _, rest = inside.partition(end)
    return f"{before}</a", "", rest


def _arguments(rest: str) -> dict[str, str]:
    return {found[1].lower(): unescape(found[2] or found[3] or found[4] or "") for found in _ARGUMENT.finditer(rest)}


def _with_paragraphs(text: str) -> str:
    """As WordPress shows a classic text: an empty line parts paragraphs, any other end of a line breaks it."""
    text = _ALONE.sub(lambda found: html_text.link(unescape(found[1]), ""), text)
    text = _ROOMY.sub(r"\n\n\1\n\n", text)
    pieces: list[str] = []
    for piece in _pieces(text):
        if _PRE.match(piece) or _STARTS_BLOCK.match(piece):
            pieces.append(piece)
        elif piece:
            pieces.append("<p>" + piece.replace("\n", "<br>\n") + "</p>")
    return "\n".join(pieces)


def _pieces(text: str) -> list[str]:
    """The text cut at empty lines, but not within what is preformatted, and around what is a block anyway."""
    found: list[str] = []
    held: list[str] = []
    ending = ""
    for part in re.split(r"\n[ \t]*\n", text):
        if ending:
            held.append(part)
            if ending in part.lower():
                found.append("\n\n".join(held))
                ending = ""
            continue
        at, ending = _left_open(part.lower())
        found += _around_blocks(part[:at].strip("\n"))
        held = [part[at:]]
    return [*found, "\n\n".join(held)] if ending else found


def _left_open(part: str) -> tuple[int, str]:
    """Where something preformatted begins that does not end in this part, and what ends it; nothing for none."""
    for tag in ("pre", "script", "style"):
        at = part.rfind(f"<{tag}")
        if at > part.rfind(f"</{tag}>"):
            return at, f"</{tag}>"
    return len(part), ""


def _around_blocks(part: str) -> list[str]:
    """A part whose words stand directly before or behind a block: each on its own."""
    found: list[list[str]] = [[]]
    was_block = inside = False
    for line in part.split("\n"):
        is_block = inside or bool(_STARTS_BLOCK.match(line.lstrip()))
        if found[-1] and is_block != was_block:
            found.append([])
        found[-1].append(line)
        was_block = is_block
        inside = _left_open(line.lower())[1] != "" if not inside else "</" not in line
    return ["\n".join(each) for each in found if any(each)]
