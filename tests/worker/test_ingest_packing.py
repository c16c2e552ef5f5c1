"""Ranges as they come, and what must not be taken apart."""

import gzip
import zlib

import pytest
import zstandard
from sdc_core.errors import Invalid, TooLarge
from sdc_worker.ingest import packing
from sdc_worker.ingest.packing import MAX_BYTES, Encoding

LINES = b'{"ts":1,"visitor":"00000000000000ff","path":"/","status":200}\n' * 100


def zstd(plain: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(plain)


def without_length(plain: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_content_size=False).compress(plain)


@pytest.mark.parametrize("encoding", ["", "gzip", "zstd"])
def test_lines_come_out_as_they_were(encoding: Encoding) -> None:
    packed = {"": LINES, "gzip": gzip.compress(LINES), "zstd": zstd(LINES)}[encoding]
    assert packing.open_range(packed, encoding) == LINES


@pytest.mark.parametrize("stored", [packing.pack(LINES), zlib.compress(LINES), gzip.compress(LINES), zstd(LINES)])
def test_a_batch_is_read_whichever_way_it_is_packed(stored: bytes) -> None:
    assert packing.unpack(stored) == LINES


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"", "zstd"),
        (LINES, "zstd"),
        (zstd(LINES)[:-3], "zstd"),
        (zstd(LINES) + b"x", "zstd"),
        (zstd(LINES) + zstd(LINES), "zstd"),
        (without_length(LINES), "zstd"),
        (b"", "gzip"),
        (LINES, "gzip"),
        (gzip.compress(LINES)[:-3], "gzip"),
        (gzip.compress(LINES) + gzip.compress(LINES), "gzip"),
    ],
)
def test_what_is_not_one_whole_piece_is_refused(body: bytes, encoding: Encoding) -> None:
    with pytest.raises(Invalid):
        packing.open_range(body, encoding)


@pytest.mark.parametrize("encoding", ["", "gzip", "zstd"])
def test_what_would_come_out_too_large_is_refused_without_being_taken_apart(encoding: Encoding) -> None:
    bomb = b"\n" * (40 * MAX_BYTES)
    packed = {"": bomb, "gzip": gzip.compress(bomb), "zstd": zstd(bomb)}[encoding]
    with pytest.raises(TooLarge):
        packing.open_range(packed, encoding)
