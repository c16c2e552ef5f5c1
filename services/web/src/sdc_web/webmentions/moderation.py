"""What authors do with what other sites told: they see it, accept it, refuse it, and block a host."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid, NotFound
from sdc_core.sqlite import Connection, Database, Value, execute, fetch_all, fetch_value

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.posts.records import Kind as PostKind
from sdc_web.posts.records import path_of
from sdc_web.webmentions import blocks
from sdc_web.webmentions.blocks import Block
from sdc_web.webmentions.entries import Kind
from sdc_web.webmentions.received import State

PAGE = 50
AT_ONCE = 100
Verdict: TypeAlias = Literal["accepted", "refused"]
Shown: TypeAlias = Literal["waiting", "accepted", "refused"]
"""The states that its author is shown."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One of the list, with the text that it leads to."""

    id: str
    post_id: str
    post_kind: PostKind
    post_slug: str
    post_title: str
    source: str
    host: str
    state: State
    kind: Kind
    author_name: str
    author_url: str
    title: str
    words: str
    asked_at_us: int

    @property
    def post_url(self) -> str:
        """Where readers find the text."""
        return path_of(self.post_kind, self.post_slug)


SQL_LISTING = """
SELECT webmentions.id, webmentions.post_id, posts.kind AS post_kind, posts.slug AS post_slug,
    coalesce(revisions.title, '') AS post_title, webmentions.source, webmentions.host, webmentions.state,
    webmentions.kind, webmentions.author_name, webmentions.author_url, webmentions.title, webmentions.words,
    webmentions.asked_at_us
FROM webmentions JOIN posts ON posts.id = webmentions.post_id
LEFT JOIN revisions ON revisions.id = posts.revision_id
WHERE webmentions.state = :state AND (:before = '' OR webmentions.id < :before)
    AND (:only_of IS NULL OR posts.author_id = :only_of)
ORDER BY webmentions.id DESC LIMIT :limit
"""


async def listing(connection: Connection, by: Actor, state: State, before: str = "", limit: int = PAGE) -> list[Row]:
    """Those in that state, the newest first, from behind that id. Authors see what leads to their own texts. Raises
    Forbidden.
    """
    values: dict[str, Value] = {
        "state": state,
        "before": before,
        "only_of": by.only_own("posts.read"),
        "limit": limit,
    }
    return await fetch_all(connection, Row, SQL_LISTING, values)


SQL_WAITING = """
SELECT count(*) FROM webmentions JOIN posts ON posts.id = post_id
WHERE state = 'waiting' AND (:only_of IS NULL OR posts.author_id = :only_of)
"""


async def count_waiting(connection: Connection, by: Actor) -> int:
    """How many wait for this author. Raises Forbidden."""
    number = await fetch_value(connection, SQL_WAITING, {"only_of": by.only_own("posts.read")})
    return number if isinstance(number, int) else 0


class _Chosen(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    host: str
    state: State
    author_id: str


SQL_CHOSEN = """
SELECT webmentions.id, webmentions.host, webmentions.state, posts.author_id
FROM webmentions JOIN posts ON posts.id = post_id
WHERE webmentions.id IN (SELECT value FROM json_each(:ids)) AND state IN ('waiting', 'accepted', 'refused')
"""
SQL_DECIDE = """
UPDATE webmentions SET state = :verdict WHERE id IN (SELECT value FROM json_each(:ids))
"""


async def decide(database: Database, by: Actor, ids: Sequence[str], verdict: Verdict) -> int:
    """Accept or refuse these; returns how many were something else before, and passes over those that are gone. Raises
    Forbidden, and then does none; Invalid for too many at once.
    """
    rights.require(by, "posts.publish")
    if len(ids) > AT_ONCE:
        raise Invalid(f"choose at most {AT_ONCE} at once")
    async with database.transaction() as connection:
        listed = msgspec.json.encode(list(ids)).decode()
        found = await fetch_all(connection, _Chosen, SQL_CHOSEN, {"ids": listed})
        for each in found:
            rights.require(by, "posts.publish", each.author_id)
        changed = [each for each in found if each.state != verdict]
        if changed:
            listed = msgspec.json.encode([each.id for each in changed]).decode()
            await execute(connection, SQL_DECIDE, {"ids": listed, "verdict": verdict})
            hosts = sorted({each.host for each in changed})
            words = f"{len(changed)}, of {', '.join(hosts[:5])}{' and others' if len(hosts) > 5 else ''}"
            action: audit.Action = "webmention.accepted" if verdict == "accepted" else "webmention.refused"
            await audit.record(connection, by, action, changed[0].id, words)
    return len(changed)


async def blocked(connection: Connection, by: Actor) -> list[Block]:
    """Every host that may tell nothing. Raises Forbidden."""
    rights.require(by, "site.read")
    return await blocks.everything(connection)


SQL_COUNT_BLOCKS = "SELECT count(*) FROM webmention_blocks"


async def block(database: Database, by: Actor, host: str) -> None:
    """Take nothing from that host any more; what it told is deleted. Raises Forbidden, Invalid, and Conflict when there
    are very many.
    """
    rights.require(by, "site.change")
    host = host.strip().lower().removesuffix(".")
    # One with a port is none that a source has; more colons are an address of IPv6.
    has_port = host.count(":") == 1
    if not 1 <= len(host) <= 253 or not host.isprintable() or has_port or any(each in host for each in " /@?#"):
        raise Invalid("write a host, such as example.org", field="host")
    async with database.transaction() as connection:
        number = await fetch_value(connection, SQL_COUNT_BLOCKS)
        if isinstance(number, int) and number >= blocks.MAX_BLOCKS:
            raise Conflict(f"{blocks.MAX_BLOCKS:,} hosts are blocked already: allow some of them again first")
        await blocks.add(connection, host, clock.now_us())
        await audit.record(connection, by, "webmention.blocked", host, host)


async def allow(database: Database, by: Actor, host: str) -> None:
    """It may tell again. Raises Forbidden, NotFound."""
    rights.require(by, "site.change")
    async with database.transaction() as connection:
        if not await blocks.remove(connection, host):
            raise NotFound("that host is not blocked")
        await audit.record(connection, by, "webmention.allowed", host, host)
