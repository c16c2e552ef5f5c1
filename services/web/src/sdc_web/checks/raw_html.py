"""What of the HTML in a text readers will not get, since it is taken out before it is stored."""

import re

from sdc_web.texts import markdown

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TAG = re.compile(r"<([a-zA-Z][\w-]*)((?:\s+[^\s=<>/]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s<>]+))?)*)\s*/?>")
_ATTRIBUTE = re.compile(r"([^\s=<>/]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s<>]+)))?")
_EVERYWHERE = frozenset({"lang", "title"})
_BECOMES_ANOTHER = frozenset({"h1"})


def dropped(html: str) -> list[str]:
    """The tags, as `<script>`, and the attributes, as `onclick` of `<b>`, that are taken out of a piece of raw HTML."""
    found: dict[str, None] = {}
    for tag in _TAG.finditer(_COMMENT.sub("", html)):
        name = tag[1].lower()
        if name not in markdown.TAGS and name not in _BECOMES_ANOTHER:
            found[f"<{name}>"] = None
            continue
        for attribute in _ATTRIBUTE.finditer(tag[2]):
            if not _is_kept(name, attribute[1].lower(), attribute[2] or attribute[3] or attribute[4] or ""):
                found[f"{attribute[1].lower()} of <{name}>"] = None
    return list(found)


def _is_kept(tag: str, attribute: str, value: str) -> bool:
    if attribute == "class":
        return set(value.split()) <= markdown.CLASSES.get(tag, set())
    return attribute in _EVERYWHERE or attribute in markdown.ATTRIBUTES.get(tag, set())
