"""Reading a file that a stranger may have made: sniff, limits, decode, orientation, colour."""

import io
import struct
import warnings
from pathlib import Path

import msgspec
from PIL import ExifTags, Image, ImageFile
from sdc_core.errors import Invalid
from sdc_core.variants import WIDTHS, Personal

from sdc_worker.images import color

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
"""Nothing else is tried: the rare formats are where decoders were broken, and one of them runs a program."""
MAX_BYTES = 50 * 1024 * 1024
MAX_PIXELS = 100_000_000
MAX_PIXELS_UNLESS_JPEG = 40_000_000
"""Only a JPEG can be decoded at a fraction of its size."""
MAX_SIDE = 65_535

_MAX_CHUNKS = 16
_ORIENTATION_TAG = 0x0112
_TOLD_BY: dict[Personal, frozenset[int]] = {
    "place": frozenset({ExifTags.Base.GPSInfo}),
    "moment": frozenset({ExifTags.Base.DateTime, ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized}),
    "camera": frozenset({ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.BodySerialNumber}),
    "author": frozenset({ExifTags.Base.Artist, ExifTags.Base.Copyright, ExifTags.Base.CameraOwnerName}),
    "comment": frozenset({ExifTags.Base.ImageDescription, ExifTags.Base.UserComment, ExifTags.Base.XPComment}),
}
_COMMENTS = frozenset({"comment", "xmp", "XML:com.adobe.xmp", "Comment", "Description"})
"""Where Pillow keeps what the formats know beside EXIF."""
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
TURNED = frozenset({5, 6, 7, 8})
"""Orientations of which width and height change places."""
DAMAGED = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, KeyError, IndexError, OverflowError, RuntimeError),
    struct.error,
)
"""What Pillow's readers raise on bytes that are not as they should be."""

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
ImageFile.LOAD_TRUNCATED_IMAGES = False


class Picture(msgspec.Struct, kw_only=True):
    """A decoded original. `pixels` is upright, RGB or RGBA or CMYK, or grey with a profile for that, and may be smaller
    than `width` x `height`, the upright size of the file, though never below twice the widest variant; `profile` is its
    ICC profile, empty for sRGB; `orientation` is that of the file, by EXIF; `drawn` says that the format is one for
    graphics, without loss; `animated` that more frames follow; `told` is what the file says beside the picture.
    """

    pixels: Image.Image
    width: int
    height: int
    profile: bytes
    orientation: int
    drawn: bool
    animated: bool
    told: tuple[Personal, ...]


def read(path: Path, *, widest: int = 2 * WIDTHS[-1]) -> Picture:
    """Decode the first frame; a JPEG perhaps smaller than it is, but not below `widest`. Raises Invalid, with a
    sentence for the author, for anything that is no picture within the limits.
    """
    try:
        with warnings.catch_warnings():
            # What is wrong beside the pixels concerns nobody: it is not passed on.
            warnings.simplefilter("ignore", UserWarning)
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with path.open("rb") as file:
                return _read(file, path.stat().st_size, widest)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise _unreadable(f"it has more than {MAX_PIXELS // 1_000_000} megapixels") from None
    except Image.UnidentifiedImageError:
        raise _unreadable("it is not a JPEG, PNG, WebP, GIF or AVIF") from None
    except MemoryError:
        raise _unreadable("decoding it takes too much memory") from None
    except DAMAGED as error:
        detail = str(error) or type(error).__name__
        raise _unreadable(f"the file is damaged or cut short ({detail[:120]})") from None


def _read(file: io.BufferedReader, size_bytes: int, widest: int) -> Picture:
    if size_bytes > MAX_BYTES:
        raise _unreadable(f"it has more than {MAX_BYTES // (1024 * 1024)} MB")
    with Image.open(file, formats=FORMATS) as image:
        jpeg = image.format in ("JPEG", "MPO")
        _check_size(image.size, jpeg=jpeg)
        orientation = _orientation(image)
        turned = orientation in TURNED
        width, height = image.size[::-1] if turned else image.size
        if jpeg:
            _shrink_while_loading(image, width, widest)
        image.load()
        profile, told = color.profile_of(image), _told(image)
        # What a camera takes is as it should be, and a copy of it is sixty megabytes.
        pixels = image if jpeg and image.mode == "RGB" else _plain(image, grey=color.is_grey(profile))
        return Picture(
            pixels=pixels.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else pixels,
            width=width,
            height=height,
            profile=profile,
            orientation=orientation,
            drawn=image.format in ("PNG", "GIF") or _is_lossless_webp(file),
            # A JPEG of several pictures is one picture and its previews.
            animated=not jpeg and _is_animated(image),
            told=told,
        )


