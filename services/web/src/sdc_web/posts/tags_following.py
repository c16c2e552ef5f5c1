"""Texts that follow a tag to its new name: at once where they are few, else some at a time, so that nobody waits."""

import asyncio

import msgspec
from sdc_core.errors import Invalid
from sdc_core.sqlite import Connection, Database, execute, fetch_all, fetch_one

from sdc_web.search import index

AT_ONCE = 50
"""Revisions in one transaction: some 50 ms, since the words of each published text are indexed anew."""
EVERY_S = 1.0
PAUSE_S = 0.02
"""Between two transactions, for those who write meanwhile."""


class Moving(msgspec.Struct, frozen=True, kw_only=True):
    """A name and what comes in its place, None for nothing; every revision up to this one has followed."""

    old: str
    new: str | None
    post_id: str = ""
    number: int = 0


class _Carrying(msgspec.Struct, frozen=True, kw_only=True):
    row: int
    post_id: str
    number: int


class _Published(msgspec.Struct, frozen=True, kw_only=True):
    post_id: str


SQL_BUSY = "SELECT old, new, post_id, number FROM tags_to_move WHERE old IN (:old, :new)"
SQL_FURTHER = "UPDATE tags_to_move SET new = :new WHERE new = :old"
SQL_CIRCLES = "DELETE FROM tags_to_move WHERE old = new"


async def follow(connection: Connection, old: str, new: str | None) -> None:
    """Every revision that carries `old` carries `new` in its place: the first now, further ones soon. Raises Invalid
    while texts still leave one of the names for another one.
    """
    names = {"old": old, "new": new}
    if await fetch_one(connection, Moving, SQL_BUSY, names) is not None:
        raise Invalid("Texts still follow an earlier change of that name: try again in a moment.", field="name")
    await execute(connection, SQL_FURTHER, names)
    await execute(connection, SQL_CIRCLES)
    await _step(connection, Moving(old=old, new=new))


async def run(database: Database) -> None:
    """The loop: for ever, take the texts along that still have to follow."""
    while True:
        more = await go_on(database)
        await asyncio.sleep(PAUSE_S if more else EVERY_S)


SQL_MOVING = "SELECT old, new, post_id, number FROM tags_to_move ORDER BY old LIMIT 1"


async def go_on(database: Database) -> bool:
    """Some texts more; False when none has to follow."""
    async with database.read() as connection:
        if await fetch_one(connection, Moving, SQL_MOVING) is None:
            return False
    async with database.transaction() as connection:
        # Another process may have gone on meanwhile.
        moving = await fetch_one(connection, Moving, SQL_MOVING)
        if moving is not None:
            await _step(connection, moving)
    return True


# All of it is in the index on tags: the texts themselves are not read.
SQL_CARRYING = """
SELECT r.rowid AS row, r.post_id, r.number FROM revisions AS r
WHERE (r.post_id, r.number) > (:post_id, :number)
    AND EXISTS (SELECT 1 FROM json_each(r.tags) AS written WHERE written.value = :old)
ORDER BY r.post_id, r.number LIMIT :limit
"""
# A name stays where its first one stood; without a new one it goes.
SQL_REWRITE = """
UPDATE revisions SET tags = (
    SELECT json_group_array(name ORDER BY place) FROM (
        SELECT CASE value WHEN :old THEN :new ELSE value END AS name, min(key) AS place
        FROM json_each(revisions.tags) GROUP BY name
    ) WHERE name IS NOT NULL
)
WHERE rowid IN (SELECT value FROM json_each(:rows))
"""
SQL_PUBLISHED = """
SELECT posts.id AS post_id FROM revisions AS r JOIN posts ON posts.revision_id = r.id
WHERE r.rowid IN (SELECT value FROM json_each(:rows)) AND posts.id = r.post_id
"""
SQL_PUT = """
INSERT INTO tags_to_move (old, new, post_id, number) VALUES (:old, :new, :post_id, :number)
ON CONFLICT (old) DO UPDATE SET post_id = excluded.post_id, number = excluded.number
"""
SQL_DONE = "DELETE FROM tags_to_move WHERE old = :old"


async def _step(connection: Connection, moving: Moving) -> None:
    values = {"old": moving.old, "post_id": moving.post_id, "number": moving.number, "limit": AT_ONCE}
    found = await fetch_all(connection, _Carrying, SQL_CARRYING, values)
    names = {"old": moving.old, "new": moving.new}
    rows = msgspec.json.encode([each.row for each in found]).decode()
    await execute(connection, SQL_REWRITE, {**names, "rows": rows})
    published = [each.post_id for each in await fetch_all(connection, _Published, SQL_PUBLISHED, {"rows": rows})]
    await _tag_again(connection, moving, published)
    await index.keep_tags(connection, published)
    if len(found) < AT_ONCE:
        await execute(connection, SQL_DONE, {"old": moving.old})
        return
    last = found[-1]
    await execute(connection, SQL_PUT, {**names, "post_id": last.post_id, "number": last.number})


SQL_TAG_AGAIN = """
UPDATE OR REPLACE post_tags SET tag = :new WHERE tag = :old AND post_id IN (SELECT value FROM json_each(:post_ids))
"""
SQL_UNTAG = "DELETE FROM post_tags WHERE tag = :old AND post_id IN (SELECT value FROM json_each(:post_ids))"


async def _tag_again(connection: Connection, moving: Moving, published: list[str]) -> None:
    """What was published before it had followed got the old name once more."""
    values = {"old": moving.old, "post_ids": msgspec.json.encode(published).decode()}
    if moving.new is None:
        await execute(connection, SQL_UNTAG, values)
    else:
        await execute(connection, SQL_TAG_AGAIN, {**values, "new": moving.new})
