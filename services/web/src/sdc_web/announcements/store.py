"""Statements on audiences, and on what waits to be told to them: on a connection whose transaction is the caller's."""

from typing import Literal, TypeAlias
from urllib.parse import quote

import msgspec
from sdc_core import clock
from sdc_core.sqlite import Connection, execute, fetch_all, fetch_value

Name: TypeAlias = Literal["websub", "indexnow"]

HELD_US = 120 * clock.SECOND_US
"""Longer than a round: so long another process stays away from an audience, should this one end in the middle."""
FIRST_PAUSE_US = 30 * clock.SECOND_US
LONGEST_PAUSE_US = 3_600 * clock.SECOND_US
MAX_ADDRESSES = 10_000
"""In one request, says IndexNow."""
MAX_FEEDS = 60
"""Told one by one. When more change at once, as after an import, only those of the whole site are."""
FEEDS = ("/feed.xml", "/rss.xml", "/feed.json")


class Audience(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `audiences`, with how many addresses wait for it."""

    name: Name
    next_at_us: int
    failures: int
    reason: str
    tried_at_us: int | None
    told_at_us: int | None
    told: int
    waiting: int


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `announcements` for one audience."""

    id: int
    path: str
    since_us: int


SQL_KEEP_ONLY = "DELETE FROM audiences WHERE name NOT IN (SELECT value FROM json_each(:names))"
SQL_ADD = "INSERT INTO audiences (name) SELECT value FROM json_each(:names) WHERE true ON CONFLICT DO NOTHING"


async def keep_only(connection: Connection, names: tuple[Name, ...]) -> None:
    """From now on these are told; what waited for others is forgotten."""
    values = {"names": msgspec.json.encode(names).decode()}
    await execute(connection, SQL_KEEP_ONLY, values)
    await execute(connection, SQL_ADD, values)


SQL_AUDIENCES = """
SELECT name, next_at_us, failures, reason, tried_at_us, told_at_us, told,
    (SELECT count(*) FROM announcements WHERE audience = audiences.name) AS waiting
FROM audiences ORDER BY name DESC
"""


async def audiences(connection: Connection) -> list[Audience]:
    """Everybody who is told, and how it goes."""
    return await fetch_all(connection, Audience, SQL_AUDIENCES)


# A moment that is farther away than any pause was set by a clock that was ahead.
SQL_IS_DUE = """
SELECT 1 FROM audiences
WHERE name = :name AND (next_at_us <= :now_us OR next_at_us > :now_us + 86400000000)
    AND EXISTS (SELECT 1 FROM announcements WHERE audience = audiences.name)
"""


async def is_due(connection: Connection, name: Name, now_us: int) -> bool:
    """Whether something waits for that audience, and may be told now."""
    return await fetch_value(connection, SQL_IS_DUE, {"name": name, "now_us": now_us}) is not None


SQL_HOLD = """
UPDATE audiences SET next_at_us = :until_us
WHERE name = :name AND (next_at_us <= :now_us OR next_at_us > :now_us + 86400000000)
    AND EXISTS (SELECT 1 FROM announcements WHERE audience = audiences.name)
"""


async def hold(connection: Connection, name: Name, now_us: int) -> bool:
    """Keep other processes from that audience for `HELD_US`; False when one has done that before."""
    values = {"name": name, "now_us": now_us, "until_us": now_us + HELD_US}
    return await execute(connection, SQL_HOLD, values) == 1


SQL_OF = "SELECT id, path, since_us FROM announcements WHERE audience = :name ORDER BY id LIMIT :limit"


async def of(connection: Connection, name: Name) -> list[Announcement]:
    """What waits for an audience, the oldest first."""
    return await fetch_all(connection, Announcement, SQL_OF, {"name": name, "limit": MAX_ADDRESSES})


SQL_FEEDS = """
WITH waiting AS (SELECT DISTINCT post_id FROM announcements WHERE audience = 'websub')
SELECT '/tags/' AS folder, post_tags.tag AS name FROM post_tags WHERE post_tags.post_id IN (SELECT post_id FROM waiting)
UNION
SELECT '/series/', series.slug FROM posts JOIN series ON series.id = posts.series_id
WHERE posts.id IN (SELECT post_id FROM waiting)
LIMIT :limit
"""


class _Page(msgspec.Struct, frozen=True, kw_only=True):
    folder: str
    name: str


async def feeds_of(connection: Connection) -> tuple[str, ...]:
    """Addresses of the feeds that have the posts which wait: those of the site, of their tags and of their series."""
    found = await fetch_all(connection, _Page, SQL_FEEDS, {"limit": MAX_FEEDS})
    pages = ["", *(each.folder + quote(each.name) for each in found)]
    told = tuple(page + feed for page in pages for feed in FEEDS)
    return told if len(told) <= MAX_FEEDS else FEEDS


SQL_FORGET = "DELETE FROM announcements WHERE audience = :name AND id <= :last_id"


async def forget(connection: Connection, name: Name, last_id: int) -> None:
    """Everything up to that row has been told, or is given up."""
    await execute(connection, SQL_FORGET, {"name": name, "last_id": last_id})


SQL_SUCCEEDED = """
UPDATE audiences
SET next_at_us = 0, failures = 0, reason = '', tried_at_us = :now_us, told_at_us = :now_us, told = :told
WHERE name = :name
"""


async def succeeded(connection: Connection, name: Name, told: int, now_us: int) -> None:
    """It was told of so many addresses."""
    await execute(connection, SQL_SUCCEEDED, {"name": name, "told": told, "now_us": now_us})


SQL_FAILED = """
UPDATE audiences SET failures = failures + 1, reason = :reason, tried_at_us = :now_us,
    next_at_us = :now_us + max(:asked_us, min(:longest_us, :first_us << min(failures, 20)))
WHERE name = :name
RETURNING failures
"""


async def failed(connection: Connection, name: Name, reason: str, now_us: int, asked_us: int) -> int:
    """Each pause is twice the one before, and no shorter than was asked for. Returns the failures in a row."""
    values = {
        "name": name,
        "reason": reason,
        "now_us": now_us,
        "asked_us": asked_us,
        "first_us": FIRST_PAUSE_US,
        "longest_us": LONGEST_PAUSE_US,
    }
    found = await fetch_value(connection, SQL_FAILED, values)
    return found if isinstance(found, int) else 0
