"""What a text was before: its revisions listed, named, brought back; `keeping` says which there are."""

from collections.abc import Collection

import msgspec
from sdc_core import clock
from sdc_core.errors import Conflict, NotFound
from sdc_core.sqlite import Connection, Database, execute, fetch_all, fetch_one, fetch_value

from sdc_web import audit
from sdc_web.authors.rights import Actor
from sdc_web.posts import catalogue, revisions, store
from sdc_web.posts.records import Draft, Revision
from sdc_web.texts import characters

MAX_NAME = 80
DISCARDED = "Discarded change"
"""The name of one that has none when it is discarded: what is named stays."""
SAVED_ELSEWHERE = "Saved elsewhere"
SET_ASIDE = "Set aside"
"""The same of what loses when two texts of one post meet, wherever the author decides it."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A revision as its history lists it. `published_at_us` is when readers first saw it; if `live` they do now, if
    `scheduled` they will.
    """

    id: str
    number: int
    name: str
    title: str
    begun_at_us: int
    saved_at_us: int
    published_at_us: int | None
    author_id: str
    author_name: str
    live: bool
    scheduled: bool
    newest: bool


SQL_ENTRIES = """
SELECT r.id, r.number, r.name, r.title, r.begun_at_us, r.saved_at_us, r.published_at_us, r.author_id,
    authors.display_name AS author_name, posts.revision_id IS r.id AS live,
    posts.scheduled_revision_id IS r.id AS scheduled,
    r.number = (SELECT max(number) FROM revisions WHERE post_id = :post_id) AS newest
FROM revisions AS r JOIN posts ON posts.id = r.post_id JOIN authors ON authors.id = r.author_id
WHERE r.post_id = :post_id AND r.number < :before
ORDER BY r.number DESC LIMIT :limit
"""
_LAST = 1 << 60


async def entries(connection: Connection, post_id: str, *, before: int | None = None, limit: int) -> list[Entry]:
    """The revisions of a post from the newest on, or those before a number."""
    values = {"post_id": post_id, "before": _LAST if before is None else before, "limit": limit}
    return await fetch_all(connection, Entry, SQL_ENTRIES, values)


SQL_ENTRY = """
SELECT r.id, r.number, r.name, r.title, r.begun_at_us, r.saved_at_us, r.published_at_us, r.author_id,
    authors.display_name AS author_name, posts.revision_id IS r.id AS live,
    posts.scheduled_revision_id IS r.id AS scheduled,
    r.number = (SELECT max(number) FROM revisions WHERE post_id = r.post_id) AS newest
FROM revisions AS r JOIN posts ON posts.id = r.post_id JOIN authors ON authors.id = r.author_id
WHERE r.post_id = :post_id AND r.id = :id
"""


async def entry(connection: Connection, post_id: str, revision_id: str) -> Entry:
    """One line of the list. Raises NotFound."""
    found = await fetch_one(connection, Entry, SQL_ENTRY, {"post_id": post_id, "id": revision_id})
    if found is None:
        raise NotFound(store.NO_REVISION)
    return found


async def name(database: Database, by: Actor, post_id: str, revision_id: str, words: str) -> None:
    """Give a revision a name, or none. The newest one is left as it is from then on. Raises Forbidden, Invalid,
    NotFound.
    """
    clean = characters.fitting(characters.line(words), MAX_NAME, "name", "The name")
    async with database.transaction() as connection:
        await catalogue.find(connection, by, post_id, "posts.change")
        named = await store.revision(connection, post_id, revision_id)
        await set_name(connection, revision_id, clean)
        words = f"{named.title}, revision {named.number}: {clean or 'no name'}"
        await audit.record(connection, by, "post.named", post_id, words)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of the revisions that matter: the newest, the one that readers see, the one that goes out later."""

    newest: int
    live: int | None
    scheduled: int | None


SQL_STANDING = """
SELECT (SELECT max(number) FROM revisions WHERE post_id = posts.id) AS newest,
    (SELECT number FROM revisions WHERE id = posts.revision_id) AS live,
    (SELECT number FROM revisions WHERE id = posts.scheduled_revision_id) AS scheduled
