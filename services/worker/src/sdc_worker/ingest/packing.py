"""How ranges come packed and how batches are kept: as they came, and with zstd where they came plain."""

import io
import zlib
from typing import Literal, TypeAlias

import zstandard
from sdc_core.errors import Invalid, TooLarge

Encoding: TypeAlias = Literal["", "gzip", "zstd"]

MAX_BYTES = 1024 * 1024
"""Most bytes of one range, after decompression."""

_LEVEL = 1  # of lines of the log higher ones make more bytes, not fewer, in twice the time
_GZIP = 31  # zlib's window bits for a gzip header
_EITHER = 47  # for a header of gzip or of its own
_ZSTD = zstandard.FRAME_HEADER
_MOST_WINDOW = 8 * MAX_BYTES


def open_range(body: bytes, encoding: Encoding) -> bytes:
    """The lines of a range, never more than `MAX_BYTES` of them in memory. Raises Invalid and TooLarge."""
    match encoding:
        case "gzip":
            plain, whole = _gunzip(body)
        case "zstd":
            plain, whole = _unzstd(body)
        case _:
            plain, whole = body, True
    if len(plain) > MAX_BYTES:
        message = f"a range has at most {MAX_BYTES} bytes"
        raise TooLarge(message)
    if not whole:
        message = f"the body must be one whole piece of {encoding}"
        raise Invalid(message)
    return plain


def pack(plain: bytes) -> bytes:
    """Lines to be kept."""
    return zstandard.ZstdCompressor(level=_LEVEL).compress(plain)


def unpack(body: bytes) -> bytes:
    """The lines of a batch, whichever way they are packed: they were taken apart before, so nothing is bounded here."""
    if body.startswith(_ZSTD):
        return zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW).decompress(body, max_output_size=MAX_BYTES)
    return zlib.decompress(body, _EITHER)


def _gunzip(body: bytes) -> tuple[bytes, bool]:
    decompressor = zlib.decompressobj(_GZIP)
    try:
        plain = decompressor.decompress(body, MAX_BYTES + 1)
    except zlib.error:
        message = "the body is not gzip"
        raise Invalid(message) from None
    return plain, decompressor.eof and not decompressor.unused_data


def _unzstd(body: bytes) -> tuple[bytes, bool]:
    """A frame must say how long its content is, as every program writes it that has the content: so one look tells
    whether a second frame, or anything else, follows it.
    """
    try:
        parameters = zstandard.get_frame_parameters(body)
        with zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW).stream_reader(
            io.BytesIO(body), read_across_frames=True
        ) as reader:
            plain = reader.read(MAX_BYTES + 1)
    except zstandard.ZstdError:
        message = "the body is not zstd"
        raise Invalid(message) from None
    return plain, parameters.content_size == len(plain)
