"""What readers may see: published posts alone, by address, by date, by kind and by tag."""

from collections import Counter

import msgspec
from sdc_core.sqlite import Connection, fetch_all, fetch_one, fetch_value

from sdc_web.about import site
from sdc_web.posts.records import Kind, ProjectFacts, decode_project, decode_tags, path_of
from sdc_web.posts.year_bounds import END_US, bounds, moments, years_of


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A published post without its text, as lists show it; times in microseconds, UTC."""

    id: str
    kind: Kind
    slug: str
    title: str
    summary: str
    tags_json: str
    cover_asset_id: str | None
    reading_minutes: int
    published_at_us: int
    updated_at_us: int
    language: str = ""
    project_json: str | None = None

    @property
    def project(self) -> ProjectFacts | None:
        """What a project says of itself, None for nothing or where it was not asked for."""
        return decode_project(self.project_json)

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags in the author's order."""
        return decode_tags(self.tags_json)

    @property
    def url(self) -> str:
        """The address below the site's own."""
        return path_of(self.kind, self.slug)


class Published(Summary, frozen=True, kw_only=True):
    """A published post whole, with the name of its author. `body_html` is sanitised; its pictures are still
    `<img src="media:ID">`.
    """

    body_html: str
    author_name: str
    translation_key: str = ""
    canonical_url: str = ""
    series_id: str | None = None
    noindex: bool = False


class YearOf(msgspec.Struct, frozen=True, kw_only=True):
    """A year, as readers count them, and how many posts were published in it."""

    year: int
    posts: int


SQL_BY_SLUG = """
SELECT posts.id, posts.kind, posts.slug, r.title, r.summary, r.tags AS tags_json, r.cover_asset_id,
    r.reading_minutes, posts.published_at_us, posts.changed_at_us AS updated_at_us, r.language, r.body_html,
    r.project AS project_json, r.translation_key, r.canonical_url, posts.series_id,
    posts.noindex, (SELECT display_name FROM authors WHERE authors.id = posts.author_id) AS author_name
FROM posts JOIN revisions AS r ON r.id = posts.revision_id
WHERE posts.kind = :kind AND posts.slug = :slug
"""


async def by_slug(connection: Connection, kind: Kind, slug: str) -> Published | None:
    """The published post at that address, or None."""
    return await fetch_one(connection, Published, SQL_BY_SLUG, {"kind": kind, "slug": slug})


SQL_NEWEST = """
SELECT posts.id, posts.kind, posts.slug, r.title, r.summary, r.tags AS tags_json, r.cover_asset_id,
    r.reading_minutes, posts.published_at_us, posts.changed_at_us AS updated_at_us, r.language, r.body_html,
    (SELECT display_name FROM authors WHERE authors.id = posts.author_id) AS author_name
FROM posts JOIN revisions AS r ON r.id = posts.revision_id
WHERE posts.kind = :kind AND posts.revision_id IS NOT NULL AND r.canonical_url = ''
ORDER BY posts.published_at_us DESC, posts.id DESC
LIMIT :limit OFFSET :newer
"""


async def newest(connection: Connection, kind: Kind, limit: int, newer: int = 0) -> list[Published]:
    """The newest published posts with their text, for feeds, but for so many newer ones; without those that are at home
    elsewhere.
    """
    return await fetch_all(connection, Published, SQL_NEWEST, {"kind": kind, "limit": limit, "newer": newer})


SQL_IN_FEEDS = """
SELECT count(*) FROM posts
WHERE kind = :kind AND revision_id IS NOT NULL
    AND revision_id NOT IN (SELECT id FROM revisions WHERE canonical_url <> '')
"""


async def in_feeds(connection: Connection, kind: Kind) -> int:
    """How many published posts there are without those that are at home elsewhere."""
    return int(await fetch_value(connection, SQL_IN_FEEDS, {"kind": kind}) or 0)


SQL_OF_KIND = """
SELECT posts.id, posts.kind, posts.slug, r.title, r.summary, r.tags AS tags_json, r.cover_asset_id,
    r.reading_minutes, posts.published_at_us, posts.changed_at_us AS updated_at_us, r.language,
    r.project AS project_json
FROM posts JOIN revisions AS r ON r.id = posts.revision_id
WHERE posts.kind = :kind AND posts.revision_id IS NOT NULL
ORDER BY posts.published_at_us DESC, posts.id DESC
LIMIT :limit
"""


async def of_kind(connection: Connection, kind: Kind, limit: int) -> list[Summary]:
    """The newest published posts of a kind without their text."""
    return await fetch_all(connection, Summary, SQL_OF_KIND, {"kind": kind, "limit": limit})