FROM posts WHERE id = :post_id
"""


async def standing(connection: Connection, post_id: str) -> Standing:
    """Raises NotFound."""
    found = await fetch_one(connection, Standing, SQL_STANDING, {"post_id": post_id})
    if found is None:
        raise NotFound(store.NO_REVISION)
    return found


SQL_NUMBERS = """
SELECT id, number FROM revisions WHERE post_id = :post_id AND id IN (SELECT value FROM json_each(:ids))
"""


class _Numbered(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    number: int


async def numbers(connection: Connection, post_id: str, ids: Collection[str]) -> dict[str, int]:
    """The numbers of those revisions, by id; one that is gone is left out."""
    values = {"post_id": post_id, "ids": msgspec.json.encode(list(ids)).decode()}
    return {each.id: each.number for each in await fetch_all(connection, _Numbered, SQL_NUMBERS, values)}


SQL_NAME = "UPDATE revisions SET name = :name WHERE id = :id"


async def set_name(connection: Connection, revision_id: str, words: str) -> None:
    await execute(connection, SQL_NAME, {"id": revision_id, "name": words})


async def restore(database: Database, by: Actor, post_id: str, revision_id: str, base_number: int | None) -> Revision:
    """Make an old text the newest revision; what was newest before stays in the list. The address stays what it is,
    and readers see nothing of it. Raises Forbidden, NotFound, and Stale when `base_number`, if one is given, is not the
    newest number.
    """
    async with database.transaction() as connection:
        await catalogue.find(connection, by, post_id, "posts.change")
        old = await store.revision(connection, post_id, revision_id)
        now = revisions.require(await store.newest_revision(connection, post_id), base_number)
        if old.id == now.id:
            return now
        draft = msgspec.structs.replace(msgspec.convert(old, Draft, from_attributes=True), slug=now.slug)
        restored = await revisions.put(connection, by, post_id, draft, now.number, apart=True)
        await audit.record(connection, by, "post.restored", post_id, f"{restored.title}, revision {old.number}")
        return restored


async def discard(database: Database, by: Actor, post_id: str, base_number: int | None) -> Revision:
    """Go back to what readers see: that revision becomes the newest again, under a new number, and the change stays in
    the list under a name. A schedule ends with it. Raises Forbidden, NotFound, Stale as `restore`, and Conflict when
    readers see nothing.
    """
    async with database.transaction() as connection:
        post = await catalogue.find(connection, by, post_id, "posts.change")
        now = revisions.require(await store.newest_revision(connection, post_id), base_number)
        if post.revision_id is None:
            raise Conflict("Readers see nothing of this post, so there is nothing to go back to: restore a revision.")
        if post.revision_id == now.id:
            return now
        if not await has_name(connection, now.id):
            await set_name(connection, now.id, DISCARDED)
        await raise_number(connection, post.revision_id, now.number + 1)
        left = msgspec.structs.replace(post, scheduled_at_us=None, scheduled_revision_id=None, schedule_failure="")
        await store.update_post(connection, left)
        await audit.record(connection, by, "post.discarded", post_id, now.title)
        return await store.newest_revision(connection, post_id)


async def keep_elsewhere(database: Database, by: Actor, post_id: str, base_number: int | None) -> None:
    """Have what was saved elsewhere stay, before the other text of a conflict is saved onto it. Raises Forbidden,
    NotFound, Stale as `restore`.
    """
    async with database.transaction() as connection:
        await catalogue.find(connection, by, post_id, "posts.change")
        now = revisions.require(await store.newest_revision(connection, post_id), base_number)
        if not await has_name(connection, now.id):
            await set_name(connection, now.id, SAVED_ELSEWHERE)


async def set_aside(database: Database, by: Actor, post_id: str, draft: Draft, base_number: int | None) -> None:
    """Keep a text in the list, under a name, while the newest stays the newest: the other end of a conflict. Raises
    Invalid naming the field, Forbidden, NotFound, Stale as `restore`.
    """
    async with database.transaction() as connection:
        post = await catalogue.find(connection, by, post_id, "posts.change")
        now = revisions.require(await store.newest_revision(connection, post_id), base_number)
        clean = await revisions.check(connection, by, post, now, draft)
        number = now.number - 1
        if number < 1 or await fetch_value(connection, SQL_AT, {"post_id": post_id, "number": number}):
            # There is no number left before it: it gets a later one, and whoever has it open compares once.
            number = now.number
            await raise_number(connection, now.id, number + 1)
        aside = revisions.of(clean, clock.new_id(), post_id, number, by)
        await store.insert_revision(connection, aside)
        await set_name(connection, aside.id, SET_ASIDE)
        await audit.record(connection, by, "post.set_aside", post_id, aside.title)


SQL_AT = "SELECT 1 FROM revisions WHERE post_id = :post_id AND number = :number"


SQL_HAS_NAME = "SELECT 1 FROM revisions WHERE id = :id AND name <> ''"


async def has_name(connection: Connection, revision_id: str) -> bool:
    """Whether the author named it."""
    return await fetch_value(connection, SQL_HAS_NAME, {"id": revision_id}) is not None


SQL_RAISE_NUMBER = "UPDATE revisions SET number = :number WHERE id = :id"


async def raise_number(connection: Connection, revision_id: str, number: int) -> None:
    """What the revision holds stays; only its place among the others changes."""
    await execute(connection, SQL_RAISE_NUMBER, {"id": revision_id, "number": number})
