import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from sdc_core import clock, sqlite
from sdc_core.errors import Conflict, Invalid, NotFound, Unavailable
from sdc_core.settings import Settings
from sdc_core.sqlite import fetch_value
from sdc_web import posts, redirects
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post
from sdc_web.posts.records import State
from sdc_web.texts import markdown

from signing_in import OWNER

HOUR_US = 3_600 * clock.SECOND_US
Meanwhile = Callable[[str, str], None]
THINGS = """
INSERT INTO authors (id, name, display_name, created_at_us) VALUES ('second', 's', 'S', 1);
INSERT INTO home_projects (post_id, position) SELECT id, 1 FROM posts WHERE slug = 'one';
INSERT INTO navigation (position, title, url) VALUES (1, 'A', '/a');
INSERT INTO post_links (from_post_id, address) SELECT id, '/a' FROM posts WHERE slug = 'one';
INSERT INTO redirects (path, target, created_at_us) VALUES ('/a', '/b', 0);
INSERT INTO series (id, slug, title) VALUES ('s', 's', 'S');
INSERT INTO tags (name, colour, description) VALUES ('a', 'red', '');
INSERT INTO media_assets (id, sha256, file_name, content_type, size_bytes, alt, state, uploaded_at_us)
VALUES ('m', 'm', 'm', 'm', 1, '', 'ready', 0);
"""
CHANGES = """
INSERT INTO authors (id, name, display_name, created_at_us) VALUES ('first', 'f', 'F', 0)
UPDATE authors SET display_name = 'Z'
DELETE FROM authors WHERE id = 'second'
INSERT INTO home_projects (post_id, position) SELECT id, 1 FROM posts WHERE slug <> 'one'
UPDATE home_projects SET position = 2
DELETE FROM home_projects
INSERT INTO navigation (position, title, url) VALUES (2, 'A', '/a')
UPDATE navigation SET url = '/z'
DELETE FROM navigation
INSERT INTO post_links (from_post_id, address) SELECT id, '/z' FROM posts
UPDATE post_links SET address = '/z'
DELETE FROM post_links
INSERT INTO post_tags (tag, post_id) SELECT 'z', id FROM posts
UPDATE post_tags SET tag = 'z' WHERE tag = 'a'
DELETE FROM post_tags
INSERT INTO redirects (path, target, created_at_us) VALUES ('/c', '/posts/one', 0)
UPDATE redirects SET target = '/posts/one'
UPDATE redirects SET target = NULL, post_id = (SELECT id FROM posts)
DELETE FROM redirects
UPDATE series SET description = 'z'
DELETE FROM series
UPDATE site SET description = 'z'
INSERT INTO tags (name, colour, description) VALUES ('b', 'red', '')
UPDATE tags SET colour = 'blue'
DELETE FROM tags
UPDATE media_assets SET alt = 'z'
DELETE FROM media_assets
"""


@pytest.fixture
async def draft(databases: Databases, author_id: str) -> Post:
    """A post with number 2 saved."""
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="One", body="# One", tags=("a", "b")), 1)
    return post


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Meanwhile:
    """Has another process run a statement each time a text with these words is rendered on its way to readers."""
    render = markdown.render

    def arrange(words: str, sql: str) -> None:
        def interrupted(body: str) -> markdown.Rendered:
            if words in body:
                with closing(sqlite3.connect(settings.site_db, isolation_level=None)) as connection:
                    connection.execute(sql)
            return render(body)

        monkeypatch.setattr(markdown, "render", interrupted)

    return arrange


async def _generation(databases: Databases) -> int:
    async with databases.site.read() as connection:
        return int(str(await fetch_value(connection, "SELECT n FROM generation")))


async def _state(databases: Databases, post: Post) -> State:
    async with databases.site.read() as connection:
        return next(each.state for each in await posts.listing.last_saved(connection, OWNER, 99) if each.id == post.id)


async def publish_due(databases: Databases, now_us: int) -> int:
    return (await posts.schedule.meet_due(databases.site, now_us)).published


async def _save(databases: Databases, post: Post, draft: Draft) -> None:
    async with databases.site.read() as connection:
        newest = await posts.revisions.newest(connection, OWNER, post.id)
    await posts.revisions.save(databases.site, OWNER, post.id, draft, newest.number)


async def test_a_published_post_is_found_by_its_slug(databases: Databases, draft: Post) -> None:
    await posts.publish(databases.site, OWNER, draft.id)
    async with databases.site.read() as connection:
        found = await posts.by_slug(connection, "post", "one")
    assert found is not None
    assert found.title == "One"
    assert found.body_html.startswith('<h2 id="one">')


