"""The rows of link checks."""

from collections.abc import Iterable

import msgspec
from sdc_core.sqlite import Connection, Value, execute, fetch_all, fetch_value

from sdc_web.link_checks.asking import Found, State

MAX_STATES = 500


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """An address whose turn it is, with what is remembered of it."""

    url: str
    etag: str
    failures: int
    failing_since_us: int | None


SQL_DUE = """
SELECT DISTINCT outward_links.url, coalesce(etag, '') AS etag, coalesce(failures, 0) AS failures, failing_since_us
FROM outward_links LEFT JOIN link_checks ON link_checks.url = outward_links.url
WHERE coalesce(next_us, 0) <= :now_us AND substr(outward_links.url, instr(outward_links.url, '//')) || '/' NOT LIKE :own
ORDER BY coalesce(next_us, 0) LIMIT :limit
"""


async def due(connection: Connection, own: str, *, now_us: int, limit: int) -> list[Due]:
    """What is to be looked at, the longest overdue first. `own` is the site itself, `//example.org`."""
    return await fetch_all(connection, Due, SQL_DUE, {"own": f"{own or '//'}/%", "now_us": now_us, "limit": limit})


SQL_PUT = """
INSERT INTO link_checks (url, state, status, reason, moved_to, etag, failures, failing_since_us, checked_at_us, next_us)
VALUES (:url, :state, :status, :reason, :moved_to, :etag, :failures, :failing_since_us, :now_us, :next_us)
ON CONFLICT (url) DO UPDATE SET state = excluded.state, status = excluded.status, reason = excluded.reason,
    moved_to = excluded.moved_to, etag = excluded.etag, failures = excluded.failures,
    failing_since_us = excluded.failing_since_us, checked_at_us = excluded.checked_at_us, next_us = excluded.next_us
"""


async def put(
    connection: Connection,
    url: str,
    found: Found,
    *,
    failures: int,
    failing_since_us: int | None,
    now_us: int,
    next_us: int,
) -> None:
    """Remember what was found."""
    values: dict[str, Value] = {
        "url": url,
        "state": found.state,
        "status": found.status,
        "reason": found.reason,
        "moved_to": found.moved_to,
        "etag": found.etag,
        "failures": failures,
        "failing_since_us": failing_since_us,
        "now_us": now_us,
        "next_us": next_us,
    }
    await execute(connection, SQL_PUT, values)


class Inside(msgspec.Struct, frozen=True, kw_only=True):
    """An address of this site that a text leads to."""

    path: str


# What is a published text is left out here, by an index; the rest are few, and are looked at one by one.
SQL_INSIDE = """
WITH inside AS (
    SELECT address AS path FROM post_links WHERE address LIKE '/%' AND address NOT LIKE '//%'
    UNION SELECT substr(address, length(:own) + 1) FROM post_links WHERE :own <> '' AND address LIKE :own || '/%'
)
SELECT path FROM inside WHERE NOT EXISTS (
    SELECT 1 FROM posts WHERE revision_id IS NOT NULL
        AND kind = CASE WHEN path LIKE '/posts/%' THEN 'post' WHEN path LIKE '/projects/%' THEN 'project'
            ELSE 'page' END
        AND slug = CASE WHEN path LIKE '/posts/%' THEN substr(path, 8)
            WHEN path LIKE '/projects/%' THEN substr(path, 11) ELSE substr(path, 2) END
)
LIMIT :limit
"""


async def inside(connection: Connection, own: str, *, limit: int) -> list[str]:
    """Where published texts lead within the site, but for published texts."""
    return [each.path for each in await fetch_all(connection, Inside, SQL_INSIDE, {"own": own, "limit": limit})]


SQL_INSIDE_MENDED = """
DELETE FROM link_checks WHERE url LIKE '/%' AND url NOT IN (SELECT value FROM json_each(:dead))
"""
SQL_INSIDE_DEAD = """
INSERT INTO link_checks (url, state, status, reason, moved_to, etag, failures, failing_since_us, checked_at_us, next_us)
SELECT key, 'dead', 0, value, '', '', 1, :now_us, :now_us, :now_us FROM json_each(:dead) WHERE true
ON CONFLICT (url) DO UPDATE SET reason = excluded.reason, checked_at_us = excluded.checked_at_us
"""


async def put_inside(connection: Connection, dead: dict[str, str], now_us: int) -> None:
    """These addresses of the site are dead, each with the reason, and no others."""
    await execute(connection, SQL_INSIDE_MENDED, {"dead": msgspec.json.encode(list(dead)).decode()})
    await execute(connection, SQL_INSIDE_DEAD, {"dead": msgspec.json.encode(dead).decode(), "now_us": now_us})


SQL_FORGET = """
DELETE FROM link_checks WHERE url NOT LIKE '/%' AND NOT EXISTS (
    SELECT 1 FROM outward_links WHERE outward_links.url = link_checks.url
)
"""


async def forget(connection: Connection) -> None:
    """What no text leads to any more."""
    await execute(connection, SQL_FORGET)


SQL_COUNT = "SELECT count(*) FROM link_checks WHERE state = :state"


async def count(connection: Connection, state: State) -> int:
    """How many addresses are in that state."""
    found = await fetch_value(connection, SQL_COUNT, {"state": state})
    return found if isinstance(found, int) else 0


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """What was found at an address the last time."""

    url: str
    state: State
    reason: str
    moved_to: str


SQL_REMEMBERED = """
SELECT url, state, reason, moved_to FROM link_checks
WHERE url IN (SELECT value FROM json_each(:urls)) AND state IN ('dead', 'moved')
"""


async def remembered(connection: Connection, urls: Iterable[str]) -> dict[str, Remembered]:
    """Those of the addresses that were dead, or led on, by address."""
    listed = msgspec.json.encode(list(urls)).decode()
    return {each.url: each for each in await fetch_all(connection, Remembered, SQL_REMEMBERED, {"urls": listed})}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An address that needs a look, and one of the texts that lead there."""

    url: str
    state: State
    reason: str
    moved_to: str
    failing_since_us: int | None
    checked_at_us: int
    post_id: str
    title: str


# Begun with the few that are troubled: left to itself SQLite begins with every text that is published.
SQL_TROUBLED = """
WITH leading AS (
    SELECT checked.url, outward_links.from_post_id FROM link_checks AS checked
    JOIN outward_links ON outward_links.url = checked.url WHERE checked.state IN ('dead', 'moved')
    UNION
    SELECT checked.url, post_links.from_post_id FROM link_checks AS checked
    JOIN post_links ON post_links.address IN (checked.url, :own || checked.url)
    WHERE checked.state = 'dead' AND checked.url LIKE '/%'
)
SELECT checked.url, checked.state, checked.reason, checked.moved_to, checked.failing_since_us, checked.checked_at_us,
    posts.id AS post_id, revisions.title
FROM leading CROSS JOIN link_checks AS checked ON checked.url = leading.url
CROSS JOIN posts ON posts.id = leading.from_post_id JOIN revisions ON revisions.id = posts.revision_id
WHERE :only_of IS NULL OR posts.author_id = :only_of
ORDER BY checked.state, checked.failing_since_us DESC, checked.url, posts.published_at_us DESC LIMIT :limit
"""


async def troubled(connection: Connection, own: str, only_of: str | None, *, limit: int) -> list[Row]:
    """Addresses that are dead, then those that lead on, each once for every text that leads there."""
    values = {"own": own, "only_of": only_of, "limit": limit}
    return await fetch_all(connection, Row, SQL_TROUBLED, values)
