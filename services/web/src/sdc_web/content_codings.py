"""The content codings that pages travel in, and which of them a client wants."""

import gzip
from collections.abc import Callable
from functools import lru_cache, partial

import brotli
import msgspec
import zstandard

_BROTLI, _ZSTD, _GZIP = 5, 9, 6
"""Levels; each takes a fifth of a millisecond or less for a page of 9 kB."""


class Coding(msgspec.Struct, frozen=True, kw_only=True):
    """Both directions take whole bodies."""

    encode: Callable[[bytes], bytes]
    decode: Callable[[bytes], bytes]


CODINGS = {
    "br": Coding(encode=partial(brotli.compress, mode=brotli.MODE_TEXT, quality=_BROTLI), decode=brotli.decompress),
    "zstd": Coding(encode=partial(zstandard.compress, level=_ZSTD), decode=zstandard.decompress),
    "gzip": Coding(encode=partial(gzip.compress, compresslevel=_GZIP, mtime=0), decode=gzip.decompress),
    "identity": Coding(encode=bytes, decode=bytes),
}
"""By name, the smallest first."""


MAX_ACCEPTED = 200
"""Bytes of Accept-Encoding that are read: what is remembered of strangers has a bound."""


def best(accepted: bytes) -> str:
    """`br`, `zstd`, `gzip` or `identity` by the value of Accept-Encoding (RFC 9110 section 12.5.3); where the client
    likes two the same, the smaller one.
    """
    return _best(accepted[:MAX_ACCEPTED])


@lru_cache(maxsize=512)
def _best(accepted: bytes) -> str:
    weights: dict[str, float] = {}
    for part in accepted.decode("latin-1").lower().split(","):
        coding, _, parameters = part.partition(";")
        if name := coding.strip():
            weights[name] = _weight(parameters)
    others = weights.get("*", 0.0)
    wanted = {name: weights.get(name, others) for name in ("br", "zstd", "gzip")}
    # What is not named is acceptable, but any coding that is named comes first.
    wanted["identity"] = weights.get("identity", weights.get("*", 0.001))
    preferred = max(CODINGS, key=lambda name: wanted[name])
    return preferred if wanted[preferred] > 0 else "identity"


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return 0.0
            return weight if 0.0 <= weight <= 1.0 else 0.0
    return 1.0
