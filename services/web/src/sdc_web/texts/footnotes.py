"""The way back: the number before a footnote leads to where the text first names it."""

import re

_REFERENCE = re.compile(r'(<sup class="footnote-reference"><a) (href="#fn-[^"]*">(\d+)</a>)')
_LABEL = re.compile(r'(<sup class="footnote-definition-label">)(\d+)(</sup>)')


def with_ways_back(safe: str) -> str:
    """Sanitised HTML with its footnotes tied both ways."""
    named: set[str] = set()

    def reference(found: re.Match[str]) -> str:
        if found[3] in named:
            return found[0]
        named.add(found[3])
        return f'{found[1]} id="fnref-{found[3]}" {found[2]}'

    def label(found: re.Match[str]) -> str:
        if found[2] not in named:
            return found[0]
        return (
            f'{found[1]}<a href="#fnref-{found[2]}" aria-label="{found[2]}, back to the text">{found[2]}</a>{found[3]}'
        )

    return _LABEL.sub(label, _REFERENCE.sub(reference, safe))
