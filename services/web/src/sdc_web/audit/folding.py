"""Refusals: anybody can cause them as often as they like, so the log counts those that repeat.

Within an hour the first five of a kind that concern one author are written, then the tenth, the hundredth, the
thousandth, with the count. So a year of guessing at full speed is some ten rows an hour for each author that there is,
and one guess at three in the morning is still seen.
"""

from sdc_core import clock
from sdc_core.sqlite import Connection, fetch_value

from sdc_web.audit.actions import Action
from sdc_web.audit.record import record
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases

WHOLE = 5
HOUR_US = 3_600 * clock.SECOND_US


async def refused(databases: Databases, by: Actor | None, action: Action, subject_id: str, words: str) -> None:
    """Somebody was refused something; `subject_id` is the author concerned, empty for none that exists."""
    now_us = clock.now_us()
    hour = now_us // HOUR_US
    async with databases.ttl.transaction() as connection:
        times = await count(connection, f"{action}/{subject_id}/{hour}", (hour + 2) * HOUR_US)
    if not is_told(times):
        return
    told = words if times <= WHOLE else f"{words} ({times:,} times within this hour)"
    async with databases.site.transaction() as connection:
        await record(connection, by, action, subject_id, told)


def is_told(times: int) -> bool:
    """Whether one that has that number within its hour is written down."""
    return times <= WHOLE or str(times).strip("0") == "1"


SQL_COUNT = """
INSERT INTO refusals (key, times, expires_at_us) VALUES (:key, 1, :expires_at_us)
ON CONFLICT (key) DO UPDATE SET times = times + 1
RETURNING times
"""


async def count(connection: Connection, key: str, expires_at_us: int) -> int:
    """How often it happened under this key, this time included."""
    found = await fetch_value(connection, SQL_COUNT, {"key": key, "expires_at_us": expires_at_us})
    return found if isinstance(found, int) else 1
