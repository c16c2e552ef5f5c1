"""Shortcodes of Hugo, Liquid, Nunjucks and components of MDX: turned into Markdown where their meaning is known, and
reported where it is not.

No expression here looks further than a few hundred characters from where it begins, or a text of nothing but beginnings
would hold everybody up.
"""

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from sdc_web.imports import callouts, prose
from sdc_web.imports.callouts import arguments, between

MAX_TOLD = 10
_HUGO = re.compile(r"\{\{(?P<open>[<%])\s{0,9}(?P<name>/?[\w./-]{1,80})(?P<rest>[^{}]{0,2000}?)[%>]\}\}")
_ESCAPED = re.compile(r"\{\{([<%])/\*(.{0,500}?)\*/([%>])\}\}", re.DOTALL)
_HIGHLIGHT = re.compile(
    r"(?:\{\{[<%]\s{0,9}highlight\s{1,9}(?P<hugo>[\w+#.-]{1,40})[^}]{0,200}[%>]\}\}"
    r"|\{%-?\s{0,9}highlight\s{1,9}(?P<liquid>[\w+#.-]{1,40})[^%]{0,200}%\})"
)
_HIGHLIGHTED = re.compile(r"\{\{[<%]\s{0,9}/\s{0,9}highlight\s{0,9}[%>]\}\}|\{%-?\s{0,9}endhighlight\s{0,9}-?%\}")
_RAW = re.compile(r"\{%-?\s{0,9}raw\s{0,9}-?%\}")
_RAW_END = re.compile(r"\{%-?\s{0,9}endraw\s{0,9}-?%\}")
_KEPT = re.compile("\ue009(\\d{1,9})\ue009")
"""Stands for what no template language reads, until all else is read."""
_COMMENT = re.compile(r"\{%-?\s{0,9}comment\s{0,9}-?%\}")
_COMMENTED = re.compile(r"\{%-?\s{0,9}endcomment\s{0,9}-?%\}")
_SITE = re.compile(r"\{\{-?\s{0,9}site\.(?:github\.)?(?:base)?url\s{0,9}-?\}\}")
_FILTERED = re.compile(
    r"""\{\{-?\s{0,9}["']([^"'{}]{0,500})["']\s{0,9}\|\s{0,9}"""
    r"(?:relative_url|absolute_url|url|prepend:\s{0,9}site\.(?:base)?url)\s{0,9}-?\}\}"
)
_VALUE = re.compile(r"\{\{-?\s{0,9}((?:site|page)(?:\.\w{1,80}){1,5})\s{0,9}-?\}\}")
_POST = re.compile(r"\{%-?\s{0,9}(?:post_url|link)\s{1,9}([^\s%]{1,500})\s{0,9}-?%\}")
_GIST = re.compile(r"\{%-?\s{0,9}gist\s{1,9}([\w./-]{1,120})[^%]{0,120}%\}")
_ATTRIBUTES = re.compile(r"(?<![ \t])[ \t]*\{:(?!\s*\})[^{}\n]{0,300}\}")
_NAMED_HEADING = re.compile(
    r"^(#{1,6}[ \t][^\n{]*)\n?\{:[^{}\n]{0,200}#([\w.-]{1,80})[^{}\n]{0,200}\}[ \t]*$", re.MULTILINE
)
_EXPRESSION = re.compile(r"\{\{.{0,500}?\}\}|\{%.{0,500}?%\}", re.DOTALL)
_TAG = re.compile(r"\{\{[<%].{0,500}?[>%]\}\}|\{%.{0,500}?%\}", re.DOTALL)
_MODULE = re.compile(
    r"^(?:import\s.{1,300}?from\s{0,9}[\"'].{1,300}?[\"'];?|import\s{0,9}[\"'].{1,300}?[\"'];?|export\s(?:const|default)\s.+)$",
    re.MULTILINE,
)
_MDX_NAME = re.compile(r"^(#{1,6}[ \t][^\n{]{1,500})\{/\*\s{0,9}#([\w.-]{1,80})\s{0,9}\*/\}[ \t]*$", re.MULTILINE)
_MDX_COMMENT = re.compile(r"\{/\*.{0,2000}?\*/\}", re.DOTALL)
_NAMED = re.compile(r"\{[{%][<%]?-?\s{0,9}([\w./-]{1,80})")
_END = re.compile(r"\{(?:\{[<%]\s{0,9}/|%-?\s{0,9}end)\s{0,9}([\w.-]{1,80})")
"""What ends something is not told of beside its beginning."""
_COMPONENT = re.compile(r"<([A-Z][\w.]*)\b")
_PAGES = {
    "youtube": "https://www.youtube.com/watch?v={}",
    "vimeo": "https://vimeo.com/{}",
    "instagram": "https://www.instagram.com/p/{}/",
}

Named: TypeAlias = Callable[[str], str]


