"""One original to all of its variants: the function that runs in the pool."""

import base64
from pathlib import Path

import msgspec
from PIL import Image
from sdc_core import variants
from sdc_core.errors import Invalid
from sdc_core.variants import Format, Manifest, StoredVariant, Variant

from sdc_worker.images import encode, picture
from sdc_worker.images.picture import Picture


class Minify(msgspec.Struct, frozen=True, kw_only=True):
    """A job: the original's path, and an empty folder for the variants, each under its variant's name."""

    original: str
    folder: str


def minify(job: Minify) -> Manifest:
    """Write every variant worth having and return the list of them.

    A format that is not smaller than the next simpler one is left out at all widths, since a browser takes the first
    format it knows and would be left with the few widths of it. `placeholder` and `color` are empty for a picture with
    transparent parts: they would show through. Raises Invalid with a sentence for the author.
    """
    source = picture.read(Path(job.original))
    try:
        return _make(source, Path(job.folder))
    except MemoryError:
        message = "cannot read this picture: making its variants takes too much memory"
        raise Invalid(message) from None


def _make(source: Picture, folder: Path) -> Manifest:
    sizes = variants.plan(source.width, source.height, ("jpeg",))
    largest = _resize(source.pixels, sizes[-1], source.profile)
    opaque = largest.mode == "RGB"
    drawn = source.drawn and encode.is_drawn(largest)
    formats: tuple[Format, ...] = ("avif", "webp", "jpeg" if opaque and not drawn else "png")
    planned = [
        each
        for each in variants.plan(source.width, source.height, formats)
        if sizes[-1].height <= encode.MAX_SIDE[each.format]
    ]
    made: list[StoredVariant] = []
    for size in reversed(sizes):
        # The widest is a good source for what is at most half of it, and already sRGB.
        pixels = largest if size is sizes[-1] else _narrower(source, largest, size)
        made += [_write(pixels, each, folder, drawn=drawn) for each in planned if each.width == size.width]
    kept = _worth_having(made, formats)
    for each in made:
        if each.format not in kept:
            (folder / each.name).unlink()
    return Manifest(
        recipe=variants.RECIPE,
        width=source.width,
        height=source.height,
        placeholder=_data_address(encode.placeholder(largest)) if opaque else "",
        color=encode.mean_color(largest) if opaque else "",
        variants=tuple(sorted((each for each in made if each.format in kept), key=lambda each: each.width)),
        animated=source.animated,
        dropped=source.told,
    )


def _narrower(source: Picture, largest: Image.Image, size: Variant) -> Image.Image:
    if size.width * 2 <= largest.width:
        return _resize(largest, size, b"")
    return _resize(source.pixels, size, source.profile)


def _resize(pixels: Image.Image, size: Variant, profile: bytes) -> Image.Image:
    target = (size.width, size.height)
    smaller = pixels if pixels.size == target else pixels.resize(target, Image.Resampling.LANCZOS, reducing_gap=2.0)
    # After the resize: colour conversion costs by the pixel.
    return picture.to_srgb(smaller, profile)


def _write(pixels: Image.Image, planned: Variant, folder: Path, *, drawn: bool) -> StoredVariant:
    size_bytes = encode.write(pixels, folder / planned.name, planned.format, drawn=drawn)
    return StoredVariant(
        name=planned.name,
        width=planned.width,
        height=planned.height,
        format=planned.format,
        size_bytes=size_bytes,
    )


def _worth_having(made: list[StoredVariant], formats: tuple[Format, ...]) -> set[Format]:
    """The last format, which every browser knows, and each other one that is smaller over all widths than any kept
    after it.
    """
    kept: set[Format] = set()
    least: int | None = None
    for format_ in reversed(formats):
        total = sum(each.size_bytes for each in made if each.format == format_)
        if total and (least is None or total < least):
            kept.add(format_)
            least = total
    return kept


def _data_address(webp: bytes) -> str:
    return "data:image/webp;base64," + base64.b64encode(webp).decode()
