"""Publishing: a revision becomes what readers see, in one transaction, and stops being that."""

from contextlib import suppress

from msgspec import UNSET, UnsetType
from msgspec.structs import asdict, replace
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid, NotFound, Unavailable
from sdc_core.sqlite import Connection, Database

from sdc_web import audit, redirects
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.posts import backlinks, languages, revisions, sameness, series, store
from sdc_web.posts.records import Post, Publication, Revision, path_of
from sdc_web.search import index
from sdc_web.texts import markdown
from sdc_web.texts.markdown import Rendered

TRIES = 5


async def publish(
    database: Database,
    by: Actor,
    post_id: str,
    at_us: int | None = None,
    base_number: int | None = None,
    *,
    unpublish_at_us: int | UnsetType | None = UNSET,
) -> Publication:
    """Publish the newest revision and return the post.

    With `at_us` in the future that revision is scheduled instead, and what is written later is no part of it; in the
    past, that is the date readers see. `unpublish_at_us` says when it leaves the site, None never; without it that
    stays as it is. Raises Invalid without a title, Conflict when its address is taken, Forbidden, NotFound, Stale
    when `base_number` is given and is not the newest revision's, and Unavailable while it is saved all the time.
    """
    later_us = at_us if at_us is not None and at_us > clock.now_us() else None
    if unpublish_at_us is not UNSET:
        require_end(unpublish_at_us, later_us)
    if later_us is not None:
        return await _schedule(database, by, post_id, later_us, base_number, unpublish_at_us)
    for _ in range(TRIES):
        async with database.read() as connection:
            await publishable(connection, by, post_id)
            newest = revisions.require(await store.newest_revision(connection, post_id), base_number)
        _require_title(newest)
        rendered = await markdown.rendered(newest.body)
        async with database.transaction() as connection:
            before = _ending(await publishable(connection, by, post_id), unpublish_at_us)
            # Autosave may have gone on while this text was rendered; what is published is what was rendered. Its tags
            # and its series may have got other names.
            present = await store.newest_revision(connection, post_id)
            if present.number == newest.number:
                after = await _put_rendered(connection, by, before, present, rendered, at_us)
                return Publication(**asdict(after), faults=rendered.faults)
    message = "The post is being saved all the time: try again in a moment."
    raise Unavailable(message)


async def publish_rendered(
    connection: Connection, by: Actor, post_id: str, rendered: Rendered, at_us: int | None, ends_at_us: int | None
) -> Post:
    """Publish the newest revision, of which the caller knows what it looks like, within their transaction; schedule it
    where `at_us` is to come. Raises Invalid without a title, Conflict when its address is taken, Forbidden, NotFound.
    """
    newest = await store.newest_revision(connection, post_id)
    _require_title(newest)
    before = _ending(await publishable(connection, by, post_id), ends_at_us)
    if at_us is not None and at_us > clock.now_us():
        return await _put_on_schedule(connection, by, before, newest, at_us)
    return await _put_rendered(connection, by, before, newest, rendered, at_us)


async def _put_rendered(
    connection: Connection, by: Actor, before: Post, newest: Revision, rendered: Rendered, at_us: int | None
) -> Post:
    finished = replace(newest, body_html=rendered.html, reading_minutes=rendered.reading_minutes)
    after = await put_before_readers(connection, by, before, finished, at_us)
    await audit.record(connection, by, "post.published", before.id, finished.title)
    return after


async def unpublish(database: Database, by: Actor, post_id: str, base_number: int | None = None) -> Post:
    """Take a post away from readers, and from the schedule. Its date and its revisions stay. Raises Forbidden,
    NotFound, and Stale as `publish` does.
    """
    async with database.transaction() as connection:
        before = await publishable(connection, by, post_id)
        newest = revisions.require(await store.newest_revision(connection, post_id), base_number)
        post = replace(before, scheduled_at_us=None, scheduled_revision_id=None, schedule_failure="")
        await audit.record(connection, by, "post.withdrawn", post_id, newest.title)
        return await take_from_readers(connection, post)


async def unpublish_as_set(database: Database, post: Post) -> bool:
    """Take a post away whose moment to leave has come, and whether that was so: the author may have decided otherwise
    since it was read. A change that is scheduled for later stays so.
    """
    with suppress(NotFound):
        async with database.transaction() as connection:
            before = await store.post(connection, post.id)
            if before.unpublish_at_us != post.unpublish_at_us:
                return False
            await take_from_readers(connection, before)
            newest = await store.newest_revision(connection, post.id)
            await audit.record(connection, rights.SYSTEM, "post.withdrawn", post.id, newest.title)
            return before.revision_id is not None
    return False


def require_end(at_us: int | None, begins_us: int | None) -> None:
    """Raises Invalid for a moment to leave that is over, or no later than the one to go out."""
    if at_us is not None and at_us <= clock.now_us():
        raise Invalid("choose a moment to come", field="unpublish_at")
    if at_us is not None and begins_us is not None and at_us <= begins_us:
        raise Invalid("it cannot leave before it goes out", field="unpublish_at")


def _ending(post: Post, at_us: int | UnsetType | None) -> Post:
    return post if at_us is UNSET else replace(post, unpublish_at_us=at_us)


async def take_from_readers(connection: Connection, before: Post) -> Post:
    """Readers find it nowhere any more, and it leaves the site no second time."""
    post = replace(before, revision_id=None, unpublish_at_us=None)
    await store.update_post(connection, post)
    await store.clear_tags(connection, post.id)
    await index.forget(connection, post.id)
    await backlinks.forget(connection, post.id)
    return post


async def publishable(connection: Connection, by: Actor, post_id: str) -> Post:
    """The post, for one who may publish it. Raises Forbidden, NotFound."""
    post = await store.post(connection, post_id)
    rights.require(by, "posts.publish", post.author_id)
    return post


def _require_title(revision: Revision) -> None:
    if not revision.title:
        message = "Give it a title before it is published."
        raise Invalid(message, field="title")


async def put_before_readers(
    connection: Connection, by: Actor, before: Post, revision: Revision, at_us: int | None
) -> Post:
    """Make a revision that is rendered the one that readers see, with all that follows from it. Raises Conflict."""
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
        scheduled_revision_id=None,
        schedule_failure="",
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
    led_to = await redirects.kept_for_another(connection, after.path, after.id)
    if led_to is not None:
        await audit.record(connection, by, "redirect.deleted", after.path, f"{after.path} to {led_to}")
    await redirects.remove(connection, after.path)
    if not first_time and before.slug != after.slug:
        await redirects.add(connection, path_of(before.kind, before.slug), after.id, now_us)
    return after


async def _schedule(
    database: Database,
    by: Actor,
    post_id: str,
    at_us: int,
    base_number: int | None,
    unpublish_at_us: int | UnsetType | None,
) -> Publication:
    async with database.transaction() as connection:
        newest = revisions.require(await store.newest_revision(connection, post_id), base_number)
        _require_title(newest)
        before = _ending(await publishable(connection, by, post_id), unpublish_at_us)
        post = await _put_on_schedule(connection, by, before, newest, at_us)
    return Publication(**asdict(post))


async def _put_on_schedule(connection: Connection, by: Actor, before: Post, newest: Revision, at_us: int) -> Post:
    post = replace(before, scheduled_at_us=at_us, scheduled_revision_id=newest.id, schedule_failure="")
    await store.update_post(connection, post)
    words = f"{newest.title}, for {clock.to_datetime(at_us):%Y-%m-%d %H:%M} UTC"
    await audit.record(connection, by, "post.scheduled", post.id, words)
    return post
