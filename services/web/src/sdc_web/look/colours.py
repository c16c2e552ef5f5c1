"""Colours as numbers: sRGB and OKLCH, how far two of them stand apart, and one that can be read on others.

OKLab by Björn Ottosson (2020), as CSS Color 4 has it; contrast as WCAG 2.2 defines it.
"""

import math
from collections.abc import Iterable

import msgspec

READABLE, EASY = 4.5, 7.0
"""Contrast of text, WCAG 2.2 success criteria 1.4.3 and 1.4.6."""
_STEPS = 24


class Oklch(msgspec.Struct, frozen=True):
    """`lightness` 0 to 1, `chroma` from 0 to about 0.4, `hue` in degrees."""

    lightness: float
    chroma: float
    hue: float

    def css(self) -> str:
        """`oklch(0.46 0.095 172)`."""
        return f"oklch({self.lightness:.4g} {self.chroma:.4g} {self.hue:.4g})"


def from_hex(text: str) -> Oklch:
    """Of `#rrggbb`; ValueError for anything else."""
    if len(text) != 7 or text[0] != "#":
        raise ValueError(text)
    red, green, blue = (_linear(number / 255) for number in bytes.fromhex(text[1:]))
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return Oklch(lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360)


def to_srgb(colour: Oklch) -> tuple[int, int, int]:
    """Red, green and blue from 0 to 255; what a screen cannot show is cut off."""
    red, green, blue = (round(_encoded(min(max(part, 0.0), 1.0)) * 255) for part in _linear_srgb(colour))
    return red, green, blue


def contrast(one: Oklch, other: Oklch) -> float:
    """1 for the same lightness, 21 for black and white."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable(wanted: Oklch, on: Iterable[Oklch], *, dark: bool) -> Oklch:
    """The wanted colour, or the nearest darker one of its hue that stands at `READABLE` from each of these surfaces;
    where they are `dark` the nearest lighter one at `EASY`, since thin light letters need more. Screens show it.
    """
    least = EASY if dark else READABLE
    surfaces = tuple(on)
    near, far = shown(wanted), shown(Oklch(1.0 if dark else 0.0, wanted.chroma, wanted.hue))
    if _least(near, surfaces) >= least:
        return near
    low, high = near.lightness, far.lightness
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _least(shown(Oklch(middle, wanted.chroma, wanted.hue)), surfaces) >= least:
            high = middle
        else:
            low = middle
    # Rounded for CSS, away from the surfaces.
    rounded = math.ceil(high * 1000) / 1000 if dark else math.floor(high * 1000) / 1000
    return shown(Oklch(rounded, wanted.chroma, wanted.hue))


def shown(colour: Oklch) -> Oklch:
    """The colour with as much of its chroma as sRGB has at that lightness and hue."""
    if _fits(colour):
        return colour
    low, high = 0.0, colour.chroma
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _fits(Oklch(colour.lightness, middle, colour.hue)):
            low = middle
        else:
            high = middle
    return Oklch(colour.lightness, math.floor(low * 10_000) / 10_000, colour.hue)


def _least(colour: Oklch, surfaces: Iterable[Oklch]) -> float:
    return min(contrast(colour, each) for each in surfaces)


def _fits(colour: Oklch) -> bool:
    return all(-0.0005 <= part <= 1.0005 for part in _linear_srgb(colour))


def _luminance(colour: Oklch) -> float:
    """As a screen shows it, in eight bits."""
    red, green, blue = (_linear(part / 255) for part in to_srgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear_srgb(colour: Oklch) -> tuple[float, float, float]:
    a = colour.chroma * math.cos(math.radians(colour.hue))
    b = colour.chroma * math.sin(math.radians(colour.hue))
    long = (colour.lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (colour.lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (colour.lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _encoded(part: float) -> float:
    return part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055
