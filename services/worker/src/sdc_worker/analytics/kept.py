"""Answers that need not be worked out again: of sealed days they never change, of others until more comes."""

import sys
from collections import OrderedDict
from collections.abc import Mapping
from typing import TypeAlias

from sdc_core import metrics
from sdc_core.metrics import Family

Cell: TypeAlias = str | int | float | None
Table: TypeAlias = list[tuple[Cell, ...]]
Key: TypeAlias = tuple[object, ...]

MOST_BYTES = 40_000_000
"""Of all answers together; one may take half of it, as the figures of 60,000 paths do."""
_SHARED = 256
"""Python has each number up to this one once."""
_SAMPLE = 64
"""Rows that are weighed of an answer: of all, it would take as long as the answer itself."""


class Kept:
    """Answers by question and by what it was asked of, those used last; at most `MOST_BYTES` of them."""

    __slots__ = ("_bytes", "_tables", "hits", "misses")

    def __init__(self) -> None:
        self._tables: OrderedDict[Key, Table] = OrderedDict()
        self._bytes = 0
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
        """Keep an answer, unless it alone would push out most others. What it takes is reckoned."""
        if key in self._tables or weight_bytes(table) > MOST_BYTES // 2:
            return
        self._tables[key] = table
        self._bytes += weight_bytes(table)
        while self._bytes > MOST_BYTES:
            _, oldest = self._tables.popitem(last=False)
            self._bytes -= weight_bytes(oldest)

    def figures(self) -> list[Family]:
        """How full it is, and how often it spared the work."""
        return [
            metrics.single("gauge", "sdc_kept_answers_bytes", "Memory of answers that are kept.", self._bytes),
            metrics.single("counter", "sdc_kept_answers_hits_total", "Answers that were kept.", self.hits),
            metrics.single("counter", "sdc_kept_answers_misses_total", "Answers that were not.", self.misses),
        ]

    def clear(self) -> None:
        """Forget everything."""
        self._tables.clear()
        self._bytes = 0


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


def weight_bytes(table: Table) -> int:
    """What an answer takes of the memory, reckoned from some of its rows."""
    rows = table[:: max(1, len(table) // _SAMPLE)]
    weighed = sum(sys.getsizeof(row) + sum(map(_weight_bytes, row)) for row in rows)
    return sys.getsizeof(table) + (len(table) * weighed // len(rows) if rows else 0)


def _weight_bytes(cell: Cell) -> int:
    """Nothing and small numbers, of which most rows of a long table consist, are there once for all."""
    return 0 if cell is None or (isinstance(cell, int) and 0 <= cell <= _SHARED) else sys.getsizeof(cell)
