"""What happens by itself at a set moment: a revision that was scheduled goes out, a text leaves the site.

Each process of web looks every second for the next moment and sleeps until it, so it is met to a part of a second,
whoever set it; after a downtime whatever is due is done at once. The worker's minute is the safety net. Several may
try: whoever holds the write lock first does it, and for the others nothing is left to do.
"""

import asyncio
import logging
from contextlib import suppress
from typing import TypeAlias

import msgspec
from msgspec.structs import replace
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid, NotFound, Unavailable
from sdc_core.sqlite import Connection, Database, fetch_all, fetch_value

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.posts import publication, store
from sdc_web.posts.records import Kind, Post
from sdc_web.texts import markdown
from sdc_web.texts.markdown import Rendered

LOOK_S = 1.0
AHEAD_US = 5 * clock.SECOND_US
MOST_AHEAD = 20
MAX_DUE = 1_000

Drawn: TypeAlias = dict[str, Rendered]
"""Texts that are rendered, by the ids of their revisions."""

log = logging.getLogger(__name__)


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """How many posts went out, and how many left the site."""

    published: int
    unpublished: int


class Coming(msgspec.Struct, frozen=True, kw_only=True):
    """A post with a moment before it: it goes out, or with `leaves` off the site; `together` is how many such posts
    there are, those included that were not asked for.
    """

    id: str
    kind: Kind
    title: str
    at_us: int
    leaves: bool
    together: int


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """A post that did not go out when it should have, and why; `together` as above."""

    id: str
    title: str
    failure: str
    together: int


async def run(database: Database) -> None:
    """The loop: for ever, meet each moment. A database that is busy is asked again."""
    drawn: Drawn = {}
    while True:
        now_us = clock.now_us()
        with suppress(Unavailable):
            await meet_due(database, now_us, drawn)
        next_us = None
        with suppress(Unavailable):
            drawn = await draw_ahead(database, now_us + AHEAD_US, drawn)
            # Asked of the same moment: one that has come meanwhile is met at once, not a look later.
            async with database.read() as connection:
                next_us = await next_due_us(connection, now_us)
        await asyncio.sleep(LOOK_S if next_us is None else min(LOOK_S, (next_us - clock.now_us()) / clock.SECOND_US))


async def draw_ahead(database: Database, until_us: int, drawn: Drawn) -> Drawn:
    """The HTML of what goes out until then, so that nobody waits for it at the moment itself."""
    ready: Drawn = {}
    async with database.read() as connection:
        due = await store.due(connection, until_us, MOST_AHEAD)
    for post in due:
        revision_id = post.scheduled_revision_id or ""
        with suppress(NotFound):
            ready[revision_id] = drawn.get(revision_id) or await _draw(database, post)
    return ready


async def _draw(database: Database, post: Post) -> Rendered:
    async with database.read() as connection:
        revision = await store.revision(connection, post.id, post.scheduled_revision_id or "")
    return await markdown.rendered(revision.body)


async def meet_due(database: Database, now_us: int, drawn: Drawn | None = None) -> Done:
    """Do whatever is due, the oldest moment first; repeating it does no harm. `drawn` holds what is rendered already.

    A post that cannot be published any more goes back to being a draft, and says why. Raises Unavailable, once the
    others are done, for those that may be at the next try: they stay scheduled.
    """
    async with database.read() as connection:
        if not await is_due(connection, now_us):
            return Done(published=0, unpublished=0)
        due = await store.due(connection, now_us, MAX_DUE)
        leaving = await store.leaving(connection, now_us, MAX_DUE)
    moments = [(each.scheduled_at_us or 0, False, each) for each in due]
    moments += [(each.unpublish_at_us or 0, True, each) for each in leaving]
    published, unpublished, waiting = 0, 0, None
    for _, leaves, post in sorted(moments, key=lambda moment: moment[0]):
        try:
            if leaves:
                unpublished += await publication.unpublish_as_set(database, post)
            else:
                published += await _publish(database, post, (drawn or {}).get(post.scheduled_revision_id or ""))
        except Unavailable as error:
            waiting = error
    if waiting is not None:
        raise waiting
    return Done(published=published, unpublished=unpublished)


async def _publish(database: Database, post: Post, drawn: Rendered | None) -> bool:
    """Whether it went out: not when the author deleted it, or decided otherwise, since it was read."""
    try:
        # A revision that is scheduled keeps its text; its tags and its series may get other names.
        rendered = drawn or await _draw(database, post)
        async with database.transaction() as connection:
            before = await store.post(connection, post.id)
            as_read = (post.scheduled_at_us, post.scheduled_revision_id)
            if (before.scheduled_at_us, before.scheduled_revision_id) != as_read:
                return False
            present = await store.revision(connection, post.id, post.scheduled_revision_id or "")
            finished = replace(present, body_html=rendered.html, reading_minutes=rendered.reading_minutes)
            by = rights.SYSTEM
            await publication.put_before_readers(connection, by, before, finished, post.scheduled_at_us)
            await audit.record(connection, by, "post.published", post.id, finished.title)
    except NotFound:
        return False
    except (Invalid, Conflict) as error:
        log.warning("a scheduled post cannot be published", extra={"post_id": post.id, "reason": str(error)})
        async with database.transaction() as connection:
            await store.unschedule(connection, post, str(error))
            await audit.record(connection, rights.SYSTEM, "post.unscheduled", post.id, str(error))
        return False
    return True


