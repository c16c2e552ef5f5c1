"""Tags as the author looks through them: by name, a page at a time, however many there are."""

import msgspec
from sdc_core.errors import NotFound
from sdc_core.sqlite import Connection, fetch_all

from sdc_web.posts.tags import Listed
from sdc_web.texts import characters

PAGE = 50
ALL = -1


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Part of a name, empty for all; `after` is the `Page.after` of the page before."""

    q: str = ""
    after: str = ""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some tags; `after` names the next page, empty on the last one."""

    rows: list[Listed]
    after: str


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    name: str


# Each index is asked for the next name: there are far fewer names than texts that carry them.
SQL_NAMES_AFTER = """
WITH RECURSIVE written (name) AS (
    SELECT min(tag) FROM catalogue_tags WHERE tag > :after
    UNION ALL
    SELECT (SELECT min(tag) FROM catalogue_tags WHERE tag > written.name) FROM written WHERE written.name IS NOT NULL
), published (name) AS (
    SELECT min(tag) FROM post_tags WHERE tag > :after
    UNION ALL
    SELECT (SELECT min(tag) FROM post_tags WHERE tag > published.name) FROM published
    WHERE published.name IS NOT NULL
)
SELECT name FROM (
    SELECT name FROM written WHERE name IS NOT NULL
    UNION SELECT name FROM published WHERE name IS NOT NULL
    UNION SELECT name FROM tags WHERE name > :after
)
WHERE :q = '' OR instr(name, :q) > 0
ORDER BY name LIMIT :limit
"""
SQL_LISTED = """
SELECT wanted.value AS name, coalesce(tags.colour, '') AS colour, coalesce(tags.description, '') AS description,
    (SELECT count(*) FROM post_tags WHERE post_tags.tag = wanted.value) AS posts,
    (SELECT count(*) FROM catalogue_tags AS written CROSS JOIN catalogue AS listed ON listed.id = written.id
        WHERE written.tag = wanted.value AND listed.state IN ('draft', 'scheduled', 'changed')
            AND NOT EXISTS (SELECT 1 FROM post_tags WHERE tag = wanted.value AND post_id = listed.post_id)) AS drafts
FROM json_each(:names) AS wanted LEFT JOIN tags ON tags.name = wanted.value
ORDER BY wanted.value
"""


async def names(connection: Connection, q: str = "", after: str = "", limit: int = ALL) -> list[str]:
    """The names that follow `after`, of every tag that a text carries, published or not, or that has words."""
    values = {"q": characters.line(q).lower(), "after": after, "limit": limit}
    return [each.name for each in await fetch_all(connection, _Named, SQL_NAMES_AFTER, values)]


async def page(connection: Connection, filters: Filters, limit: int = PAGE) -> Page:
    """Those whose names hold `filters.q`."""
    found = await names(connection, filters.q, filters.after, limit + 1)
    rows = await _listed(connection, found[:limit])
    return Page(rows=rows, after=rows[-1].name if len(found) > limit else "")


async def find(connection: Connection, name: str) -> Listed:
    """The one with that name. Raises NotFound where no text carries it and it has no words."""
    found = (await _listed(connection, [name]))[0]
    if not (found.posts or found.drafts or found.colour or found.description):
        raise NotFound("There is no such tag.")
    return found


async def _listed(connection: Connection, wanted: list[str]) -> list[Listed]:
    values = {"names": msgspec.json.encode(wanted).decode()}
    return await fetch_all(connection, Listed, SQL_LISTED, values)
