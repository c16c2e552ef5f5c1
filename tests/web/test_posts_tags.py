"""Tags as nouns: what the author says of them, and what a rename and a merge do to every text."""

from collections.abc import Awaitable, Callable

import pytest
from sdc_core.errors import Invalid, NotFound
from sdc_core.sqlite import Connection, execute, fetch_value
from sdc_web import posts, redirects
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post, Revision, store, tags_moved
from sdc_web.posts.tags import Listed
from sdc_web.search import results
from sdc_web.search.query import parse
from sdc_web.search.results import Filters

from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]


async def change(databases: Databases, tag: str, /, **changes: str) -> Listed:
    return await posts.tags.change(databases.site, OWNER, tag, changes)


async def tags_of(databases: Databases, post: Post) -> tuple[str, ...]:
    """Those of the newest revision."""
    async with databases.site.read() as connection:
        return (await posts.revisions.newest(connection, OWNER, post.id)).tags


async def known(databases: Databases) -> list[tuple[str, int, int]]:
    """Names with their numbers of published texts and of drafts."""
    async with databases.site.read() as connection:
        return [(each.name, each.posts, each.drafts) for each in await posts.tags.everything(connection)]


async def leads(databases: Databases, path: str) -> str | None:
    async with databases.site.read() as connection:
        return await redirects.find(connection, path)


async def generation(databases: Databases) -> object:
    async with databases.site.read() as connection:
        return await fetch_value(connection, "SELECT n FROM generation")


async def draft(databases: Databases, author_id: str, *tags: str) -> Post:
    """A text that was never published."""
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="A draft", tags=tags), 1)
    return post


async def test_a_tag_is_counted_in_what_is_published_and_in_drafts(
    databases: Databases, publish: Publish, author_id: str
) -> None:
    post = await publish("Fog", tags=("fog", "tea"))
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Fog", tags=("mist",)), 2)
    await draft(databases, author_id, "tea")
    assert await known(databases) == [("fog", 1, 0), ("mist", 0, 1), ("tea", 1, 1)]


async def test_names_that_look_the_same_are_one(databases: Databases, publish: Publish) -> None:
    await publish("Fog", tags=("caf\u00e9",), series="Caf\u00e9")
    await publish("Mist", tags=("cafe\u0301",), series="Cafe\u0301")
    assert await known(databases) == [("caf\u00e9", 2, 0)]
    async with databases.site.read() as connection:
        assert [each.posts for each in await posts.series.everything(connection)] == [2]


async def test_tags_that_were_stored_in_letters_and_marks_are_composed_when_web_starts(
    databases: Databases, publish: Publish
) -> None:
    fog, apart = await publish("Fog", tags=("caf\u00e9",)), await publish("Mist", tags=("tea",))
    old = "cafe\u0301"
    async with databases.site.transaction() as connection:
        values = {"old": old, "id": apart.id}
        await execute(connection, "UPDATE post_tags SET tag = :old WHERE post_id = :id", values)
        await execute(connection, "UPDATE revisions SET tags = json_array(:old) WHERE post_id = :id", values)
        await execute(connection, "INSERT INTO tags (name, colour, description) VALUES (:old, 'teal', '')", values)
    for _ in range(2):
        await posts.read_again(databases.site)
        assert await known(databases) == [("caf\u00e9", 2, 0)]
    assert await tags_of(databases, apart) == await tags_of(databases, fog) == ("caf\u00e9",)
    async with databases.site.read() as connection:
        assert (await posts.tags.described(connection, "caf\u00e9")).colour == "teal"
    assert await leads(databases, f"/tags/{old}") == "/tags/caf%C3%A9"


async def test_a_rename_reaches_what_is_published_and_what_is_a_draft_in_its_place(
    databases: Databases, publish: Publish, author_id: str
) -> None:
    post = await publish("Fog", tags=("a", "tee", "b"))
    written = await draft(databases, author_id, "tee")
    before = await generation(databases)
    renamed = await change(databases, "tee", name=" TEA ")
    assert (renamed.name, renamed.posts, renamed.drafts) == ("tea", 1, 1)
    assert await tags_of(databases, post) == ("a", "tea", "b")
    assert await tags_of(databases, written) == ("tea",)
    assert await generation(databases) != before


async def test_a_renamed_tag_is_searched_by_its_new_name_alone(databases: Databases, publish: Publish) -> None:
    post = await publish("Fog", tags=("nebel", "other"))
    await change(databases, "nebel", name="murk")
    async with databases.site.read() as connection:
        assert [each.post.id for each in await results.best(connection, parse("murk"), Filters(), 30)] == [post.id]
        assert await results.best(connection, parse("nebel"), Filters(), 30) == []


async def test_a_rename_changes_no_date_that_readers_see(databases: Databases, publish: Publish) -> None:
    post = await publish("Fog", tags=("a",))
    await change(databases, "a", name="b")
    async with databases.site.read() as connection:
        assert (await posts.find(connection, OWNER, post.id)).changed_at_us == post.changed_at_us


