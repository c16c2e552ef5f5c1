"""The line that the access log holds for one request: the only record of a visitor, and it holds no address.

Short names, since a line is kept, compressed and read millions of times.
"""

from collections.abc import Sequence
from typing import Annotated, TypeAlias

import msgspec

MAX_WHOLE = 2**53 - 1
Whole: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MAX_WHOLE)]
"""What every reader of JSON takes for the same number."""
MAX_TEXT = 512
"""Longest text of one field; what is longer was cut when the line was written."""


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One answered request.

    ts       moment of the answer's end, microseconds since the epoch
    visitor  16 hexadecimal digits: salted daily hash of address and User-Agent, unreadable after its day
    rid      request id; a page from the page cache has none but what a proxy gave it
    method   as sent, upper case; PREFETCH where a browser fetched ahead of a reader who may never come
    path     without the query
    query    only what campaigns need (`utm_*`, `ref`), percent-encoded as sent; `ms=&depth=&first=&to=` where a page
             tells how it was read, whose path it then is
    status   of the answer; 499 when the client left before it
    bytes    of the answer's body
    us       duration, microseconds
    type     media type of the answer, without parameters
    ref      host of the referrer when it is another site
    ua       User-Agent, as sent
    country  ISO 3166-1 alpha-2, or empty
    net      the address without its last part, where `LOG_ADDRESSES` asks for it
    """

    ts: Whole
    visitor: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}\Z")]
    rid: str = ""
    method: str = "GET"
    path: str
    query: str = ""
    status: Annotated[int, msgspec.Meta(ge=0, le=999)]
    bytes: Whole = 0
    us: Whole = 0
    type: str = ""
    ref: str = ""
    ua: str = ""
    country: str = ""
    net: str = ""


class _Length(Line, frozen=True, kw_only=True):
    """A line whose visitor is as long as one: the digits are looked at in all lines together, for a third less time."""

    visitor: Annotated[str, msgspec.Meta(min_length=16, max_length=16)]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Line)
_many = msgspec.json.Decoder(_Length)


def encode(line: Line) -> bytes:
    """The line's bytes with their newline. JSON escapes newlines inside, so one line is one record.

    Raises UnicodeEncodeError for a lone surrogate: decode what a client sent with `errors="replace"`.
    """
    return _encoder.encode(line) + b"\n"


def encode_all(lines: Sequence[Line]) -> bytes:
    """The same for many, one after the other: a third of the time for each."""
    return _encoder.encode_lines(lines)


def decode(raw: bytes) -> Line:
    """The line from its bytes, newline or not; msgspec.DecodeError when it is none."""
    try:
        return _decoder.decode(raw)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from None


def count(raw: bytes) -> int:
    """How many lines a body has, blank ones left out; msgspec.DecodeError when one is none."""
    try:
        lines = _many.decode_lines(raw)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from None
    if not _is_hexadecimal("".join([line.visitor for line in lines])):
        message = "a visitor is none"
        raise msgspec.ValidationError(message)
    return len(lines)


def _is_hexadecimal(digits: str) -> bool:
    """Whether these are small ones and nothing else: there and back takes an eighth of looking at each."""
    try:
        return bytes.fromhex(digits).hex() == digits
    except ValueError:
        return False
