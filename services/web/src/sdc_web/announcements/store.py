"""Statements on audiences, and on what waits to be told to them: on a connection whose transaction is the caller's."""

from collections.abc import Iterable
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


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """A feed with news, up to the announcement `last_id`; `is_told` when its hub has heard of all of them."""

    path: str
    last_id: int
    is_told: bool


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


SQL_PAGES = """
WITH waiting AS (SELECT id, post_id FROM announcements WHERE audience = 'websub')
SELECT '' AS folder, '' AS name, max(id) AS last_id FROM waiting HAVING count(*) > 0
UNION ALL
SELECT '/tags/', post_tags.tag, max(waiting.id)
FROM waiting JOIN post_tags ON post_tags.post_id = waiting.post_id GROUP BY post_tags.tag
UNION ALL
SELECT '/series/', series.slug, max(waiting.id)
FROM waiting JOIN posts ON posts.id = waiting.post_id JOIN series ON series.id = posts.series_id GROUP BY series.id
LIMIT :limit
"""
SQL_TOLD = "SELECT path, last_id FROM told_feeds"


class _Page(msgspec.Struct, frozen=True, kw_only=True):
    folder: str
    name: str
    last_id: int


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    last_id: int


async def feeds(connection: Connection) -> list[Feed]:
    """The feeds that have the posts which wait: those of the site, then those of their tags and of their series."""
    pages = await fetch_all(connection, _Page, SQL_PAGES, {"limit": MAX_FEEDS})
    if len(pages) * len(FEEDS) > MAX_FEEDS:
        pages = pages[:1]
    told = {each.path: each.last_id for each in await fetch_all(connection, _Told, SQL_TOLD)}
    paths = [(f"{page.folder}{quote(page.name)}{feed}", page.last_id) for page in pages for feed in FEEDS]
    return [Feed(path=path, last_id=last_id, is_told=told.get(path, 0) >= last_id) for path, last_id in paths]


SQL_NOTE = """
INSERT INTO told_feeds (path, last_id) VALUES (:path, :last_id)
ON CONFLICT (path) DO UPDATE SET last_id = excluded.last_id
"""


async def note(connection: Connection, told: Iterable[Feed]) -> None:
    """The hub has heard of these, as they stand."""
    for each in told:
        await execute(connection, SQL_NOTE, {"path": each.path, "last_id": each.last_id})


SQL_FORGET = "DELETE FROM announcements WHERE audience = :name AND id <= :last_id"
SQL_FORGET_TOLD = "DELETE FROM told_feeds WHERE :name = 'websub' AND last_id <= :last_id"


async def forget(connection: Connection, name: Name, last_id: int) -> None:
    """Everything up to that row has been told, or is given up."""
    for statement in (SQL_FORGET, SQL_FORGET_TOLD):
        await execute(connection, statement, {"name": name, "last_id": last_id})


SQL_GO_ON = "UPDATE audiences SET next_at_us = 0, failures = 0, reason = '' WHERE name = :name"


async def go_on(connection: Connection, name: Name) -> None:
    """It takes what it is told, and there is more."""
    await execute(connection, SQL_GO_ON, {"name": name})


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
