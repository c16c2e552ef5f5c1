"""Notes, hints and warnings set apart, and what folds: shortcodes of Hugo and marks of Jekyll that Markdown here has
signs for. And what shortcodes are read with: their arguments, and what stands between two of them.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from pathlib import PurePosixPath

from sdc_web.imports import prose

_OPENING = re.compile(r"\{\{[<%]\s{0,9}([a-z-]{3,12})(?![\w./-])[^{}]{0,500}?[%>]\}\}")
_DIRECTIVE = re.compile(
    r"^[ \t]{0,3}(:{3,9})[ \t]{0,3}([a-zA-Z][\w-]{1,30}+)(?:#[\w-]{1,40}+)?"
    r"(?:\[([^\[\]\n]{0,200})\]|[ \t]++([^\s{\[][^\n{\[]{0,199}+))?"
    r"[ \t]*+(?:\{[^{}\n]{0,200}\})?[ \t]*+$",
    re.MULTILINE,
)
_MOST_NESTED = 4
_PROMPT = re.compile(r"\{:\s{0,9}\.prompt-(tip|info|warning|danger)\s{0,9}\}\s*")
_ARGUMENT = re.compile(r"""(?:([\w-]+)\s*=\s*)?(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|`([^`]*)`|([^\s"'`=]+))""")
_KINDS = {
    "note": "NOTE", "info": "NOTE", "default": "NOTE", "primary": "NOTE", "tip": "TIP", "success": "TIP",
    "important": "IMPORTANT", "warning": "WARNING", "warn": "WARNING", "caution": "CAUTION", "danger": "CAUTION",
    "error": "CAUTION",
}  # fmt: skip
_LANGUAGE = re.compile(r"[\w+#.-]{1,40}")
_SAID = ("alert", "notice", "hint", "callout", "admonition")
"""Shortcodes that say of which kind they are."""
_KIND = ("type", "color", "context", "style", "level", "icon")
_NAMES = frozenset(
    {"note", "info", "tip", "important", "warning", "caution", "danger", "details", "code", "code-toggle", *_SAID}
)


def as_markdown(body: str) -> str:
    """Hugo's shortcodes of that kind that have an end, as alerts, as details and as code."""
    for name in sorted({found[1] for found in _OPENING.finditer(body)} & _NAMES):
        opening = re.compile(rf"\{{\{{[<%]\s{{0,9}}{name}(?P<rest>(?:\s[^{{}}]{{0,500}}?)?)[%>]\}}\}}")
        closing = re.compile(rf"\{{\{{[<%]\s{{0,9}}/\s{{0,9}}{name}\s{{0,9}}[%>]\}}\}}")
        put = _BLOCKS.get(name) or _alert_of(name)
        body = between(opening, closing, put, body)
    return body


def of_directives(body: str) -> tuple[str, list[str]]:
    """What stands between lines of colons, as Docusaurus, Starlight and VitePress set words apart, as alerts and as
    details, the inner ones first; and a word about those of other kinds, which stay as they are.
    """
    if ":::" not in body:
        return body, []
    counts = sorted({len(found[1]) for found in _DIRECTIVE.finditer(body)})[:_MOST_NESTED]
    for count in counts:
        opening = re.compile(_DIRECTIVE.pattern.replace("(:{3,9})", f"(:{{{count}}})"), re.MULTILINE)
        closing = re.compile(rf"^[ \t]{{0,3}}:{{{count}}}[ \t]*$", re.MULTILINE)
        body = between(opening, closing, _directive, body, prose.found)
    told = {found[2] for found in prose.found(_DIRECTIVE, body)}
    return body, [f"what :::{each} sets apart stays as it is written" for each in sorted(told)]


def _directive(found: re.Match[str], inside: str) -> str:
    kind, title = found[2].lower(), (found[3] or found[4] or "").strip()
    if kind == "details":
        said = escape(title or "Details", quote=False)
        return f"\n<details><summary>{said}</summary>\n\n{inside.strip()}\n\n</details>\n"
    return alert(_KINDS[kind], title, inside) if kind in _KINDS else f"{found[0]}{inside}{found[1]}"


def alert(kind: str, title: str, inside: str) -> str:
    """Words set apart, as Markdown here has them."""
    lines = [f"[!{kind}]", *([f"**{title}**", ""] if title else []), *inside.strip().split("\n")]
    return "\n\n" + "\n".join(f"> {line}".rstrip() for line in lines) + "\n\n"


