"""What readers may see: published posts alone, by address, by date, by kind and by tag."""

from datetime import MAXYEAR, MINYEAR, UTC, datetime

import msgspec
from sdc_core import clock
from sdc_core.sqlite import Connection, fetch_all, fetch_one

from sdc_web.posts.records import Kind, ProjectFacts, decode_project, decode_tags, path_of


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
    """A published post whole. `body_html` is sanitised; its pictures are still `<img src="media:ID">`."""

    body_html: str
    translation_key: str = ""
    canonical_url: str = ""
    series_id: str | None = None


class YearOf(msgspec.Struct, frozen=True, kw_only=True):
    """A year, UTC, and how many posts were published in it."""

    year: int
    posts: int


SQL_BY_SLUG = """
SELECT posts.id, posts.kind, posts.slug, r.title, r.summary, r.tags AS tags_json, r.cover_asset_id,
    r.reading_minutes, posts.published_at_us, posts.changed_at_us AS updated_at_us, r.language, r.body_html,
    r.project AS project_json, r.translation_key, r.canonical_url, posts.series_id
FROM posts JOIN revisions AS r ON r.id = posts.revision_id
WHERE posts.kind = :kind AND posts.slug = :slug
"""


async def by_slug(connection: Connection, kind: Kind, slug: str) -> Published | None:
    """The published post at that address, or None."""
    return await fetch_one(connection, Published, SQL_BY_SLUG, {"kind": kind, "slug": slug})


SQL_NEWEST = """
SELECT posts.id, posts.kind, posts.slug, r.title, r.summary, r.tags AS tags_json, r.cover_asset_id,
    r.reading_minutes, posts.published_at_us, posts.changed_at_us AS updated_at_us, r.language, r.body_html
FROM posts JOIN revisions AS r ON r.id = posts.revision_id
WHERE posts.kind = :kind AND posts.revision_id IS NOT NULL AND r.canonical_url = ''
ORDER BY posts.published_at_us DESC, posts.id DESC
LIMIT :limit
"""


async def newest(connection: Connection, kind: Kind, limit: int) -> list[Published]:
    """The newest published posts with their text, for feeds; without those that are at home elsewhere."""
    return await fetch_all(connection, Published, SQL_NEWEST, {"kind": kind, "limit": limit})


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
    """What of a kind was published in one year, UTC, without its text, newest first."""
    from_us, to_us = (clock.from_datetime(datetime(each, 1, 1, tzinfo=UTC)) for each in (year, year + 1))
    return await fetch_all(connection, Summary, SQL_OF_YEAR, {"kind": kind, "from_us": from_us, "to_us": to_us})


SQL_YEARS = """
SELECT CAST(strftime('%Y', published_at_us / 1000000, 'unixepoch') AS INTEGER) AS year, count(*) AS posts
FROM posts WHERE kind = :kind AND revision_id IS NOT NULL
GROUP BY year ORDER BY year DESC
"""


async def years(connection: Connection, kind: Kind) -> list[YearOf]:
    """Every year in which something of that kind was published, the latest first."""
    return await fetch_all(connection, YearOf, SQL_YEARS, {"kind": kind})


# The newest are found before any of their texts is read.
SQL_NEWEST_TAGGED = """
SELECT posts.id, posts.kind, posts.slug, r.title, r.summary, r.tags AS tags_json, r.cover_asset_id,
    r.reading_minutes, posts.published_at_us, posts.changed_at_us AS updated_at_us, r.language, r.body_html
FROM (
    SELECT posts.id, posts.kind, posts.slug, posts.published_at_us, posts.changed_at_us, posts.revision_id
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
    """Published posts, pages and projects that carry the tag, newest first: all of them, or those of one year, UTC."""
    first, end = (MINYEAR, MAXYEAR) if year is None else (year, year + 1)
    from_us, to_us = (clock.from_datetime(datetime(each, 1, 1, tzinfo=UTC)) for each in (first, end))
    values = {"tag": tag, "limit": limit, "from_us": from_us, "to_us": to_us}
    return await fetch_all(connection, Summary, SQL_TAGGED, values)


SQL_YEARS_TAGGED = """
SELECT CAST(strftime('%Y', published_at_us / 1000000, 'unixepoch') AS INTEGER) AS year, count(*) AS posts
FROM post_tags JOIN posts ON posts.id = post_tags.post_id
WHERE post_tags.tag = :tag GROUP BY year ORDER BY year DESC
"""


async def years_tagged(connection: Connection, tag: str) -> list[YearOf]:
    """Every year with something that carries the tag, the latest first."""
    return await fetch_all(connection, YearOf, SQL_YEARS_TAGGED, {"tag": tag})
