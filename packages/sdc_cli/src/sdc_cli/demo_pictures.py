"""The pictures of `sdc up --demo`, drawn: hills at dusk, the sea at noon, moss, and three barometers."""

import io
import math
from collections.abc import Iterator
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

Colour = tuple[int, int, int]
WIDTH, HEIGHT = 1600, 1000
_FINER = 2
"""Drawn so many times as large: edges are smooth once it is made smaller."""
_GRAIN, _SHOWN = 28, 0.06
_QUALITY = 92


def draw(name: str) -> bytes:
    """One of `SCENES` as JPEG. Blocking: a second."""
    drawn = SCENES[name](Random(name)).resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)  # noqa: S311 - no secret
    grain = Image.effect_noise(drawn.size, _GRAIN).convert("RGB")
    file = io.BytesIO()
    Image.blend(drawn, ImageChops.overlay(drawn, grain), _SHOWN).save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def _dusk(random: Random) -> Image.Image:
    """Six ridges, each nearer one darker, and below them a lake that shows the sky again."""
    width, height, shore = WIDTH * _FINER, HEIGHT * _FINER, int(HEIGHT * _FINER * 0.74)
    sky = _ramp((width, shore), (26, 34, 82), (190, 96, 108), (253, 184, 102))
    _glow(sky, (int(width * 0.66), int(shore * 0.68)), int(shore * 0.95), (255, 222, 150))
    _disc(sky, (int(width * 0.66), int(shore * 0.68)), shore // 22, (255, 240, 206))
    for number in range(6):
        share = number / 5
        colour = _between((182, 104, 116), (22, 20, 44), share)
        line = [(x, shore * (0.62 + 0.36 * share) + y * (0.5 + share)) for x, y in _ridge(random, width, shore // 9)]
        ImageDraw.Draw(sky).polygon([(0, shore), *line, (width, shore)], fill=colour)
    lake = ImageOps.flip(sky.crop((0, shore - (height - shore), width, shore)))
    lake = Image.blend(lake, Image.new("RGB", lake.size, (26, 30, 66)), 0.3).filter(ImageFilter.BoxBlur((24, 3)))
    for _ in range(90):
        y = int((height - shore) * random.random() ** 1.5)
        x, length = random.randrange(width), random.randrange(100, 500)
        ImageDraw.Draw(lake, "RGBA").line([(x, y), (x + length, y)], fill=(255, 214, 160, 40), width=3)
    whole = Image.new("RGB", (width, height))
    whole.paste(sky, (0, 0))
    whole.paste(lake, (0, shore))
    return whole


def _noon(random: Random) -> Image.Image:
    """Clouds over the sea, and one sail."""
    width, height, horizon = WIDTH * _FINER, HEIGHT * _FINER, int(HEIGHT * _FINER * 0.66)
    whole = _ramp((width, height), (58, 122, 190), (150, 196, 226), (238, 240, 232))
    white = Image.new("RGB", (width, height), (255, 253, 246))
    whole.paste(white, mask=_clouds(random, (width, height)))
    sea = _ramp((width, height - horizon), (72, 136, 170), (34, 96, 140), (16, 62, 104))
    for _ in range(1_400):
        depth = random.random()
        x, y = random.randrange(width), int((height - horizon) * depth**2)
        length = int(16 + 120 * depth)
        light = (255, 255, 255, 20 + int(50 * random.random()))
        ImageDraw.Draw(sea, "RGBA").line([(x, y), (x + length, y)], fill=light, width=2 + int(5 * depth))
    whole.paste(sea, (0, horizon))
    x, y, size = int(width * 0.3), horizon + 30, 190
    pen = ImageDraw.Draw(whole)
    pen.polygon([(x, y - size), (x, y), (x + size * 0.46, y)], fill=(252, 250, 242))
    pen.polygon([(x - 10, y - size * 0.86), (x - 10, y), (x - size * 0.3, y)], fill=(232, 232, 226))
    pen.polygon([(x - 80, y + 8), (x + 100, y + 8), (x + 70, y + 34), (x - 56, y + 34)], fill=(122, 58, 40))
    return whole


def _moss(random: Random) -> Image.Image:
    """Cushions, the nearer ones larger and lighter, with dew on them."""
    width, height = WIDTH * _FINER, HEIGHT * _FINER
    whole = _ramp((width, height), (10, 22, 16), (18, 40, 24), (26, 52, 28))
    for number in range(480):
        share = number / 479
        x, y = random.randrange(width), int(height * (share * 1.16 - 0.14))
        radius = int((70 + 210 * share) * (0.6 + 0.8 * random.random()))
        colour = _between((38, 74, 36), (156, 186, 74), share * 0.6 + 0.4 * random.random())
        _disc(whole, (x, y + radius), int(radius * 1.08), _between(colour, (8, 18, 12), 0.75))
        _disc(whole, (x, y + radius), radius, _between(colour, (14, 34, 18), 0.5))
        _glow(whole, (x - radius // 5, y + int(radius * 0.65)), int(radius * 0.95), colour)
    fuzz = Image.effect_noise((width // 3, height // 3), 90).resize((width, height)).convert("RGB")
    whole = Image.blend(whole, ImageChops.overlay(whole, fuzz), 0.6)
    for _ in range(60):
        x, y, radius = random.randrange(width), random.randrange(height), random.randrange(4, 11)
        _glow(whole, (x, y), radius * 4, (222, 238, 190))
        _disc(whole, (x, y), radius, (246, 252, 232))
    return whole


def _brass(random: Random) -> Image.Image:
    """Three dials on wood, each with its needle elsewhere."""
    width, height = WIDTH * _FINER, HEIGHT * _FINER
    whole = _ramp((width, height), (84, 54, 34), (66, 40, 25), (44, 26, 16))
    wood = Image.effect_noise((12, height // 5), 80).resize((width, height), Image.Resampling.BICUBIC).convert("RGB")
    whole = Image.blend(whole, ImageChops.overlay(whole, wood), 0.5)
    for number, share in enumerate((0.2, 0.5, 0.8)):
        _dial(whole, (int(width * share), height // 2), int(width * 0.128), -70 + 65 * number + 20 * random.random())
    return whole


def _dial(whole: Image.Image, centre: tuple[int, int], radius: int, needle: float) -> None:
    """A barometer; its needle points where degrees from the top, clockwise, say."""
    x, y = centre
    shadow = Image.new("L", whole.size)
    _disc(shadow, (x + radius // 9, y + radius // 6), int(radius * 1.05), 170)
    whole.paste((16, 9, 5), mask=shadow.filter(ImageFilter.GaussianBlur(radius // 9)))
    for share, light, dark in ((1.0, (250, 224, 150), (112, 76, 26)), (0.9, (112, 76, 26), (240, 206, 128))):
        size = int(radius * share)
        metal = _ramp((2 * size, 2 * size), light, _between(light, dark, 0.6), dark).rotate(38)
        round_ = Image.new("L", metal.size)
        _disc(round_, (size, size), size - 1, 255)
        core = metal.crop((size // 3, size // 3, 2 * size - size // 3, 2 * size - size // 3)).resize(metal.size)
        whole.paste(core, (x - size, y - size), round_)
    _disc(whole, centre, int(radius * 0.83), (244, 238, 220))
    pen = ImageDraw.Draw(whole)
    for tick in range(0, 271, 6):
        inner, wide = (0.66, 9) if tick % 30 == 0 else (0.72, 4)
        pen.line([_at(centre, radius * inner, tick - 135), _at(centre, radius * 0.78, tick - 135)], (52, 44, 38), wide)
    pen.line([_at(centre, radius * 0.2, needle + 180), _at(centre, radius * 0.7, needle)], (40, 52, 92), 16)
    _disc(whole, centre, radius // 14, (150, 108, 44))


def _at(centre: tuple[int, int], radius: float, degrees: float) -> tuple[float, float]:
    turned = math.radians(degrees)
    return centre[0] + radius * math.sin(turned), centre[1] - radius * math.cos(turned)


def _ramp(size: tuple[int, int], top: Colour, middle: Colour, bottom: Colour) -> Image.Image:
    grey = Image.linear_gradient("L").resize(size, Image.Resampling.BICUBIC)
    return ImageOps.colorize(grey, top, bottom, middle)


def _glow(image: Image.Image, centre: tuple[int, int], radius: int, colour: Colour) -> None:
    """Light that fades out at that distance."""
    fading = ImageOps.invert(Image.radial_gradient("L")).point(lambda grey: max(0, grey - 75) ** 2 // 128)
    place = (centre[0] - radius, centre[1] - radius)
    image.paste(Image.new("RGB", (2 * radius, 2 * radius), colour), place, fading.resize((2 * radius, 2 * radius)))


def _disc(image: Image.Image, centre: tuple[int, int], radius: int, colour: Colour | int) -> None:
    x, y = centre
    ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _ridge(random: Random, width: int, height: int) -> Iterator[tuple[float, float]]:
    """The line of mountains: waves upon waves, each half as long and half as high."""
    waves = [(2**n, random.random() * math.tau) for n in range(9)]
    for x in range(0, width + 8, 8):
        yield x, height * sum(math.sin(x / width * 4 * often + phase) / often for often, phase in waves)


def _clouds(random: Random, size: tuple[int, int]) -> Image.Image:
    """Where they are, as a mask: rounder the higher."""
    mask = Image.new("L", (size[0] // 4, size[1] // 4))
    for x, y, wide in ((0.17, 0.29, 0.11), (0.58, 0.31, 0.15), (0.85, 0.42, 0.09), (0.4, 0.5, 0.07)):
        for _ in range(60):
            across = random.gauss(0, 0.5)
            up = abs(random.gauss(0, 0.35)) * (1 - min(1.0, abs(across)))
            radius = mask.width * wide * (0.12 + 0.16 * random.random())
            middle = (int(mask.width * (x + wide * across)), int(mask.height * y - mask.width * wide * up))
            _disc(mask, middle, int(radius), 150 + random.randrange(90))
    return mask.filter(ImageFilter.GaussianBlur(4)).resize(size, Image.Resampling.BICUBIC)


def _between(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


SCENES = {"dusk": _dusk, "noon": _noon, "moss": _moss, "brass": _brass}
