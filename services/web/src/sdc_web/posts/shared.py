"""A published post by its id, which is all that an address of something made of it carries."""

from sdc_core.sqlite import Connection, fetch_one

from sdc_web.posts.reading import Summary

SQL_BY_ID = """
SELECT posts.id, posts.kind, posts.slug, r.title, r.summary, r.tags AS tags_json, r.cover_asset_id,
    r.reading_minutes, posts.published_at_us, posts.changed_at_us AS updated_at_us
FROM posts JOIN revisions AS r ON r.id = posts.revision_id
WHERE posts.id = :id
"""


async def by_id(connection: Connection, post_id: str) -> Summary | None:
    """The published post, or None."""
    return await fetch_one(connection, Summary, SQL_BY_ID, {"id": post_id})
