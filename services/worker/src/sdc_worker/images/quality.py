"""The quality that one photograph needs: as low as it may be while the picture still looks like its source.

One fixed number serves no picture: what is barely enough for a meadow is twice too much for a sky. So each format is
tried at a few numbers on one middle size, with its quickest encoder, and compared with the source.
"""

from io import BytesIO
from math import log10

import msgspec
from PIL import Image
from sdc_core.variants import USUAL_AIM, Format

from sdc_worker.images import encode
from sdc_worker.images.encode import Settings
from sdc_worker.images.likeness import unlikeness

WIDTH = 960
STRIPS = 3
STRIP_ROWS = 128
CLOSE = 1.0


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers that a format may get, how many are tried at most, and how unlikeness reads as a score: `at -
    per_decade * log10(unlikeness)`, fitted on photographs.
    """

    lowest: int
    highest: int
    probes: int
    at: float
    per_decade: float


SCALES: dict[Format, Scale] = {
    "avif": Scale(lowest=36, highest=76, probes=2, at=29.5, per_decade=27.1),
    "webp": Scale(lowest=50, highest=92, probes=2, at=36.9, per_decade=21.0),
    "jpeg": Scale(lowest=50, highest=92, probes=3, at=39.4, per_decade=20.4),
}
USUAL = 76
"""Where JPEG begins, which is the cheapest to try; its number tells where the others do, AVIF's within three: fitted on
photographs."""
PROBE_SPEED = 9
PROBE_EFFORT = 2


def chosen(pixels: Image.Image, aim: int = USUAL_AIM) -> Settings:
    """Settings for all sizes of a photograph to reach one of `variants.AIMS`, tried on pixels about `WIDTH` wide."""
    sample = _sample(pixels.convert("RGB"))
    jpeg = _search(sample, "jpeg", USUAL, aim)
    avif = _search(sample, "avif", round(59 + 0.9 * (jpeg - USUAL)), aim)
    webp = _search(sample, "webp", round(84 + 0.7 * (jpeg - USUAL)), aim)
    return Settings(avif=avif, webp=webp, jpeg=jpeg)


def _sample(pixels: Image.Image) -> Image.Image:
    """What is compared: strips from above, from the middle and from below, so that no sky speaks for its meadow."""
    width, height = pixels.size
    if height <= STRIPS * STRIP_ROWS:
        return pixels
    sample = Image.new("RGB", (width, STRIPS * STRIP_ROWS))
    for number in range(STRIPS):
        top = (height - STRIP_ROWS) * (2 * number + 1) // (2 * STRIPS)
        sample.paste(pixels.crop((0, top, width, top + STRIP_ROWS)), (0, number * STRIP_ROWS))
    return sample


def _search(sample: Image.Image, format_: Format, first: int, aim: int) -> int:
    """Secant steps between the numbers allowed: score rises nearly straight with quality near the aim."""
    scale = SCALES[format_]
    tried: list[tuple[int, float]] = []
    quality = min(scale.highest, max(scale.lowest, first))
    for _ in range(scale.probes):
        tried.append((quality, _score(sample, format_, quality, scale)))
        following = _next(tried, scale, aim)
        if following == quality or abs(tried[-1][1] - aim) < CLOSE:
            return following
        quality = following
    return quality


def _next(tried: list[tuple[int, float]], scale: Scale, aim: int) -> int:
    quality, score = tried[-1]
    slope = 0.45
    if len(tried) > 1 and tried[-2][0] != quality:
        slope = min(1.5, max(0.15, (score - tried[-2][1]) / (quality - tried[-2][0])))
    wanted = round(quality + (aim - score) / slope)
    return min(scale.highest, max(scale.lowest, wanted))


def _score(sample: Image.Image, format_: Format, quality: int, scale: Scale) -> float:
    buffer = BytesIO()
    settings = Settings(avif=quality, webp=quality, jpeg=quality, speed=PROBE_SPEED, effort=PROBE_EFFORT)
    encode.save(sample, buffer, format_, settings)
    with Image.open(buffer, formats=(encode.PILLOW_FORMATS[format_],)) as coded:
        lost = unlikeness(sample, coded.convert("RGB"))
    return scale.at - scale.per_decade * log10(max(lost, 1e-6))