async def test_a_draft_is_not_found_by_its_slug(databases: Databases, draft: Post) -> None:
    async with databases.site.read() as connection:
        assert await posts.by_slug(connection, "post", "one") is None


async def test_publishing_raises_the_generation(databases: Databases, draft: Post) -> None:
    before = await _generation(databases)
    await posts.publish(databases.site, OWNER, draft.id)
    assert await _generation(databases) > before


async def test_whatever_readers_see_raises_the_generation(databases: Databases, author_id: str, draft: Post) -> None:
    await posts.publish(databases.site, OWNER, draft.id)
    await posts.create(databases.site, OWNER, "project")
    unseen = []
    async with databases.site.transaction() as connection:
        for statement in THINGS.strip().split(";\n"):
            await sqlite.execute(connection, statement)
        for change in CHANGES.strip().splitlines():
            before = await fetch_value(connection, "SELECT n FROM generation")
            await sqlite.execute(connection, "SAVEPOINT before_the_change")
            assert await sqlite.execute(connection, change) > 0, change
            if await fetch_value(connection, "SELECT n FROM generation") == before:
                unseen.append(change)
            await sqlite.execute(connection, "ROLLBACK TO before_the_change")
    assert unseen == []


async def test_saving_a_draft_leaves_the_generation(databases: Databases, draft: Post) -> None:
    before = await _generation(databases)
    await _save(databases, draft, Draft(title="Two"))
    assert await _generation(databases) == before


async def test_saving_after_publishing_leaves_what_readers_see(databases: Databases, draft: Post) -> None:
    await posts.publish(databases.site, OWNER, draft.id)
    before = await _generation(databases)
    await _save(databases, draft, Draft(title="Two"))
    async with databases.site.read() as connection:
        found = await posts.by_slug(connection, "post", "one")
    assert found is not None
    assert found.title == "One"
    assert await _generation(databases) == before


async def test_a_post_without_a_title_is_not_published(databases: Databases, author_id: str) -> None:
    post = await posts.create(databases.site, OWNER, "post")
    with pytest.raises(Invalid) as refused:
        await posts.publish(databases.site, OWNER, post.id)
    assert refused.value.field == "title"


async def test_publishing_no_post_is_not_found(databases: Databases) -> None:
    with pytest.raises(NotFound):
        await posts.publish(databases.site, OWNER, "01NOTHING")


async def test_a_new_slug_leaves_a_redirect_from_the_old_one(databases: Databases, draft: Post) -> None:
    await posts.publish(databases.site, OWNER, draft.id)
    await _save(databases, draft, Draft(title="One", slug="uno"))
    await posts.publish(databases.site, OWNER, draft.id)
    async with databases.site.read() as connection:
        assert await redirects.find(connection, "/posts/one") == "/posts/uno"


async def test_a_chain_of_slugs_leads_to_the_last_one_at_once(databases: Databases, draft: Post) -> None:
    await posts.publish(databases.site, OWNER, draft.id)
    for slug in ("uno", "eins"):
        await _save(databases, draft, Draft(title="One", slug=slug))
        await posts.publish(databases.site, OWNER, draft.id)
    async with databases.site.read() as connection:
        assert await redirects.find(connection, "/posts/one") == "/posts/eins"
        assert await redirects.find(connection, "/posts/uno") == "/posts/eins"


async def test_a_post_that_takes_its_old_slug_back_is_no_redirect(databases: Databases, draft: Post) -> None:
    await posts.publish(databases.site, OWNER, draft.id)
    for slug in ("uno", "one"):
        await _save(databases, draft, Draft(title="One", slug=slug))
        await posts.publish(databases.site, OWNER, draft.id)
    async with databases.site.read() as connection:
        assert await redirects.find(connection, "/posts/one") is None
        assert await redirects.find(connection, "/posts/uno") == "/posts/one"


async def _moved(databases: Databases, post: Post) -> None:
    await posts.publish(databases.site, OWNER, post.id)
    await _save(databases, post, Draft(title="One", slug="uno"))
    await posts.publish(databases.site, OWNER, post.id)


async def test_a_slug_of_the_title_takes_no_address_that_leads_elsewhere(
    databases: Databases, draft: Post, author_id: str
) -> None:
    await _moved(databases, draft)
    await redirects.add_own(databases.site, OWNER, "/posts/one-2", "/posts/uno", "")
    other = await posts.create(databases.site, OWNER, "post")
    saved = await posts.revisions.save(databases.site, OWNER, other.id, Draft(title="One"), 1)
    assert saved.slug == "one-3"
    await posts.publish(databases.site, OWNER, other.id)
    async with databases.site.read() as connection:
        assert await redirects.find(connection, "/posts/one") == "/posts/uno"