def as_markdown(body: str, address: Named, value: Named, *, liquid: bool, mdx: bool) -> tuple[str, list[str]]:
    """The text in Markdown alone, and a word about each thing in it that has none. `address` is that of another text,
    by how this one names it, `value` what a name such as `site.title` stands for; both are empty for nothing. `liquid`
    is a text that a template language reads first, `mdx` one with components.
    """
    notes: list[str] = []
    raw: list[str] = []

    def keep(_: re.Match[str], inside: str) -> str:
        raw.append(inside)
        return f"\ue009{len(raw) - 1}\ue009"

    if "{" in body:
        body = between(_RAW, _RAW_END, keep, body) if liquid else callouts.as_markdown(body)
        body = between(_HIGHLIGHT, _HIGHLIGHTED, _fenced, body)
        if liquid:
            body = between(_COMMENT, _COMMENTED, lambda *_: "", body)
            body = _without_attributes(callouts.of_prompts(body), notes)
            body = prose.sub(_SITE, lambda _: "", body)
            body = prose.sub(_VALUE, lambda found: value(found[1]) or found[0], body)
        body = prose.sub(_HUGO, lambda found: callouts.said(found) or _shortcode(found, address), body)
        body = prose.sub(_POST, lambda found: address(found[1]) or found[0], body)
        body = prose.sub(_GIST, lambda found: f"https://gist.github.com/{found[1]}", body)
        body = prose.sub(_FILTERED, lambda found: found[1], body)
    body, apart = callouts.of_directives(body)
    notes += apart
    left = list(_left(body, liquid=liquid, mdx=mdx))
    notes += left[:MAX_TOLD]
    if len(left) > MAX_TOLD:
        notes.append(f"and {len(left) - MAX_TOLD} more of that kind")
    body = _ESCAPED.sub(r"{{\1\2\3}}", body)
    # Each once: a text may hold such a mark of its own, and as many of them as it likes.
    kept = dict(enumerate(raw))
    return _KEPT.sub(lambda found: kept.pop(int(found[1]), found[0]), body), notes


def without_modules(body: str) -> tuple[str, list[str]]:
    """A text of MDX without its comments and the lines that bring components in, and a word about those."""
    body = prose.sub(_MDX_NAME, lambda found: f"{found[1].rstrip()} {{#{found[2]}}}", body)
    body = prose.sub(_MDX_COMMENT, lambda _: "", body)
    found = prose.found(_MODULE, body)
    told = f"lines that import or export modules are left out, {len(found)} in all"
    return (prose.sub(_MODULE, lambda _: "", body), [told]) if found else (body, [])


def _fenced(found: re.Match[str], inside: str) -> str:
    code = inside.strip("\r\n").rstrip()
    longest = max((len(each) for each in re.findall("`{3,}", code)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{found['hugo'] or found['liquid']}\n{code}\n{fence}\n"


def _without_attributes(body: str, notes: list[str]) -> str:
    """Without Kramdown's lists of attributes, but for the names of headings, to which links lead."""
    body = prose.sub(_NAMED_HEADING, lambda found: f"{found[1].rstrip()} {{#{found[2]}}}", body)
    told = [" ".join(found[0].split())[:60] for found in prose.found(_ATTRIBUTES, body)]
    if others := [each for each in told if "toc" not in each]:
        notes.append(f"attributes such as {others[0]}, {len(others)} in all, are left out: Kramdown alone reads them")
    return prose.sub(_ATTRIBUTES, lambda _: "", body)


def _shortcode(found: re.Match[str], address: Named) -> str:
    named, bare = arguments(found["rest"].rstrip().removesuffix("/"))
    first = bare[0] if bare else ""
    match found["name"].removesuffix(".html"):
        case "figure" if src := named.get("src") or first:
            return _figure(src, named)
        case "ref" | "relref":
            wanted = named.get("path") or first
            return wanted if wanted.startswith("#") else address(wanted) or found[0]
        case "youtube" | "vimeo" | "instagram" as place if named.get("id") or first:
            return f"\n\n{_PAGES[place].format(named.get('id') or first)}\n\n"
        case "gist" if len(bare) >= 2:
            return f"\n\nhttps://gist.github.com/{bare[0]}/{bare[1]}\n\n"
        case "tweet" | "x" | "twitter" if named.get("id"):
            return f"\n\nhttps://x.com/{named.get('user') or 'i'}/status/{named['id']}\n\n"
        case _:
            return found[0]


def _figure(src: str, named: dict[str, str]) -> str:
    caption = named.get("caption") or named.get("title") or ""
    words = (named.get("alt") or caption).replace("[", "(").replace("]", ")")
    target = f"<{src}>" if " " in src else src
    quoted = caption.replace('"', "'")
    titled = f' "{quoted}"' if caption else ""
    return f"\n\n![{words}]({target}{titled})\n\n"


def _left(body: str, *, liquid: bool, mdx: bool) -> Iterator[str]:
    """What stays as it is written though nobody will read it as it was meant."""
    tags = prose.found(_EXPRESSION if liquid else _TAG, body) if "{" in body else []
    told = {" ".join(tag[0].split())[:60] for tag in tags if not _ESCAPED.fullmatch(tag[0])}
    begun = {found[1] for found in map(_NAMED.match, told) if found and not found[1].startswith("/")}
    ends = {each: _END.match(each) for each in told}
    told = {each for each, found in ends.items() if not found or found[1] not in begun}
    yield from (f"shortcode {each} stays as it is written" for each in sorted(told))
    if mdx:
        named = {found[1] for found in prose.found(_COMPONENT, body)}
        yield from (f"component <{each}> stays as it is written" for each in sorted(named))
