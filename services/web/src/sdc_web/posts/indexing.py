"""Texts that ask search engines to leave them out: readers find them as any other."""

from sdc_core.sqlite import Connection, Database, execute, fetch_value

from sdc_web import audit
from sdc_web.authors.rights import Actor
from sdc_web.posts import publication, store

SQL_IS_HIDDEN = "SELECT noindex FROM posts WHERE id = :id"


async def is_hidden(connection: Connection, post_id: str) -> bool:
    """Whether search engines are asked to leave it out."""
    return bool(await fetch_value(connection, SQL_IS_HIDDEN, {"id": post_id}))


SQL_SET = "UPDATE posts SET noindex = :noindex WHERE id = :id AND noindex <> :noindex"


async def put(connection: Connection, post_id: str, *, hidden: bool) -> bool:
    """Ask them to, or not; returns whether that is new."""
    return await execute(connection, SQL_SET, {"id": post_id, "noindex": int(hidden)}) > 0


async def hide(database: Database, by: Actor, post_id: str, *, hidden: bool) -> None:
    """Ask search engines to leave a text out from now on, or to take it in again. Raises Forbidden, NotFound."""
    async with database.transaction() as connection:
        post = await publication.publishable(connection, by, post_id)
        if await put(connection, post.id, hidden=hidden):
            title = (await store.newest_revision(connection, post_id)).title
            words = f"{title or 'Untitled'}, {'hidden' if hidden else 'shown'}"
            await audit.record(connection, by, "post.indexing", post.id, words)