def said(found: re.Match[str]) -> str:
    """An alert whose words a shortcode holds itself; empty for one that is none, or holds no words."""
    name, (named, bare) = found["name"], arguments(found["rest"].rstrip().removesuffix("/"))
    words = named.get("text") or named.get("content") or ""
    kind = next((_KINDS[each.lower()] for each in _kinds(name, named, bare) if each.lower() in _KINDS), "NOTE")
    return alert(kind, named.get("title", ""), words) if words and name in _NAMES else ""


def _kinds(name: str, named: Mapping[str, str], bare: Sequence[str]) -> list[str]:
    return [*(named[each] for each in _KIND if each in named), *bare[:1]] if name in _SAID else [name]


def of_prompts(body: str) -> str:
    """Quotations below which a theme of Jekyll's says what kind of word they are, as alerts."""
    if ".prompt-" not in body:
        return body
    lines: list[str] = []
    for line in body.split("\n"):
        if (found := _PROMPT.fullmatch(line)) is None or not (lines and lines[-1].startswith(">")):
            lines.append(line)
            continue
        at = len(lines)
        while at and lines[at - 1].startswith(">"):
            at -= 1
        lines.insert(at, f"> [!{_KINDS[found[1]]}]")
        lines.append("")
    return "\n".join(lines)


def between(
    opening: re.Pattern[str],
    closing: re.Pattern[str],
    put: Callable[[re.Match[str], str], str],
    text: str,
    find: Callable[[re.Pattern[str], str], Iterable[re.Match[str]]] = re.Pattern.finditer,
) -> str:
    """The text with something else for each opening, its closing, and what stands between them; `find` says which of
    them count.
    """
    closings = list(find(closing, text))
    starts = [each.start() for each in closings]
    pieces: list[str] = []
    at = 0
    for found in find(opening, text) if closings else ():
        after = bisect_left(starts, found.end())
        if found.start() < at or after == len(starts):
            continue
        pieces += (text[at : found.start()], put(found, text[found.end() : starts[after]]))
        at = closings[after].end()
    return "".join((*pieces, text[at:]))


def arguments(given: str) -> tuple[dict[str, str], list[str]]:
    named: dict[str, str] = {}
    bare: list[str] = []
    for found in _ARGUMENT.finditer(given):
        value = next((each for each in found.groups()[1:] if each is not None), "").replace('\\"', '"')
        if found[1]:
            named[found[1].lower()] = value
        else:
            bare.append(value)
    return named, bare


def _alert_of(name: str) -> Callable[[re.Match[str], str], str]:
    def put(found: re.Match[str], inside: str) -> str:
        named, bare = arguments(found["rest"].strip())
        kinds = _kinds(name, named, bare)
        kind = next((_KINDS[each.lower()] for each in kinds if each.lower() in _KINDS), "NOTE")
        title = named.get("title") or ("" if name in _SAID or "=" in found["rest"] else " ".join(bare[:1]))
        return alert(kind, title, inside)

    return put


def _details(found: re.Match[str], inside: str) -> str:
    named, bare = arguments(found["rest"].strip())
    title = named.get("summary") or named.get("title") or " ".join(bare[:1]) or "Details"
    return f"\n\n<details><summary>{escape(title, quote=False)}</summary>\n\n{inside.strip()}\n\n</details>\n\n"


def _code(found: re.Match[str], inside: str) -> str:
    named, bare = arguments(found["rest"].strip())
    file = named.get("file") or " ".join(bare[:1])
    said = named.get("lang") or named.get("codelang") or PurePosixPath(file).suffix.removeprefix(".")
    code = inside.strip("\r\n").rstrip()
    if code.lstrip().startswith("```"):  # it is a block already
        return f"\n\n{code}\n\n"
    longest = max((len(each) for each in re.findall("`{3,}", code)), default=2)
    fence = "`" * (longest + 1)
    above = f"`{file}`\n\n" if file and "`" not in file else ""
    return f"\n\n{above}{fence}{said if _LANGUAGE.fullmatch(said) else ''}\n{code}\n{fence}\n\n"


_BLOCKS = {"details": _details, "code": _code, "code-toggle": _code}