async def test_a_slug_that_is_chosen_takes_an_old_address_which_the_audit_log_tells(
    databases: Databases, draft: Post, author_id: str
) -> None:
    await _moved(databases, draft)
    other = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, other.id, Draft(title="Another", slug="one"), 1)
    await posts.publish(databases.site, OWNER, other.id)
    async with databases.site.read() as connection:
        assert await redirects.find(connection, "/posts/one") is None
        told = await fetch_value(connection, "SELECT words FROM audit_entries WHERE action = 'redirect.deleted'")
    assert told == "/posts/one to /posts/uno"


async def test_a_redirect_to_an_unpublished_post_leads_nowhere(databases: Databases, draft: Post) -> None:
    await posts.publish(databases.site, OWNER, draft.id)
    await _save(databases, draft, Draft(title="One", slug="uno"))
    await posts.publish(databases.site, OWNER, draft.id)
    await posts.unpublish(databases.site, OWNER, draft.id)
    async with databases.site.read() as connection:
        assert await redirects.find(connection, "/posts/one") is None


async def test_publishing_again_keeps_the_date_and_moves_the_change(databases: Databases, draft: Post) -> None:
    now_us = clock.now_us()
    with clock.frozen(now_us):
        first = await posts.publish(databases.site, OWNER, draft.id)
    await _save(databases, draft, Draft(title="Two", slug="one"))
    with clock.frozen(now_us + HOUR_US):
        second = await posts.publish(databases.site, OWNER, draft.id)
    assert first.published_at_us == first.changed_at_us == now_us
    assert (second.published_at_us, second.changed_at_us) == (now_us, now_us + HOUR_US)


async def test_a_date_in_the_past_is_the_date_readers_see(databases: Databases, draft: Post) -> None:
    at_us = clock.now_us() - 400 * clock.DAY_US
    post = await posts.publish(databases.site, OWNER, draft.id, at_us)
    assert post.published_at_us == at_us


async def test_tags_are_those_of_the_published_revision(databases: Databases, draft: Post) -> None:
    await posts.publish(databases.site, OWNER, draft.id)
    await _save(databases, draft, Draft(title="One", slug="one", tags=("b", "c")))
    async with databases.site.read() as connection:
        assert [tag.name for tag in await posts.tags.published(connection)] == ["a", "b"]
    await posts.publish(databases.site, OWNER, draft.id)
    async with databases.site.read() as connection:
        assert [tag.name for tag in await posts.tags.published(connection)] == ["b", "c"]


async def test_an_unpublished_post_is_gone_for_readers_and_keeps_its_date(databases: Databases, draft: Post) -> None:
    published = await posts.publish(databases.site, OWNER, draft.id)
    after = await posts.unpublish(databases.site, OWNER, draft.id)
    async with databases.site.read() as connection:
        assert await posts.by_slug(connection, "post", "one") is None
        assert await posts.tags.published(connection) == []
    assert after.published_at_us == published.published_at_us


async def test_a_future_moment_schedules_and_publishes_nothing(databases: Databases, draft: Post) -> None:
    post = await posts.publish(databases.site, OWNER, draft.id, clock.now_us() + HOUR_US)
    assert post.revision_id is None
    assert await _state(databases, draft) == "scheduled"


async def test_a_due_post_is_published_once_with_its_own_date(databases: Databases, draft: Post) -> None:
    at_us = clock.now_us() + HOUR_US
    await posts.publish(databases.site, OWNER, draft.id, at_us)
    with clock.frozen(at_us + 5):
        assert await publish_due(databases, at_us - 1) == 0
        assert await publish_due(databases, at_us) == 1
        assert await publish_due(databases, at_us) == 0
    async with databases.site.read() as connection:
        post = await posts.find(connection, OWNER, draft.id)
    assert (post.published_at_us, post.scheduled_at_us) == (at_us, None)


async def test_a_scheduled_post_that_lost_its_slug_does_not_stop_the_others(
    databases: Databases, draft: Post, author_id: str
) -> None:
    at_us = clock.now_us() + HOUR_US
    await posts.publish(databases.site, OWNER, draft.id, at_us)
    rival = await posts.create(databases.site, OWNER, "post")
    await _save(databases, rival, Draft(title="Rival", slug="rival"))
    await posts.publish(databases.site, OWNER, rival.id)
    await _save(databases, draft, Draft(title="One", slug="later"))
    other = await posts.create(databases.site, OWNER, "post")
    await _save(databases, other, Draft(title="Other"))
    await posts.publish(databases.site, OWNER, other.id, at_us + 1)
    # Published posts move when they are published again: the rival takes the draft's address first.
    async with databases.site.transaction() as connection:
        await connection.execute("UPDATE revisions SET slug = 'rival' WHERE post_id = ?", (draft.id,))
    with clock.frozen(at_us + 5):
        assert await publish_due(databases, at_us + 1) == 1
    assert await _state(databases, draft) == "draft"


