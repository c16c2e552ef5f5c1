"""Publishing: the newest revision becomes what readers see, in one transaction, now or at a set moment."""

import asyncio
import logging

from msgspec.structs import replace
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid, NotFound, Stale, Unavailable
from sdc_core.sqlite import Connection, Database

from sdc_web import audit, redirects
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.posts import backlinks, languages, revisions, sameness, series, store
from sdc_web.posts.records import Post, Revision, path_of
from sdc_web.search import index
from sdc_web.texts import markdown

TRIES = 5
MAX_DUE = 1_000

log = logging.getLogger(__name__)


async def publish(
    database: Database, by: Actor, post_id: str, at_us: int | None = None, base_number: int | None = None
) -> Post:
    """Publish the newest revision and return the post.

    With `at_us` in the future the post is scheduled instead; in the past, that is the date readers see. Raises Invalid
    without a title, Conflict when its address is taken, Forbidden, NotFound, Stale when `base_number` is given and is
    not the newest revision's, and Unavailable while it is saved all the time.
    """
    if at_us is not None and at_us > clock.now_us():
        return await _schedule(database, by, post_id, at_us, base_number)
    return await _publish(database, by, post_id, at_us, base_number)


async def unpublish(database: Database, by: Actor, post_id: str, base_number: int | None = None) -> Post:
    """Take a post away from readers, and from the schedule. Its date and its revisions stay. Raises Forbidden,
    NotFound, and Stale as `publish` does.
    """
    async with database.transaction() as connection:
        before = await _publishable(connection, by, post_id)
        newest = revisions.require(await store.newest_revision(connection, post_id), base_number)
        post = replace(before, revision_id=None, scheduled_at_us=None)
        await store.update_post(connection, post)
        await store.clear_tags(connection, post_id)
        await index.forget(connection, post_id)
        await backlinks.forget(connection, post_id)
        await audit.record(connection, by, "post.withdrawn", post_id, newest.title)
    return post


async def publish_due(database: Database, now_us: int) -> int:
    """Publish every scheduled post whose moment has come; returns how many. Repeating it does no harm.

    A post that cannot be published any more goes back to being a draft, and the log says why. Raises Unavailable, once
    the others are published, for those that may be at the next try: they stay scheduled.
    """
    async with database.read() as connection:
        due = await store.due(connection, now_us, MAX_DUE)
    published, waiting = 0, None
    for post in due:
        try:
            published += await _publish_scheduled(database, post)
        except Unavailable as error:
            waiting = error
    if waiting is not None:
        raise waiting
    return published


async def _publish_scheduled(database: Database, post: Post) -> bool:
    """Whether it was published: not when the author deleted it, or changed its moment, since it was read."""
    try:
        await _publish(database, rights.SYSTEM, post.id, post.scheduled_at_us, as_scheduled=True)
    except (NotFound, Stale):
        return False
    except (Invalid, Conflict) as error:
        log.warning("a scheduled post cannot be published", extra={"post_id": post.id, "reason": str(error)})
        async with database.transaction() as connection:
            await store.unschedule(connection, post)
        return False
    return True


async def _publish(
    database: Database,
    by: Actor,
    post_id: str,
    at_us: int | None,
    base_number: int | None = None,
    *,
    as_scheduled: bool = False,
) -> Post:
    """Raises Stale when it is `as_scheduled` and the post is not scheduled for `at_us` any more."""
    for _ in range(TRIES):
        async with database.read() as connection:
            await _publishable(connection, by, post_id)
            newest = revisions.require(await store.newest_revision(connection, post_id), base_number)
        _require_title(newest)
        rendered = await asyncio.to_thread(markdown.render, newest.body)
        async with database.transaction() as connection:
            before = await _publishable(connection, by, post_id)
            if as_scheduled and before.scheduled_at_us != at_us:
                message = "The post is not scheduled for that moment any more."
                raise Stale(message)
            # Autosave may have gone on while this text was rendered; what is published is what was rendered. Its tags
            # and its series may have got other names.
            present = await store.newest_revision(connection, post_id)
            if present.number == newest.number:
                finished = replace(present, body_html=rendered.html, reading_minutes=rendered.reading_minutes)
                published = await _put_before_readers(connection, before, finished, at_us)
                await audit.record(connection, by, "post.published", post_id, finished.title)
                return published
    message = "The post is being saved all the time: try again in a moment."
    raise Unavailable(message)


async def _publishable(connection: Connection, by: Actor, post_id: str) -> Post:
    post = await store.post(connection, post_id)
    rights.require(by, "posts.publish", post.author_id)
    return post


def _require_title(revision: Revision) -> None:
    if not revision.title:
        message = "Give it a title before it is published."
        raise Invalid(message, field="title")


async def _put_before_readers(connection: Connection, before: Post, revision: Revision, at_us: int | None) -> Post:
    now_us = clock.now_us()
    if await store.slug_taken(connection, before.kind, revision.slug, except_post=before.id):
        message = f"Another {before.kind} has the address {revision.slug} already: change it first."
        raise Conflict(message)
    first_time = before.published_at_us is None
    dates = (revision.dated_at_us, before.published_at_us, at_us, now_us)
    published_at_us = next(each for each in dates if each is not None)
    unchanged = await sameness.as_last_read(connection, revision)
    changed_at_us = (before.changed_at_us or 0) if unchanged else now_us
    after = replace(
        before,
        slug=revision.slug,
        revision_id=revision.id,
        published_at_us=published_at_us,
        changed_at_us=published_at_us if first_time else max(changed_at_us, published_at_us),
        scheduled_at_us=None,
    )
    await store.revision_published(connection, replace(revision, published_at_us=now_us))
    await store.update_post(connection, after)
    await store.clear_tags(connection, after.id)
    for name in revision.tags:
        await store.tag(connection, after.id, name)
    await languages.follow(connection, after.id, revision.translation_key)
    await series.put(connection, after.id, revision.series, revision.series_position)
    await index.keep(connection, revision)
    await backlinks.keep(connection, after.id, revision.body_html or "", after.path)
    await redirects.remove(connection, after.path)
    if not first_time and before.slug != after.slug:
        await redirects.add(connection, path_of(before.kind, before.slug), after.id, now_us)
    return after


async def _schedule(database: Database, by: Actor, post_id: str, at_us: int, base_number: int | None) -> Post:
    async with database.transaction() as connection:
        before = await _publishable(connection, by, post_id)
        newest = revisions.require(await store.newest_revision(connection, post_id), base_number)
        _require_title(newest)
        post = replace(before, scheduled_at_us=at_us)
        await store.update_post(connection, post)
        words = f"{newest.title}, for {clock.to_datetime(at_us):%Y-%m-%d %H:%M} UTC"
        await audit.record(connection, by, "post.scheduled", post_id, words)
    return post
