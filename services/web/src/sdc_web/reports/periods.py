"""Periods of days that can be asked for."""

from datetime import date, timedelta

from sdc_core.errors import Invalid

DEFAULT_DAYS = 30
MAX_DAYS = 40 * 366
MAX_HOURLY_DAYS = 400
FIRST_YEAR, LAST_YEAR = 1970, 9000
"""Far enough from the ends of the calendar to count days from."""


def between(first: str | None, last: str | None, today: str) -> tuple[str, str]:
    """The days, both included; up to today, and 30 of them, where nothing is said. Raises Invalid."""
    end = _day(last or today, "to")
    begin = _day(first, "from") if first else end - timedelta(days=DEFAULT_DAYS - 1)
    if begin > end or (end - begin).days >= MAX_DAYS:
        message = "a period begins before it ends, and has at most 40 years"
        raise Invalid(message, field="from")
    return begin.isoformat(), end.isoformat()


def _day(text: str, field: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        message = "write a day as 2026-11-24"
        raise Invalid(message, field=field)
    return day
