"""Series: posts that belong together, in the author's order."""

from collections.abc import Mapping

import msgspec
from sdc_core import clock
from sdc_core.errors import Invalid, NotFound
from sdc_core.sqlite import Connection, Database, execute, fetch_all, fetch_one, fetch_value

from sdc_web import audit, redirects
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.db import Guard, unguarded
from sdc_web.posts import slugs
from sdc_web.posts.reading import Published, Summary
from sdc_web.texts import characters, names

MAX_TITLE = 100
MAX_DESCRIPTION = 500
MAX_POSITION = 9_999


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `series`."""

    id: str
    slug: str
    title: str
    description: str

    @property
    def url(self) -> str:
        """The address below the site's own."""
        return f"/series/{self.slug}"


class Counted(Series, frozen=True, kw_only=True):
    """A series with the number of its published posts, and the moment at which the last of them changed."""

    posts: int
    updated_at_us: int | None


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a published post stands in its series: `number` counts from 1."""

    series: Series
    parts: tuple[Summary, ...]
    number: int

    @property
    def before(self) -> Summary | None:
        """The part to read before this one."""
        return self.parts[self.number - 2] if self.number > 1 else None

    @property
    def after(self) -> Summary | None:
        """The part to read next."""
        return self.parts[self.number] if self.number < len(self.parts) else None


SQL_FIND = "SELECT id, slug, title, description FROM series WHERE id = :id"


async def find(connection: Connection, series_id: str) -> Series:
    """Raises NotFound."""
    found = await fetch_one(connection, Series, SQL_FIND, {"id": series_id})
    if found is None:
        raise NotFound("There is no such series.")
    return found


SQL_BY_SLUG = "SELECT id, slug, title, description FROM series WHERE slug = :slug"


async def by_slug(connection: Connection, slug: str) -> Series | None:
    """The series with that slug, whether it has published posts or not."""
    return await fetch_one(connection, Series, SQL_BY_SLUG, {"slug": slug})


SQL_COUNTED = """
SELECT series.id, series.slug, series.title, series.description,
    count(posts.id) AS posts, max(posts.changed_at_us) AS updated_at_us
FROM series LEFT JOIN posts ON posts.series_id = series.id AND posts.revision_id IS NOT NULL
GROUP BY series.id ORDER BY series.title
"""


async def everything(connection: Connection) -> list[Counted]:
    """Every series by title, those without a published post as well."""
    return await fetch_all(connection, Counted, SQL_COUNTED)


async def listed(connection: Connection, by: Actor) -> list[Counted]:
    """The same, for those who write. Raises Forbidden."""
    rights.require(by, "series.read")
    return await everything(connection)


# Parts without a position follow those that have one, by date.
SQL_PARTS = """
SELECT posts.id, posts.kind, posts.slug, r.title, r.summary, r.tags AS tags_json, r.cover_asset_id,
    r.reading_minutes, posts.published_at_us, posts.changed_at_us AS updated_at_us, r.language
FROM posts JOIN revisions AS r ON r.id = posts.revision_id
WHERE posts.series_id = :series_id
ORDER BY posts.series_position IS NULL, posts.series_position, posts.published_at_us, posts.id
"""


async def parts(connection: Connection, series_id: str) -> list[Summary]:
    """The published posts of a series, the first part first."""
    return await fetch_all(connection, Summary, SQL_PARTS, {"series_id": series_id})


SQL_NEWEST = """
SELECT posts.id, posts.kind, posts.slug, r.title, r.summary, r.tags AS tags_json, r.cover_asset_id,
    r.reading_minutes, posts.published_at_us, posts.changed_at_us AS updated_at_us, r.language, r.body_html,
    (SELECT display_name FROM authors WHERE authors.id = posts.author_id) AS author_name
