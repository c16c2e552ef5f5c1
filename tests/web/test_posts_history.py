from collections.abc import Awaitable, Callable

import msgspec
import pytest
from msgspec.structs import replace
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid, NotFound
from sdc_core.sqlite import execute
from sdc_web import posts
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post, Revision, Stale, history, keeping, store

from signing_in import OWNER

MINUTE_US = 60 * clock.SECOND_US
HOUR_US = 60 * MINUTE_US
NOON_US = 20_000 * clock.DAY_US + 12 * HOUR_US
Save = Callable[..., Awaitable[Revision]]


@pytest.fixture
async def post(databases: Databases, author_id: str) -> Post:
    return await posts.create(databases.site, OWNER, "post", NOON_US)


@pytest.fixture
def save(databases: Databases, post: Post) -> Save:
    """Saves a text onto the newest revision, at so many microseconds after noon."""

    async def saved(body: str, after_us: int = 0, by: Actor = OWNER, **fields: object) -> Revision:
        draft = msgspec.convert({"title": "Fog", "body": body, **fields}, Draft)
        with clock.frozen(NOON_US + after_us):
            newest = (await revisions(databases, post))[0]
            return await posts.revisions.save(databases.site, by, post.id, draft, newest.number)

    return saved


async def revisions(databases: Databases, post: Post) -> list[Revision]:
    async with databases.site.read() as connection:
        return await store.revisions_before(connection, post.id, limit=1_000)


async def bodies(databases: Databases, post: Post) -> list[str]:
    """Every text that is kept, the newest first."""
    return [each.body for each in await revisions(databases, post)]


async def test_saves_within_one_sitting_are_one_revision(databases: Databases, post: Post, save: Save) -> None:
    for minute in range(0, 28, 4):
        await save(f"Fog at {minute}.", minute * MINUTE_US)
    assert await bodies(databases, post) == ["Fog at 24."]


async def test_a_pause_of_ten_minutes_keeps_what_was(databases: Databases, post: Post, save: Save) -> None:
    await save("Before the coffee.")
    await save("After it.", 11 * MINUTE_US)
    assert await bodies(databases, post) == ["After it.", "Before the coffee."]


async def test_a_long_sitting_is_kept_every_half_hour(databases: Databases, post: Post, save: Save) -> None:
    for minute in range(0, 120, 5):
        await save(f"Fog at {minute}.", minute * MINUTE_US)
    assert await bodies(databases, post) == ["Fog at 115.", "Fog at 100.", "Fog at 65.", "Fog at 30."]


async def test_a_text_deleted_by_a_slip_of_the_hand_is_kept(databases: Databases, post: Post, save: Save) -> None:
    await save("Long. " * 100)
    await save("")
    assert await bodies(databases, post) == ["", "Long. " * 100]


async def test_a_text_pasted_over_another_keeps_that(databases: Databases, post: Post, save: Save) -> None:
    await save(f"{'Old. ' * 60}End.")
    await save(f"{'New! ' * 200}End.")
    assert len(await bodies(databases, post)) == 2


@pytest.mark.parametrize(
    ("old", "new", "characters"),
    [
        ("", "abc", 0),
        ("abc", "abc", 0),
        ("abc", "abxxc", 0),
        ("abc", "", 3),
        ("abc", "axc", 1),
        ("aaaa", "aa", 2),
        ("one two three", "one three", 4),
    ],
)
def test_what_a_save_takes_away_is_counted_between_what_stays(old: str, new: str, characters: int) -> None:
    assert keeping.lost(old, new) == characters


async def test_another_authors_words_are_a_revision_of_their_own(databases: Databases, post: Post, save: Save) -> None:
    await save("By Ada.")
    async with databases.site.transaction() as connection:
        await execute(
            connection, "INSERT INTO authors (id, name, display_name, created_at_us) VALUES ('b', 'bob', 'Bob', 1)"
        )
    await save("By Bob.", by=replace(OWNER, id="b"))
    async with databases.site.read() as connection:
        listed = await history.entries(connection, post.id, limit=10)
    assert [(each.author_name, each.newest) for each in listed] == [("Bob", True), ("Ada Lovelace", False)]


