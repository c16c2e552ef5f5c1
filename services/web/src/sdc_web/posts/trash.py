"""The trash of texts: what is deleted leaves the site at once, and can be brought back as it was for 30 days.

Its address is free for others from then on, and answers 410 while nothing else is there.
"""

import msgspec
from msgspec.structs import asdict, replace
from sdc_core import clock
from sdc_core.errors import NotFound
from sdc_core.sqlite import Connection, Database, Value, execute, fetch_all, fetch_one, fetch_value

from sdc_web import audit, list_places
from sdc_web.authors import rights
from sdc_web.authors.rights import SYSTEM, Actor
from sdc_web.media.trash import KEPT_US
from sdc_web.posts import publication, revisions, slugs, store
from sdc_web.posts.records import Kind, Post, Revision, path_of
from sdc_web.texts import markdown, names
from sdc_web.texts.markdown import Rendered

MAX_DUE = 100


class Trashed(msgspec.Struct, frozen=True, kw_only=True):
    """A text in the trash: who put it there and when, by its newest title, or `beginning` where there is none.
    `was_on_site` when readers saw it until then.
    """

    id: str
    kind: Kind
    slug: str
    title: str
    was_on_site: bool
    trashed_at_us: int
    by_name: str
    beginning: str

    @property
    def name(self) -> str:
        """Its title, else its first words in quotation marks, else that it has none."""
        words = names.from_beginning(self.beginning)
        return self.title or (f"“{words}”" if words else "Untitled")

    @property
    def path(self) -> str:
        """The address that it had."""
        return path_of(self.kind, self.slug)


class BroughtBack(Post, frozen=True, kw_only=True):
    """A text that is back; `words` say why it is not what it was, empty when it is."""

    words: str = ""


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    slug: str
    revision_id: str | None
    scheduled_at_us: int | None
    unpublish_at_us: int | None


SQL_PUT = """
INSERT INTO trashed_posts (post_id, trashed_at_us, by_name, slug, revision_id, scheduled_at_us, unpublish_at_us)
VALUES (:id, :trashed_at_us, :by_name, :slug, :revision_id, :scheduled_at_us, :unpublish_at_us)
"""


async def put(database: Database, by: Actor, post_id: str, base_number: int | None = None) -> None:
    """Delete a text: it goes into the trash with its revisions and its redirects. Raises Forbidden, NotFound, also for
    one that is there already, and Stale when `base_number` is given and is not the newest revision's.
    """
    async with database.transaction() as connection:
        post = await store.post(connection, post_id)
        rights.require(by, "posts.delete", post.author_id)
        newest = revisions.require(await store.newest_revision(connection, post_id), base_number)
        bare = replace(
            post,
            slug=slugs.placeholder(),
            scheduled_at_us=None,
            scheduled_revision_id=None,
            schedule_failure="",
        )
        await publication.take_from_readers(connection, bare)
        values = {**asdict(post), "trashed_at_us": clock.now_us(), "by_name": by.name}
        await execute(connection, SQL_PUT, values)
        await audit.record(connection, by, "post.trashed", post_id, newest.title or "Untitled")


SQL_KEPT = "SELECT slug, revision_id, scheduled_at_us, unpublish_at_us FROM trashed_posts WHERE post_id = :post_id"
SQL_TAKE_OUT = "DELETE FROM trashed_posts WHERE post_id = :post_id"


async def bring_back(database: Database, by: Actor, post_id: str) -> BroughtBack:
    """Take a text out of the trash: readers see again what they saw, unless its address is another text's by now or
    the moment to leave the site has passed; then, and where it was scheduled, it is a draft. One that is not in the
    trash stays as it is. Raises Forbidden, NotFound.
    """
    rendered = await _rendered(database, post_id)
    async with database.transaction() as connection:
        post = await store.post(connection, post_id, trashed=True)
        rights.require(by, "posts.delete", post.author_id)
        kept = await fetch_one(connection, _Kept, SQL_KEPT, {"post_id": post_id})
        if kept is None:
            return BroughtBack(**asdict(post))
        await execute(connection, SQL_TAKE_OUT, {"post_id": post_id})
        newest = await store.newest_revision(connection, post_id)
        back = await _as_it_was(connection, by, post, kept, newest, rendered)
        await audit.record(connection, by, "post.untrashed", post_id, newest.title or "Untitled")
        return back


async def _rendered(database: Database, post_id: str) -> Rendered | None:
    """What readers saw, as this release renders it; None where they saw nothing, or where it would lose something."""
    async with database.read() as connection:
        kept = await fetch_one(connection, _Kept, SQL_KEPT, {"post_id": post_id})
        if kept is None or kept.revision_id is None:
            return None
        seen = await store.revision(connection, post_id, kept.revision_id)
    rendered = await markdown.rendered(seen.body)
    return None if rendered.faults else rendered


async def _as_it_was(
    connection: Connection, by: Actor, post: Post, kept: _Kept, newest: Revision, rendered: Rendered | None
) -> BroughtBack:
    before = replace(post, slug=kept.slug)
    if await store.slug_taken(connection, post.kind, kept.slug, except_post=post.id):
        return await _elsewhere(connection, by, post, kept, newest)
    if kept.revision_id is None:
        await store.update_post(connection, before)
        words = "It was scheduled, and is a draft now: set the moment anew." if kept.scheduled_at_us else ""
        return BroughtBack(**asdict(before), words=words)
    if kept.unpublish_at_us is not None and kept.unpublish_at_us <= clock.now_us():
        await store.update_post(connection, before)
        words = "It is a draft now, as the moment has passed at which it was to leave the site."
        return BroughtBack(**asdict(before), words=words)
    seen = await store.revision(connection, post.id, kept.revision_id)
    if rendered is not None:
        seen = replace(seen, body_html=rendered.html, reading_minutes=rendered.reading_minutes)
    ending = replace(before, unpublish_at_us=kept.unpublish_at_us)
    after = await publication.put_before_readers(connection, by, ending, seen, None)
    words = "Readers see it again. A change of it was scheduled: set the moment anew."
    return BroughtBack(**asdict(after), words=words if kept.scheduled_at_us else "")


