"""All posts as their author sees them: making and finding them, published or not."""

from msgspec import UNSET
from sdc_core import clock
from sdc_core.sqlite import Connection, Database

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Action, Actor
from sdc_web.posts import slugs, store
from sdc_web.posts.records import Kind, Post, Revision


async def create(database: Database, by: Actor, kind: Kind, now_us: int | None = None) -> Post:
    """A new post with an empty first revision, number 1, which is theirs. Raises Forbidden."""
    async with database.transaction() as connection:
        return await begin(connection, by, kind, now_us)


async def begin(
    connection: Connection, by: Actor, kind: Kind, now_us: int | None = None, post_id: str = "", author_id: str = ""
) -> Post:
    """`create`, inside a transaction of the caller's, who may give it an id, and another author."""
    rights.require(by, "posts.change", author_id or UNSET)
    post, first = unwritten(by, kind, now_us, post_id, author_id)
    await store.insert_post(connection, post)
    await store.insert_revision(connection, first)
    await audit.record(connection, by, "post.begun", post.id, f"a {kind}")
    return post


def unwritten(
    by: Actor, kind: Kind, now_us: int | None = None, post_id: str = "", author_id: str = ""
) -> tuple[Post, Revision]:
    """A post of theirs, or that author's, with its empty first revision, both stored nowhere yet."""
    at_us = clock.now_us() if now_us is None else now_us
    post = Post(
        id=post_id or clock.new_id(),
        kind=kind,
        slug=slugs.placeholder(),
        author_id=author_id or by.id,
        created_at_us=at_us,
        revision_id=None,
        published_at_us=None,
        changed_at_us=None,
        scheduled_at_us=None,
    )
    first = Revision(
        id=clock.new_id(),
        post_id=post.id,
        number=1,
        title="",
        slug=post.slug,
        summary="",
        body="",
        tags_json="[]",
        cover_asset_id=None,
        saved_at_us=at_us,
        author_id=by.id,
    )
    return post, first


async def by_address(connection: Connection, kind: Kind, slug: str) -> Post | None:
    """The post of that kind with that slug, published or not, or None."""
    return await store.by_address(connection, kind, slug)


async def find(connection: Connection, by: Actor, post_id: str, action: Action = "posts.read") -> Post:
    """The post, published or not, to be read or for what else is to be done to it. Raises Forbidden, NotFound."""
    found = await store.post(connection, post_id)
    rights.require(by, action, found.author_id)
    return found
