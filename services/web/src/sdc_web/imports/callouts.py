"""Notes, hints and warnings set apart, and what folds: shortcodes of Hugo and marks of Jekyll that Markdown here has
signs for. And what shortcodes are read with: their arguments, and what stands between two of them.
"""

import re
from bisect import bisect_left
from collections.abc import Callable
from html import escape
from pathlib import PurePosixPath

_OPENING = re.compile(r"\{\{[<%]\s{0,9}([a-z-]{3,12})(?![\w./-])[^{}]{0,500}?[%>]\}\}")
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
    opening: re.Pattern[str], closing: re.Pattern[str], put: Callable[[re.Match[str], str], str], text: str
) -> str:
    """The text with something else for each opening, its closing, and what stands between them."""
    closings = list(closing.finditer(text))
    starts = [each.start() for each in closings]
    pieces: list[str] = []
    at = 0
    for found in opening.finditer(text) if closings else ():
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
        said = [*(named[each] for each in _KIND if each in named), *bare[:1]] if name in _SAID else [name]
        kind = next((_KINDS[each.lower()] for each in said if each.lower() in _KINDS), "NOTE")
        title = named.get("title") or ("" if name in _SAID or "=" in found["rest"] else " ".join(bare[:1]))
        lines = [f"[!{kind}]", *([f"**{title}**", ""] if title else []), *inside.strip().split("\n")]
        return "\n\n" + "\n".join(f"> {line}".rstrip() for line in lines) + "\n\n"

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