async def _elsewhere(connection: Connection, by: Actor, post: Post, kept: _Kept, newest: Revision) -> BroughtBack:
    """A draft at an address near the one that it had: in a revision of its own, as what readers saw never changes."""
    free = await revisions.free_slug(connection, post, kept.slug)
    after = replace(post, slug=free)
    await store.update_post(connection, after)
    if await store.slug_taken(connection, post.kind, newest.slug, except_post=post.id):
        moved = replace(
            newest,
            id=clock.new_id(),
            number=newest.number + 1,
            slug=free,
            saved_at_us=clock.now_us(),
            author_id=by.id or newest.author_id,
            body_html=None,
            reading_minutes=None,
            published_at_us=None,
        )
        await store.insert_revision(connection, moved)
    words = f"It is a draft at {after.path}, as {path_of(post.kind, kept.slug)} is another {post.kind}'s by now."
    return BroughtBack(**asdict(after), words=words)


async def remove(database: Database, by: Actor, post_id: str) -> None:
    """Delete a text that is in the trash with all its revisions, for good. Raises Forbidden, and NotFound for one that
    is not in the trash.
    """
    async with database.transaction() as connection:
        post = await store.post(connection, post_id, trashed=True)
        rights.require(by, "posts.delete", post.author_id)
        if await fetch_one(connection, _Kept, SQL_KEPT, {"post_id": post_id}) is None:
            raise NotFound("This text is not in the trash.")
        newest = await store.newest_revision(connection, post_id)
        await store.delete_post(connection, post_id)
        await audit.record(connection, by, "post.deleted", post_id, newest.title or "Untitled")


class _Id(msgspec.Struct, frozen=True, kw_only=True):
    post_id: str


SQL_DUE = """
SELECT post_id FROM trashed_posts WHERE trashed_at_us <= :until_us ORDER BY trashed_at_us, post_id LIMIT :limit
"""


async def empty(database: Database, now_us: int) -> int:
    """Delete for good what has been in the trash for `KEPT_US`; returns how many."""
    deleted = 0
    while True:
        async with database.read() as connection:
            values = {"until_us": now_us - KEPT_US, "limit": MAX_DUE}
            due = [each.post_id for each in await fetch_all(connection, _Id, SQL_DUE, values)]
        for post_id in due:
            try:
                await remove(database, SYSTEM, post_id)
                deleted += 1
            except NotFound:
                continue
        if len(due) < MAX_DUE:
            return deleted


SQL_LISTED = """
SELECT posts.id, posts.kind, trashed.slug, newest.title, trashed.revision_id IS NOT NULL AS was_on_site,
    trashed.trashed_at_us, trashed.by_name, substr(newest.body, 1, 300) AS beginning
FROM trashed_posts AS trashed
CROSS JOIN posts ON posts.id = trashed.post_id
CROSS JOIN revisions AS newest ON newest.post_id = posts.id
WHERE newest.number = (SELECT max(number) FROM revisions WHERE post_id = posts.id)
    AND (:author_id IS NULL OR posts.author_id = :author_id)
    AND (trashed.trashed_at_us, posts.id) < (:key, :id)
ORDER BY trashed.trashed_at_us DESC, posts.id DESC LIMIT :limit
"""


async def listed(connection: Connection, by: Actor, limit: int, after: str = "") -> list[Trashed]:
    """What is in the trash of the texts that they may read, the latest first, from the place `after` on. Raises
    Forbidden, Invalid for a place that there is not.
    """
    key, post_id = list_places.falling(after)
    values: dict[str, Value] = {"author_id": by.only_own("posts.read"), "key": key, "id": post_id, "limit": limit}
    return await fetch_all(connection, Trashed, SQL_LISTED, values)


def place(last: Trashed) -> str:
    """The place in the trash behind that text."""
    return list_places.word(last.trashed_at_us, last.id)


SQL_COUNT = """
SELECT count(*) FROM trashed_posts JOIN posts ON posts.id = trashed_posts.post_id
WHERE :author_id IS NULL OR posts.author_id = :author_id
"""


async def count(connection: Connection, by: Actor) -> int:
    """How many that are. Raises Forbidden."""
    found = await fetch_value(connection, SQL_COUNT, {"author_id": by.only_own("posts.read")})
    return found if isinstance(found, int) else 0


SQL_AT = """
SELECT trashed_posts.post_id FROM trashed_posts JOIN posts ON posts.id = trashed_posts.post_id
WHERE trashed_posts.slug = :slug AND posts.kind = :kind ORDER BY trashed_at_us DESC LIMIT 1
"""


async def at(connection: Connection, kind: Kind, slug: str) -> str | None:
    """The id of the text in the trash that had that address, of several the one that had it last; None for none."""
    found = await fetch_one(connection, _Id, SQL_AT, {"kind": kind, "slug": slug})
    return found.post_id if found else None
