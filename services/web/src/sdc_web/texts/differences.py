"""What differs between two texts: which lines, and which words of a line that was changed.

Lines or words that stand once in both texts hold them together (Bram Cohen's patience diff); what lies between is
compared one by one, within a bound: whatever the texts are, this takes about a second at most. Call it in a thread.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby, islice, pairwise
from typing import Literal, TypeAlias

import msgspec

from sdc_web.texts import scripts

CONTEXT = 2
"""Unchanged lines that are shown on either side of a change."""
MAX_ROWS = 3_000
_MOST_CELLS = 1_000_000
"""Steps of all one-by-one comparisons of two texts together, and the most of one."""
_CELLS_AT_ONCE = 40_000
_DEEPEST = 40
_MOST_ITEMS = 40_000
"""Lines or words of both texts between what they have in common at either end; of more, none is looked for."""
_LIKE = 0.3
"""The share of words that two lines have in common from which on one is taken for the other, changed."""
_TOKEN = re.compile(r"\w+\s*|\s+|[^\w\s]\s*")
_WORD = re.compile(r"\w+")

RowKind: TypeAlias = Literal["same", "removed", "added", "changed", "fold"]
Gap: TypeAlias = tuple[int, int, int, int]
"""From and to in the old sequence, from and to in the new one."""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Part of a line."""

    kind: Literal["same", "removed", "added"]
    text: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line, or with `fold` several that are the same. `old` and `new` are what either side shows, `both` the two
    woven into one.
    """

    kind: RowKind
    old: tuple[Piece, ...] = ()
    new: tuple[Piece, ...] = ()
    both: tuple[Piece, ...] = ()
    folded: tuple[str, ...] = ()


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two texts side by side; `cut` when there is more than `MAX_ROWS`."""

    rows: tuple[Row, ...]
    cut: bool

    @property
    def same(self) -> bool:
        """Whether there is no difference."""
        return all(row.kind in ("same", "fold") for row in self.rows)


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """How many words came and went. A word that was moved did neither."""

    added: int
    removed: int


def compare(old: str, new: str) -> Comparison:
    """The lines of both texts in order, unchanged ones far from any change folded."""
    spent = _Spent()
    rows = tuple(islice(_folded(_rows(old.split("\n"), new.split("\n"), spent)), MAX_ROWS + 1))
    return Comparison(rows=rows[:MAX_ROWS], cut=len(rows) > MAX_ROWS)


def pieces(old: str, new: str) -> tuple[Piece, ...]:
    """Both texts woven into one, word by word."""
    return tuple(_woven(_tokens(old), _tokens(new), _Spent()))


def words(old: str, new: str) -> Words:
    """Words that only the new text has, and words that only the old one has."""
    return between(bag(old), bag(new))


def bag(text: str) -> Counter[str]:
    """How often each word stands in a text."""
    return Counter(_WORD.findall(scripts.spread(text)))


def between(before: Counter[str], after: Counter[str]) -> Words:
    """`words`, of texts whose words are counted already."""
    return Words(added=(after - before).total(), removed=(before - after).total())


class _Spent:
    """Steps that were taken so far."""

    cells = 0

    def may(self, cells: int) -> bool:
        """Whether so many more are within the bound; counts them."""
        if cells > _CELLS_AT_ONCE or self.cells + cells > _MOST_CELLS:
            return False
        self.cells += cells
        return True


def _rows(old: Sequence[str], new: Sequence[str], spent: _Spent) -> Iterator[Row]:
    for gap, (old_from, old_to) in _alternating(old, new, spent):
        yield from _changed(old[gap[0] : gap[1]], new[gap[2] : gap[3]], spent)
        yield from (Row(kind="same", both=_whole("same", line)) for line in old[old_from:old_to])


