"""The rows of what other sites are told: held, settled, listed."""

from typing import Literal, TypeAlias

import msgspec
from sdc_core.sqlite import Connection, Value, execute, fetch_all, fetch_one, fetch_value

from sdc_web.authors.rights import Actor
from sdc_web.posts.records import Kind, path_of

State: TypeAlias = Literal["waiting", "told", "removed", "none", "refused", "failed"]
"""`removed`: it was told that the link is gone. `none`: it takes no webmentions. `failed`: it was tried for long."""
MAX_LISTED = 200


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A row that one process holds until `next_us`, while it tells it. `fragment` is that of the link as it was told
    before, with its `#`.
    """

    id: int
    post_id: str
    target: str
    fragment: str
    path: str
    was_told: bool
    next_us: int
    since_us: int
    tries: int


SQL_CLAIM = """
UPDATE webmentions_told SET next_us = :held_us WHERE id IN (
    SELECT id FROM webmentions_told WHERE next_us <= :now_us ORDER BY next_us, id LIMIT :limit
)
RETURNING id, post_id, target, fragment, path, was_told, next_us, since_us, tries
"""


async def claim(connection: Connection, *, now_us: int, held_us: int, limit: int) -> list[Held]:
    """The longest due, held until then: no other process tries them meanwhile, and a dead one holds none for ever."""
    return await fetch_all(connection, Held, SQL_CLAIM, {"now_us": now_us, "held_us": held_us, "limit": limit})


SQL_IS_DUE = "SELECT 1 FROM webmentions_told WHERE next_us <= :now_us LIMIT 1"


async def is_due(connection: Connection, now_us: int) -> bool:
    """Whether something may be told now."""
    return await fetch_value(connection, SQL_IS_DUE, {"now_us": now_us}) is not None


SQL_OVERDUE = "SELECT min(next_us) FROM webmentions_told WHERE next_us <= :now_us"


async def overdue_us(connection: Connection, now_us: int) -> int:
    """For how long what is due longest has been so."""
    since_us = await fetch_value(connection, SQL_OVERDUE, {"now_us": now_us})
    return now_us - since_us if isinstance(since_us, int) else 0


SQL_WAITING = "SELECT count(*) FROM webmentions_told WHERE next_us IS NOT NULL"


async def count_waiting(connection: Connection) -> int:
    """What is still to be told."""
    waiting = await fetch_value(connection, SQL_WAITING)
    return waiting if isinstance(waiting, int) else 0


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Of a text and a link: where readers find it, whether it leads there, whether its old address leads to it, and
    its HTML.
    """

    kind: Kind
    slug: str
    is_linked: bool
    body_html: str
    is_redirected: bool

    @property
    def path(self) -> str:
        """The address that readers use."""
        return path_of(self.kind, self.slug)


SQL_STANDING = """
SELECT posts.kind, posts.slug,
    EXISTS (SELECT 1 FROM outward_links WHERE from_post_id = posts.id AND url = :target) AS is_linked,
    EXISTS (SELECT 1 FROM redirects WHERE path = :path AND post_id = posts.id) AS is_redirected, revisions.body_html
FROM posts JOIN revisions ON revisions.id = posts.revision_id WHERE posts.id = :post_id
"""


async def standing(connection: Connection, held: Held) -> Standing | None:
    """None when no reader sees the text."""
    values: dict[str, Value] = {"post_id": held.post_id, "target": held.target, "path": held.path}
    return await fetch_one(connection, Standing, SQL_STANDING, values)


SQL_SETTLE = """
UPDATE webmentions_told SET path = :path, was_told = coalesce(:was_told, was_told), tried_at_us = :now_us,
    state = iif(next_us = :held_us, :state, state), tries = iif(next_us = :held_us, tries + 1, tries),
    reason = iif(next_us = :held_us, :reason, reason), next_us = iif(next_us = :held_us, :next_us, next_us)
WHERE id = :id
"""


async def settle(
    connection: Connection,
    held: Held,
    state: State,
    *,
    path: str,
    now_us: int,
    next_us: int | None = None,
    was_told: bool | None = None,
    reason: str = "",
) -> None:
    """What became of a try; what waits anew since it was held goes on waiting."""
    values: dict[str, Value] = {
        "id": held.id,
        "held_us": held.next_us,
        "state": state,
        "path": path,
        "now_us": now_us,
        "next_us": next_us,
        "was_told": was_told,
        "reason": reason,
    }
    await execute(connection, SQL_SETTLE, values)


SQL_SET_FRAGMENT = "UPDATE webmentions_told SET fragment = :fragment WHERE id = :id"


async def set_fragment(connection: Connection, held: Held, fragment: str) -> None:
    """The link was told with this part of the page, and so it will be told that it is gone."""
    await execute(connection, SQL_SET_FRAGMENT, {"id": held.id, "fragment": fragment})


SQL_FORGET = "DELETE FROM webmentions_told WHERE id = :id AND next_us = :held_us"


async def forget(connection: Connection, held: Held) -> None:
    """There was nothing to tell, and nothing to remember."""
    await execute(connection, SQL_FORGET, {"id": held.id, "held_us": held.next_us})


SQL_FORGET_GONE = """
DELETE FROM webmentions_told
WHERE id = :id AND next_us IS NULL AND NOT EXISTS (SELECT 1 FROM posts WHERE posts.id = post_id)
"""


async def forget_gone(connection: Connection, held: Held) -> None:
    """Nobody asks what became of the links of a deleted text."""
    await execute(connection, SQL_FORGET_GONE, {"id": held.id})


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one link of a text."""

    post_id: str
    title: str
    target: str
    state: State
    reason: str
    next_us: int | None
    tried_at_us: int | None


SQL_LISTED = """
SELECT told.post_id, coalesce(revisions.title, '') AS title, told.target, told.state, told.reason, told.next_us,
    told.tried_at_us
FROM webmentions_told AS told
JOIN posts ON posts.id = told.post_id
LEFT JOIN revisions ON revisions.id = coalesce(
    posts.revision_id, (SELECT id FROM revisions WHERE post_id = posts.id ORDER BY number DESC LIMIT 1)
)
WHERE (:only_of IS NULL OR posts.author_id = :only_of) AND (:post_id = '' OR told.post_id = :post_id)
ORDER BY told.since_us DESC, told.id DESC LIMIT :limit
"""


async def listed(connection: Connection, by: Actor, post_id: str = "") -> list[Row]:
    """The newest first; of one text alone where its id is given; authors see those of their own. Raises Forbidden."""
    values: dict[str, Value] = {"only_of": by.only_own("posts.read"), "post_id": post_id, "limit": MAX_LISTED}
    return await fetch_all(connection, Row, SQL_LISTED, values)