async def cancel(database: Database, by: Actor, post_id: str) -> Post:
    """Take a post from the schedule; what readers see stays, and so does the text. Raises Forbidden, NotFound."""
    async with database.transaction() as connection:
        before = await publication.publishable(connection, by, post_id)
        post = replace(before, scheduled_at_us=None, scheduled_revision_id=None, schedule_failure="")
        await store.update_post(connection, post)
        newest = await store.newest_revision(connection, post_id)
        await audit.record(connection, by, "post.unscheduled", post_id, newest.title)
    return post


async def set_end(database: Database, by: Actor, post_id: str, at_us: int | None) -> Post:
    """Have a post leave the site at that moment, or stay. Raises Forbidden, NotFound, Invalid for a moment that is over
    or before it goes out, and for a post that is neither on the site nor scheduled.
    """
    async with database.transaction() as connection:
        before = await publication.publishable(connection, by, post_id)
        if at_us is not None and before.revision_id is None and before.scheduled_at_us is None:
            raise Invalid("Publish or schedule it first: it is not on the site.", field="unpublish_at")
        publication.require_end(at_us, None if before.revision_id else before.scheduled_at_us)
        post = replace(before, unpublish_at_us=at_us)
        await store.update_post(connection, post)
        title = (await store.newest_revision(connection, post_id)).title
        words = f", {clock.to_datetime(at_us):%Y-%m-%d %H:%M} UTC" if at_us is not None else ", never"
        await audit.record(connection, by, "post.ends", post_id, title + words)
    return post


SQL_IS_DUE = """
SELECT 1 FROM posts WHERE scheduled_at_us <= :now_us
UNION ALL SELECT 1 FROM posts WHERE unpublish_at_us <= :now_us
LIMIT 1
"""


async def is_due(connection: Connection, now_us: int) -> bool:
    """Whether there is anything to do."""
    return await fetch_value(connection, SQL_IS_DUE, {"now_us": now_us}) is not None


SQL_NEXT = """
SELECT min(at_us) FROM (
    SELECT min(scheduled_at_us) AS at_us FROM posts WHERE scheduled_at_us > :now_us
    UNION ALL SELECT min(unpublish_at_us) FROM posts WHERE unpublish_at_us > :now_us
)
"""


async def next_due_us(connection: Connection, now_us: int) -> int | None:
    """The next moment after that one."""
    found = await fetch_value(connection, SQL_NEXT, {"now_us": now_us})
    return found if isinstance(found, int) else None


SQL_COMING = """
SELECT id, kind, title, min(moment_us) AS at_us, leaves, count(*) OVER () AS together FROM (
    SELECT posts.id, posts.kind, r.title, posts.scheduled_at_us AS moment_us, 0 AS leaves
    FROM posts JOIN revisions AS r ON r.id = posts.scheduled_revision_id WHERE posts.scheduled_at_us IS NOT NULL
        AND (:author_id IS NULL OR posts.author_id = :author_id)
    UNION ALL
    SELECT posts.id, posts.kind, listed.title, posts.unpublish_at_us, 1
    FROM posts JOIN catalogue AS listed ON listed.post_id = posts.id WHERE posts.unpublish_at_us IS NOT NULL
        AND (:author_id IS NULL OR posts.author_id = :author_id)
) GROUP BY id ORDER BY at_us, id LIMIT :limit
"""
# The other columns are those of the row with the least moment: SQLite says so of a single min().


async def coming(connection: Connection, by: Actor, limit: int) -> list[Coming]:
    """What will happen by itself, the next first; of each post the next moment alone. Raises Forbidden."""
    values = {"author_id": by.only_own("posts.read"), "limit": limit}
    return await fetch_all(connection, Coming, SQL_COMING, values)


SQL_MISSED = """
SELECT posts.id, listed.title, posts.schedule_failure AS failure, count(*) OVER () AS together
FROM posts JOIN catalogue AS listed ON listed.post_id = posts.id WHERE posts.schedule_failure <> ''
    AND (:author_id IS NULL OR posts.author_id = :author_id)
ORDER BY posts.id DESC LIMIT :limit
"""


async def missed(connection: Connection, by: Actor, limit: int) -> list[Missed]:
    """What did not go out when it should have, the youngest posts first. Raises Forbidden."""
    values = {"author_id": by.only_own("posts.read"), "limit": limit}
    return await fetch_all(connection, Missed, SQL_MISSED, values)