def _alternating(old: Sequence[str], new: Sequence[str], spent: _Spent) -> Iterator[tuple[Gap, tuple[int, int]]]:
    """What differs, then what follows and is the same, again and again; either may be empty."""
    a, b = 0, 0
    for old_at, new_at, length in _runs(old, new, spent):
        yield (a, old_at, b, new_at), (old_at, old_at + length)
        a, b = old_at + length, new_at + length
    yield (a, len(old), b, len(new)), (len(old), len(old))


def _runs(old: Sequence[str], new: Sequence[str], spent: _Spent) -> list[tuple[int, int, int]]:
    """Stretches that both have, in order: where in the old, where in the new, how long."""
    found: list[tuple[int, int]] = []
    waiting: list[tuple[Gap, int]] = [((0, len(old), 0, len(new)), 0)]
    while waiting:
        (a, a_end, b, b_end), depth = waiting.pop()
        while a < a_end and b < b_end and old[a] == new[b]:
            found.append((a, b))
            a, b = a + 1, b + 1
        while a < a_end and b < b_end and old[a_end - 1] == new[b_end - 1]:
            a_end, b_end = a_end - 1, b_end - 1
            found.append((a_end, b_end))
        if a == a_end or b == b_end or a_end - a + b_end - b > _MOST_ITEMS:
            continue
        anchors = _anchors(old, new, (a, a_end, b, b_end)) if depth < _DEEPEST else []
        if anchors:
            ends = [(a - 1, b - 1), *anchors, (a_end, b_end)]
            found += anchors
            waiting += [((x + 1, next_x, y + 1, next_y), depth + 1) for (x, y), (next_x, next_y) in pairwise(ends)]
        elif spent.may((a_end - a) * (b_end - b)):
            found += [(a + x, b + y) for x, y in _longest(old[a:a_end], new[b:b_end])]
    return _joined(sorted(found))


