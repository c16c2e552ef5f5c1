import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from litestar.types import ASGIApp
from sdc_core import clock, sqlite
from sdc_core.errors import Invalid, NotFound, Unavailable
from sdc_core.settings import Settings
from sdc_web import posts
from sdc_web.app import Routes, build
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post, history, schedule
from sdc_web.posts.records import State
from sdc_web.texts import markdown

from signing_in import OWNER

Running = Callable[[ASGIApp], AbstractAsyncContextManager[None]]
HOUR_US = 3_600 * clock.SECOND_US


@pytest.fixture
async def post(databases: Databases, author_id: str) -> Post:
    """A draft, its number 2 saved."""
    made = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, made.id, Draft(title="Fog", body="As it was scheduled."), 1)
    return made


async def write(databases: Databases, post: Post, body: str) -> None:
    async with databases.site.read() as connection:
        newest = await posts.revisions.newest(connection, OWNER, post.id)
    draft = Draft(title="Fog", body=body)
    await posts.revisions.save(databases.site, OWNER, post.id, draft, newest.number)


async def found(databases: Databases, post: Post) -> Post:
    async with databases.site.read() as connection:
        return await posts.find(connection, OWNER, post.id)


async def state(databases: Databases, post: Post) -> State:
    async with databases.site.read() as connection:
        return (await posts.listing.last_saved(connection, OWNER, 1))[0].state


async def read(databases: Databases) -> str:
    """What readers see of the post."""
    async with databases.site.read() as connection:
        published = await posts.by_slug(connection, "post", "fog")
    return published.body_html if published else ""


async def once_read(databases: Databases) -> None:
    """Wait until readers see it."""
    async with asyncio.timeout(60):
        while not await read(databases):  # noqa: ASYNC110 - another part of the program does it, in its own time
            await asyncio.sleep(0.01)


async def meet(databases: Databases, at_us: int) -> schedule.Done:
    with clock.frozen(at_us):
        return await schedule.meet_due(databases.site, at_us)


async def test_what_is_written_after_scheduling_does_not_go_out_and_is_not_lost(
    databases: Databases, post: Post
) -> None:
    at_us = clock.now_us() + HOUR_US
    await posts.publish(databases.site, OWNER, post.id, at_us)
    await write(databases, post, "As it was scheduled. A half-finished")
    await meet(databases, at_us)
    assert await read(databases) == "<p>As it was scheduled.</p>\n"
    assert await state(databases, post) == "changed"
    async with databases.site.read() as connection:
        newest = await posts.revisions.newest(connection, OWNER, post.id)
    assert newest.body == "As it was scheduled. A half-finished"


async def test_scheduling_again_takes_the_newest_text_along(databases: Databases, post: Post) -> None:
    at_us = clock.now_us() + HOUR_US
    await posts.publish(databases.site, OWNER, post.id, at_us)
    await write(databases, post, "With a mended sentence.")
    await posts.publish(databases.site, OWNER, post.id, at_us)
    await meet(databases, at_us)
    assert await read(databases) == "<p>With a mended sentence.</p>\n"


async def test_a_change_is_scheduled_while_the_live_text_stays(databases: Databases, post: Post) -> None:
    at_us = clock.now_us() + HOUR_US
    await posts.publish(databases.site, OWNER, post.id)
    await write(databases, post, "The change.")
    await posts.publish(databases.site, OWNER, post.id, at_us)
    assert await read(databases) == "<p>As it was scheduled.</p>\n"
    await meet(databases, at_us)
    assert await read(databases) == "<p>The change.</p>\n"
    assert await state(databases, post) == "published"


async def test_a_scheduled_revision_is_never_thinned(databases: Databases, post: Post) -> None:
    at_us = clock.now_us() + 90 * clock.DAY_US
    await posts.publish(databases.site, OWNER, post.id, at_us)
    for day in (30, 31):
        with clock.frozen(clock.now_us() + day * clock.DAY_US):
            await write(databases, post, f"Day {day}.")
    assert (await meet(databases, at_us)).published == 1
    assert await read(databases) == "<p>As it was scheduled.</p>\n"


async def test_taking_a_change_from_the_schedule_leaves_what_readers_see(databases: Databases, post: Post) -> None:
    at_us = clock.now_us() + HOUR_US
    await posts.publish(databases.site, OWNER, post.id)
    await write(databases, post, "The change.")
    await posts.publish(databases.site, OWNER, post.id, at_us)
    await schedule.cancel(databases.site, OWNER, post.id)
    assert (await meet(databases, at_us)).published == 0
    assert await state(databases, post) == "changed"
    assert await read(databases) == "<p>As it was scheduled.</p>\n"


