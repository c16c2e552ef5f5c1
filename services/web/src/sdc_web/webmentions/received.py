"""The rows of what other sites told this one: taken, held, settled, listed."""

from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec
from sdc_core.sqlite import Connection, Value, execute, fetch_all, fetch_one, fetch_value

from sdc_web.posts.records import Kind as PostKind
from sdc_web.posts.records import path_of
from sdc_web.webmentions.entries import Entry, Kind

State: TypeAlias = Literal["new", "waiting", "accepted", "refused", "failed"]
"""`new`: not looked at yet. `waiting`: the link is there, and its author decides. `failed`: it was not there."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a source that tells something again."""

    id: str
    state: State
    looked_at_us: int | None
    next_us: int | None


SQL_KNOWN = """
SELECT id, state, looked_at_us, next_us FROM webmentions WHERE source = :source AND post_id = :post_id
"""


async def known(connection: Connection, source: str, post_id: str) -> Known | None:
    """None for a source that told nothing yet."""
    return await fetch_one(connection, Known, SQL_KNOWN, {"source": source, "post_id": post_id})


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """How much was told of late, and is to be looked at: in all, and of one host."""

    waiting: int
    waiting_of_host: int
    of_late: int
    of_late_of_host: int
    kept: int


SQL_LOAD = """
SELECT (SELECT count(*) FROM webmentions WHERE next_us IS NOT NULL) AS waiting,
    (SELECT count(*) FROM webmentions WHERE next_us IS NOT NULL AND host = :host) AS waiting_of_host,
    (SELECT count(*) FROM webmentions WHERE asked_at_us > :since_us) AS of_late,
    (SELECT count(*) FROM webmentions WHERE host = :host AND asked_at_us > :since_us) AS of_late_of_host,
    (SELECT count(*) FROM webmentions) AS kept
"""


async def load(connection: Connection, host: str, since_us: int) -> Load:
    """What was told since then, and what there is."""
    values: dict[str, Value] = {"host": host, "since_us": since_us}
    found = await fetch_one(connection, Load, SQL_LOAD, values)
    return found or Load(waiting=0, waiting_of_host=0, of_late=0, of_late_of_host=0, kept=0)


SQL_PUT = """
INSERT INTO webmentions (id, post_id, source, target, host, state, asked_at_us, next_us)
VALUES (:id, :post_id, :source, :target, :host, 'new', :now_us, :next_us)
ON CONFLICT (source, post_id) DO UPDATE SET target = excluded.target, asked_at_us = excluded.asked_at_us, tries = 0,
    next_us = excluded.next_us, state = iif(state = 'failed', 'new', state), reason = ''
"""


async def put(
    connection: Connection, row_id: str, *, post_id: str, source: str, target: str, host: str, now_us: int, next_us: int
) -> None:
    """It is to be looked at, for the first time or again."""
    values: dict[str, Value] = {
        "id": row_id,
        "post_id": post_id,
        "source": source,
        "target": target,
        "host": host,
        "now_us": now_us,
        "next_us": next_us,
    }
    await execute(connection, SQL_PUT, values)


SQL_POST_AT = """
SELECT id FROM posts WHERE kind = :kind AND slug = :slug AND revision_id IS NOT NULL
UNION ALL
SELECT posts.id FROM redirects JOIN posts ON posts.id = redirects.post_id
WHERE redirects.path = :path AND posts.revision_id IS NOT NULL AND posts.kind = :kind
LIMIT 1
"""


async def post_at(connection: Connection, kind: PostKind, slug: str) -> str:
    """The id of the published text that readers find there, at its address or a former one; empty for none."""
    values: dict[str, Value] = {"kind": kind, "slug": slug, "path": path_of(kind, slug)}
    return str(await fetch_value(connection, SQL_POST_AT, values) or "")


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A row that one process holds until `next_us`, while it looks at the source."""

    id: str
    source: str
    target: str
    state: State
    next_us: int
    tries: int

    @property
    def host(self) -> str:
        """Of the source."""
        return urlsplit(self.source).netloc.lower()


SQL_CLAIM = """
UPDATE webmentions SET next_us = :held_us WHERE id IN (
    SELECT id FROM webmentions WHERE next_us <= :now_us ORDER BY next_us, id LIMIT :limit
)
RETURNING id, source, target, state, next_us, tries
"""


async def claim(connection: Connection, *, now_us: int, held_us: int, limit: int) -> list[Held]:
    """The longest due, held until then: no other process looks at them, and a dead one holds none for ever."""
    return await fetch_all(connection, Held, SQL_CLAIM, {"now_us": now_us, "held_us": held_us, "limit": limit})


SQL_IS_DUE = "SELECT 1 FROM webmentions WHERE next_us <= :now_us LIMIT 1"


async def is_due(connection: Connection, now_us: int) -> bool:
    """Whether something is to be looked at now."""
    return await fetch_value(connection, SQL_IS_DUE, {"now_us": now_us}) is not None


# What its author has accepted and reads otherwise now waits for them again; what they have refused stays so.
SQL_FOUND = """
UPDATE webmentions SET looked_at_us = :now_us, next_us = NULL, tries = 0, reason = '',
    state = CASE
        WHEN state IN ('new', 'failed') THEN 'waiting'
        WHEN state = 'accepted' AND (kind, author_name, author_url, title, words)
            <> (:kind, :author_name, :author_url, :title, :words) THEN 'waiting'
        ELSE state END,
    kind = :kind, author_name = :author_name, author_url = :author_url, title = :title, words = :words