async def test_an_empty_beginning_is_not_kept(databases: Databases, post: Post, save: Save) -> None:
    await save("Begun at last.", 5 * HOUR_US)
    assert await bodies(databases, post) == ["Begun at last."]


async def test_a_named_revision_stays_as_it_is(databases: Databases, post: Post, save: Save) -> None:
    saved = await save("For the editor.")
    await history.name(databases.site, OWNER, post.id, saved.id, "  Sent to\nBob ")
    await save("Changed since.")
    async with databases.site.read() as connection:
        entry = await history.entry(connection, post.id, saved.id)
    assert await bodies(databases, post) == ["Changed since.", "For the editor."]
    assert entry.name == "Sent to Bob"


async def test_a_name_that_is_too_long_is_refused(databases: Databases, post: Post, save: Save) -> None:
    saved = await save("Fog.")
    with pytest.raises(Invalid) as refused:
        await history.name(databases.site, OWNER, post.id, saved.id, "x" * 81)
    assert refused.value.field == "name"


async def test_a_revision_of_another_post_is_not_found(
    databases: Databases, post: Post, save: Save, author_id: str
) -> None:
    saved = await save("Fog.")
    other = await posts.create(databases.site, OWNER, "post")
    with pytest.raises(NotFound):
        await history.name(databases.site, OWNER, other.id, saved.id, "Mine")
    with pytest.raises(NotFound):
        await history.restore(databases.site, OWNER, other.id, saved.id, 1)


async def test_old_revisions_are_thinned_to_one_an_hour_and_one_a_day(
    databases: Databases, post: Post, save: Save
) -> None:
    day = clock.DAY_US
    for after_us in (0, 20 * MINUTE_US, 2 * HOUR_US):  # a day that is long ago
        await save(f"a {after_us}", after_us)
    for after_us in (6 * day, 6 * day + 20 * MINUTE_US, 6 * day + 2 * HOUR_US):  # within the last week
        await save(f"b {after_us}", after_us)
    for after_us in (8 * day, 8 * day + 20 * MINUTE_US, 8 * day + 40 * MINUTE_US):  # today
        await save(f"c {after_us}", after_us)
    kept = await bodies(databases, post)
    assert [body[0] for body in kept] == ["c", "c", "c", "b", "b", "a"]
    assert kept[3:] == [f"b {6 * day + 2 * HOUR_US}", f"b {6 * day + 20 * MINUTE_US}", f"a {2 * HOUR_US}"]


async def test_published_and_named_revisions_are_never_thinned(databases: Databases, post: Post, save: Save) -> None:
    named = await save("Named.")
    await history.name(databases.site, OWNER, post.id, named.id, "Keep me")
    await save("Published.", 20 * MINUTE_US)
    with clock.frozen(NOON_US + 21 * MINUTE_US):
        await posts.publish(databases.site, OWNER, post.id)
    await save("Neither.", 40 * MINUTE_US)
    await save("Neither, later.", 60 * MINUTE_US)
    await save("Much later.", 400 * clock.DAY_US)
    assert await bodies(databases, post) == ["Much later.", "Neither, later.", "Published.", "Named."]


async def test_a_post_keeps_at_most_two_hundred_revisions_without_a_name(
    databases: Databases, post: Post, save: Save
) -> None:
    for number in range(205):
        await save(f"Day {number}.", number * clock.DAY_US)
    kept = await bodies(databases, post)
    assert (len(kept), kept[0], kept[-1]) == (201, "Day 204.", "Day 4.")


async def test_restoring_makes_the_old_text_the_draft_and_keeps_the_present_one(
    databases: Databases, post: Post, save: Save
) -> None:
    old = await save("The better text.", tags=("fog",))
    now = await save("A worse one.", 20 * MINUTE_US, title="Worse")
    with clock.frozen(NOON_US + 21 * MINUTE_US):
        restored = await history.restore(databases.site, OWNER, post.id, old.id, now.number)
    assert (restored.body, restored.title, restored.tags) == ("The better text.", "Fog", ("fog",))
    assert await bodies(databases, post) == ["The better text.", "A worse one.", "The better text."]