async def test_leaving_a_change_takes_it_from_the_schedule(databases: Databases, post: Post) -> None:
    at_us = clock.now_us() + HOUR_US
    await posts.publish(databases.site, OWNER, post.id)
    await write(databases, post, "The change.")
    await posts.publish(databases.site, OWNER, post.id, at_us)
    await history.discard(databases.site, OWNER, post.id, 3)
    assert (await meet(databases, at_us)).published == 0
    assert await state(databases, post) == "published"


async def test_a_post_leaves_the_site_at_its_moment_and_keeps_its_text(databases: Databases, post: Post) -> None:
    at_us = clock.now_us() + HOUR_US
    await posts.publish(databases.site, OWNER, post.id, unpublish_at_us=at_us)
    assert (await meet(databases, at_us - 1)).unpublished == 0
    assert (await meet(databases, at_us)).unpublished == 1
    assert (await meet(databases, at_us)).unpublished == 0
    assert await read(databases) == ""
    assert (await found(databases, post)).unpublish_at_us is None


async def test_a_post_that_goes_out_and_leaves_during_a_downtime_has_left(databases: Databases, post: Post) -> None:
    now_us = clock.now_us()
    await posts.publish(databases.site, OWNER, post.id, now_us + HOUR_US, unpublish_at_us=now_us + 2 * HOUR_US)
    done = await meet(databases, now_us + 3 * HOUR_US)
    assert done == schedule.Done(published=1, unpublished=1)
    assert (await found(databases, post)).revision_id is None


async def test_a_change_that_is_scheduled_for_later_survives_the_end_before_it(
    databases: Databases, post: Post
) -> None:
    now_us = clock.now_us()
    await posts.publish(databases.site, OWNER, post.id)
    await write(databases, post, "Next year's text.")
    await posts.publish(databases.site, OWNER, post.id, now_us + 9 * HOUR_US)
    await schedule.set_end(databases.site, OWNER, post.id, now_us + HOUR_US)
    await meet(databases, now_us + HOUR_US)
    assert await read(databases) == ""
    await meet(databases, now_us + 9 * HOUR_US)
    assert await read(databases) == "<p>Next year's text.</p>\n"


async def test_publishing_without_a_word_of_its_end_leaves_that(databases: Databases, post: Post) -> None:
    at_us = clock.now_us() + HOUR_US
    await posts.publish(databases.site, OWNER, post.id, unpublish_at_us=at_us)
    await posts.publish(databases.site, OWNER, post.id)
    assert (await found(databases, post)).unpublish_at_us == at_us
    await posts.publish(databases.site, OWNER, post.id, unpublish_at_us=None)
    assert (await found(databases, post)).unpublish_at_us is None


@pytest.mark.parametrize("apart_us", [-clock.SECOND_US, 0])
async def test_an_end_that_is_over_is_refused_and_nothing_published(
    databases: Databases, post: Post, apart_us: int
) -> None:
    now_us = clock.now_us()
    with clock.frozen(now_us), pytest.raises(Invalid) as refused:
        await posts.publish(databases.site, OWNER, post.id, unpublish_at_us=now_us + apart_us)
    assert refused.value.field == "unpublish_at"
    assert await read(databases) == ""


async def test_an_end_before_the_beginning_is_refused(databases: Databases, post: Post) -> None:
    now_us = clock.now_us()
    with pytest.raises(Invalid):
        await posts.publish(databases.site, OWNER, post.id, now_us + 2 * HOUR_US, unpublish_at_us=now_us + HOUR_US)
    await posts.publish(databases.site, OWNER, post.id, now_us + 2 * HOUR_US)
    with pytest.raises(Invalid):
        await schedule.set_end(databases.site, OWNER, post.id, now_us + HOUR_US)


async def test_a_draft_has_no_end(databases: Databases, post: Post) -> None:
    with pytest.raises(Invalid):
        await schedule.set_end(databases.site, OWNER, post.id, clock.now_us() + HOUR_US)
    with pytest.raises(NotFound):
        await schedule.set_end(databases.site, OWNER, "01NOTHING", None)


