"""Secret links to a draft, for readers who have no account: they end, count who looked, and can be taken back.

They live in `ttl.db`, which no backup holds: a link that was taken back does not return with a restored database, and a
lost link is made again in a moment. Only the SHA-256 of a token is stored, but for the answer to a program that asked
with a key, which is kept for a day (`api.once`).
"""

import hashlib
from typing import Literal, TypeAlias

import msgspec
from sdc_core import clock
from sdc_core.errors import Conflict, NotFound
from sdc_core.sqlite import Connection, execute, fetch_all, fetch_one, fetch_value

from sdc_web import audit
from sdc_web.authors import store as authors
from sdc_web.authors.rights import SYSTEM, Actor
from sdc_web.db import Databases
from sdc_web.posts import catalogue, history, store
from sdc_web.posts.records import Post, Revision
from sdc_web.texts import characters

Days: TypeAlias = Literal[1, 7, 30]
MAX_NOTE = 80
MOST = 50
"""Links of one post at a time."""
SHARED = "Shared"
"""What a revision is named, before the note, that is shared as it is: what is named stays."""
_GONE = "No page has this address. It may have been taken away, or the link is wrong."


class PreviewLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link as its author sees it. `revision_id` is None for whatever is newest; `note` says for whom it is."""

    id: str
    post_id: str
    revision_id: str | None
    author_id: str
    note: str
    created_at_us: int
    expires_at_us: int
    views: int
    viewed_at_us: int | None


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A new link; `path` holds the token, which is kept nowhere else."""

    path: str
    link: PreviewLink


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a link leads to."""

    link: PreviewLink
    post: Post
    revision: Revision


async def make(
    databases: Databases,
    by: Actor,
    post_id: str,
    *,
    days: Days,
    note: str = "",
    revision_id: str | None = None,
    link_id: str = "",
) -> Made:
    """A link to the newest text, or to that revision as it is. With the id of one whose token was never told, since
    the try that made it came to no answer, that one gets another token. Raises Forbidden, Invalid, NotFound, and
    Conflict when the post has too many.
    """
    clean = characters.fitting(characters.line(note), MAX_NOTE, "note", "The note")
    token, now_us = clock.new_token(), clock.now_us()
    link = PreviewLink(
        id=link_id or clock.new_id(),
        post_id=post_id,
        revision_id=revision_id,
        author_id=by.id,
        note=clean,
        created_at_us=now_us,
        expires_at_us=now_us + days * clock.DAY_US,
        views=0,
        viewed_at_us=None,
    )
    async with databases.site.transaction() as connection:
        await catalogue.find(connection, by, post_id, "posts.change")
        newest = await store.newest_revision(connection, post_id)
        if revision_id is not None:
            await _keep_revision(connection, post_id, revision_id, clean)
        await audit.record(
            connection, by, "post.shared", post_id, f"{newest.title}, {clean}" if clean else newest.title
        )
        # Counted where it is added: of two at once, the second one sees the first.
        async with databases.ttl.transaction() as links:
            if await count(links, post_id, now_us) >= MOST:
                raise Conflict(f"This text has {MOST} links already: take one back first.")
            await insert(links, link, _sha256(token))
    return Made(path=f"/preview/{token}", link=link)


async def _keep_revision(connection: Connection, post_id: str, revision_id: str, note: str) -> None:
    """What is shared as it is gets a name, since what is named stays. Raises NotFound."""
    await store.revision(connection, post_id, revision_id)
    if not await history.has_name(connection, revision_id):
        words = f"{SHARED}: {note}" if note else SHARED
        await history.set_name(connection, revision_id, words[: history.MAX_NAME])


async def listing(databases: Databases, by: Actor, post_id: str) -> list[PreviewLink]:
    """The links of a post that work, the newest first. Raises Forbidden, NotFound."""
    async with databases.ttl.read() as connection:
        links = await of_post(connection, post_id, clock.now_us())
    async with databases.site.read() as connection:
        post = await catalogue.find(connection, by, post_id, "posts.change")
        makers = {each.author_id for each in links}
        entitled = {author_id for author_id in makers if await _may_still(connection, author_id, post)}
    return [each for each in links if each.author_id in entitled]


async def revoke(databases: Databases, by: Actor, post_id: str, link_id: str) -> None:
    """From the next request on it leads nowhere. Raises Forbidden, NotFound."""
    async with databases.site.transaction() as connection:
        await catalogue.find(connection, by, post_id, "posts.change")
        async with databases.ttl.transaction() as links:
            if not await delete(links, post_id, link_id):
                raise NotFound("There is no such link.")
        newest = await store.newest_revision(connection, post_id)
        await audit.record(connection, by, "post.unshared", post_id, newest.title)


async def follow(databases: Databases, token: str) -> Shown:
    """What a token shows. Raises NotFound, in the same words whether it never was, is over or was taken back, or
    whoever made it may not change the text any more.
    """
    async with databases.ttl.read() as connection:
        link = await by_token(connection, _sha256(token), clock.now_us())
    if link is None:
        raise NotFound(_GONE)
    try:
        async with databases.site.read() as connection:
            post = await store.post(connection, link.post_id)
            if not await _may_still(connection, link.author_id, post):
                raise NotFound(_GONE)
            if link.revision_id is None:
                revision = await store.newest_revision(connection, post.id)
            else:
                revision = await store.revision(connection, post.id, link.revision_id)
    except NotFound:
        raise NotFound(_GONE) from None
    return Shown(link=link, post=post, revision=revision)


async def viewed(databases: Databases, link_id: str) -> None:
    """Somebody looked."""
    async with databases.ttl.transaction() as connection:
        await count_view(connection, link_id, clock.now_us())


async def _may_still(connection: Connection, author_id: str, post: Post) -> bool:
    """Whether whoever made a link belongs to the site and may change the text as things are now."""
    if author_id == SYSTEM.id:
        return True
    maker = await authors.by_id(connection, author_id)
    return maker is not None and maker.actor.may_of("posts.change", post.author_id)


SQL_INSERT = """
INSERT INTO preview_links (id, token_sha256, post_id, revision_id, author_id, note, created_at_us, expires_at_us, views,
    viewed_at_us)
