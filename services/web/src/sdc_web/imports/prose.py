"""Markdown that is not code: what an import looks for in a text, or rewrites in it, must not be code."""

import re
from bisect import bisect_right
from collections.abc import Callable

import pyromark

_MARKS = re.compile(r"[`~]|^(?: {4}|\t)", re.MULTILINE)


def found(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    """The matches that begin outside of code blocks and of what stands between backticks."""
    matches = list(pattern.finditer(text))
    if not matches or not _MARKS.search(text):
        return matches
    code = _code(text)
    starts = [start for start, _ in code]

    def is_code(at: int) -> bool:
        before = bisect_right(starts, at) - 1
        return before >= 0 and at < code[before][1]

    return [match for match in matches if not is_code(match.start())]


def sub(pattern: re.Pattern[str], put: Callable[[re.Match[str]], str], text: str) -> str:
    """The text with another one in place of each of these matches."""
    pieces: list[str] = []
    at = 0
    for match in found(pattern, text):
        pieces += (text[at : match.start()], put(match))
        at = match.end()
    return "".join((*pieces, text[at:])) if pieces else text


def _code(text: str) -> list[tuple[int, int]]:
    """Where code begins and ends, in characters, in order."""
    spans: list[tuple[int, int]] = []
    for event, where in pyromark.events_with_range(text):
        match event:
            case {"Start": {"CodeBlock": _}} | {"Code": _}:
                spans.append((where["start"], where["end"]))
    if text.isascii():
        return spans
    raw = text.encode()
    counted: list[tuple[int, int]] = []
    at = characters = 0
    for start, end in spans:
        characters += len(raw[at:start].decode())
        inside = len(raw[start:end].decode())
        counted.append((characters, characters + inside))
        characters, at = characters + inside, end
    return counted
