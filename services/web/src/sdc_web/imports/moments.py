"""Dates as front matter writes them: what a parser of YAML or TOML made of them, or one of the forms people type."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

from sdc_core import clock
from sdc_core.errors import Invalid

FIRST_YEAR = 1970
MAX_CHARACTERS = 100
_NAMED = ("%b %d %Y", "%B %d %Y", "%d %b %Y", "%d %B %Y", "%Y/%m/%d", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M")
_ZONE = re.compile(r"\s+(?:([+-]\d{1,2}):?(\d{2})?|UTC|GMT|Z)\Z")
_UNSAID = frozenset({"last modified", "created", "git last modified", "git created"})
"""What Eleventy asks of the file or of git, and neither came along."""


def written(fields: Mapping[str, object], *names: str) -> datetime | None:
    """The first of the fields that holds a date, as it was written there: an old address has its day in it. Raises
    Invalid for one that cannot be read.
    """
    return next((at for name in names if (at := read(fields.get(name))) is not None), None)


def is_written(fields: Mapping[str, object], *names: str) -> bool:
    """Whether one of the fields means to hold a date, be it one that cannot be read."""
    with suppress(Invalid):
        return written(fields, *names) is not None
    return True


def read(given: object) -> datetime | None:
    """A moment, aware, in UTC unless it says otherwise; None for what is no date at all. Raises Invalid."""
    if isinstance(given, datetime):
        return given if given.tzinfo else given.replace(tzinfo=UTC)
    if isinstance(given, date):
        return datetime(given.year, given.month, given.day, tzinfo=UTC)
    if not isinstance(given, str) or not given.strip() or given.strip().lower() in _UNSAID:
        return None
    found = _typed(given.strip())
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def of_milliseconds(count: int) -> str:
    """Milliseconds since the epoch, as people write a moment. Raises Invalid."""
    try:
        return clock.to_datetime(count * 1_000).isoformat()
    except OverflowError:
        raise Invalid("its date is out of reach") from None


def stored(value: datetime | None) -> int | None:
    """In microseconds. Raises Invalid for a year that no page can name."""
    if value is None:
        return None
    try:
        at = value.astimezone(UTC)
    except OverflowError:
        raise Invalid("its date is out of reach") from None
    if at.year < FIRST_YEAR:
        raise Invalid(f"its date is before {FIRST_YEAR}")
    return clock.from_datetime(at)


def _typed(given: str) -> datetime:
    """As in `2026-11-24 10:00:00 -0500`, `Jul 08 2022`, or `Fri, 08 Jul 2022 10:00:00 GMT`."""
    unread = Invalid(f"its date {given[:40]!r} is none that can be read: write 2026-11-24, or more of it")
    if len(given) > MAX_CHARACTERS:
        raise unread
    zoned = _ZONE.search(given)
    zone = f"{int(zoned[1]):+03d}:{zoned[2] or '00'}" if zoned and zoned[1] else "+00:00"
    bare = given[: zoned.start()] if zoned else given
    with suppress(ValueError):
        found = datetime.fromisoformat(bare)
        return found if found.tzinfo or not zoned else datetime.fromisoformat(f"{found.isoformat()}{zone}")
    for form in _NAMED:
        with suppress(ValueError):
            return datetime.strptime(" ".join(bare.replace(",", " ").split()), form).replace(tzinfo=UTC)
    with suppress(ValueError, TypeError, IndexError, OverflowError):
        return parsedate_to_datetime(given)
    raise unread