FROM posts JOIN revisions AS r ON r.id = posts.revision_id
WHERE posts.series_id = :series_id AND r.canonical_url = ''
ORDER BY posts.published_at_us DESC, posts.id DESC
LIMIT :limit
"""


async def newest(connection: Connection, series_id: str, limit: int) -> list[Published]:
    """The newest published posts of a series with their text, for feeds."""
    return await fetch_all(connection, Published, SQL_NEWEST, {"series_id": series_id, "limit": limit})


SQL_OF_POST = """
SELECT series.id, series.slug, series.title, series.description
FROM posts JOIN series ON series.id = posts.series_id WHERE posts.id = :post_id
"""


async def place(connection: Connection, post_id: str) -> Place | None:
    """Where a published post stands, or None when it belongs to no series."""
    series = await fetch_one(connection, Series, SQL_OF_POST, {"post_id": post_id})
    if series is None:
        return None
    found = await parts(connection, series.id)
    return Place(series=series, parts=tuple(found), number=[each.id for each in found].index(post_id) + 1)


SQL_BY_TITLE = "SELECT id FROM series WHERE title = :title"
SQL_TITLES = "SELECT id, slug, title, description FROM series"


async def by_title(connection: Connection, title: str) -> str | None:
    """The id of the series with that title, be it in capitals or small letters."""
    known = await fetch_value(connection, SQL_BY_TITLE, {"title": title})
    if known is not None:
        return str(known)
    # SQLite knows the capitals of ASCII alone.
    folded = title.casefold()
    others = await fetch_all(connection, Series, SQL_TITLES)
    return next((each.id for each in others if each.title.casefold() == folded), None)


SQL_ADD = "INSERT INTO series (id, slug, title) VALUES (:id, :slug, :title)"


async def named(connection: Connection, title: str) -> str:
    """The id of the series with that title, which is made when there is none."""
    known = await by_title(connection, title)
    if known is not None:
        return known
    made = {"id": clock.new_id(), "slug": await _free_slug(connection, title), "title": title}
    await execute(connection, SQL_ADD, made)
    return made["id"]


SQL_INSERT = "INSERT INTO series (id, slug, title, description) VALUES (:id, :slug, :title, :description)"


async def bring(database: Database, by: Actor, title: str, slug: str, description: str) -> bool:
    """The series of another site with its address and its words, unless one has its title here; returns whether it
    came. Raises Forbidden, Invalid.
    """
    rights.require(by, "series.change")
    wanted = _checked(Series(id=clock.new_id(), slug=slug, title=title, description=description))
    async with database.transaction() as connection:
        if await by_title(connection, wanted.title) is not None:
            return False
        await _insert(connection, by, wanted)
    return True


async def begin(database: Database, by: Actor, given: Series) -> Series:
    """One more series, without parts as yet; an empty slug is made from the title. The same id again changes nothing.
    Raises Forbidden, Invalid with the field at fault.
    """
    rights.require(by, "series.change")
    async with database.transaction() as connection:
        known = await fetch_one(connection, Series, SQL_FIND, {"id": given.id})
        if known is not None:
            return known
        slug = given.slug.strip() or await _free_slug(connection, given.title)
        wanted = _checked(msgspec.structs.replace(given, slug=slug))
        await _insert(connection, by, wanted)
    return wanted


async def _insert(connection: Connection, by: Actor, wanted: Series) -> None:
    await _require_free(connection, wanted)
    await execute(connection, SQL_INSERT, msgspec.structs.asdict(wanted))
    await audit.record(connection, by, "series.begun", wanted.id, wanted.title)


async def _require_free(connection: Connection, wanted: Series) -> None:
    """Raises Invalid when another series has its title or its address."""
    if await by_title(connection, wanted.title) not in (None, wanted.id):
        raise Invalid("Another series has this title already.", field="title")
    at_slug = await by_slug(connection, wanted.slug)
    if at_slug is not None and at_slug.id != wanted.id:
        raise Invalid(f"Another series has the address {wanted.slug} already.", field="slug")


SQL_PUT = "UPDATE posts SET series_id = :series_id, series_position = :position WHERE id = :post_id"


async def put(connection: Connection, post_id: str, title: str, position: int | None) -> None:
    """The post stands in that series from now on, and in no other; in none when the title is empty."""
    series_id = await named(connection, title) if title else None
    await execute(connection, SQL_PUT, {"post_id": post_id, "series_id": series_id, "position": position})


SQL_CHANGE = "UPDATE series SET title = :title, slug = :slug, description = :description WHERE id = :id"


async def change(database: Database, by: Actor, given: Series) -> None:
    """New words for a series: `amend` with all of them."""
    changes = {"title": given.title, "slug": given.slug, "description": given.description}
    await amend(database, by, given.id, changes)


async def amend(
    database: Database, by: Actor, series_id: str, changes: Mapping[str, object], guard: Guard = unguarded
) -> Series:
    """Other values in some fields of a `Series`, whose old address leads to the new one.

    Raises Forbidden, Invalid with the field at fault, NotFound without such a series.
    """
    rights.require(by, "series.change")
    async with database.transaction() as connection:
        await guard(connection)
        before = await find(connection, series_id)
        wanted = _checked(msgspec.structs.replace(before, **changes))
        await _require_free(connection, wanted)
        await execute(connection, SQL_CHANGE, msgspec.structs.asdict(wanted))
        await _rename(connection, before.title, wanted.title)
        if before.slug != wanted.slug:
            await redirects.move_own(connection, before.url, wanted.url)
        await audit.record(connection, by, "series.changed", series_id, wanted.title)
    return wanted


def _checked(given: Series) -> Series:
    """As it is stored. Raises Invalid with the field at fault."""
    title = characters.fitting(characters.line(given.title), MAX_TITLE, "title", "The title")
    if not title:
        raise Invalid("A series needs a title.", field="title")
    words = characters.fitting(characters.line(given.description), MAX_DESCRIPTION, "description", "The description")
    slug = slugs.check(given.slug.strip(), "post")
    return msgspec.structs.replace(given, title=title, slug=slug, description=words)


SQL_PLACE = "UPDATE posts SET series_position = :position WHERE id = :post_id AND series_id = :series_id"
# Drafts follow, and what is restored does: else the next publication would undo the order.
SQL_PLACE_TEXTS = """
UPDATE revisions SET series_position = :position
WHERE post_id = :post_id AND series IN (SELECT value FROM json_each(:titles)) AND series_position IS NOT :position
"""


async def arrange(
    database: Database, by: Actor, series_id: str, post_ids: tuple[str, ...], guard: Guard = unguarded
) -> None:
    """The published parts stand in this order from now on, counted from 1. Raises Forbidden, NotFound without such a
    series, Invalid unless each of its parts is named, once.
    """
    rights.require(by, "series.change")
    async with database.transaction() as connection:
        await guard(connection)
        found = await find(connection, series_id)
        known = [each.id for each in await parts(connection, series_id)]
        if sorted(known) != sorted(post_ids):
            raise Invalid("Name each published part of the series, and each once.", field="post_ids")
        titles = msgspec.json.encode(await _written_as(connection, found.title)).decode()
        for position, post_id in enumerate(post_ids, 1):
            values = {"position": position, "post_id": post_id, "series_id": series_id, "titles": titles}
            await execute(connection, SQL_PLACE, values)
            await execute(connection, SQL_PLACE_TEXTS, values)
        await audit.record(connection, by, "series.changed", series_id, f"{found.title}: the order of its parts")


SQL_DELETE = "DELETE FROM series WHERE id = :id"


async def delete(database: Database, by: Actor, series_id: str, guard: Guard = unguarded) -> None:
    """Delete a series; its posts stay, and name it no more. Raises Forbidden, NotFound."""
    rights.require(by, "series.change")
    async with database.transaction() as connection:
        await guard(connection)
        title = (await find(connection, series_id)).title
        await _rename(connection, title, "")
        await execute(connection, SQL_DELETE, {"id": series_id})
        await audit.record(connection, by, "series.deleted", series_id, title)


class _Written(msgspec.Struct, frozen=True, kw_only=True):
    title: str


SQL_WRITTEN = "SELECT DISTINCT series AS title FROM revisions WHERE series <> ''"
SQL_RENAME = "UPDATE revisions SET series = :new WHERE series IN (SELECT value FROM json_each(:old))"


async def _rename(connection: Connection, old: str, new: str) -> None:
    """Texts name a series by its title, so that each of them must follow."""
    named = await _written_as(connection, old)
    await execute(connection, SQL_RENAME, {"old": msgspec.json.encode(named).decode(), "new": new})


async def _written_as(connection: Connection, title: str) -> list[str]:
    """The title as texts write it, in capitals or small letters."""
    written = [each.title for each in await fetch_all(connection, _Written, SQL_WRITTEN)]
    return [each for each in written if each.casefold() == title.casefold()]


async def _free_slug(connection: Connection, title: str) -> str:
    async def taken(slug: str) -> bool:
        return await by_slug(connection, slug) is not None

    return await names.first_free(names.from_title(title) or "series", taken)
