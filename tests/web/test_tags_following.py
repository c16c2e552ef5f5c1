"""A tag that many texts carry gets another name: readers see it at once, the texts follow some at a time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sdc_core.errors import Invalid
from sdc_core.sqlite import fetch_value
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post, tags_following
from sdc_web.posts.tags_following import AT_ONCE
from sdc_web.search import results
from sdc_web.search.query import parse
from sdc_web.search.results import Filters

from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]
MANY = AT_ONCE + 5
LIMIT_S = 60.0


@pytest.fixture
async def many(databases: Databases, publish: Publish) -> list[Post]:
    """More texts with the tag than follow in one transaction; the last one is published, the others are not."""
    made = []
    for number in range(MANY - 1):
        post = await posts.create(databases.site, OWNER, "post")
        await posts.revisions.save(databases.site, OWNER, post.id, Draft(title=f"{number}", tags=("fog", "tea")), 1)
        made.append(post)
    return [*made, await publish("Published", tags=("tea", "fog"))]


async def carrying(databases: Databases, tag: str) -> int:
    """Revisions in which that name is written."""
    async with databases.site.read() as connection:
        sql = "SELECT count(*) FROM revisions, json_each(revisions.tags) AS written WHERE written.value = :tag"
        return int(str(await fetch_value(connection, sql, {"tag": tag})))


async def found(databases: Databases, words: str) -> list[str]:
    async with databases.site.read() as connection:
        return [each.post.title for each in await results.best(connection, parse(words), Filters(), 9)]


async def finish(databases: Databases) -> int:
    """Steps that it takes until nothing has to follow."""
    steps = 0
    while await tags_following.go_on(databases.site):
        steps += 1
    return steps


async def test_readers_see_the_new_name_at_once_and_every_text_follows(databases: Databases, many: list[Post]) -> None:
    await posts.tags.change(databases.site, OWNER, "fog", {"name": "mist"})
    async with databases.site.read() as connection:
        at_once = {each.name for each in await posts.tags.published(connection)}
    first = await carrying(databases, "mist")
    steps = await finish(databases)
    assert (at_once, first, steps) == ({"mist", "tea"}, AT_ONCE, 1)
    assert (await carrying(databases, "fog"), await carrying(databases, "mist")) == (0, MANY)
    assert await found(databases, "mist") == ["Published"]
    assert await found(databases, "fog") == []


async def test_what_was_cut_off_goes_on_where_it_was_by_the_loop(databases: Databases, many: list[Post]) -> None:
    await posts.tags.change(databases.site, OWNER, "fog", {"name": "mist"})
    async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as group:
        running = group.create_task(tags_following.run(databases.site))
        while await carrying(databases, "fog"):  # noqa: ASYNC110 - another process would see it in the database alone
            await asyncio.sleep(0.02)
        running.cancel()
    assert await carrying(databases, "mist") == MANY


async def test_a_tag_that_is_taken_off_leaves_every_text(databases: Databases, many: list[Post]) -> None:
    await posts.tags.delete(databases.site, OWNER, "fog")
    await finish(databases)
    assert (await carrying(databases, "fog"), await carrying(databases, "tea")) == (0, MANY)
    assert await found(databases, "fog") == []


async def test_a_text_that_is_published_before_it_has_followed_has_the_new_name_in_the_end(
    databases: Databases, many: list[Post]
) -> None:
    await posts.tags.change(databases.site, OWNER, "fog", {"name": "mist"})
    late = many[-2]
    await posts.publish(databases.site, OWNER, late.id)
    await finish(databases)
    async with databases.site.read() as connection:
        names = {each.name: each.posts for each in await posts.tags.published(connection)}
    assert names == {"mist": 2, "tea": 2}


async def test_a_tag_that_moves_on_takes_along_those_that_are_still_on_their_way(
    databases: Databases, many: list[Post]
) -> None:
    await posts.tags.change(databases.site, OWNER, "fog", {"name": "mist"})
    await posts.tags.change(databases.site, OWNER, "mist", {"name": "haze"})
    await finish(databases)
    left = [await carrying(databases, each) for each in ("fog", "mist", "haze")]
    assert left == [0, 0, MANY]


async def test_a_name_that_texts_are_leaving_is_not_given_to_others_meanwhile(
    databases: Databases, many: list[Post]
) -> None:
    await posts.tags.change(databases.site, OWNER, "fog", {"name": "mist"})
    for tag, name in (("tea", "fog"), ("mist", "fog")):
        with pytest.raises(Invalid, match=r"try again in a moment|has this name already"):
            await posts.tags.change(databases.site, OWNER, tag, {"name": name})
    await finish(databases)
    await posts.tags.change(databases.site, OWNER, "mist", {"name": "fog"})
    await finish(databases)
    assert (await carrying(databases, "fog"), await carrying(databases, "mist")) == (MANY, 0)