SQL_OF_YEAR = """
SELECT posts.id, posts.kind, posts.slug, r.title, r.summary, r.tags AS tags_json, r.cover_asset_id,
    r.reading_minutes, posts.published_at_us, posts.changed_at_us AS updated_at_us, r.language,
    r.project AS project_json
FROM posts JOIN revisions AS r ON r.id = posts.revision_id
WHERE posts.kind = :kind AND posts.revision_id IS NOT NULL
    AND posts.published_at_us >= :from_us AND posts.published_at_us < :to_us
ORDER BY posts.published_at_us DESC, posts.id DESC
"""


async def of_year(connection: Connection, kind: Kind, year: int) -> list[Summary]:
    """What of a kind was published in one year, as readers count, without its text, newest first."""
    from_us, to_us = bounds(year, await site.zone(connection))
    return await fetch_all(connection, Summary, SQL_OF_YEAR, {"kind": kind, "from_us": from_us, "to_us": to_us})


SQL_YEARS = """
SELECT json_group_array(published_at_us) FROM (
    SELECT published_at_us FROM posts WHERE kind = :kind AND revision_id IS NOT NULL ORDER BY published_at_us DESC
)
"""


async def years(connection: Connection, kind: Kind) -> list[YearOf]:
    """Every year in which something of that kind was published, the latest first."""
    return await _counted(connection, SQL_YEARS, {"kind": kind})


# The newest are found before any of their texts is read.
SQL_NEWEST_TAGGED = """
SELECT posts.id, posts.kind, posts.slug, r.title, r.summary, r.tags AS tags_json, r.cover_asset_id,
    r.reading_minutes, posts.published_at_us, posts.changed_at_us AS updated_at_us, r.language, r.body_html,
    (SELECT display_name FROM authors WHERE authors.id = posts.author_id) AS author_name
FROM (
    SELECT posts.id, posts.kind, posts.slug, posts.published_at_us, posts.changed_at_us, posts.revision_id,
        posts.author_id
    FROM post_tags JOIN posts ON posts.id = post_tags.post_id
    WHERE post_tags.tag = :tag AND posts.kind = 'post' AND posts.revision_id IS NOT NULL
        AND posts.revision_id NOT IN (SELECT id FROM revisions WHERE canonical_url <> '')
    ORDER BY posts.published_at_us DESC, posts.id DESC LIMIT :limit
) AS posts JOIN revisions AS r ON r.id = posts.revision_id
ORDER BY posts.published_at_us DESC, posts.id DESC
"""


async def newest_tagged(connection: Connection, tag: str, limit: int) -> list[Published]:
    """The newest published posts that carry the tag, with their text, for feeds."""
    return await fetch_all(connection, Published, SQL_NEWEST_TAGGED, {"tag": tag, "limit": limit})


SQL_TAGGED = """
SELECT newest.id, newest.kind, newest.slug, r.title, r.summary, r.tags AS tags_json, r.cover_asset_id,
    r.reading_minutes, newest.published_at_us, newest.changed_at_us AS updated_at_us, r.language
FROM (
    SELECT posts.id, posts.kind, posts.slug, posts.published_at_us, posts.changed_at_us, posts.revision_id
    FROM post_tags JOIN posts ON posts.id = post_tags.post_id
    WHERE post_tags.tag = :tag AND posts.published_at_us >= :from_us AND posts.published_at_us < :to_us
    ORDER BY posts.published_at_us DESC, posts.id DESC LIMIT :limit
) AS newest JOIN revisions AS r ON r.id = newest.revision_id
ORDER BY newest.published_at_us DESC, newest.id DESC
"""


async def tagged(connection: Connection, tag: str, limit: int = -1, year: int | None = None) -> list[Summary]:
    """Published posts, pages and projects that carry the tag, newest first: all of them, or those of one year."""
    from_us, to_us = (-END_US, END_US) if year is None else bounds(year, await site.zone(connection))
    values = {"tag": tag, "limit": limit, "from_us": from_us, "to_us": to_us}
    return await fetch_all(connection, Summary, SQL_TAGGED, values)


SQL_YEARS_TAGGED = """
SELECT json_group_array(published_at_us) FROM (
    SELECT posts.published_at_us FROM post_tags JOIN posts ON posts.id = post_tags.post_id
    WHERE post_tags.tag = :tag ORDER BY posts.published_at_us DESC
)
"""


async def years_tagged(connection: Connection, tag: str) -> list[YearOf]:
    """Every year with something that carries the tag, the latest first."""
    return await _counted(connection, SQL_YEARS_TAGGED, {"tag": tag})


async def _counted(connection: Connection, sql: str, values: dict[str, str]) -> list[YearOf]:
    found = await moments(connection, sql, values)
    counts = Counter(years_of(found, await site.zone(connection)))
    return [YearOf(year=year, posts=count) for year, count in sorted(counts.items(), reverse=True)]