async def test_a_merge_keeps_the_order_of_tags_and_makes_no_doubles(databases: Databases, publish: Publish) -> None:
    first = await publish("One", tags=("x", "tea", "drinks", "y"))
    second = await publish("Two", tags=("drinks", "tea"))
    third = await publish("Three", tags=("tea",))
    await change(databases, "tea", colour="green")
    await posts.tags.merge(databases.site, OWNER, "tea", "drinks")
    assert await tags_of(databases, first) == ("x", "drinks", "y")
    assert await tags_of(databases, second) == ("drinks",)
    assert await tags_of(databases, third) == ("drinks",)
    assert await known(databases) == [("drinks", 3, 0), ("x", 1, 0), ("y", 1, 0)]
    async with databases.site.read() as connection:
        assert (await posts.tags.described(connection, "drinks")).colour == ""
    assert await leads(databases, "/tags/tea") == "/tags/drinks"


async def test_whoever_still_writes_a_former_name_means_the_present_one(
    databases: Databases, publish: Publish, author_id: str
) -> None:
    post = await publish("Fog", tags=("tee",))
    await change(databases, "tee", name="tea")
    await change(databases, "tea", name="drinks")
    saved = Draft(title="Fog", tags=("new", "tee", "drinks"))
    await posts.revisions.save(databases.site, OWNER, post.id, saved, 2)
    assert await tags_of(databases, post) == ("new", "drinks")


async def test_old_addresses_lead_to_the_present_one_in_one_step_and_never_in_a_circle(
    databases: Databases, publish: Publish
) -> None:
    await publish("Fog", tags=("a",))
    await redirects.add_own(databases.site, OWNER, "/category/a", "/tags/a", "http://localhost:8000")
    await change(databases, "a", name="c#")
    await change(databases, "c#", name="b")
    assert [await leads(databases, path) for path in ("/tags/a", "/tags/c#", "/category/a")] == ["/tags/b"] * 3
    await change(databases, "b", name="a")
    assert [await leads(databases, f"/tags/{name}") for name in ("a", "b", "c#")] == [None, "/tags/a", "/tags/a"]
    assert await leads(databases, "/category/a") == "/tags/a"


async def test_a_former_name_that_is_set_free_is_a_tag_of_its_own_again(databases: Databases, publish: Publish) -> None:
    await publish("Fog", tags=("tee",))
    await change(databases, "tee", name="tea")
    await tags_moved.free(databases.site, OWNER, "elsewhere", "tee")
    assert await leads(databases, "/tags/tee") == "/tags/tea"
    await tags_moved.free(databases.site, OWNER, "tea", "tee")
    assert await leads(databases, "/tags/tee") is None
    await publish("Rope", tags=("tee",))
    assert await known(databases) == [("tea", 1, 0), ("tee", 1, 0)]


async def test_a_deleted_tag_is_carried_by_nothing(databases: Databases, publish: Publish) -> None:
    post = await publish("Fog", tags=("a", "b"))
    await change(databases, "a", name="c", description="Seas.")
    before = await generation(databases)
    await posts.tags.delete(databases.site, OWNER, "c")
    assert await known(databases) == [("b", 1, 0)]
    assert await tags_of(databases, post) == ("b",)
    assert await leads(databases, "/tags/a") is None
    assert await generation(databases) != before


async def test_a_tag_renamed_while_a_text_is_being_published_is_published_by_its_new_name(
    databases: Databases, author_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = await draft(databases, author_id, "tee")
    await publish_between(databases, post, monkeypatch)
    async with databases.site.read() as connection:
        assert [each.name for each in await posts.tags.published(connection)] == ["tea"]


async def publish_between(databases: Databases, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Publish, with a rename after the text was read and before it is put before readers."""
    newest_revision = store.newest_revision
    asked = 0

    async def and_rename(connection: Connection, post_id: str) -> Revision:
        nonlocal asked
        asked += 1
        found = await newest_revision(connection, post_id)
        if asked == 1:
            await change(databases, "tee", name="tea")
        return found

    monkeypatch.setattr(store, "newest_revision", and_rename)
    await posts.publish(databases.site, OWNER, post.id)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 41),
        ("name", "a/b"),
        ("name", ".."),
        ("name", "a, b"),
        ("name", "\ud800"),
        ("name", "OTHER"),
        ("description", "x" * 501),
    ],
)
async def test_what_a_tag_cannot_be_is_refused_at_its_field(
    databases: Databases, publish: Publish, field: str, value: str
) -> None:
    await publish("Fog", tags=("fog", "other"))
    with pytest.raises(Invalid) as refused:
        await change(databases, "fog", **{field: value})
    assert refused.value.field == field
    assert await known(databases) == [("fog", 1, 0), ("other", 1, 0)]


async def test_a_tag_without_texts_and_words_is_none(databases: Databases, publish: Publish) -> None:
    await publish("Fog", tags=("fog",))
    for name, into in (("nothing", "fog"), ("fog", "nothing"), ("fog", "fog")):
        with pytest.raises((NotFound, Invalid)):
            await posts.tags.merge(databases.site, OWNER, name, into)
    with pytest.raises(NotFound):
        await change(databases, "nothing", colour="red")


async def test_words_stay_while_no_text_carries_the_tag(databases: Databases, publish: Publish, author_id: str) -> None:
    post = await publish("Fog", tags=("fog",))
    await change(databases, "fog", colour="teal")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Fog"), 2)
    await posts.publish(databases.site, OWNER, post.id)
    assert await known(databases) == [("fog", 0, 0)]
    await change(databases, "fog", colour="")
    assert await known(databases) == []
