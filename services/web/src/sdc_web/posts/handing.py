"""Whose a text is: an owner gives it to another author, who is named below it from then on and may change it."""

import msgspec
from sdc_core.errors import Invalid
from sdc_core.sqlite import Connection, Database, execute, fetch_all

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.posts import store


class Writer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may have texts; `name` is what they sign in with."""

    id: str
    name: str
    display_name: str


SQL_WRITERS = """
SELECT id, name, display_name FROM authors WHERE removed_at_us IS NULL AND role <> 'viewer' ORDER BY name
"""


async def writers(connection: Connection, by: Actor) -> list[Writer]:
    """All of them, by name. Raises Forbidden."""
    rights.require(by, "posts.author")
    return await fetch_all(connection, Writer, SQL_WRITERS)


async def is_of_use(connection: Connection, by: Actor) -> bool:
    """Whether they may give texts away, and there is anybody to take them."""
    return by.may("posts.author") and len(await writers(connection, by)) > 1


SQL_SET_AUTHOR = "UPDATE posts SET author_id = :author_id WHERE id = :id"


async def hand_over(database: Database, by: Actor, post_id: str, name: str) -> None:
    """The text is that author's from now on; revisions keep the names of who saved them. Raises Forbidden, NotFound,
    and Invalid for who cannot have texts.
    """
    rights.require(by, "posts.author")
    async with database.transaction() as connection:
        post = await store.post(connection, post_id)
        heir = next((each for each in await writers(connection, by) if each.name == name), None)
        if heir is None:
            raise Invalid("no owner or author of the site signs in with that name", field="author")
        if post.author_id == heir.id:
            return
        await execute(connection, SQL_SET_AUTHOR, {"id": post.id, "author_id": heir.id})
        newest = await store.newest_revision(connection, post.id)
        await audit.record(connection, by, "post.given", post.id, f"{newest.title or 'Untitled'}, to {heir.name}")
