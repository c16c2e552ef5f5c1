"""The picture that stands for a post where a link to it is shared: its title in the type and the colours of the site;
and the site's icon.

Run as a file it is the child that draws one, a card or an icon as JSON in, a PNG out, and loads nothing else of ours.
So a process of web has neither Pillow nor open faces, which would be a sixth of what it holds.
"""

import resource
import sys
import unicodedata
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

WIDTH, HEIGHT = 1200, 630
LOOK = 1
"""Raised when cards come to look different: their addresses then change."""
_MARGIN, _COLUMN = 80, WIDTH - 160
_PAPER = (0xF9, 0xFB, 0xFB)
_INKS = ((0x1A, 0x24, 0x2D), (0x4F, 0x5A, 0x61))
"""`--ink` and `--ink-soft` of the light theme, as sRGB; the accent is the site's."""
_INK, _SOFT, _ACCENT = range(3)
_SHADES = 64
_SITE_AT, _RULER_AT, _TITLE_FROM, _TITLE_TO, _NOTE_AT = 104, 146, 176, 506, 566
_TICK, _TALL = 13, 5
_SITE_SIZE, _NOTE_SIZE = 36, 32
_SIZES = (96, 88, 80, 72, 64, 57, 51, 46, 41)
_MEASURED = 100
_LEADING = 1.16
_WEIGHT, _BOLD = 400, 640
_FACES = ("latin-ext", "cyrillic", "greek", "vietnamese")
"""What the site's own file lacks, which is cut to Western Europe for the sake of visitors; none of it is served."""
_NOWHERE = "\U0010fffd"
"""A letter that no face has: each shows its own sign for that."""
_FONTS = Path(__file__).with_name("fonts")
_FONT_OF_THE_SITE = Path(__file__).parents[1] / "static" / "fonts" / "literata-roman.woff2"
_ICON_SCALE, _LETTER, _CORNER = 4, 0.66, 0.2
"""An icon is drawn larger and made smaller, so that its edges are smooth; letter and corner are parts of its width."""
_MASKED_FROM = 180
"""From this size on, home screens cut icons to a shape of their own."""
_MEMORY_BYTES = 1024**3
_PROCESSOR_S = 10