def _joined(found: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    runs: list[tuple[int, int, int]] = []
    for a, b in found:
        if runs and (runs[-1][0] + runs[-1][2], runs[-1][1] + runs[-1][2]) == (a, b):
            runs[-1] = (runs[-1][0], runs[-1][1], runs[-1][2] + 1)
        else:
            runs.append((a, b, 1))
    return runs


def _anchors(old: Sequence[str], new: Sequence[str], gap: Gap) -> list[tuple[int, int]]:
    """What stands once in either, as far as it is in the same order in both: the longest such row."""
    a, a_end, b, b_end = gap
    once_old = {line for line, count in Counter(old[a:a_end]).items() if count == 1}
    once_new = {line for line, count in Counter(new[b:b_end]).items() if count == 1}
    both = once_old & once_new
    places = {new[at]: at for at in range(b, b_end) if new[at] in both}
    pairs = [(at, places[old[at]]) for at in range(a, a_end) if old[at] in both]
    # Patience: each card goes on the leftmost pile whose top is higher, and remembers the top of the pile before.
    tops: list[int] = []
    piles: list[int] = []
    before: list[int] = []
    for number, (_, place) in enumerate(pairs):
        pile = bisect_left(tops, place)
        before.append(piles[pile - 1] if pile else -1)
        tops[pile : pile + 1], piles[pile : pile + 1] = [place], [number]
    row: list[tuple[int, int]] = []
    number = piles[-1] if piles else -1
    while number >= 0:
        row.append(pairs[number])
        number = before[number]
    return row[::-1]


def _longest(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """The longest common subsequence, by the table of its lengths."""
    lengths = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for a in range(len(old) - 1, -1, -1):
        row, below = lengths[a], lengths[a + 1]
        for b in range(len(new) - 1, -1, -1):
            row[b] = below[b + 1] + 1 if old[a] == new[b] else max(below[b], row[b + 1])
    a, b, found = 0, 0, []
    while a < len(old) and b < len(new):
        if old[a] == new[b]:
            found.append((a, b))
            a, b = a + 1, b + 1
        elif lengths[a + 1][b] >= lengths[a][b + 1]:
            a += 1
        else:
            b += 1
    return found


def _changed(old: Sequence[str], new: Sequence[str], spent: _Spent) -> Iterator[Row]:
    """Lines that differ, those that are like each other in one row."""
    a, b = 0, 0
    for old_at, new_at in [*_pairs(old, new, spent), (len(old), len(new))]:
        yield from (
            Row(kind="removed", old=_whole("removed", line), both=_whole("removed", line)) for line in old[a:old_at]
        )
        yield from (Row(kind="added", new=_whole("added", line), both=_whole("added", line)) for line in new[b:new_at])
        if old_at < len(old):
            both = tuple(_woven(_tokens(old[old_at]), _tokens(new[new_at]), spent))
            shown = [tuple(each for each in both if each.kind != hidden) for hidden in ("added", "removed")]
            yield Row(kind="changed", old=shown[0], new=shown[1], both=both)
        a, b = old_at + 1, new_at + 1


def _pairs(old: Sequence[str], new: Sequence[str], spent: _Spent) -> list[tuple[int, int]]:
    """Which old line became which new one, in order, so that as many words as possible stay."""
    if not (old and new and spent.may(len(old) * len(new) * 10)):
        return []
    olds, news = ([bag(line) for line in lines] for lines in (old, new))
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    like = [[_likeness(x, y) for y in news] for x in olds]
    for a in range(len(old) - 1, -1, -1):
        for b in range(len(new) - 1, -1, -1):
            best[a][b] = max(best[a + 1][b], best[a][b + 1], best[a + 1][b + 1] + like[a][b])
    a, b, found = 0, 0, []
    while a < len(old) and b < len(new):
        if like[a][b] and best[a][b] == best[a + 1][b + 1] + like[a][b]:
            found.append((a, b))
            a, b = a + 1, b + 1
        elif best[a][b] == best[a + 1][b]:
            a += 1
        else:
            b += 1
    return found


def _likeness(old: Counter[str], new: Counter[str]) -> float:
    """The share of words that both have; 0 for too few."""
    share = 2 * (old & new).total() / ((old.total() + new.total()) or 1)
    return share if share >= _LIKE else 0.0


def _tokens(line: str) -> list[str]:
    """Words with the space that follows; letters of scripts without spaces one by one."""
    return [scripts.gathered(each) for each in _TOKEN.findall(scripts.spread(line)) if scripts.gathered(each)]


def _woven(old: Sequence[str], new: Sequence[str], spent: _Spent) -> Iterator[Piece]:
    gone, come = "", ""
    for gap, (same_from, same_to) in _alternating(old, new, spent):
        gone += "".join(old[gap[0] : gap[1]])
        come += "".join(new[gap[2] : gap[3]])
        same = "".join(old[same_from:same_to])
        # A comma that stayed between two changed words only makes both harder to read.
        if (gone or come) and same and same_to < len(old) and not _WORD.search(same):
            gone, come = gone + same, come + same
            continue
        if gone and come and same and (space := _space(gone)) == _space(come):
            gone, come, same = gone.removesuffix(space), come.removesuffix(space), space + same
        yield from (Piece(kind="removed", text=gone),) if gone else ()
        yield from (Piece(kind="added", text=come),) if come else ()
        yield from (Piece(kind="same", text=same),) if same else ()
        gone, come = "", ""


def _space(text: str) -> str:
    """What follows its last word."""
    return text[len(text.rstrip()) :]


def _whole(kind: Literal["same", "removed", "added"], line: str) -> tuple[Piece, ...]:
    return (Piece(kind=kind, text=line),)


def _folded(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows, with the middle of each long stretch that is the same as one."""
    groups = [(same, list(group)) for same, group in groupby(rows, key=lambda row: row.kind == "same")]
    for place, (same, group) in enumerate(groups):
        start = CONTEXT if place > 0 else 0
        end = len(group) - (CONTEXT if place < len(groups) - 1 else 0)
        if not same or end - start < 2:
            yield from group
            continue
        yield from group[:start]
        yield Row(kind="fold", folded=tuple(row.both[0].text for row in group[start:end]))
        yield from group[end:]
