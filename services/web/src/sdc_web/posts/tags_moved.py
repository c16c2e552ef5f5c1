"""A tag that gets another name: every text follows at once, and the old name leads to the new one for ever.

Why revisions are rewritten, published ones too: `docs/decisions/0005-renamed-tags.md`.
"""

import msgspec
from sdc_core.sqlite import Connection, Database, execute, fetch_all

from sdc_web import audit, redirects
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.search import index


class Former(msgspec.Struct, frozen=True, kw_only=True):
    """A name that a tag had."""

    name: str
    tag: str


SQL_PRESENT = "SELECT name, tag FROM former_tags WHERE name IN (SELECT value FROM json_each(:names))"


async def present(connection: Connection, names: tuple[str, ...]) -> tuple[str, ...]:
    """The same names, with the present one in the place of a former one, each once, in the order given."""
    encoded = msgspec.json.encode(names).decode()
    became = {each.name: each.tag for each in await fetch_all(connection, Former, SQL_PRESENT, {"names": encoded})}
    return tuple(dict.fromkeys(became.get(name, name) for name in names))


SQL_FORMER = "SELECT name, tag FROM former_tags WHERE tag = :tag ORDER BY name"


async def former(connection: Connection, tag: str) -> list[str]:
    """The names that a tag had."""
    return [each.name for each in await fetch_all(connection, Former, SQL_FORMER, {"tag": tag})]


SQL_FREE = "DELETE FROM former_tags WHERE name = :name AND tag = :tag"


async def free(database: Database, by: Actor, tag: str, name: str) -> None:
    """The tag had that name no longer: it may be a tag of its own again. Nothing happens where it was none. Raises
    Forbidden.
    """
    rights.require(by, "tags.change")
    async with database.transaction() as connection:
        if await execute(connection, SQL_FREE, {"tag": tag, "name": name}):
            await redirects.remove(connection, f"/tags/{name}")
            await audit.record(connection, by, "tag.freed", name, name)


SQL_MOVE = "UPDATE OR REPLACE post_tags SET tag = :new WHERE tag = :old"
SQL_FOLLOW = "UPDATE former_tags SET tag = :new WHERE tag = :old"
SQL_TAKE = "DELETE FROM former_tags WHERE name = :new"
SQL_KEEP = """
INSERT INTO former_tags (name, tag) VALUES (:old, :new) ON CONFLICT (name) DO UPDATE SET tag = excluded.tag
"""


async def move(connection: Connection, old: str, new: str) -> None:
    """Every text that carries `old` carries `new` in its place, once; the old name and its address lead there."""
    names = {"old": old, "new": new}
    await _rewrite(connection, old, new)
    carrying = await _published(connection, old)
    await execute(connection, SQL_MOVE, names)
    await index.keep_tags(connection, carrying)
    for statement in (SQL_TAKE, SQL_FOLLOW, SQL_KEEP):
        await execute(connection, statement, names)
    await redirects.move_own(connection, f"/tags/{old}", f"/tags/{new}")


SQL_TAKE_OFF = "DELETE FROM post_tags WHERE tag = :old"
SQL_FORGET = "DELETE FROM former_tags WHERE tag = :old"


async def take_off(connection: Connection, old: str) -> None:
    """No text carries that name any more, and its former names are free."""
    await _rewrite(connection, old, None)
    carrying = await _published(connection, old)
    await execute(connection, SQL_TAKE_OFF, {"old": old})
    await index.keep_tags(connection, carrying)
    for name in await former(connection, old):
        await redirects.remove(connection, f"/tags/{name}")
    await execute(connection, SQL_FORGET, {"old": old})


# A name stays where its first one stood; without a new one it goes.
SQL_REWRITE = """
UPDATE revisions SET tags = (
    SELECT json_group_array(name ORDER BY place) FROM (
        SELECT CASE value WHEN :old THEN :new ELSE value END AS name, min(key) AS place
        FROM json_each(revisions.tags) GROUP BY name
    ) WHERE name IS NOT NULL
)
WHERE rowid IN (SELECT r.rowid FROM revisions AS r, json_each(r.tags) AS written WHERE written.value = :old)
"""


async def _rewrite(connection: Connection, old: str, new: str | None) -> None:
    await execute(connection, SQL_REWRITE, {"old": old, "new": new})


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    post_id: str


SQL_CARRYING = "SELECT post_id FROM post_tags WHERE tag = :old"


async def _published(connection: Connection, old: str) -> list[str]:
    """The published texts that carry it."""
    return [each.post_id for each in await fetch_all(connection, _Row, SQL_CARRYING, {"old": old})]
