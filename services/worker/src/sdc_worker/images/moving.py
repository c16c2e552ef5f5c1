"""Animations: every frame of a GIF, WebP or PNG as one WebP, and as one AVIF where that is short enough and smaller."""

import warnings
from pathlib import Path

import msgspec
from PIL import Image, ImageSequence
from sdc_core.variants import EXTENSIONS, Format, StoredVariant

from sdc_worker.images import color
from sdc_worker.images.encode import PILLOW_FORMATS
from sdc_worker.images.picture import DAMAGED, FORMATS, TURNED, UPRIGHT

WIDTHS = (1440, 960, 640, 480)
MAX_FRAMES = 600
MAX_CANVAS = 4_000_000
MAX_READ = 300_000_000
"""Pixels of all frames together, as they are read and, below, as they are kept: four bytes each."""
MAX_KEPT = 60_000_000
MAX_KEPT_AVIF = 16_000_000
"""AVIF takes a second or two for each million."""
SHORTEST_MS = 20
USUAL_MS = 100
"""What browsers take for a frame that is to be shown for less than that."""


class Reel(msgspec.Struct, kw_only=True):
    """The frames of an animation, all of one size, RGB or RGBA; `loops` 0 is for ever."""

    frames: list[Image.Image]
    durations_ms: list[int]
    loops: int


def write(original: Path, folder: Path, orientation: int, profile: bytes) -> tuple[StoredVariant, ...]:
    """Write what moves, upright and in sRGB as the first frame is, the format to be preferred first; nothing when there
    is too much of it or a later frame is damaged: the first frame is a picture already.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reel = _read(original, orientation, profile)
        return _write(reel, folder) if reel else ()
    except DAMAGED:
        return ()


def _read(original: Path, orientation: int = 1, profile: bytes = b"") -> Reel | None:
    with Image.open(original, formats=FORMATS) as image:
        frames: int = getattr(image, "n_frames", 1)
        canvas = image.width * image.height
        size = _size(image.size[::-1] if orientation in TURNED else image.size, frames)
        if size is None or not 1 < frames <= MAX_FRAMES or canvas > MAX_CANVAS or frames * canvas > MAX_READ:
            return None
        reel = Reel(frames=[], durations_ms=[], loops=_loops(image))
        for frame in ImageSequence.Iterator(image):
            duration = frame.info.get("duration", 0)
            reel.durations_ms.append(round(duration) if duration >= SHORTEST_MS else USUAL_MS)
            pixels = frame.convert("RGBA")
            pixels = pixels.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else pixels
            pixels = pixels if pixels.size == size else pixels.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
            pixels = color.to_srgb(pixels, profile) if profile else pixels
            pixels.info.clear()
            reel.frames.append(pixels)
    if all(each.getchannel("A").getextrema() == (255, 255) for each in reel.frames):
        reel.frames = [each.convert("RGB") for each in reel.frames]
    return reel


def _size(size: tuple[int, int], frames: int) -> tuple[int, int] | None:
    """The widest that may be kept of all frames."""
    width, height = size
    for wanted in WIDTHS:
        kept = min(wanted, width), max(1, round(height * min(wanted, width) / width))
        if frames * kept[0] * kept[1] <= MAX_KEPT:
            return kept
    return None


def _loops(image: Image.Image) -> int:
    loops = image.info.get("loop")
    if image.format != "GIF":
        return loops if isinstance(loops, int) else 0
    # A GIF counts repetitions, and one that says nothing is shown once.
    return 1 if not isinstance(loops, int) else loops and loops + 1


def _write(reel: Reel, folder: Path) -> tuple[StoredVariant, ...]:
    webp = _save(reel, folder, "webp", quality=70, method=4, allow_mixed=True, loop=reel.loops)
    width, height = reel.frames[0].size
    # Pillow cannot say in an AVIF how often, and speeds above 6 are bad at frames that follow each other.
    if reel.loops or len(reel.frames) * width * height > MAX_KEPT_AVIF:
        return (webp,)
    avif = _save(reel, folder, "avif", quality=50, speed=6, max_threads=1)
    if avif.size_bytes < webp.size_bytes:
        return (avif, webp)
    (folder / avif.name).unlink()
    return (webp,)


def _save(reel: Reel, folder: Path, format_: Format, **options: float) -> StoredVariant:
    first, *others = reel.frames
    path = folder / f"{first.width}-moving.{EXTENSIONS[format_]}"
    kind = PILLOW_FORMATS[format_]
    first.save(path, kind, save_all=True, append_images=others, duration=reel.durations_ms, **options)
    with Image.open(path, formats=(kind,)) as written:
        written.load()
    return StoredVariant(
        name=path.name, width=first.width, height=first.height, format=format_, size_bytes=path.stat().st_size
    )