def _is_lossless_webp(file: io.BufferedReader) -> bool:
    """By its first chunk of pixels, before which a profile of any length may stand."""
    file.seek(0)
    if file.read(12)[8:] != b"WEBP":
        return False
    for _ in range(_MAX_CHUNKS):
        name, size = file.read(4), int.from_bytes(file.read(4), "little")
        if name == b"ANMF":
            # Its own chunks follow the sixteen bytes of a frame.
            size = 16
        elif name not in (b"VP8X", b"ICCP", b"ANIM", b"ALPH"):
            return name == b"VP8L"
        file.seek(size + size % 2, io.SEEK_CUR)
    return False


def _is_animated(image: Image.Image) -> bool:
    """Asked last, for it looks for a second frame; a file that is damaged there is as good as one without."""
    try:
        return bool(getattr(image, "is_animated", False))
    except DAMAGED:
        return False


def _check_size(size: tuple[int, int], *, jpeg: bool) -> None:
    width, height = size
    if not jpeg and width * height > MAX_PIXELS_UNLESS_JPEG:
        raise _unreadable(
            f"it has more than {MAX_PIXELS_UNLESS_JPEG // 1_000_000} megapixels; as a JPEG it may have 100"
        )
    if max(width, height) > MAX_SIDE:
        raise _unreadable(f"one side has more than {MAX_SIDE:,} pixels")


def _orientation(image: Image.Image) -> int:
    """1 for upright, and when the EXIF block is broken or says nonsense: that must not cost the picture."""
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    except DAMAGED:
        return 1
    return orientation if isinstance(orientation, int) and orientation in UPRIGHT else 1


def _told(image: Image.Image) -> tuple[Personal, ...]:
    """What the file says beside the picture; an EXIF block that is broken tells nothing that anybody could read."""
    told: set[Personal] = {"comment"} if _COMMENTS & image.info.keys() else set()
    try:
        exif = image.getexif()
        tags = {*exif, *exif.get_ifd(ExifTags.IFD.Exif)}
        told |= {what for what, by in _TOLD_BY.items() if tags & by}
        told |= {"preview"} if exif.get_ifd(ExifTags.IFD.IFD1) else set()
    except DAMAGED:
        pass
    return tuple(sorted(told))


def _shrink_while_loading(image: Image.Image, upright_width: int, wanted: int) -> None:
    """Let libjpeg halve while decoding; below twice the widest variant that would show."""
    if upright_width > wanted:
        width, height = (max(1, side * wanted // upright_width) for side in image.size)
        image.draft(None, (width, height))


def _plain(image: Image.Image, *, grey: bool) -> Image.Image:
    """A copy as RGB, RGBA or CMYK, or as it is when `grey` by its profile, without any metadata; fully opaque pixels
    lose their alpha.
    """
    if image.mode.startswith("I"):
        # Pillow's own conversion cuts 16 bits off at 255 instead of scaling them.
        pixels = image.convert("I").point(lambda value: value * (1 / 257)).convert("L").convert("RGB")
    elif image.mode == "CMYK" or (grey and image.mode == "L" and not image.has_transparency_data):
        pixels = image.copy()
    elif image.has_transparency_data:
        pixels = image.convert("RGBA")
        if pixels.getchannel("A").getextrema() == (255, 255):
            pixels = pixels.convert("RGB")
    else:
        pixels = image.convert("RGB")
    pixels.info.clear()
    return pixels


def _unreadable(why: str) -> Invalid:
    return Invalid(f"cannot read this picture: {why}")