VALUES (:id, :token_sha256, :post_id, :revision_id, :author_id, :note, :created_at_us, :expires_at_us, :views,
    :viewed_at_us)
ON CONFLICT (id) DO UPDATE SET token_sha256 = excluded.token_sha256
"""


async def insert(connection: Connection, link: PreviewLink, token_sha256: str) -> None:
    await execute(connection, SQL_INSERT, {**msgspec.structs.asdict(link), "token_sha256": token_sha256})


SQL_COUNT = "SELECT count(*) FROM preview_links WHERE post_id = :post_id AND expires_at_us > :now_us"


async def count(connection: Connection, post_id: str, now_us: int) -> int:
    """How many links of a post work."""
    found = await fetch_value(connection, SQL_COUNT, {"post_id": post_id, "now_us": now_us})
    return found if isinstance(found, int) else 0


SQL_OF_POST = """
SELECT id, post_id, revision_id, author_id, note, created_at_us, expires_at_us, views, viewed_at_us
FROM preview_links WHERE post_id = :post_id AND expires_at_us > :now_us
ORDER BY created_at_us DESC, id DESC
"""


async def of_post(connection: Connection, post_id: str, now_us: int) -> list[PreviewLink]:
    """The newest first."""
    return await fetch_all(connection, PreviewLink, SQL_OF_POST, {"post_id": post_id, "now_us": now_us})


SQL_FOLLOWED = """
SELECT id, post_id, revision_id, author_id, note, created_at_us, expires_at_us, views, viewed_at_us
FROM preview_links WHERE token_sha256 = :token_sha256 AND expires_at_us > :now_us
"""


async def by_token(connection: Connection, token_sha256: str, now_us: int) -> PreviewLink | None:
    """Only while it has not expired."""
    return await fetch_one(connection, PreviewLink, SQL_FOLLOWED, {"token_sha256": token_sha256, "now_us": now_us})


SQL_VIEWED = "UPDATE preview_links SET views = views + 1, viewed_at_us = :now_us WHERE id = :id"


async def count_view(connection: Connection, link_id: str, now_us: int) -> None:
    await execute(connection, SQL_VIEWED, {"id": link_id, "now_us": now_us})


SQL_DELETE = "DELETE FROM preview_links WHERE post_id = :post_id AND id = :id"


async def delete(connection: Connection, post_id: str, link_id: str) -> int:
    """Returns the number deleted."""
    return await execute(connection, SQL_DELETE, {"post_id": post_id, "id": link_id})


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
