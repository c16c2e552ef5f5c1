"""Tags: the names that texts carry, with the colour and the words that the author gives them."""

import unicodedata
from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args
from urllib.parse import quote

import msgspec
from sdc_core.errors import Invalid, NotFound
from sdc_core.sqlite import Connection, Database, execute, fetch_all

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.db import Guard, unguarded
from sdc_web.posts import tags_moved
from sdc_web.texts import characters

MAX_NAME = 40
MAX_OF_POST = 12
MAX_DESCRIPTION = 500
Colour: TypeAlias = Literal["", "red", "orange", "yellow", "green", "teal", "blue", "violet", "pink"]
COLOURS: tuple[Colour, ...] = get_args(Colour)
"""Each has a token in `site.css`; the empty one is none."""


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """A name with what the author says of it."""

    name: str
    colour: Colour = ""
    description: str = ""

    @property
    def url(self) -> str:
        """The address below the site's own."""
        return url_of(self.name)


class Counted(Tag, frozen=True, kw_only=True):
    """A tag with the number of published texts that carry it."""

    posts: int


class Listed(Counted, frozen=True, kw_only=True):
    """The same as the author sees it: `drafts` carry it, and readers do not see it there."""

    drafts: int


class Carrier(msgspec.Struct, frozen=True, kw_only=True):
    """A text that carries a tag, by the title of its newest revision."""

    id: str
    title: str
    published: bool


def url_of(name: str) -> str:
    """The address of a tag, such as `/tags/c%23`."""
    return f"/tags/{quote(name, safe='')}"


SQL_PUBLISHED = """
SELECT post_tags.tag AS name, coalesce(tags.colour, '') AS colour, coalesce(tags.description, '') AS description,
    count(*) AS posts
FROM post_tags LEFT JOIN tags ON tags.name = post_tags.tag
GROUP BY post_tags.tag ORDER BY post_tags.tag
"""


async def published(connection: Connection) -> list[Counted]:
    """Every tag that a published text carries, by name."""
    return await fetch_all(connection, Counted, SQL_PUBLISHED)


async def in_use(connection: Connection, by: Actor) -> list[Counted]:
    """The same, for those who write. Raises Forbidden."""
    rights.require(by, "tags.read")
    return await published(connection)


SQL_ONE = "SELECT name, colour, description FROM tags WHERE name = :name"


async def described(connection: Connection, name: str) -> Tag:
    """What the author says of that name, whether a text carries it or not."""
    found = await fetch_all(connection, Tag, SQL_ONE, {"name": name})
    return found[0] if found else Tag(name=name)


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    name: str


SQL_EVERYTHING = """
WITH carried AS (
    SELECT tag AS name, count(*) AS posts, 0 AS drafts FROM post_tags GROUP BY tag
    UNION ALL
    SELECT written.tag, 0, count(*)
    FROM catalogue AS listed CROSS JOIN catalogue_tags AS written ON written.id = listed.id
    WHERE listed.state IN ('draft', 'scheduled', 'changed')
        AND NOT EXISTS (SELECT 1 FROM post_tags WHERE tag = written.tag AND post_id = listed.post_id)
    GROUP BY written.tag
    UNION ALL
    SELECT name, 0, 0 FROM tags
)
SELECT carried.name, coalesce(tags.colour, '') AS colour, coalesce(tags.description, '') AS description,
    sum(carried.posts) AS posts, sum(carried.drafts) AS drafts
FROM carried LEFT JOIN tags ON tags.name = carried.name
GROUP BY carried.name ORDER BY carried.name
"""


async def everything(connection: Connection) -> list[Listed]:
    """Every tag that a text carries, published or not, or that has words, by name."""
    return await fetch_all(connection, Listed, SQL_EVERYTHING)


# The index is asked for the next name each time: there are far fewer names than texts that carry them.
SQL_NAMES = """
WITH RECURSIVE carried (name) AS (
    SELECT min(tag) FROM catalogue_tags
    UNION ALL
    SELECT (SELECT min(tag) FROM catalogue_tags WHERE tag > carried.name) FROM carried WHERE carried.name IS NOT NULL
)
SELECT name FROM carried WHERE name IS NOT NULL
"""


async def carried(connection: Connection) -> list[str]:
    """The names of the tags that a text's newest revision carries, published or not."""
    return [each.name for each in await fetch_all(connection, _Named, SQL_NAMES)]


def among(known: list[Listed], name: str) -> Listed:
    """The one with that name. Raises NotFound."""
    found = next((each for each in known if each.name == name), None)
    if found is None:
        raise NotFound("There is no such tag.")
    return found


SQL_CARRIERS = """
SELECT listed.post_id AS id, listed.title,
    EXISTS (SELECT 1 FROM post_tags WHERE tag = :name AND post_id = listed.post_id) AS published
FROM catalogue AS listed
WHERE published OR EXISTS (SELECT 1 FROM catalogue_tags WHERE tag = :name AND id = listed.id)
ORDER BY listed.saved_at_us DESC, listed.post_id DESC
LIMIT :limit
"""


async def carriers(connection: Connection, name: str, limit: int) -> list[Carrier]:
    """The texts that carry a tag, published or not, the one saved last first."""
    return await fetch_all(connection, Carrier, SQL_CARRIERS, {"name": name, "limit": limit})


async def names(connection: Connection, given: tuple[str, ...]) -> tuple[str, ...]:
    """The tags of a text as they are stored: lower case, former names as the present ones, each once, in the order
    given. Raises Invalid.
    """
    clean = dict.fromkeys(name for name in (_clean(each, "tags") for each in given) if name)
    if len(clean) > MAX_OF_POST:
        raise Invalid(f"A post may have at most {MAX_OF_POST} tags.", field="tags")
    return await tags_moved.present(connection, tuple(clean))


