"""A tag that gets another name: every text follows, and the old name leads to the new one for ever.

Why revisions are rewritten, published ones too: `docs/decisions/0005-renamed-tags.md`.
"""

import msgspec
from sdc_core.sqlite import Connection, Database, execute, fetch_all

from sdc_web import audit, redirects
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.posts import tags_following


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


async def free(database: Database, by: Actor, tag: str, name: str) -> bool:
    """The tag had that name no longer: it may be a tag of its own again. False, and nothing happens, where it had not.
    Raises Forbidden.
    """
    rights.require(by, "tags.change")
    async with database.transaction() as connection:
        freed = await execute(connection, SQL_FREE, {"tag": tag, "name": name}) > 0
        if freed:
            await redirects.remove(connection, f"/tags/{name}")
            await audit.record(connection, by, "tag.freed", name, name)
    return freed


SQL_MOVE = "UPDATE OR REPLACE post_tags SET tag = :new WHERE tag = :old"
SQL_FOLLOW = "UPDATE former_tags SET tag = :new WHERE tag = :old"
SQL_TAKE = "DELETE FROM former_tags WHERE name = :new"
SQL_KEEP = """
INSERT INTO former_tags (name, tag) VALUES (:old, :new) ON CONFLICT (name) DO UPDATE SET tag = excluded.tag
"""


async def move(connection: Connection, old: str, new: str) -> None:
    """Every text that carries `old` carries `new` in its place, once; the old name and its address lead there. Readers
    find them under the new name at once; what is written in the texts follows soon where they are many. Raises Invalid.
    """
    names = {"old": old, "new": new}
    await tags_following.follow(connection, old, new)
    await execute(connection, SQL_MOVE, names)
    for statement in (SQL_TAKE, SQL_FOLLOW, SQL_KEEP):
        await execute(connection, statement, names)
    await redirects.move_own(connection, f"/tags/{old}", f"/tags/{new}")


SQL_REMEMBER = "INSERT INTO former_tags (name, tag) VALUES (:name, :tag) ON CONFLICT (name) DO NOTHING"


async def remember(connection: Connection, names: list[str], tag: str) -> int:
    """The tag had these names elsewhere: who still writes one means this tag. Returns how many are new."""
    return sum([await execute(connection, SQL_REMEMBER, {"name": each, "tag": tag}) for each in names])


SQL_TAKE_OFF = "DELETE FROM post_tags WHERE tag = :old"
SQL_FORGET = "DELETE FROM former_tags WHERE tag = :old"


async def take_off(connection: Connection, old: str) -> None:
    """No text carries that name any more, and its former names are free. Raises Invalid as `move`."""
    await tags_following.follow(connection, old, None)
    await execute(connection, SQL_TAKE_OFF, {"old": old})
    for name in await former(connection, old):
        await redirects.remove(connection, f"/tags/{name}")
    await execute(connection, SQL_FORGET, {"old": old})
