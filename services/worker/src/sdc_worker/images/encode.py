"""Writing one variant: parameters by format and kind of picture, measured on photographs and screenshots."""

from io import BytesIO
from pathlib import Path

import msgspec
from PIL import Image, ImageChops
from sdc_core.variants import Format

MAX_SIDE: dict[Format, int] = {"avif": 16_383, "webp": 16_383, "jpeg": 65_500, "png": 1 << 31}
"""Beyond these WebP and JPEG refuse and AVIF writes what nothing can open."""
MAX_AVIF_PIXELS = 20_000_000
MAX_AVIF_PIXELS_DRAWN = 10_000_000
"""Its encoder takes 33 bytes a pixel, in full colour resolution 43, and may end the process when it gets none."""
PILLOW_FORMATS: dict[Format, str] = {"avif": "AVIF", "webp": "WEBP", "jpeg": "JPEG", "png": "PNG"}
MAX_PALETTE = 256
PROVEN_WIDTH = 480
"""Up to which a file is decoded once: every picture has one."""
SPEED = 6
"""Of AVIF; each step above costs 10 % of bytes, the one below five times the time."""
# Oblong blocks and mirrored transforms of the encoder: without them photographs take a quarter less time and half a
# percent more bytes at equal looks. Drawings are made of edges, and keep them.
_SQUARE = {"enable-rect-partitions": "0", "enable-flip-idtx": "0"}
# Tables by N. Robidoux, values over 255 cut: 6 % smaller than the standard's at equal looks and no cost.
_ROBIDOUX = [
    *(16, 16, 16, 18, 25, 37, 56, 85, 16, 17, 20, 27, 34, 40, 53, 75),
    *(16, 20, 24, 31, 43, 62, 91, 135, 18, 27, 31, 40, 53, 74, 106, 156),
    *(25, 34, 43, 53, 69, 94, 131, 189, 37, 40, 62, 74, 94, 126, 169, 238),
    *(56, 53, 91, 106, 131, 169, 226, 255, 85, 75, 135, 156, 189, 238, 255, 255),
]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How one picture is encoded. A `drawn` one (screenshot, line art) goes without loss in WebP and with full colour
    resolution in AVIF, and the qualities of the other formats say nothing; `speed` is that of AVIF, `effort` of WebP.
    """

    drawn: bool = False
    avif: int = 55
    webp: int = 78
    jpeg: int = 78
    speed: int = SPEED
    effort: int = 5


DRAWN = Settings(drawn=True, avif=70)


def takes(format_: Format, size: tuple[int, int], *, drawn: bool) -> bool:
    """Whether the encoder of a format is fit for so large a picture."""
    width, height = size
    most = MAX_AVIF_PIXELS_DRAWN if drawn else MAX_AVIF_PIXELS
    return max(size) <= MAX_SIDE[format_] and (format_ != "avif" or width * height <= most)


def write(pixels: Image.Image, path: Path, format_: Format, settings: Settings, *, profile: bytes = b"") -> int:
    """Encode RGB or RGBA pixels into a new file, open that once as proof, and return its length in bytes. A small one
    is decoded: that an encoder works here is told by one of its files, and large ones cost a twentieth of the whole.

    A `profile` says in which colours the pixels are, when not in sRGB. Raises OSError or ValueError when the encoder
    fails or its file does not open to the same size.
    """
    save(pixels, path, format_, settings, profile=profile)
    with Image.open(path, formats=(PILLOW_FORMATS[format_],)) as written:
        if pixels.width <= PROVEN_WIDTH:
            written.load()
        if written.size != pixels.size:
            message = f"the {format_} file of {pixels.size} decodes as {written.size}"
            raise ValueError(message)
    return path.stat().st_size


def save(
    pixels: Image.Image, target: Path | BytesIO, format_: Format, settings: Settings, *, profile: bytes = b""
) -> None:
    """The encoder alone."""
    # Whatever a file said about itself ends here: comments, place, profile.
    pixels.info.clear()
    match format_:
        case "avif":
            # One thread each: the pool keeps all cores busy.
            pixels.save(
                target,
                "AVIF",
                quality=settings.avif,
                speed=settings.speed,
                subsampling="4:4:4" if settings.drawn else "4:2:0",
                max_threads=1,
                icc_profile=profile or None,
                advanced={} if settings.drawn else _SQUARE,
            )
        case "webp" if settings.drawn:
            pixels.save(target, "WEBP", lossless=True, quality=70, method=4)
        case "webp":
            pixels.save(target, "WEBP", quality=settings.webp, method=settings.effort)
        case "jpeg":
            tables = [_ROBIDOUX, _ROBIDOUX]
            pixels.save(target, "JPEG", quality=settings.jpeg, optimize=True, progressive=True, qtables=tables)
        case "png":
            (_palette(pixels) or pixels).save(target, "PNG", optimize=True)


def is_drawn(pixels: Image.Image) -> bool:
    """Whether a picture of a lossless format is a graphic: few colours, or mostly runs of equal pixels. Paintings and
    photographs saved as PNG are not: they would be ten times larger without loss.
    """
    flat = pixels.convert("RGB")
    if flat.getcolors(4096) is not None:
        return True
    width, height = flat.size
    if width == 1:
        return False
    left, right = flat.crop((0, 0, width - 1, height)), flat.crop((1, 0, width, height))
    difference = ImageChops.difference(left, right)
    red, green, blue = difference.split()
    largest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return largest.histogram()[0] >= 0.8 * (width - 1) * height


def placeholder(pixels: Image.Image) -> bytes:
    """A WebP 16 pixels wide, about a hundred bytes, to be shown while the picture loads."""
    width, height = pixels.size
    small = pixels.convert("RGB").resize((16, min(64, max(1, round(height * 16 / width)))), Image.Resampling.BOX)
    return _webp_bytes(small)


def mean_color(pixels: Image.Image) -> str:
    """`#rrggbb`."""
    mean = pixels.convert("RGB").resize((1, 1), Image.Resampling.BOX).tobytes()
    return f"#{mean.hex()}"


def _webp_bytes(pixels: Image.Image) -> bytes:
    buffer = BytesIO()
    pixels.save(buffer, "WEBP", quality=20, method=6)
    return buffer.getvalue()


def _palette(pixels: Image.Image) -> Image.Image | None:
    """The same picture with a palette, when it has few enough colours for that to lose nothing."""
    if pixels.getcolors(MAX_PALETTE) is None:
        return None
    method = Image.Quantize.FASTOCTREE if pixels.mode == "RGBA" else Image.Quantize.MEDIANCUT
    small = pixels.quantize(MAX_PALETTE, method=method, dither=Image.Dither.NONE)
    same = ImageChops.difference(small.convert(pixels.mode), pixels).getbbox(alpha_only=False) is None
    return small if same else None
