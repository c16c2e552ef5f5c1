"""Colours: sRGB for every variant, and Display P3 beside it where a picture has colours that sRGB lacks."""

import io
import struct

from PIL import Image, ImageChops, ImageCms

_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
SEEN = 8
"""A difference of a channel, out of 255, that no rounding makes."""
SHARE = 0.005
"""So much of a picture must be more colourful than sRGB for the wider colours to pay."""


def profile_of(image: Image.Image) -> bytes:
    """The ICC profile of an opened file; empty when it says sRGB, or nothing that can be read."""
    raw = image.info.get("icc_profile")
    if not isinstance(raw, bytes):
        return b""
    try:
        name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(raw)))
    except (OSError, ValueError, ImageCms.PyCMSError):
        return b""
    return b"" if name.startswith("sRGB") else raw


def is_grey(profile: bytes) -> bool:
    """Whether a profile is for one channel."""
    # ICC.1 section 7.2: the colour space is in bytes 16 to 19 of the header.
    return profile[16:20] == b"GRAY"


def to_srgb(pixels: Image.Image, profile: bytes) -> Image.Image:
    """The pixels as sRGB, alpha kept. A profile that is garbage or of another colour model is taken for sRGB."""
    colors, alpha = _split(pixels)
    converted = _converted(colors, profile, _SRGB) if profile else None
    return _joined(converted or colors.convert("RGB"), alpha)


def to_p3(pixels: Image.Image, profile: bytes) -> Image.Image | None:
    """The pixels as Display P3, alpha kept; None when they lose nothing worth seeing in sRGB."""
    colors, alpha = _split(pixels)
    if not profile or colors.mode != "RGB":
        return None
    wide, narrow = _converted(colors, profile, _P3), _converted(colors, profile, _SRGB)
    if wide is None or narrow is None:
        return None
    back = ImageCms.profileToProfile(narrow, _SRGB, _P3, renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC)
    if back is None or not _differ(wide, back):
        return None
    return _joined(wide, alpha)


def _split(pixels: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    if pixels.mode == "RGBA":
        return pixels.convert("RGB"), pixels.getchannel("A")
    return pixels, None


def _joined(colors: Image.Image, alpha: Image.Image | None) -> Image.Image:
    if alpha:
        colors.putalpha(alpha)
    return colors


def _converted(colors: Image.Image, profile: bytes, target: ImageCms.ImageCmsProfile) -> Image.Image | None:
    try:
        return ImageCms.profileToProfile(
            colors,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            target,
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (OSError, ValueError, ImageCms.PyCMSError):
        return None


def _differ(left: Image.Image, right: Image.Image) -> bool:
    red, green, blue = ImageChops.difference(left, right).split()
    seen = sum(ImageChops.lighter(ImageChops.lighter(red, green), blue).histogram()[SEEN:])
    return seen >= SHARE * left.width * left.height


def _display_p3() -> bytes:
    """An ICC profile of 500 bytes, our own: one out of a file can name a device or a person."""

    def number(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def xyz(*values: float) -> bytes:
        return b"XYZ " + bytes(4) + b"".join(map(number, values))

    def text(words: str) -> bytes:
        encoded = words.encode("utf-16-be")
        return b"mluc" + bytes(4) + struct.pack(">II4sII", 1, 12, b"enUS", len(encoded), 28) + encoded

    curve = b"para" + bytes(4) + struct.pack(">HH", 3, 0)
    curve += b"".join(map(number, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)))
    tags = {
        b"desc": text("Display P3"),
        b"cprt": text("CC0"),
        b"wtpt": xyz(0.9642, 1, 0.8249),
        b"rXYZ": xyz(0.515102, 0.241182, -0.00105),
        b"gXYZ": xyz(0.291965, 0.692236, 0.041882),
        b"bXYZ": xyz(0.157153, 0.066582, 0.784378),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    body, table, at = b"", b"", {}
    start = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        if value not in at:
            at[value] = start + len(body)
            body += value + bytes(-len(value) % 4)
        table += name + struct.pack(">II", at[value], len(value))
    head = struct.pack(
        ">I4sI4s4s4s12s4s", start + len(body), bytes(4), 0x04000000, b"mntr", b"RGB ", b"XYZ ", bytes(12), b"acsp"
    )
    head += bytes(28) + b"".join(map(number, (0.9642, 1, 0.8249)))
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


DISPLAY_P3 = _display_p3()
_P3 = ImageCms.ImageCmsProfile(io.BytesIO(DISPLAY_P3))
