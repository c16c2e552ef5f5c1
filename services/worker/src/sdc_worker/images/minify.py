"""One original to its variants: the functions that run in the pool."""

import base64
from pathlib import Path

import msgspec
from PIL import Image
from sdc_core import variants
from sdc_core.errors import Invalid
from sdc_core.variants import Format, Manifest, StoredVariant, Variant

from sdc_worker.images import color, encode, moving, picture, quality
from sdc_worker.images.encode import Settings
from sdc_worker.images.picture import DAMAGED, Picture


def minify(original: Path, folder: Path, aim: int = variants.USUAL_AIM, *, plain: bool = False) -> Manifest:
    """Write every variant worth having into the folder, each under its name, and return the list of them. Photographs
    get the quality that brings them to `aim`, one of `variants.AIMS`; a `plain` picture has no AVIF and does not move.

    A format that is not smaller than the next simpler one is left out at all widths, since a browser takes the first
    format it knows and would be left with the few widths of it. `placeholder` and `color` are empty for a picture with
    transparent parts: they would show through. Raises Invalid with a sentence for the author.
    """
    source = picture.read(original)
    try:
        still = _make(source, folder, aim, plain=plain)
        moving = _moving(original, folder, source) if source.animated and not plain else ()
        return msgspec.structs.replace(still, moving=moving)
    except MemoryError:
        message = "cannot read this picture: making its variants takes too much memory"
        raise Invalid(message) from None


def first(original: Path, folder: Path) -> Manifest:
    """Write one size, quickly, to be shown until all are there. Raises Invalid with a sentence for the author."""
    source = picture.read(original, widest=variants.FIRST_WIDTH)
    width = min(variants.FIRST_WIDTH, source.width)
    height = max(1, round(source.height * width / source.width))
    pixels = source.pixels.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=2.0)
    shown = color.to_srgb(pixels, source.profile)
    opaque = shown.mode == "RGB"
    format_ = _simplest(shown, drawn=False)
    size = Variant(name=f"{width}.{variants.EXTENSIONS[format_]}", width=width, height=height, format=format_)
    return Manifest(
        recipe=variants.FIRST_RECIPE,
        width=source.width,
        height=source.height,
        placeholder=_data_address(encode.placeholder(shown)) if opaque else "",
        color=encode.mean_color(shown) if opaque else "",
        variants=(_write(Canvas(size=size, shown=shown, wide=None), size, folder, Settings()),),
    )


class Canvas(msgspec.Struct, kw_only=True):
    """One width of a picture: in sRGB, and in Display P3 where its colours need that."""

    size: Variant
    shown: Image.Image
    wide: Image.Image | None


def _make(source: Picture, folder: Path, aim: int, *, plain: bool) -> Manifest:
    every = canvases(source)
    largest = every[-1]
    # The encoders need the room that the original takes.
    source.pixels = largest.shown
    opaque = largest.shown.mode == "RGB"
    drawn = source.drawn and encode.is_drawn(largest.shown)
    settings = encode.DRAWN if drawn else quality.chosen(middle(every).shown, aim)
    younger: tuple[Format, ...] = ("webp",) if plain else ("avif", "webp")
    formats = (
        *(each for each in younger if encode.takes(each, largest.shown.size, drawn=drawn)),
        _simplest(largest.shown, drawn=drawn),
    )
    made = [each for format_ in formats for each in _of_format(source, format_, every, folder, settings)]
    kept = _worth_having(made, formats)
    for each in made:
        if each.format not in kept:
            (folder / each.name).unlink()
    return Manifest(
        recipe=variants.recipe(aim),
        width=source.width,
        height=source.height,
        placeholder=_data_address(encode.placeholder(largest.shown)) if opaque else "",
        color=encode.mean_color(largest.shown) if opaque else "",
        variants=tuple(sorted((each for each in made if each.format in kept), key=lambda each: each.width)),
        animated=source.animated,
        dropped=source.told,
    )


def _simplest(shown: Image.Image, *, drawn: bool) -> Format:
    """The format that every browser knows."""
    return "jpeg" if shown.mode == "RGB" and not drawn and encode.takes("jpeg", shown.size, drawn=drawn) else "png"


def _of_format(
    source: Picture, format_: Format, every: list[Canvas], folder: Path, settings: Settings
) -> list[StoredVariant]:
    """All widths of one format, or none of one whose encoder fails over them and that is not the simplest."""
    sizes = variants.plan(source.width, source.height, (format_,))
    try:
        # The largest first: what fails, fails there.
        return [_write(canvas, size, folder, settings) for canvas, size in zip(every[::-1], sizes[::-1], strict=True)]
    except (MemoryError, *DAMAGED):
        if format_ not in ("avif", "webp"):
            raise
        for size in sizes:
            (folder / size.name).unlink(missing_ok=True)
        return []


def _moving(original: Path, folder: Path, source: Picture) -> tuple[StoredVariant, ...]:
    try:
        return moving.write(original, folder, source.orientation, source.profile)
    except MemoryError:
        return ()


def canvases(source: Picture) -> list[Canvas]:
    """The picture at each width, ascending."""
    sizes = variants.plan(source.width, source.height, ("jpeg",))
    largest = _resize(source.pixels, sizes[-1])
    # The widest is as good a source for the others as the original, to which it comes within a point of a hundred.
    pixels = [_resize(largest, size) for size in sizes[:-1]] + [largest]
    # Colours are converted after the resize, for they cost by the pixel, and asked for on the smallest.
    wide = color.to_p3(pixels[0], source.profile) is not None
    return [
        Canvas(
            size=size,
            shown=color.to_srgb(each, source.profile),
            wide=color.to_p3(each, source.profile) if wide else None,
        )
        for size, each in zip(sizes, pixels, strict=True)
    ]


def middle(every: list[Canvas]) -> Canvas:
    """The one that speaks for all when the quality is chosen."""
    return [each for each in every if each.size.width <= max(quality.WIDTH, every[0].size.width)][-1]


def _resize(pixels: Image.Image, size: Variant) -> Image.Image:
    target = (size.width, size.height)
    return pixels if pixels.size == target else pixels.resize(target, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _write(canvas: Canvas, planned: Variant, folder: Path, settings: Settings) -> StoredVariant:
    path = folder / planned.name
    if planned.format == "avif" and canvas.wide:
        size_bytes = encode.write(canvas.wide, path, "avif", settings, profile=color.DISPLAY_P3)
    else:
        size_bytes = encode.write(canvas.shown, path, planned.format, settings)
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
