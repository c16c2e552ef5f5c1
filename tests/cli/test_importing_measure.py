"""`sdc import` of a field that really is a gigabyte: refused in words, in little memory, and nothing is left of it."""

import hashlib
import struct
import tracemalloc
import zlib
from pathlib import Path

import pytest
from sdc_cli.importing import Wish, run
from sdc_core.errors import SdcError
from sdc_core.settings import Settings
from sdc_web import posts
from sdc_web.db import open_databases

from signing_in import OWNER

GIGABYTE = 1024**3
MEBIBYTE = 1024**2
WXR = (
    b'<rss xmlns:wp="http://wordpress.org/export/1.2/"><channel><wp:wxr_version>1.2</wp:wxr_version><item><title>',
    b"</title></item></channel></rss>",
)
GHOST = (b'{"db":[{"meta":{"exported_on":1,"version":"5.130.6"},"data":{"posts":[{"id":"1","title":"', b'"}]}}]}')
MARKDOWN = (b"---\ntitle: Fog\n---\n", b"\n")
PLACES = {"site.xml": (WXR, "8 MB"), "ghost.json": (GHOST, "256 MB"), "content/fog.md": (MARKDOWN, "2 MB")}


def archive(file: Path, name: str, beginning: bytes, end: bytes) -> Path:
    """A zip of one file with a gigabyte between these. It shrinks to a fiftieth, as a text might, and is made from one
    block that is written down again and again: it takes no longer to make than to read.
    """
    told = b"".join(hashlib.sha256(b"%d" % number).hexdigest().encode() for number in range(400))
    block = told + b"fog " * ((MEBIBYTE - len(told)) // 4)
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    first = packer.compress(beginning) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    last = packer.compress(end) + packer.flush(zlib.Z_FINISH)
    count = GIGABYTE // len(block) + 1
    packed = first + again * count + last
    checksum = zlib.crc32(beginning)
    for _ in range(count):
        checksum = zlib.crc32(block, checksum)
    sizes = (zlib.crc32(end, checksum), len(packed), len(beginning) + count * len(block) + len(end))
    named = name.encode()
    here = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 33, *sizes, len(named), 0) + named
    listed = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 33, *sizes, len(named), 0, 0, 0, 0, 0, 0) + named
    closing = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(listed), len(here) + len(packed), 0)
    file.write_bytes(here + packed + listed + closing)
    return file


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", PLACES)
async def test_a_field_of_a_gigabyte_is_refused_in_words_and_in_little_memory(
    settings: Settings, tmp_path: Path, name: str
) -> None:
    around, limit = PLACES[name]
    packed = archive(tmp_path / "site.zip", name, *around)
    before = sorted(settings.DATA_DIR.iterdir())
    tracemalloc.start()
    try:
        said = [line.reason for line in await run(settings, Wish(path=packed))]
    except SdcError as error:
        said = [str(error)]
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert [limit in each for each in said] == [True]
    assert peak < 64 * MEBIBYTE
    assert sorted(settings.DATA_DIR.iterdir()) == before
    async with open_databases(settings) as databases, databases.site.read() as connection:
        assert await posts.listing.last_saved(connection, OWNER, 9) == []