SQL_PUT = """
INSERT INTO tags (name, colour, description) VALUES (:name, :colour, :description)
ON CONFLICT (name) DO UPDATE SET colour = excluded.colour, description = excluded.description
"""
SQL_FORGET = "DELETE FROM tags WHERE name = :name"


async def change(
    database: Database, by: Actor, name: str, changes: Mapping[str, object], guard: Guard = unguarded
) -> Listed:
    """Other values in some fields of a `Tag`; by another name, every text that carries the tag is found at once.

    Raises Forbidden, Invalid with the field at fault, NotFound without such a tag.
    """
    rights.require(by, "tags.change")
    async with database.transaction() as connection:
        await guard(connection)
        known = await everything(connection)
        before = among(known, name)
        wanted = _checked(before, changes)
        if wanted.name != name:
            if any(each.name == wanted.name for each in known):
                raise Invalid("Another tag has this name already: merge this one into it.", field="name")
            await tags_moved.move(connection, name, wanted.name)
            await execute(connection, SQL_FORGET, {"name": name})
        if wanted.colour or wanted.description:
            await execute(connection, SQL_PUT, msgspec.structs.asdict(wanted))
        else:
            await execute(connection, SQL_FORGET, {"name": wanted.name})
        renamed = "" if wanted.name == name else f", now {wanted.name}"
        await audit.record(connection, by, "tag.changed", wanted.name, f"{name}{renamed}")
    return Listed(**msgspec.structs.asdict(wanted), posts=before.posts, drafts=before.drafts)


async def bring(
    database: Database, by: Actor, name: str, colour: str, description: str, former: tuple[str, ...]
) -> bool:
    """The tag of another site with its words and the names that it had, unless it has any here; returns whether it
    came. Raises Forbidden, Invalid.
    """
    rights.require(by, "tags.change")
    try:
        tag = _checked(Tag(name=name), {"colour": colour, "description": description})
    except msgspec.ValidationError:
        raise Invalid(f"There is no colour {colour!a}.", field="colour") from None
    async with database.transaction() as connection:
        known = {each.name: each for each in await everything(connection)}
        if tag.name in known and (known[tag.name].colour or known[tag.name].description):
            return False
        if tag.colour or tag.description:
            await execute(connection, SQL_PUT, msgspec.structs.asdict(tag))
        names = [each for each in (_clean(each, "name") for each in former) if each and each not in known]
        came = await tags_moved.remember(connection, names, tag.name) > 0 or bool(tag.colour or tag.description)
        if came:
            await audit.record(connection, by, "tag.changed", tag.name, tag.name)
        return came


async def merge(database: Database, by: Actor, name: str, into: str, guard: Guard = unguarded) -> None:
    """Every text that carries the one tag carries the other instead, which keeps its colour and its words.

    Raises Forbidden, Invalid, NotFound without such a tag.
    """
    rights.require(by, "tags.change")
    async with database.transaction() as connection:
        await guard(connection)
        known = await everything(connection)
        among(known, name)
        if into == name or all(each.name != into for each in known):
            raise Invalid("Choose another tag that there is.", field="into")
        await tags_moved.move(connection, name, into)
        await execute(connection, SQL_FORGET, {"name": name})
        await audit.record(connection, by, "tag.merged", into, f"{name} into {into}")


async def delete(database: Database, by: Actor, name: str, guard: Guard = unguarded) -> None:
    """No text carries the tag any more. Raises Forbidden, NotFound without such a tag."""
    rights.require(by, "tags.change")
    async with database.transaction() as connection:
        await guard(connection)
        among(await everything(connection), name)
        await tags_moved.take_off(connection, name)
        await execute(connection, SQL_FORGET, {"name": name})
        await audit.record(connection, by, "tag.deleted", name, name)


SQL_NAMED = "SELECT tag AS name FROM post_tags UNION SELECT name FROM tags"
SQL_TAKE_WORDS = "UPDATE OR IGNORE tags SET name = :new WHERE name = :old"


async def compose(database: Database) -> None:
    """Tags that were stored in letters and marks apart (NFD) are the same ones in composed letters from now on."""
    async with database.read() as connection:
        stored = [each.name for each in await fetch_all(connection, _Named, SQL_NAMED)]
    for name in stored:
        if (composed := unicodedata.normalize("NFC", name)) != name:
            async with database.transaction() as connection:
                await tags_moved.move(connection, name, composed)
                await execute(connection, SQL_TAKE_WORDS, {"old": name, "new": composed})
                await execute(connection, SQL_FORGET, {"name": name})


def _checked(before: Tag, changes: Mapping[str, object]) -> Tag:
    """The tag with those changes; Raises Invalid."""
    wanted = msgspec.convert(msgspec.structs.asdict(before) | dict(changes), Tag)
    name = _clean(wanted.name, "name")
    if not name:
        raise Invalid("A tag needs a name.", field="name")
    if "," in name and name != before.name:
        raise Invalid("A tag may not hold a comma: the editor parts tags by them.", field="name")
    words = characters.fitting(characters.line(wanted.description), MAX_DESCRIPTION, "description", "The description")
    return Tag(name=name, colour=wanted.colour, description=words)


def _clean(text: str, field: str) -> str:
    name = characters.fitting(characters.line(text).lower(), MAX_NAME, field, "A tag")
    if "/" in name or name in {".", ".."}:
        raise Invalid(f"A tag may not hold a slash, nor be dots alone: {name}", field=field)
    return name
