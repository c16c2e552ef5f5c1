"""Footnotes stand at the end of the text, in the order in which it names them, and lead back to each such place."""

import re
from collections import Counter

import msgspec

_DIV = re.compile(r"<(/?)div([^<>]*)>")
_DEFINED = re.compile(r' class="footnote-definition" id="(fn-[^"]*)"')
_LABEL = re.compile(r'\s*<sup class="footnote-definition-label">\d*</sup>')
_REFERENCE = re.compile(r'<sup class="footnote-reference"><a href="#(fn-[^"]*)">\d+</a></sup>')


class _Note(msgspec.Struct, frozen=True):
    id: str
    html: str


def gathered(safe: str) -> str:
    """Sanitised HTML with its footnotes behind it. One that nothing names is left out, as it is on GitHub."""
    text, notes = _apart(safe)
    named: list[str] = []
    numbers: dict[str, int] = {}
    times: Counter[str] = Counter()

    def reference(found: re.Match[str]) -> str:
        key = found[1].casefold()
        if key not in notes:
            return found[0]
        if key not in numbers:
            named.append(key)
            numbers[key] = len(named)
        times[key] += 1
        number, place = numbers[key], _place(numbers[key], times[key])
        return f'<sup class="footnote-reference"><a id="{place}" href="#{notes[key].id}">{number}</a></sup>'

    text = _REFERENCE.sub(reference, text)
    # One may name others, which then come behind it, and those that came before it.
    shown = [(key, _Note(notes[key].id, _REFERENCE.sub(reference, notes[key].html))) for key in named]
    if not shown:
        return text
    listed = "".join(_listed(note, numbers[key], times[key]) for key, note in shown)
    return f'{text}<div class="footnotes" role="doc-endnotes">\n{listed}</div>\n'


def _apart(safe: str) -> tuple[str, dict[str, _Note]]:
    """The text without its footnotes, and those by their names, which are told apart without regard to case."""
    notes: dict[str, _Note] = {}
    pieces: list[list[str]] = [[]]
    within: list[str] = []
    """Of each open `<div>` the name of the footnote that it is, or nothing."""
    at = 0
    for found in _DIV.finditer(safe):
        if not found[1]:
            defined = _DEFINED.fullmatch(found[2])
            within.append(defined[1] if defined else "")
            if defined:
                pieces[-1].append(safe[at : found.start()])
                pieces.append([])
                at = found.end()
        elif within and (name := within.pop()):
            html = "".join([*pieces.pop(), safe[at : found.start()]])
            notes.setdefault(name.casefold(), _Note(name, _LABEL.sub("", html, count=1)))
            at = found.end() + safe.startswith("\n", found.end())
    pieces[-1].append(safe[at:])
    return "".join(each for part in pieces for each in part), notes


def _listed(note: _Note, number: int, times: int) -> str:
    back = f'<a href="#{_place(number, 1)}" aria-label="{number}, back to the text">{number}</a>'
    label = f'<sup class="footnote-definition-label">{back}</sup>'
    html = note.html.strip()
    if times > 1:
        further = "".join(
            f' <a href="#{_place(number, time)}" aria-label="{number}, back to place {time}">↩\ufe0e{time}</a>'
            for time in range(2, times + 1)
        )
        inside = html.endswith("</p>")
        html = f"{html.removesuffix('</p>')}{further}</p>" if inside else f"{html}\n<p>{further.strip()}</p>"
    return f'<div class="footnote-definition" id="{note.id}">{label}\n{html}\n</div>\n'


def _place(number: int, time: int) -> str:
    return f"fnref-{number}" if time == 1 else f"fnref-{number}-{time}"
