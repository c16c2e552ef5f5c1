import msgspec
import pytest
from sdc_core import clock
from sdc_core.errors import Invalid, NotFound
from sdc_core.sqlite import IntegrityError, execute, fetch_all
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post, Sent, Stale

from signing_in import OWNER


@pytest.fixture
async def post(databases: Databases, author_id: str) -> Post:
    return await posts.create(databases.site, OWNER, "post")


async def test_a_new_post_has_an_empty_first_revision(databases: Databases, post: Post) -> None:
    async with databases.site.read() as connection:
        newest = await posts.revisions.newest(connection, OWNER, post.id)
    assert (newest.number, newest.title, newest.body, newest.tags) == (1, "", "", ())


SQL_KEPT = "SELECT number, title, body_html FROM revisions WHERE post_id = :post_id ORDER BY number"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `revisions`, in part."""

    number: int
    title: str
    body_html: str | None


async def _kept(databases: Databases, post: Post) -> list[Kept]:
    """All revisions of a post, the first one first."""
    async with databases.site.read() as connection:
        return await fetch_all(connection, Kept, SQL_KEPT, {"post_id": post.id})


async def test_a_save_raises_the_number_and_keeps_one_revision(
    databases: Databases, post: Post, author_id: str
) -> None:
    first = await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="One"), 1)
    second = await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Two"), first.number)
    assert [(each.number, each.title) for each in await _kept(databases, post)] == [(3, "Two")]
    assert second.id == first.id


async def test_an_old_base_revision_is_refused_with_the_newest_one(
    databases: Databases, post: Post, author_id: str
) -> None:
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Theirs"), 1)
    with pytest.raises(Stale) as refused:
        await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Mine"), 1)
    assert refused.value.current.title == "Theirs"
    assert refused.value.current.number == 2


async def test_a_save_is_sent_again_by_the_editor_it_came_from_alone(databases: Databases, post: Post) -> None:
    async def save(title: str, tab: str, number: int, base: int = 1) -> int:
        sent = Sent(tab=tab, number=number)
        return (await posts.revisions.save(databases.site, OWNER, post.id, Draft(title=title), base, sent=sent)).number

    assert await save("Lost", "a", 5) == 2
    assert await save("Lost", "a", 5) == 3
    assert await save("Lost and longer", "a", 7) == 4
    for late in (("Lost", "a", 5), ("Elsewhere", "b", 8), ("Nowhere", "", 9)):
        with pytest.raises(Stale):
            await save(*late)
    assert await save("Elsewhere", "b", 8, base=4) == 5
    with pytest.raises(Stale):
        await save("Lost and longest", "a", 9)
    assert [each.title for each in await _kept(databases, post)] == ["Elsewhere"]


async def test_what_is_published_again_as_it_was_is_no_change_however_it_was_saved(
    databases: Databases, post: Post
) -> None:
    async def save(title: str, tab: str, number: int, base: int) -> None:
        sent = Sent(tab=tab, number=number)
        await posts.revisions.save(databases.site, OWNER, post.id, Draft(title=title, slug="one"), base, sent=sent)

    now_us = clock.now_us()
    await save("Two", "a", 1, 1)
    with clock.frozen(now_us):
        first = await posts.publish(databases.site, OWNER, post.id)
    await save("Two!", "a", 2, 2)
    await save("Two", "b", 1, 3)
    with clock.frozen(now_us + clock.SECOND_US):
        second = await posts.publish(databases.site, OWNER, post.id)
    assert first.changed_at_us == second.changed_at_us == now_us


async def test_a_save_without_a_tab_is_the_last_of_none(databases: Databases, post: Post) -> None:
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="By hand"), 1)
    with pytest.raises(Stale):
        await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Again"), 1)


async def test_a_refused_save_changes_nothing(databases: Databases, post: Post, author_id: str) -> None:
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Theirs"), 1)
    with pytest.raises(Stale):
        await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Mine"), 1)
    async with databases.site.read() as connection:
        assert (await posts.revisions.newest(connection, OWNER, post.id)).title == "Theirs"


async def test_a_published_revision_is_followed_and_never_changed(
    databases: Databases, post: Post, author_id: str
) -> None:
    saved = await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Before"), 1)
    await posts.publish(databases.site, OWNER, post.id)
    later = await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="After"), saved.number)
    before, after = await _kept(databases, post)
    assert (before.title, after.title) == ("Before", "After")
    assert later.body_html is None
    assert before.body_html is not None


async def test_saving_into_no_post_is_not_found(databases: Databases, author_id: str) -> None:
    with pytest.raises(NotFound):
        await posts.revisions.save(databases.site, OWNER, "01NOTHING", Draft(title="x"), 1)


async def test_an_empty_slug_is_made_of_the_title(databases: Databases, post: Post, author_id: str) -> None:
    saved = await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Größe & Übermut!"), 1)
    assert saved.slug == "grosse-ubermut"


async def test_two_posts_of_one_title_get_two_slugs(databases: Databases, post: Post, author_id: str) -> None:
    other = await posts.create(databases.site, OWNER, "post")
    first = await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Same"), 1)
    second = await posts.revisions.save(databases.site, OWNER, other.id, Draft(title="Same"), 1)
    assert (first.slug, second.slug) == ("same", "same-2")


async def test_a_page_and_a_post_may_have_the_same_slug(databases: Databases, post: Post, author_id: str) -> None:
    page = await posts.create(databases.site, OWNER, "page")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="About"), 1)
    saved = await posts.revisions.save(databases.site, OWNER, page.id, Draft(title="About"), 1)
    assert saved.slug == "about"


async def test_a_page_never_takes_an_address_of_the_site_by_its_title(databases: Databases, author_id: str) -> None:
    page = await posts.create(databases.site, OWNER, "page")
    saved = await posts.revisions.save(databases.site, OWNER, page.id, Draft(title="Posts"), 1)
    assert saved.slug == "posts-page"


@pytest.mark.parametrize("slug", ["author", "api", "media", "static", "health", "metrics", "hooks", "tags", "search"])
async def test_a_page_is_refused_an_address_of_the_site(databases: Databases, author_id: str, slug: str) -> None:
    page = await posts.create(databases.site, OWNER, "page")
    with pytest.raises(Invalid, match="belongs to the site"):
        await posts.revisions.save(databases.site, OWNER, page.id, Draft(title="x", slug=slug), 1)


@pytest.mark.parametrize("slug", ["Upper", "a--b", "-a", "a-", "a b", "ä", "a/b", "..", "a.b", "a" * 81, "a\nb"])
async def test_a_slug_that_is_none_is_refused(databases: Databases, post: Post, author_id: str, slug: str) -> None:
    with pytest.raises(Invalid) as refused:
        await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="x", slug=slug), 1)
    assert refused.value.field == "slug"


async def test_a_slug_that_another_post_has_is_refused(databases: Databases, post: Post, author_id: str) -> None:
    other = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, other.id, Draft(title="x", slug="taken"), 1)
    with pytest.raises(Invalid, match="taken"):
        await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="y", slug="taken"), 1)


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (Draft(title="x" * 201), "title"),
        (Draft(title="x", summary="x" * 501), "summary"),
        (Draft(title="x", body="x" * 400_001), "body"),
        (Draft(title="x", body="half \udfff"), "body"),
        (Draft(title="half \ud800"), "title"),
        (Draft(title="x", tags=tuple(f"t{n}" for n in range(13))), "tags"),
        (Draft(title="x", tags=("a/b",)), "tags"),
        (Draft(title="x", tags=("x" * 41,)), "tags"),
        (Draft(title="x", cover_asset_id="01NOTHING"), "cover_asset_id"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_field_that_breaks_a_rule_is_named(
    databases: Databases, post: Post, author_id: str, draft: Draft, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await posts.revisions.save(databases.site, OWNER, post.id, draft, 1)
    assert refused.value.field == field


async def test_tags_are_lower_case_and_each_once(databases: Databases, post: Post, author_id: str) -> None:
    draft = Draft(title="x", tags=(" Rust ", "rust", "", "C  Sharp"))
    saved = await posts.revisions.save(databases.site, OWNER, post.id, draft, 1)
    assert saved.tags == ("rust", "c sharp")


async def test_a_title_is_one_line(databases: Databases, post: Post, author_id: str) -> None:
    saved = await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="  two\nlines\t\x07 "), 1)
    assert saved.title == "two lines"


async def test_a_new_title_leaves_the_address_of_a_published_post(
    databases: Databases, post: Post, author_id: str
) -> None:
    saved = await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Before"), 1)
    await posts.publish(databases.site, OWNER, post.id)
    later = await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="After"), saved.number)
    assert later.slug == "before"


async def test_control_characters_of_a_pasted_text_are_left_out(
    databases: Databases, post: Post, author_id: str
) -> None:
    draft = Draft(title="a\x0bb", body="a\x00b\x0bc\td\r\ne\rf\ufffe")
    saved = await posts.revisions.save(databases.site, OWNER, post.id, draft, 1)
    assert (saved.title, saved.body) == ("a b", "abc\td\ne\nf")


REPLACED = """
INSERT OR REPLACE INTO revisions (id, post_id, number, title, slug, summary, body, tags, saved_at_us, author_id)
SELECT {id}, post_id, {number}, 'Other', slug, summary, 'Other', tags, saved_at_us, author_id FROM revisions
WHERE published_at_us IS NOT NULL
"""
CHANGED = "UPDATE revisions SET {column} = {value}"
WORDS = ("id", "title", "slug", "summary", "body", "project", "language", "canonical_url")
MOMENTS = ("saved_at_us", "begun_at_us", "published_at_us")
TAMPERING = [
    *(CHANGED.format(column=each, value="'x'") for each in WORDS),
    *(CHANGED.format(column=each, value=f"{each} + 1") for each in MOMENTS),
    "UPDATE revisions SET dated_at_us = 1",
    "UPDATE revisions SET published_at_us = NULL",
    "UPDATE revisions SET post_id = (SELECT id FROM posts WHERE revision_id IS NULL)",
    "DELETE FROM revisions",
    "DELETE FROM revisions WHERE published_at_us IS NOT NULL",
    REPLACED.format(id="id", number="number"),
    REPLACED.format(id="id", number="number + 10"),
    REPLACED.format(id="'x'", number="number"),
]


@pytest.mark.parametrize("statement", TAMPERING)
async def test_nobody_changes_or_takes_away_what_readers_saw(databases: Databases, post: Post, statement: str) -> None:
    await posts.create(databases.site, OWNER, "post")
    saved = await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="One", body="One."), 1)
    await posts.publish(databases.site, OWNER, post.id)
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Two", body="Two."), saved.number)
    await posts.publish(databases.site, OWNER, post.id)
    before = await _kept(databases, post)
    with pytest.raises(IntegrityError, match="a published revision never changes"):
        async with databases.site.transaction() as connection:
            await execute(connection, statement)
    assert await _kept(databases, post) == before
    assert [each.title for each in before] == ["One", "Two"]


async def test_what_readers_never_saw_may_change_and_go_and_so_may_all_of_a_post_that_is_deleted_for_good(
    databases: Databases, post: Post
) -> None:
    saved = await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="One"), 1)
    await posts.publish(databases.site, OWNER, post.id)
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Two"), saved.number)
    async with databases.site.transaction() as connection:
        assert await execute(connection, "UPDATE revisions SET body = 'x' WHERE published_at_us IS NULL") == 1
        assert await execute(connection, "DELETE FROM revisions WHERE published_at_us IS NULL") == 1
    await posts.trash.put(databases.site, OWNER, post.id)
    await posts.trash.remove(databases.site, OWNER, post.id)
    assert await _kept(databases, post) == []
