"""Every address that has something to read, with the moment of its last change: what the map of the site is made of."""

import msgspec
from sdc_core.sqlite import Connection, fetch_all, fetch_value

from sdc_web.about import site
from sdc_web.posts.frontage import HOME
from sdc_web.posts.records import Kind, path_of
from sdc_web.posts.year_bounds import years_of


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A published post, page or project. `body_html` is empty where the text shows no media asset."""

    id: str
    kind: Kind
    slug: str
    updated_at_us: int
    cover_asset_id: str | None
    body_html: str
    project_json: str | None = None

    @property
    def path(self) -> str:
        """The address below the site's own."""
        return path_of(self.kind, self.slug)


class List(msgspec.Struct, frozen=True, kw_only=True):
    """A page that lists others: the year, tag or kind that it is of, and when the last of those changed."""

    name: str
    updated_at_us: int


SQL_COUNT = "SELECT count(*) FROM posts WHERE kind = 'post' AND revision_id IS NOT NULL"


async def count(connection: Connection) -> int:
    """How many posts are published."""
    found = await fetch_value(connection, SQL_COUNT)
    return found if isinstance(found, int) else 0


# By the short index of those elsewhere: to look into each text would take many times as long.
_ON_MAP = """
kind = 'post' AND revision_id IS NOT NULL AND noindex = 0
    AND revision_id NOT IN (SELECT id FROM revisions WHERE canonical_url <> '')
"""
SQL_COUNT_ON_MAP = f"SELECT count(*) FROM posts WHERE {_ON_MAP}"  # noqa: S608 - a constant


async def count_on_map(connection: Connection) -> int:
    """How many of them are on the map: not those that are at home elsewhere, or hidden from search engines."""
    found = await fetch_value(connection, SQL_COUNT_ON_MAP)
    return found if isinstance(found, int) else 0


# Oldest first, so that a new post changes the last part alone.
SQL_POSTS = f"""
SELECT part.id, part.kind, part.slug, part.changed_at_us AS updated_at_us, r.cover_asset_id,
    iif(instr(r.body_html, 'media:') > 0, r.body_html, '') AS body_html
FROM (
    SELECT id, kind, slug, revision_id, published_at_us, changed_at_us
    FROM posts WHERE {_ON_MAP}
    ORDER BY published_at_us, id LIMIT :limit OFFSET :offset
) AS part JOIN revisions AS r ON r.id = part.revision_id
ORDER BY part.published_at_us, part.id
"""  # noqa: S608 - a constant


async def of_posts(connection: Connection, limit: int, offset: int) -> list[Place]:
    """Those on the map, the oldest first."""
    return await fetch_all(connection, Place, SQL_POSTS, {"limit": limit, "offset": offset})


# One long row: rows of their own, or a window, would take three times as long.
SQL_CHANGES = f"""
SELECT json_group_array(changed_at_us) FROM (
    SELECT changed_at_us FROM posts WHERE {_ON_MAP} ORDER BY published_at_us, id
)
"""  # noqa: S608 - a constant


async def parts(connection: Connection, size: int) -> list[int]:
    """When the last post of each part changed, for the parts of `size` posts each that `of_posts` gives."""
    changes = msgspec.json.decode(str(await fetch_value(connection, SQL_CHANGES)), type=list[int])
    return [max(changes[first : first + size]) for first in range(0, len(changes), size)]


SQL_OTHERS = """
SELECT posts.id, posts.kind, posts.slug, posts.changed_at_us AS updated_at_us, r.cover_asset_id,
    iif(instr(r.body_html, 'media:') > 0, r.body_html, '') AS body_html, r.project AS project_json
FROM posts JOIN revisions AS r ON r.id = posts.revision_id
WHERE posts.kind IN ('page', 'project') AND posts.revision_id IS NOT NULL
    AND NOT (posts.kind = 'page' AND posts.slug = :home) AND r.canonical_url = '' AND posts.noindex = 0
ORDER BY posts.kind DESC, posts.published_at_us DESC, posts.id DESC
"""


async def others(connection: Connection) -> list[Place]:
    """Published projects, then pages, the newest first; not the page that opens the home page."""
    return await fetch_all(connection, Place, SQL_OTHERS, {"home": HOME})


SQL_KINDS = """
SELECT 'other' AS name, max(changed_at_us) AS updated_at_us FROM posts
WHERE kind IN ('page', 'project') AND revision_id IS NOT NULL HAVING count(*) > 0
UNION ALL
SELECT 'project', max(changed_at_us) FROM posts
WHERE kind = 'project' AND revision_id IS NOT NULL HAVING count(*) > 0
UNION ALL
SELECT 'home', changed_at_us FROM posts WHERE kind = 'page' AND slug = :home AND revision_id IS NOT NULL
"""


async def kinds(connection: Connection) -> dict[str, int]:
    """When the last project or page, the last project, and the text of the home page changed: `other`, `project`,
    `home`; what there is none of is not named.
    """
    found = await fetch_all(connection, List, SQL_KINDS, {"home": HOME})
    return {each.name: each.updated_at_us for each in found}


SQL_YEARS = """
SELECT json_group_array(json_array(published_at_us, changed_at_us)) FROM (
    SELECT published_at_us, changed_at_us FROM posts WHERE kind = 'post' AND revision_id IS NOT NULL
    ORDER BY published_at_us
)
"""


async def years(connection: Connection) -> list[List]:
    """Years with posts, as readers count them, the earliest first."""
    found = msgspec.json.decode(str(await fetch_value(connection, SQL_YEARS)), type=list[tuple[int, int]])
    changes: dict[int, int] = {}
    years = years_of([published_at_us for published_at_us, _ in found], await site.zone(connection))
    for year, (_, changed_at_us) in zip(years, found, strict=True):
        changes[year] = max(changes.get(year, changed_at_us), changed_at_us)
    return [List(name=f"{year:04}", updated_at_us=at_us) for year, at_us in sorted(changes.items())]


SQL_TAGS = """
SELECT post_tags.tag AS name, max(posts.changed_at_us) AS updated_at_us
FROM post_tags JOIN posts ON posts.id = post_tags.post_id
WHERE posts.revision_id IS NOT NULL GROUP BY post_tags.tag ORDER BY post_tags.tag
"""


async def tags(connection: Connection) -> list[List]:
    """Tags that a published post carries, by name."""
    return await fetch_all(connection, List, SQL_TAGS)