class Icon(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The site's icon: a letter on a square of the site's colour in sRGB, so many pixels wide."""

    letter: str
    size: int
    accent: tuple[int, int, int]


class Card(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What a card says; `note` is the line at its foot, `minutes` the reading time, 0 for none, `accent` the
    site's colour in sRGB.
    """

    title: str
    site: str
    note: str
    minutes: int
    accent: tuple[int, int, int]
    look: int = LOOK


def main() -> None:
    """Draw the card or icon that is read; the bounds are for what nobody has foreseen."""
    resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_S, _PROCESSOR_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    wanted = msgspec.json.decode(sys.stdin.buffer.read(), type=Card | Icon)
    sys.stdout.buffer.write(draw(wanted) if isinstance(wanted, Card) else draw_icon(wanted))


def draw_icon(icon: Icon) -> bytes:
    """A PNG, its corners round where nobody else rounds them; nothing where the type has no such letter."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - for those who never draw

    face = _face(icon.letter)
    if face is None:
        return b""
    size = icon.size * _ICON_SCALE
    drawn = Image.new("RGB", (size, size), icon.accent)
    font = _font(face, round(size * _LETTER), _BOLD)
    left, top, right, bottom = font.getbbox(icon.letter, anchor="ls")
    # In the middle by its ink, which letters without descenders would miss by their box.
    at = ((size - left - right) / 2, (size - top - bottom) / 2)
    ImageDraw.Draw(drawn).text(at, icon.letter, font=font, fill=(0xFF, 0xFF, 0xFF), anchor="ls")
    if icon.size < _MASKED_FROM:
        shape = Image.new("L", (size, size))
        ImageDraw.Draw(shape).rounded_rectangle((0, 0, size - 1, size - 1), radius=round(size * _CORNER), fill=255)
        drawn.putalpha(shape)
    written = BytesIO()
    drawn.resize((icon.size, icon.size), Image.Resampling.LANCZOS).save(written, "PNG", optimize=True)
    return written.getvalue()


def draw(card: Card) -> bytes:
    """A PNG of 1200 x 630 pixels and some kilobytes."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - for those who never draw

    shades = Image.new("L", (WIDTH, HEIGHT))
    pen = ImageDraw.Draw(shades)
    site, title, note = _printable(card.site), _printable(card.title), _printable(card.note)
    # A title in a script that the type has not got is left to the words beside the picture.
    if title:
        _line(pen, _SITE_SIZE, _BOLD, _SITE_AT, _cut(site, _SITE_SIZE, 1)[0])
    _title(pen, title or site)
    _line(pen, _NOTE_SIZE, _WEIGHT, _NOTE_AT, _cut(note, _NOTE_SIZE, 1)[0])
    # Each strip has an ink of its own, so that one layer of coverage is enough for all.
    for top, bottom, ink in (
        (0, _RULER_AT, _ACCENT),
        (_RULER_AT, _TITLE_TO, _INK if title else _ACCENT),
        (_TITLE_TO, HEIGHT, _SOFT),
    ):
        strip = (0, top, WIDTH, bottom)
        shades.paste(shades.crop(strip).point(_ramp(ink)), strip)
    _ruler(pen, card.minutes)
    return _png(shades, card.accent)


def _ruler(pen: "ImageDraw", minutes: int) -> None:
    """The site's ruler, with a tick in colour for each minute that the text takes."""
    for tick in range(_COLUMN // _TICK + 1):
        left, height = _MARGIN + tick * _TICK, 18 if tick % _TALL == 0 else 9
        width, shade = (2, _ramp(_ACCENT)[255]) if tick < minutes else (1, _ramp(_SOFT)[90])
        pen.rectangle((left, _RULER_AT - height, left + width, _RULER_AT), fill=shade)


def _title(pen: "ImageDraw", title: str) -> None:
    """As large as fits between ruler and note, in lines of like length."""
    size, lines = _set(title)
    height = size * _LEADING
    top = (_TITLE_FROM + _TITLE_TO - height * len(lines)) / 2
    for number, line in enumerate(lines):
        _line(pen, size, _BOLD, round(top + height * (number + 0.8)), line)


def _set(title: str) -> tuple[int, list[str]]:
    """The size of a title in pixels, and its lines."""
    widest = max((_width(word) for word in title.split(" ")), default=0.0)
    for size in _SIZES:
        fits = int((_TITLE_TO - _TITLE_FROM) / (size * _LEADING))
        lines = _broken(title, _COLUMN / size)
        # Words are broken at the smallest size alone: only there do they fit no line whatever is done.
        if len(lines) <= fits and (widest <= _COLUMN / size or size == _SIZES[-1]):
            return size, _balanced(title, size, len(lines))
    return _SIZES[-1], _cut(title, _SIZES[-1], int((_TITLE_TO - _TITLE_FROM) / (_SIZES[-1] * _LEADING)))


def _balanced(title: str, size: int, lines: int) -> list[str]:
    """The narrowest setting that has no more lines."""
    narrow, wide = 0.0, _COLUMN / size
    for _ in range(8):
        middle = (narrow + wide) / 2
        if len(_broken(title, middle)) > lines or any(_width(word) > middle for word in title.split(" ")):
            narrow = middle
        else:
            wide = middle
    return _broken(title, wide)


def _cut(text: str, size: int, lines: int) -> list[str]:
    """At most so many lines, the last of which ends in an ellipsis where there would be more."""
    broken = _broken(text, _COLUMN / size)
    if len(broken) <= lines:
        return broken or [""]
    last = broken[lines - 1]
    while last and _width(f"{last}…") > _COLUMN / size:
        last = last[:-1]
    return [*broken[: lines - 1], f"{last.rstrip(' ·')}…"]


def _broken(text: str, column: float) -> list[str]:
    """Lines no wider than `column`, in ems; words that are wider are broken where the line is full."""
    lines: list[str] = []
    for whole in text.split(" "):
        word = whole
        if lines and _width(f"{lines[-1]} {word}") <= column:
            lines[-1] = f"{lines[-1]} {word}"
            continue
        while len(word) > 1 and _width(word) > column:
            end = _that_fits(word, column)
            lines.append(word[:end])
            word = word[end:]
        lines.append(word)
    return lines


def _that_fits(word: str, column: float) -> int:
    """How many of its letters fit, at least one."""
    low, high = 1, len(word)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _width(word[:middle]) <= column else (low, middle - 1)
    return low


@lru_cache(maxsize=1024)
def _width(text: str) -> float:
    """In ems, of the bold face."""
    return sum(_font(face, _MEASURED, _BOLD).getlength(run) for face, run in _runs(text)) / _MEASURED


def _line(pen: "ImageDraw", size: int, weight: int, baseline: int, text: str) -> None:
    left = float(_MARGIN)
    for face, run in _runs(text):
        font = _font(face, size, weight)
        pen.text((left, baseline), run, font=font, fill=255, anchor="ls")
        left += font.getlength(run)


def _runs(text: str) -> list[tuple[int, str]]:
    """Pieces of a text, each with the first face that has its letters."""
    found: list[tuple[int, str]] = []
    for letter in text:
        face = _face(letter) or 0
        if found and (found[-1][0] == face or letter == " "):
            found[-1] = (found[-1][0], found[-1][1] + letter)
        else:
            found.append((face, letter))
    return found


def _printable(text: str) -> str:
    """What the type can print of a text, without emoji and the like; nothing when it lacks a letter or digit of it."""
    kept = []
    for letter in unicodedata.normalize("NFC", text):
        if letter.isspace():
            kept.append(" ")
        elif _face(letter) is not None:
            kept.append(letter)
        elif unicodedata.category(letter)[0] in "LN":
            return ""
    return " ".join("".join(kept).split())


@lru_cache(maxsize=1024)
def _face(letter: str) -> int | None:
    """The first face with a glyph for that letter."""
    if letter == " ":
        return 0
    for face in range(1 + len(_FACES)):
        drawn = _pixels(face, letter)
        if drawn and drawn != _pixels(face, _NOWHERE):
            return face
    return None


def _pixels(face: int, letter: str) -> bytes:
    return bytes(_font(face, _MEASURED, _WEIGHT).getmask(letter))  # ty: ignore[invalid-argument-type]


@lru_cache(maxsize=16)
def _font(face: int, size: int, weight: int) -> "FreeTypeFont":
    """A face at a size in pixels. Each that is open holds its outlines unpacked, some 100 kB."""
    from PIL import ImageFont  # noqa: PLC0415

    file = _FONTS / f"literata-{_FACES[face - 1]}.woff2" if face else _FONT_OF_THE_SITE
    font = ImageFont.truetype(file, size)
    font.set_variation_by_axes([weight])
    return font


def _ramp(ink: int) -> list[int]:
    """Places in the palette for each coverage of an ink."""
    return [0 if shade == 0 else ink * _SHADES + shade * (_SHADES - 1) // 255 for shade in range(256)]


def _png(shades: "Image", accent: tuple[int, int, int]) -> bytes:
    palette: list[int] = []
    for ink in (*_INKS, accent):
        for shade in range(_SHADES):
            part = shade / (_SHADES - 1)
            palette += [round(paper + (colour - paper) * part) for paper, colour in zip(_PAPER, ink, strict=True)]
    shades.putpalette(palette)
    written = BytesIO()
    shades.save(written, "PNG", optimize=True)
    return written.getvalue()


if __name__ == "__main__":
    main()
