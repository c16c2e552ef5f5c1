"""Moments by the year that they are in where readers are."""

from collections.abc import Iterator
from datetime import MAXYEAR, MINYEAR, date

import msgspec
from sdc_core.sqlite import Connection, fetch_value

from sdc_web import zones

END_US = 1 << 62
"""Later than every moment that there is."""


def bounds(year: int, zone: str) -> tuple[int, int]:
    """When a year begins, and when the next one does."""
    return _begins_us(year, zone), _begins_us(year + 1, zone)


def _begins_us(year: int, zone: str) -> int:
    if year <= MINYEAR:
        return -END_US
    return END_US if year > MAXYEAR else zones.day_us(date(year, 1, 1), zone)


def years_of(moments_us: list[int], zone: str) -> Iterator[int]:
    """The year of each; quick where they are in order."""
    begins_us, ends_us, year = 0, 0, 0
    for at_us in moments_us:
        if not begins_us <= at_us < ends_us:
            year = zones.local(at_us, zone).year
            begins_us, ends_us = bounds(year, zone)
        yield year


async def moments(connection: Connection, sql: str, values: dict[str, str]) -> list[int]:
    """What a statement gives as one long row of JSON: rows of their own would take three times as long."""
    return msgspec.json.decode(str(await fetch_value(connection, sql, values)), type=list[int])
