"""Footnotes as WordPress 6.3 and later keep them: signs in the text, and what they say beside it, as JSON."""

import re
from collections.abc import Mapping

import msgspec

from sdc_web.imports import html_text

MAX_FOOTNOTES = 500
_SIGN = re.compile(r'<sup data-fn="([\w-]{1,64})"[^<>]{0,200}>.{0,400}?</sup>', re.DOTALL)
_BLOCK = re.compile(r"<!--\s{0,9}wp:footnotes\s[^>]{0,200}/-->")
_PLACE = re.compile("\ue008(\\d{1,4})\ue008")


class _Footnote(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    content: str = ""


def marked(content: str, meta: Mapping[str, str]) -> tuple[str, list[str]]:
    """The text with a mark for each sign, and what the footnotes say, as HTML, in the order of their first signs."""
    try:
        kept = msgspec.json.decode(meta.get("footnotes", "") or "[]", type=list[_Footnote])
    except msgspec.DecodeError:
        return content, []
    said = {each.id: each.content for each in kept[:MAX_FOOTNOTES]}
    order: dict[str, int] = {}

    def put(found: re.Match[str]) -> str:
        if found[1] not in said:
            return found[0]
        return f"\ue008{order.setdefault(found[1], len(order) + 1)}\ue008"

    content = _SIGN.sub(put, content)
    return (_BLOCK.sub("", content) if order else content), [said[each] for each in order]


def put(markdown: str, footnotes: list[str]) -> str:
    """The Markdown with its footnotes. Blocking; raises Invalid as `html_text.as_markdown` does."""
    if not footnotes:
        return markdown
    said = (" ".join(html_text.as_markdown(each)[0].split()) for each in footnotes)
    below = "\n".join(f"[^{number}]: {words}" for number, words in enumerate(said, 1))
    text = _PLACE.sub(lambda found: f"[^{found[1]}]", markdown)
    return f"{text}\n\n{below}"
