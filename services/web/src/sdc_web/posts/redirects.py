"""Old addresses of posts: each answers 301 with the present one, for ever."""

import msgspec
from sdc_core.sqlite import Connection, execute, fetch_one

from sdc_web.posts.records import Kind, path_of

SQL_ADD = """
INSERT INTO redirects (path, post_id, created_at_us) VALUES (:path, :post_id, :now_us)
ON CONFLICT (path) DO UPDATE SET post_id = excluded.post_id, created_at_us = excluded.created_at_us
"""


async def add(connection: Connection, path: str, post_id: str, now_us: int) -> None:
    """From now on `path` leads to that post; the newest owner of an address keeps it."""
    await execute(connection, SQL_ADD, {"path": path, "post_id": post_id, "now_us": now_us})


SQL_REMOVE = "DELETE FROM redirects WHERE path = :path"


async def remove(connection: Connection, path: str) -> None:
    """The address is a post's own again."""
    await execute(connection, SQL_REMOVE, {"path": path})


class _Target(msgspec.Struct, frozen=True, kw_only=True):
    kind: Kind
    slug: str


SQL_FIND = """
SELECT posts.kind, posts.slug
FROM redirects JOIN posts ON posts.id = redirects.post_id
WHERE redirects.path = :path AND posts.revision_id IS NOT NULL
"""


async def find(connection: Connection, path: str) -> str | None:
    """The present address of the published post that once was at `path`, or None."""
    target = await fetch_one(connection, _Target, SQL_FIND, {"path": path})
    return path_of(target.kind, target.slug) if target else None