async def test_a_database_that_is_busy_leaves_a_due_post_scheduled(
    databases: Databases, draft: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_us = clock.now_us() + HOUR_US
    await posts.publish(databases.site, OWNER, draft.id, at_us)
    monkeypatch.setattr(sqlite, "LOCK_S", 0.02)
    async with databases.site.transaction():
        with clock.frozen(at_us), pytest.raises(Unavailable):
            await publish_due(databases, at_us)
    assert await _state(databases, draft) == "scheduled"


async def test_a_post_that_is_saved_while_it_goes_out_goes_out_as_it_was_scheduled(
    databases: Databases, draft: Post, meanwhile: Meanwhile
) -> None:
    at_us = clock.now_us() + HOUR_US
    await posts.publish(databases.site, OWNER, draft.id, at_us)
    meanwhile("# One", f"UPDATE revisions SET number = number + 1 WHERE post_id = '{draft.id}'")  # noqa: S608
    with clock.frozen(at_us + 5):
        assert await publish_due(databases, at_us + 5) == 1
    assert await _state(databases, draft) == "published"


async def test_a_post_taken_off_the_schedule_in_the_last_moment_stays_a_draft(
    databases: Databases, draft: Post, meanwhile: Meanwhile
) -> None:
    at_us = clock.now_us() + HOUR_US
    await posts.publish(databases.site, OWNER, draft.id, at_us)
    meanwhile("# One", "UPDATE posts SET scheduled_at_us = NULL")
    with clock.frozen(at_us):
        assert await publish_due(databases, at_us) == 0
    assert await _state(databases, draft) == "draft"


async def test_publishing_at_an_address_that_is_taken_meanwhile_is_a_conflict(
    databases: Databases, draft: Post, author_id: str
) -> None:
    await posts.publish(databases.site, OWNER, draft.id)
    await _save(databases, draft, Draft(title="One", slug="wanted"))
    rival = await posts.create(databases.site, OWNER, "post")
    await _save(databases, rival, Draft(title="Rival", slug="wanted"))
    with pytest.raises(Conflict, match="wanted"):
        await posts.publish(databases.site, OWNER, draft.id)


async def test_states_follow_what_the_author_does(databases: Databases, draft: Post) -> None:
    seen = [await _state(databases, draft)]
    await posts.publish(databases.site, OWNER, draft.id)
    seen.append(await _state(databases, draft))
    await _save(databases, draft, Draft(title="Two"))
    seen.append(await _state(databases, draft))
    await posts.unpublish(databases.site, OWNER, draft.id)
    seen.append(await _state(databases, draft))
    assert seen == ["draft", "published", "changed", "draft"]


async def test_the_list_is_filtered_by_kind_and_state(databases: Databases, draft: Post, author_id: str) -> None:
    page = await posts.create(databases.site, OWNER, "page")
    async with databases.site.read() as connection:
        pages = (await posts.listing.page(connection, OWNER, posts.listing.Filters(kind="page"))).rows
        published = await posts.listing.last_saved(connection, OWNER, 99, "published")
    assert [each.id for each in pages] == [page.id]
    assert published == []


async def test_a_post_deleted_for_good_takes_revisions_tags_and_redirects_with_it(
    databases: Databases, draft: Post
) -> None:
    await posts.publish(databases.site, OWNER, draft.id)
    await _save(databases, draft, Draft(title="One", slug="uno"))
    await posts.publish(databases.site, OWNER, draft.id)
    await posts.trash.put(databases.site, OWNER, draft.id)
    await posts.trash.remove(databases.site, OWNER, draft.id)
    async with databases.site.read() as connection:
        for table in ("posts", "revisions", "redirects", "post_tags"):
            assert await fetch_value(connection, f"SELECT count(*) FROM {table}") == 0  # noqa: S608


async def test_deleting_a_published_post_raises_the_generation(databases: Databases, draft: Post) -> None:
    await posts.publish(databases.site, OWNER, draft.id)
    before = await _generation(databases)
    await posts.trash.put(databases.site, OWNER, draft.id)
    assert await _generation(databases) > before
