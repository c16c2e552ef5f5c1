"""The plan of an asset's variants, and the manifest that lists what was made.

Widths, formats and qualities follow measurements on photographs of 10 to 24 megapixels; a change of any of them is a
new `RECIPE`, which gives every variant a new address.
"""

from typing import Literal

import msgspec

RECIPE = "r3"
AIMS = (70, 75, 80)
"""What pictures may be made to reach on the scale of SSIMULACRA 2: 70 is high quality, 90 is the same to the eye."""
USUAL_AIM = 75
FIRST_RECIPE = f"{RECIPE}-first"
"""Of the one size that is made at once, to be shown until all are there."""
FIRST_WIDTH = 960
WIDTHS = (480, 960, 1440, 1920)
Format = Literal["avif", "webp", "jpeg", "png"]
Personal = Literal["place", "moment", "camera", "author", "comment", "preview"]
"""What a file may tell beside its picture; a *preview* is a small picture inside, which may show what was cut off."""

EXTENSIONS: dict[Format, str] = {"avif": "avif", "webp": "webp", "jpeg": "jpg", "png": "png"}
CONTENT_TYPES: dict[Format, str] = {
    "avif": "image/avif",
    "webp": "image/webp",
    "jpeg": "image/jpeg",
    "png": "image/png",
}


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One derived file to make; sizes in pixels. `name` is the last part of its address: `{width}.{extension}`, with
    `-moving` before the dot for an animation.
    """

    name: str
    width: int
    height: int
    format: Format


class StoredVariant(Variant, frozen=True, kw_only=True):
    """A variant that was made, checked by opening it once, and stored."""

    size_bytes: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What exists of an asset. `width` and `height` are the upright original's; `placeholder` is a `data:` address of
    some hundred bytes; `color` is the mean colour as `#rrggbb`; `animated` when the original has further frames, which
    `moving` shows, and no other variant: empty when there are too many of them; `dropped` is what no variant tells any
    more, None where nobody looked.
    """

    recipe: str
    width: int
    height: int
    placeholder: str
    color: str
    variants: tuple[StoredVariant, ...]
    animated: bool = False
    dropped: tuple[Personal, ...] | None = None
    moving: tuple[StoredVariant, ...] = ()

    @property
    def files(self) -> tuple[StoredVariant, ...]:
        """All that is stored, still and moving."""
        return self.variants + self.moving


def recipe(aim: int) -> str:
    """The name of everything that decides how a variant comes out."""
    return RECIPE if aim == USUAL_AIM else f"{RECIPE}-{aim}"


def widths(source_width: int) -> tuple[int, ...]:
    """The widths to make, ascending: never wider than the source, whose own width is taken below the largest."""
    smaller = tuple(width for width in WIDTHS if width < source_width)
    return smaller if source_width > WIDTHS[-1] else (*smaller, source_width)


def plan(source_width: int, source_height: int, formats: tuple[Format, ...]) -> tuple[Variant, ...]:
    """Every variant of a picture of that size, ascending in width; a height never rounds to 0."""
    return tuple(
        Variant(
            name=f"{width}.{EXTENSIONS[format_]}",
            width=width,
            height=max(1, round(source_height * width / source_width)),
            format=format_,
        )
        for width in widths(source_width)
        for format_ in formats
    )
