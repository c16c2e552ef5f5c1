"""Answers that need not be worked out again: of sealed days they never change, of others until more comes."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import TypeAlias

from sdc_core import metrics
from sdc_core.metrics import Family

Cell: TypeAlias = str | int | float | None
Table: TypeAlias = list[tuple[Cell, ...]]
Key: TypeAlias = tuple[object, ...]

MOST_CELLS = 400_000
"""Of all answers together: some 40 MB at the worst."""


class Kept:
    """Answers by question and by what it was asked of, those used last; at most `MOST_CELLS` of them."""

    __slots__ = ("_cells", "_tables", "hits", "misses")

    def __init__(self) -> None:
        self._tables: OrderedDict[Key, Table] = OrderedDict()
        self._cells = 0
        self.hits = 0
        self.misses = 0

    def get(self, key: Key) -> Table | None:
        """The answer, which its reader leaves as it is."""
        if (table := self._tables.get(key)) is None:
            self.misses += 1
        else:
            self.hits += 1
            self._tables.move_to_end(key)
        return table

    def put(self, key: Key, table: Table) -> None:
        """Keep an answer, unless it alone would push out most others."""
        if key in self._tables or _cells(table) > MOST_CELLS // 4:
            return
        self._tables[key] = table
        self._cells += _cells(table)
        while self._cells > MOST_CELLS:
            _, oldest = self._tables.popitem(last=False)
            self._cells -= _cells(oldest)

    def figures(self) -> list[Family]:
        """How full it is, and how often it spared the work."""
        return [
            metrics.single("gauge", "sdc_kept_answers_cells", "Cells of answers that are kept.", self._cells),
            metrics.single("counter", "sdc_kept_answers_hits_total", "Answers that were kept.", self.hits),
            metrics.single("counter", "sdc_kept_answers_misses_total", "Answers that were not.", self.misses),
        ]

    def clear(self) -> None:
        """Forget everything."""
        self._tables.clear()
        self._cells = 0


def key(sql: str, values: Mapping[str, Cell], *asked_of: object) -> Key:
    """Of a question and of the files and days that it is asked of."""
    return (sql, tuple(sorted(values.items(), key=lambda each: each[0])), *asked_of)


def added(one: Table, other: Table, keys: int) -> Table:
    """Two tables as one: rows whose first `keys` columns are equal become one row, with the sums of the others."""
    sums: dict[tuple[Cell, ...], tuple[Cell, ...]] = {}
    for row in (*one, *other):
        name, numbers = row[:keys], row[keys:]
        before = sums.get(name)
        sums[name] = numbers if before is None else tuple(map(_sum, before, numbers))
    return [name + numbers for name, numbers in sums.items()]


def _sum(one: Cell, other: Cell) -> Cell:
    assert not isinstance(one, str)  # noqa: S101 - a figure, or nothing
    assert not isinstance(other, str)  # noqa: S101
    return (one or 0) + (other or 0)


def _cells(table: Table) -> int:
    return 1 + len(table) * (len(table[0]) if table else 0)
