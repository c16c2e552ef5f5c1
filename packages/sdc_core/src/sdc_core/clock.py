"""Time, identifiers and randomness: the only module that asks the machine for them."""

import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(first + second for first in _CROCKFORD for second in _CROCKFORD)
_SHIFTS = range(120, -1, -10)
_frozen_us: ContextVar[int | None] = ContextVar("frozen_us", default=None)


def now_us() -> int:
    """Microseconds since the Unix epoch, UTC."""
    frozen = _frozen_us.get()
    return time.time_ns() // 1000 if frozen is None else frozen


def now() -> datetime:
    """The same moment as `now_us`, as an aware datetime, for the edges only."""
    return to_datetime(now_us())


def today() -> str:
    """The current UTC day as `YYYY-MM-DD`, the name of a log file and of a partition."""
    return day_of(now_us())


def day_of(at_us: int) -> str:
    """The UTC day that holds a moment."""
    return _day(at_us // DAY_US)


@lru_cache(maxsize=1024)
def _day(number: int) -> str:
    return (EPOCH + timedelta(days=number)).date().isoformat()


def to_datetime(at_us: int) -> datetime:
    """An aware UTC datetime, exact to the microsecond (no float in between)."""
    return EPOCH + timedelta(microseconds=at_us)


def from_datetime(at: datetime) -> int:
    """Microseconds since the epoch; a naive datetime is a programming error and raises TypeError."""
    return (at - EPOCH) // MICROSECOND


def monotonic_us() -> int:
    """A reading for durations; means nothing but its differences."""
    return time.monotonic_ns() // 1000


def new_id() -> str:
    """A ULID: 26 Crockford base32 characters that sort by creation time (48 bits of milliseconds, 80 random)."""
    return _ulid((now_us() // 1000 << 80) | int.from_bytes(secrets.token_bytes(10)))


def first_id(at_us: int) -> str:
    """The least id that `new_id` gives at that moment or later."""
    return _ulid(max(0, at_us) // 1000 << 80)


def _ulid(number: int) -> str:
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


def new_token(size_bytes: int = 32) -> str:
    """A secret for a link or a cookie: URL-safe base64 of that many random bytes."""
    return secrets.token_urlsafe(size_bytes)


def random_bytes(size_bytes: int) -> bytes:
    """Bytes from the operating system's generator."""
    return secrets.token_bytes(size_bytes)


def jitter(span_s: float) -> float:
    """A uniformly random share of `span_s`, so that retries of many do not fall together."""
    return span_s * secrets.randbelow(1_000_001) / 1_000_000


@contextmanager
def frozen(at_us: int) -> Generator[None]:
    """Stop the clock for the code inside and the tasks it starts. For tests."""
    reset = _frozen_us.set(at_us)
    try:
        yield
    finally:
        _frozen_us.reset(reset)