WHERE id = :id AND next_us = :held_us
"""


async def found(connection: Connection, held: Held, entry: Entry, now_us: int) -> None:
    """The link is there, and this is what its page says."""
    values: dict[str, Value] = {"id": held.id, "held_us": held.next_us, "now_us": now_us}
    await execute(connection, SQL_FOUND, values | msgspec.structs.asdict(entry))


SQL_NOT_FOUND = """
UPDATE webmentions SET looked_at_us = :now_us, next_us = NULL, reason = :reason,
    state = iif(state = 'new', 'failed', state)
WHERE id = :id AND next_us = :held_us
"""
SQL_GONE = """
DELETE FROM webmentions WHERE id = :id AND next_us = :held_us AND state IN ('waiting', 'accepted')
"""


async def gone(connection: Connection, held: Held, reason: str, now_us: int) -> None:
    """The page, or the link on it, is not there: what was shown is removed. What was refused is remembered."""
    await execute(connection, SQL_GONE, {"id": held.id, "held_us": held.next_us})
    await unread(connection, held, reason, now_us)


async def unread(connection: Connection, held: Held, reason: str, now_us: int) -> None:
    """It cannot be said whether the link is there: what is known of it stays."""
    values: dict[str, Value] = {"id": held.id, "held_us": held.next_us, "reason": reason, "now_us": now_us}
    await execute(connection, SQL_NOT_FOUND, values)


SQL_AGAIN = """
UPDATE webmentions SET next_us = :next_us, tries = tries + 1, reason = :reason WHERE id = :id AND next_us = :held_us
"""


async def again(connection: Connection, held: Held, reason: str, next_us: int) -> None:
    """Another look, later."""
    values: dict[str, Value] = {"id": held.id, "held_us": held.next_us, "reason": reason, "next_us": next_us}
    await execute(connection, SQL_AGAIN, values)


SQL_FORGET_FAILED = "DELETE FROM webmentions WHERE state = 'failed' AND asked_at_us < :before_us"


async def forget_failed(connection: Connection, before_us: int) -> None:
    """What was nothing is remembered for a while, so that it counts for how much a host tells."""
    await execute(connection, SQL_FORGET_FAILED, {"before_us": before_us})


SQL_COUNT = "SELECT count(*) FROM webmentions WHERE state = :state"
SQL_COUNT_DUE = "SELECT count(*) FROM webmentions WHERE next_us IS NOT NULL"


async def count_due(connection: Connection) -> int:
    """What is still to be looked at."""
    number = await fetch_value(connection, SQL_COUNT_DUE)
    return number if isinstance(number, int) else 0


SQL_OVERDUE = "SELECT min(next_us) FROM webmentions WHERE next_us <= :now_us"


async def overdue_us(connection: Connection, now_us: int) -> int:
    """For how long what is due longest has been so."""
    since_us = await fetch_value(connection, SQL_OVERDUE, {"now_us": now_us})
    return now_us - since_us if isinstance(since_us, int) else 0


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted one as readers see it: all of it plain text, and both addresses http(s)."""

    source: str
    host: str
    kind: Kind
    author_name: str
    author_url: str
    title: str
    words: str
    asked_at_us: int


MAX_SHOWN = 200
SQL_SHOWN = """
SELECT source, host, kind, author_name, author_url, title, words, asked_at_us FROM webmentions
WHERE post_id = :post_id AND state = 'accepted' ORDER BY asked_at_us DESC, id DESC LIMIT :limit
"""


async def shown(connection: Connection, post_id: str) -> list[Shown]:
    """What stands below a text, the newest first."""
    return await fetch_all(connection, Shown, SQL_SHOWN, {"post_id": post_id, "limit": MAX_SHOWN})
