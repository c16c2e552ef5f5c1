"""Charts as points of an SVG polyline, computed here so that the page needs no script. Pure functions."""

from collections.abc import Sequence

import msgspec

WIDTH = 600
HEIGHT = 120
TOP = 4
"""Space above the highest point, so that its line is not cut."""


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """`line` and `area` are `x,y` pairs separated by spaces; y grows downwards. `words` says the same in a sentence."""

    width: int
    height: int
    line: str
    area: str
    first_label: str
    peak_label: str
    last_label: str
    words: str


def chart(values: Sequence[int], labels: Sequence[str], *, what: str, step: str) -> Chart:
    """A line over equal steps. `what` names the values, `step` one step: "page views", "day"."""
    if not values:
        values, labels = [0], ["nothing"]
    peak = max(values)
    xs = [_round(index * WIDTH / max(1, len(values) - 1)) for index in range(len(values))]
    ys = [_round(HEIGHT - (HEIGHT - TOP) * value / peak) if peak else str(HEIGHT) for value in values]
    if len(values) == 1:
        xs, ys = ["0", str(WIDTH)], ys * 2
    line = " ".join(f"{x},{y}" for x, y in zip(xs, ys, strict=True))
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        line=line,
        area=f"0,{HEIGHT} {line} {WIDTH},{HEIGHT}",
        first_label=labels[0],
        peak_label=f"at most {peak:,} a {step}".replace(",", "\u202f"),
        last_label=labels[-1],
        words=f"{sum(values)} {what} from {labels[0]} to {labels[-1]}, at most {peak} a {step}",
    )


def shares(values: Sequence[int]) -> list[int]:
    """Each value as a percentage of the largest, 0 to 100."""
    largest = max(values, default=0)
    return [round(100 * value / largest) if largest else 0 for value in values]


def _round(coordinate: float) -> str:
    return f"{coordinate:.1f}".removesuffix(".0")
