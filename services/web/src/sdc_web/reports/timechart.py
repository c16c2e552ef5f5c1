"""The course of a period as points of an SVG, computed here so that the page needs no script. Pure functions.

Each step of the period has a column of equal width, its point in the middle; what has not begun yet has none.
"""

from collections.abc import Callable, Sequence

import msgspec

WIDTH = 1_000
HEIGHT = 240
TOP = 6
"""Space above the highest point, so that its line is not cut."""
LABELS = 5
_NICE = (1, 2, 2.5, 5, 10)


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One step: what a pointer over it reads, where a click leads, and what happened then."""

    label: str
    value: int | None
    before: int | None
    words: str
    before_words: str
    url: str
    happened: list[str]
    late: bool


class TimeChart(msgspec.Struct, frozen=True, kw_only=True):
    """`line`, `before_line` and `area` are `x,y` pairs separated by spaces, `open_line` leads to a step that is not
    over; y grows downwards. `scale` is the top of the axis and its middle, `marks` are the x of what happened, `words`
    say the same in a sentence.
    """

    width: int
    height: int
    line: str
    open_line: str
    before_line: str
    area: str
    marks: list[str]
    scale: tuple[str, str]
    labels: list[str]
    columns: list[Column]
    words: str


def draw(
    columns: Sequence[Column], amount: Callable[[int], str], *, what: str, step: str, unfinished: bool
) -> TimeChart:
    """The chart of at least one column. `amount` writes a value, `what` names them, `step` is one of a period's; when
    the last one begun is not over it is `unfinished`.
    """
    values = [each.value for each in columns if each.value is not None]
    before = [each.before for each in columns if each.before is not None]
    top = nice(max([*values, *before], default=0))
    points = _points(values, len(columns), top)
    closed = points[:-1] if unfinished and len(points) > 1 else points
    first = points[0].partition(",")[0] if points else "0"
    last = points[-1].partition(",")[0] if points else "0"
    peak = max(values, default=0)
    return TimeChart(
        width=WIDTH,
        height=HEIGHT,
        line=" ".join(closed if len(points) > 1 else _flat(points)),
        open_line=" ".join(points[-2:]) if closed is not points else "",
        before_line=" ".join(_points(before, len(columns), top)),
        area=f"{first},{HEIGHT} {' '.join(points)} {last},{HEIGHT}" if len(points) > 1 else "",
        marks=[_middle(place, len(columns)) for place, each in enumerate(columns) if each.happened],
        scale=(amount(top), amount(top // 2) if top % 2 == 0 else ""),
        labels=_spread([each.label for each in columns]),
        columns=list(columns),
        words=f"{amount(sum(values))} {what} from {columns[0].label} to {columns[-1].label}, "
        f"at most {amount(peak)} a {step}",
    )


def nice(value: int) -> int:
    """The end of an axis that holds the value: a round number, at least 4."""
    size = 1
    while size * 10 < value:
        size *= 10
    return max(4, next(int(size * each) for each in _NICE if size * each >= value))


def _points(values: Sequence[int], steps: int, top: int) -> list[str]:
    return [
        f"{_middle(place, steps)},{_round(HEIGHT - (HEIGHT - TOP) * value / top)}" for place, value in enumerate(values)
    ]


def _flat(points: Sequence[str]) -> list[str]:
    """A line through the only point there is."""
    return [f"{x},{point.partition(',')[2]}" for point in points for x in (0, WIDTH)]


def _middle(place: int, steps: int) -> str:
    return _round((place + 0.5) * WIDTH / steps)


def _spread(labels: list[str]) -> list[str]:
    """At most `LABELS` of them at equal distances, the first and the last among them."""
    if len(labels) <= LABELS:
        return labels
    return [labels[round(place * (len(labels) - 1) / (LABELS - 1))] for place in range(LABELS)]


def _round(coordinate: float) -> str:
    return f"{coordinate:.1f}".removesuffix(".0")
