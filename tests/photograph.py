"""A picture with what photographs have: gradients, shapes, sensor noise, an orientation and a place in its EXIF."""

from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter

ROTATED = 6
"""EXIF orientation: the camera was held upright, so the upright picture is as high as the stored one is wide."""
_ORIENTATION, _GPS = 0x0112, 0x8825


def take(path: Path, width: int = 3000, height: int = 2000) -> Path:
    """Write a JPEG stored as `width` by `height` pixels, to be shown rotated."""
    sky = Image.merge("RGB", [Image.linear_gradient("L").rotate(angle) for angle in (0, 90, 180)])
    picture = sky.resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for step in range(40):
        left, top = (step * 997) % width, (step * 613) % height
        draw.ellipse(
            (left, top, left + 60 + step * 9, top + 40 + step * 7), fill=(step * 6, 90 + step * 3, 200 - step * 4)
        )
    noise = Image.effect_noise((width, height), 9).convert("RGB")
    picture = ImageChops.overlay(picture.filter(ImageFilter.GaussianBlur(3)), noise)
    exif = Image.Exif()
    exif[_ORIENTATION] = ROTATED
    exif.get_ifd(_GPS)[1] = "N"
    picture.save(path, quality=92, exif=exif)
    return path
