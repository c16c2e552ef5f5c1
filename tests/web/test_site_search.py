from collections.abc import Awaitable, Callable
from http import HTTPStatus

import httpx
import pytest
from sdc_core.sqlite import Database, fetch_value
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post

Publish = Callable[..., Awaitable[Post]]


async def _found(databases: Databases, query: str) -> list[str]:
    async with databases.site.read() as connection:
        return [each.post.title for each in await posts.search(connection, query)]


async def test_a_post_is_found_by_words_of_its_title_text_and_tags(databases: Databases, publish: Publish) -> None:
    await publish("On kites", "They need a *steady* wind.", tags=("summer",))
    for query in ("kites", "STEADY wind", "wind kites", "summer", "stea"):
        assert await _found(databases, query) == ["On kites"], query
    assert await _found(databases, "kites winter") == []


async def test_accents_do_not_matter(databases: Databases, publish: Publish) -> None:
    await publish("Café olé", slug="cafe")
    assert await _found(databases, "cafe ole") == ["Café olé"]


async def test_a_title_counts_more_than_a_text(databases: Databases, publish: Publish) -> None:
    await publish("Other", "kites " * 3)
    await publish("Kites")
    assert await _found(databases, "kites") == ["Kites", "Other"]


async def test_only_what_is_published_is_found(databases: Databases, publish: Publish) -> None:
    post = await publish("Kites", "old words")
    await posts.revisions.save(databases.site, post.id, Draft(title="Kites", body="new words"), 2, post.author_id)
    assert await _found(databases, "new") == []
    await posts.publish(databases.site, post.id)
    assert await _found(databases, "old") == []
    assert await _found(databases, "new") == ["Kites"]
    await posts.unpublish(databases.site, post.id)
    assert await _found(databases, "new") == []


async def test_a_deleted_post_is_not_found(databases: Databases, publish: Publish) -> None:
    post = await publish("Kites")
    await posts.delete(databases.site, post.id)
    assert await _found(databases, "kites") == []


async def test_an_excerpt_marks_the_words(databases: Databases, publish: Publish) -> None:
    await publish("Other", "far away " * 30 + "steady <wind> blows " + "and on " * 30)
    async with databases.site.read() as connection:
        (found,) = await posts.search(connection, "blows")
    assert [part.text for part in found.excerpt if part.matched] == ["blows"]


@pytest.mark.parametrize(
    "query",
    [
        '"',
        "'",
        "*",
        "a*",
        "NEAR(a b)",
        "a OR b",
        "title:a",
        "-a",
        "(",
        "^a",
        "a AND",
        "\x00",
        "+",
        "%",
        "a" * 9_999,
        "日本",
    ],
)
async def test_whatever_is_asked_is_answered(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get("/search", params={"q": query})
    assert answer.status_code == HTTPStatus.OK


async def test_the_page_shows_results_and_what_was_asked(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("On kites", "They need a steady wind.")
    text = (await client.get("/search?q=steady")).text
    assert "/posts/on-kites" in text
    assert "<mark>steady</mark>" in text
    assert 'value="steady"' in text
    assert "<script>" not in (await client.get("/search", params={"q": "<script>x"})).text


async def test_a_search_without_words_shows_the_form(client: httpx.AsyncClient) -> None:
    assert 'name="q"' in (await client.get("/search")).text


@pytest.mark.parametrize("go", [posts.unpublish, posts.delete], ids=["unpublished", "deleted"])
async def test_what_is_taken_away_leaves_no_words_in_the_index(
    databases: Databases, publish: Publish, go: Callable[[Database, str], Awaitable[object]]
) -> None:
    post = await publish("Fog", "Words of fog.")
    await posts.publish(databases.site, post.id)
    async with databases.site.read() as connection:
        assert await fetch_value(connection, "SELECT count(*) FROM search") == 1
    await go(databases.site, post.id)
    async with databases.site.read() as connection:
        assert await fetch_value(connection, "SELECT count(*) FROM search") == 0
