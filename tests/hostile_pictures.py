"""Files that no camera made: a seeded corpus, and what the pipeline says of each."""

import io
import random
import struct
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from sdc_core.errors import Invalid
from sdc_worker.images.minify import minify

MUTANTS = 12
"""Of each kind of file."""
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
ENTITIES = b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg>&a;</svg>'


def wholes(chance: random.Random) -> dict[str, bytes]:
    """One small good file of each kind."""
    grain = Image.frombytes("RGB", (12, 8), chance.randbytes(12 * 8 * 3))
    noise = grain.resize((96, 64), Image.Resampling.BICUBIC)
    frames = [noise, noise.rotate(90), noise.rotate(180)]
    made: dict[str, bytes] = {}
    for name, kind, options in (
        ("jpeg", "JPEG", {"comment": b"x" * 40, "exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"}),
        ("cmyk", "JPEG", {}),
        ("png", "PNG", {}),
        ("palette", "PNG", {}),
        ("clear palette", "PNG", {"transparency": bytes(range(0, 160, 10))}),
        ("deep", "PNG", {}),
        ("gif", "GIF", {"save_all": True, "append_images": frames[1:], "duration": 40}),
        ("webp", "WEBP", {"save_all": True, "append_images": frames[1:], "duration": 40}),
        ("avif", "AVIF", {"speed": 10}),
    ):
        few = noise.quantize(16)
        pixels = {"cmyk": noise.convert("CMYK"), "palette": few, "clear palette": few, "deep": noise.convert("I;16")}
        buffer = io.BytesIO()
        pixels.get(name, noise).save(buffer, kind, **options)
        made[name] = buffer.getvalue()
    return made


def mutants(whole: bytes, chance: random.Random) -> Iterator[bytes]:
    """The file cut, flipped, filled, repeated and glued, by the seed."""
    for _ in range(MUTANTS):
        broken = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(broken))
            match chance.randrange(5):
                case 0:
                    del broken[at + 8 :]
                case 1:
                    broken[at] ^= 1 << chance.randrange(8)
                case 2:
                    broken[at : at + 4] = chance.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"))
                case 3:
                    broken[at:at] = broken[at : at + 64]
                case _:
                    del broken[at : at + chance.randint(1, 64)]
        yield bytes(broken)


def made_by_hand(whole: dict[str, bytes]) -> dict[str, bytes]:
    """Bombs, strangers and files that are two things at once."""
    deflated = zlib.compress(bytes(40_000_000), 9)
    return {
        "nothing": b"",
        "one byte": b"\xff",
        "no picture": b"MZ" + bytes(500),
        "svg": SVG,
        "svg with entities": ENTITIES,
        "heic": struct.pack(">I", 24) + b"ftypheic" + bytes(4) + b"mif1heic" + bytes(300),
        "tiff": b"II*\0\x08\0\0\0" + b"\xff\xff" + bytes(400),
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(/etc/passwd) run\n",
        "page behind a gif": whole["gif"] + b"<script>alert(1)</script>",
        "zip behind a jpeg": whole["jpeg"] + b"PK\x03\x04" + bytes(60),
        "png of no width": png(0, 10),
        "png of huge sides": png(65_535, 65_535),
        "png a pixel too wide": png(65_536, 1),
        "png with negative size": png(0xFFFFFFFF, 0xFFFFFFFF),
        "profile bomb": png(8, 8, chunk(b"iCCP", b"a\0\0" + deflated)),
        "text bomb": png(8, 8, chunk(b"zTXt", b"a\0\0" + deflated)),
        "pixel bomb": png(7_000, 7_000, rows=zlib.compress(bytes(876 * 7_000), 9), bits=1),
        "many empty chunks": png(8, 8, chunk(b"IDAT", b"") * 20_000),
        "jpeg of huge sides": resized_jpeg(whole["jpeg"], 65_535, 65_535),
        "jpeg of no size": resized_jpeg(whole["jpeg"], 0, 0),
        "frames bomb of a gif": many_frames(whole["gif"], 600, 400),
        "frames bomb of a png": png(8, 8, chunk(b"acTL", struct.pack(">II", 0xFFFFFFFF, 0))),
        "gif of huge canvas": whole["gif"][:6] + struct.pack("<HH", 65_535, 65_535) + whole["gif"][10:],
        "webp that claims more": whole["webp"][:4] + struct.pack("<I", 0x7FFFFFFF) + whole["webp"][8:],
    }


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, extra: bytes = b"", *, rows: bytes | None = None, bits: int = 8) -> bytes:
    """A grey PNG that claims a size."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0))
    body = rows if rows is not None else zlib.compress(bytes(9 * 8))
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def many_frames(whole: bytes, width: int, height: int) -> bytes:
    """A GIF with a canvas of that size, on which five thousand frames of one pixel follow the first ones."""
    one = b"\x21\xf9\x04\x04\x04\0\0\0" + b"\x2c" + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0" + b"\x02\x02\x44\x01\0"
    return whole[:6] + struct.pack("<HH", width, height) + whole[10:-1] + one * 5_000 + b";"


def resized_jpeg(whole: bytes, width: int, height: int) -> bytes:
    """The file with another size in its frame header."""
    at = whole.index(b"\xff\xc0") + 5
    return whole[:at] + struct.pack(">HH", height, width) + whole[at + 4 :]


def corpus(seed: int) -> dict[str, bytes]:
    """All files, by what they are."""
    chance = random.Random(seed)  # noqa: S311 - the same each time is what a corpus is for
    whole = wholes(chance)
    broken = {
        f"{kind} {number}": each for kind, good in whole.items() for number, each in enumerate(mutants(good, chance))
    }
    return made_by_hand(whole) | broken


def verdicts(seed: int) -> dict[str, str]:
    """Of each file the refusal, or `made`; what else is raised is raised here, with the file's name."""
    said: dict[str, str] = {}
    for name, content in corpus(seed).items():
        with tempfile.TemporaryDirectory() as folder:
            original = Path(folder) / "original"
            original.write_bytes(content)
            try:
                manifest = minify(original, Path(folder))
                said[name] = "made" if manifest.variants else "nothing made"
            except Invalid as refusal:
                said[name] = str(refusal)
            except Exception as error:
                error.add_note(f"the file: {name}")
                raise
    return said