async def test_restoring_leaves_the_address_and_what_readers_see(databases: Databases, post: Post, save: Save) -> None:
    old = await save("Old.", slug="fog")
    await posts.publish(databases.site, OWNER, post.id)
    now = await save("New.", slug="mist")
    published = await posts.publish(databases.site, OWNER, post.id)
    restored = await history.restore(databases.site, OWNER, post.id, old.id, now.number)
    async with databases.site.read() as connection:
        assert (await posts.find(connection, OWNER, post.id)).revision_id == published.revision_id
    assert (restored.slug, restored.body) == ("mist", "Old.")


async def test_restoring_over_a_text_that_was_saved_meanwhile_is_refused(
    databases: Databases, post: Post, save: Save
) -> None:
    old = await save("Old.")
    now = await save("New.", 20 * MINUTE_US)
    await save("Newer, from another tab.", 21 * MINUTE_US)
    with pytest.raises(Stale) as refused:
        await history.restore(databases.site, OWNER, post.id, old.id, now.number)
    assert refused.value.current.body == "Newer, from another tab."


async def test_restoring_the_newest_changes_nothing(databases: Databases, post: Post, save: Save) -> None:
    now = await save("Now.")
    assert await history.restore(databases.site, OWNER, post.id, now.id, now.number) == now


async def test_a_discarded_change_is_kept_and_the_post_is_as_readers_see_it(
    databases: Databases, post: Post, save: Save
) -> None:
    await save("Live.")
    live = await posts.publish(databases.site, OWNER, post.id)
    change = await save("A change.")
    now = await history.discard(databases.site, OWNER, post.id, change.number)
    async with databases.site.read() as connection:
        assert (await posts.listing.last_saved(connection, OWNER, 1))[0].state == "published"
        after = await posts.find(connection, OWNER, post.id)
        kept = await history.entry(connection, post.id, change.id)
    assert (now.id, now.number, now.body) == (live.revision_id, change.number + 1, "Live.")
    assert (after.revision_id, after.changed_at_us) == (live.revision_id, live.changed_at_us)
    assert kept.name == history.DISCARDED


async def test_a_change_that_was_saved_meanwhile_is_not_discarded(databases: Databases, post: Post, save: Save) -> None:
    await save("Live.")
    await posts.publish(databases.site, OWNER, post.id)
    change = await save("A change.")
    await save("A sentence from another tab.")
    with pytest.raises(Stale):
        await history.discard(databases.site, OWNER, post.id, change.number)
    assert (await bodies(databases, post))[0] == "A sentence from another tab."


async def test_the_next_save_after_discarding_leaves_what_readers_see(
    databases: Databases, post: Post, save: Save
) -> None:
    await save("Live.")
    await posts.publish(databases.site, OWNER, post.id)
    change = await save("A change.")
    await history.discard(databases.site, OWNER, post.id, change.number)
    await save("Another change.")
    assert await bodies(databases, post) == ["Another change.", "Live.", "A change."]


async def test_a_post_that_nobody_reads_has_nothing_to_go_back_to(databases: Databases, post: Post, save: Save) -> None:
    saved = await save("Only a draft.")
    with pytest.raises(Conflict):
        await history.discard(databases.site, OWNER, post.id, saved.number)


async def test_the_list_goes_on_before_a_number(databases: Databases, post: Post, save: Save) -> None:
    for number in range(5):
        await save(f"Text {number}.", number * HOUR_US)
    async with databases.site.read() as connection:
        first = await history.entries(connection, post.id, limit=2)
        rest = await history.entries(connection, post.id, before=first[-1].number, limit=10)
    assert len(first) == 2
    assert len(rest) == 3
    assert first[-1].number > rest[0].number
