"""The files of `sdc up --demo` that are no pictures: drops that fall into a barrel, and a case to print."""

import io
import math
import struct
import wave
from collections.abc import Callable, Iterator
from random import Random

RATE_HZ, LENGTH_S = 16_000, 6
_DROPS = 26
Box = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
"""From where to where along each axis, in millimetres."""
WALL_MM, DEPTH_MM, PLACES = 2.0, 24.0, 3
PLACE_MM = 62.0


def drops() -> bytes:
    """A WAV of one channel: each drop is a tone that rises as its bubble closes (M. Minnaert, 1933), and dies away."""
    random = Random("drops")  # noqa: S311 - no secret
    heard = [0.0] * (RATE_HZ * LENGTH_S)
    for _ in range(_DROPS):
        begin, tone_hz, loud = random.randrange(len(heard)), random.uniform(500, 1_900), random.uniform(0.15, 0.6)
        for at in range(min(RATE_HZ // 5, len(heard) - begin)):
            seconds = at / RATE_HZ
            turned = 2 * math.pi * tone_hz * seconds * (1 + 1.5 * seconds)
            heard[begin + at] += loud * math.exp(-28 * seconds) * math.sin(turned)
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        written.writeframes(b"".join(struct.pack("<h", int(32_000 * max(-1.0, min(1.0, each)))) for each in heard))
    return file.getvalue()


def case() -> bytes:
    """An STL in ASCII: a tray with a place for each of three barometers."""
    facets = [facet for box in _boxes() for facet in _facets(box)]
    return "\n".join(["solid case", *facets, "endsolid case", ""]).encode()


FILES: dict[str, tuple[str, Callable[[], bytes]]] = {"drops": ("Drops.wav", drops), "case": ("Case.stl", case)}
"""What each is called, and what makes it."""


def _boxes() -> Iterator[Box]:
    wide = PLACES * PLACE_MM + (PLACES + 1) * WALL_MM
    deep = PLACE_MM + 2 * WALL_MM
    yield (0, wide), (0, deep), (0, WALL_MM)
    for number in range(PLACES + 1):
        left = number * (PLACE_MM + WALL_MM)
        yield (left, left + WALL_MM), (0, deep), (0, DEPTH_MM)
    for front in (0.0, deep - WALL_MM):
        yield (0, wide), (front, front + WALL_MM), (0, DEPTH_MM)


def _facets(box: Box) -> Iterator[str]:
    """Two triangles for each side, their corners counted so that the outside is in front."""
    for axis in range(3):
        across, up = (axis + 1) % 3, (axis + 2) % 3
        for end in (0, 1):
            corners = [(0, 0), (1, 0), (1, 1), (0, 1)] if end else [(0, 0), (0, 1), (1, 1), (1, 0)]
            points = []
            for one, two in corners:
                point = [0.0, 0.0, 0.0]
                point[axis], point[across], point[up] = box[axis][end], box[across][one], box[up][two]
                points.append(" ".join(f"{each:g}" for each in point))
            normal = " ".join(str((2 * end - 1) * (each == axis)) for each in range(3))
            for three in ((0, 1, 2), (0, 2, 3)):
                loop = " ".join(f"vertex {points[each]}" for each in three)
                yield f"facet normal {normal} outer loop {loop} endloop endfacet"