async def test_a_post_that_could_not_go_out_says_why(databases: Databases, post: Post, author_id: str) -> None:
    at_us = clock.now_us() + HOUR_US
    await posts.publish(databases.site, OWNER, post.id, at_us)
    async with databases.site.transaction() as connection:
        await connection.execute("UPDATE posts SET slug = 'elsewhere' WHERE id = ?", (post.id,))
    rival = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, rival.id, Draft(title="Rival", slug="fog"), 1)
    assert (await meet(databases, at_us)).published == 0
    assert "fog" in (await found(databases, post)).schedule_failure
    async with databases.site.read() as connection:
        told = await schedule.missed(connection, OWNER, 9)
        coming = await schedule.coming(connection, OWNER, 9)
    assert [(each.id, "fog" in each.failure) for each in told] == [(post.id, True)]
    assert coming == []
    await posts.trash.put(databases.site, OWNER, rival.id)
    await posts.publish(databases.site, OWNER, post.id)
    assert (await found(databases, post)).schedule_failure == ""


async def test_what_is_coming_is_told_in_order(databases: Databases, post: Post, author_id: str) -> None:
    now_us = clock.now_us()
    await posts.publish(databases.site, OWNER, post.id, now_us + 2 * HOUR_US, unpublish_at_us=now_us + 9 * HOUR_US)
    other = await posts.create(databases.site, OWNER, "page")
    await posts.revisions.save(databases.site, OWNER, other.id, Draft(title="About"), 1)
    await posts.publish(databases.site, OWNER, other.id, now_us + HOUR_US)
    async with databases.site.read() as connection:
        told = await schedule.coming(connection, OWNER, 9)
    assert [(each.title, each.leaves, each.together) for each in told] == [("About", False, 2), ("Fog", False, 2)]


async def test_a_text_on_the_site_comes_by_the_moment_at_which_it_leaves(databases: Databases, post: Post) -> None:
    at_us = clock.now_us() + HOUR_US
    await posts.publish(databases.site, OWNER, post.id)
    await schedule.set_end(databases.site, OWNER, post.id, at_us)
    async with databases.site.read() as connection:
        told = await schedule.coming(connection, OWNER, 9)
    assert [(each.title, each.leaves, each.at_us) for each in told] == [("Fog", True, at_us)]


async def test_a_moment_is_met_to_the_second(app: ASGIApp, databases: Databases, post: Post) -> None:
    at_us = clock.now_us() + 1_500_000
    await posts.publish(databases.site, OWNER, post.id, at_us)
    await once_read(databases)
    assert 0 <= clock.now_us() - at_us < clock.SECOND_US
    assert (await found(databases, post)).published_at_us == at_us


async def test_a_text_is_rendered_before_its_moment_and_once(
    databases: Databases, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_us = clock.now_us() + HOUR_US
    await posts.publish(databases.site, OWNER, post.id, at_us)
    render, bodies = markdown.render, list[str]()
    monkeypatch.setattr(markdown, "render", lambda body: bodies.append(body) or render(body))
    assert await schedule.draw_ahead(databases.site, at_us - 1, {}) == {}
    drawn = await schedule.draw_ahead(databases.site, at_us, {})
    drawn = await schedule.draw_ahead(databases.site, at_us, drawn)
    with clock.frozen(at_us):
        await schedule.meet_due(databases.site, at_us, drawn)
    assert await read(databases) == "<p>As it was scheduled.</p>\n"
    assert bodies == ["As it was scheduled."]
    assert await schedule.draw_ahead(databases.site, at_us, drawn) == {}


async def test_a_moment_that_comes_while_the_next_is_asked_for_is_met_at_once(
    databases: Databases, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_us = clock.now_us() + HOUR_US
    await posts.publish(databases.site, OWNER, post.id, at_us)
    moments = iter([at_us - 1])
    monkeypatch.setattr(clock, "now_us", lambda: next(moments, at_us))
    monkeypatch.setattr(schedule, "LOOK_S", 3_600.0)
    async with asyncio.TaskGroup() as group:
        loop = group.create_task(schedule.run(databases.site))
        await once_read(databases)
        loop.cancel()


async def test_what_was_due_while_web_was_down_is_done_at_the_next_start(
    settings: Settings, routes: Routes, databases: Databases, post: Post, running: Running
) -> None:
    at_us = clock.now_us() - HOUR_US
    with clock.frozen(at_us - HOUR_US):
        await posts.publish(databases.site, OWNER, post.id, at_us)
    async with running(build(settings, routes)):
        await once_read(databases)
    after = await found(databases, post)
    assert (after.published_at_us, after.scheduled_at_us) == (at_us, None)


async def test_a_busy_database_is_asked_again(
    databases: Databases, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_us = clock.now_us() + HOUR_US
    await posts.publish(databases.site, OWNER, post.id, unpublish_at_us=at_us)
    monkeypatch.setattr(sqlite, "LOCK_S", 0.02)
    async with databases.site.transaction():
        with pytest.raises(Unavailable):
            await meet(databases, at_us)
    assert (await meet(databases, at_us)).unpublished == 1
