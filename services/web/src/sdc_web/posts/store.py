"""Statements on posts and revisions: one function each, on a connection whose transaction belongs to the caller."""

from msgspec.structs import asdict
from sdc_core.errors import NotFound
from sdc_core.sqlite import Connection, execute, fetch_all, fetch_one, fetch_value

from sdc_web.posts.records import Kind, Post, Revision

NO_REVISION = "This post has no such revision. It may have been too old to be kept."

SQL_INSERT_POST = """
INSERT INTO posts (id, kind, slug, author_id, created_at_us) VALUES (:id, :kind, :slug, :author_id, :created_at_us)
"""


async def insert_post(connection: Connection, post: Post) -> None:
    await execute(connection, SQL_INSERT_POST, asdict(post))


SQL_POST = """
SELECT id, kind, slug, author_id, created_at_us, revision_id, published_at_us, changed_at_us, scheduled_at_us,
    scheduled_revision_id, unpublish_at_us, schedule_failure
FROM posts WHERE id = :id
"""
SQL_IS_TRASHED = "SELECT 1 FROM trashed_posts WHERE post_id = :id"


async def post(connection: Connection, post_id: str, *, trashed: bool = False) -> Post:
    """Raises NotFound; with `trashed` not for one in the trash."""
    found = await fetch_one(connection, Post, SQL_POST, {"id": post_id})
    if found is None:
        message = "There is no such post."
        raise NotFound(message)
    if not trashed and await fetch_value(connection, SQL_IS_TRASHED, {"id": post_id}) is not None:
        message = "This post is in the trash: bring it back first."
        raise NotFound(message)
    return found


SQL_UPDATE_POST = """
UPDATE posts SET slug = :slug, revision_id = :revision_id, published_at_us = :published_at_us,
    changed_at_us = :changed_at_us, scheduled_at_us = :scheduled_at_us, scheduled_revision_id = :scheduled_revision_id,
    unpublish_at_us = :unpublish_at_us, schedule_failure = :schedule_failure
WHERE id = :id
"""


async def update_post(connection: Connection, post: Post) -> None:
    await execute(connection, SQL_UPDATE_POST, asdict(post))


SQL_DELETE_POST = "DELETE FROM posts WHERE id = :id"


async def delete_post(connection: Connection, post_id: str) -> int:
    """Its revisions, tags and redirects go with it. Returns the number of posts deleted."""
    return await execute(connection, SQL_DELETE_POST, {"id": post_id})


SQL_BY_ADDRESS = """
SELECT id, kind, slug, author_id, created_at_us, revision_id, published_at_us, changed_at_us, scheduled_at_us,
    scheduled_revision_id, unpublish_at_us, schedule_failure
FROM posts WHERE kind = :kind AND slug = :slug
"""


async def by_address(connection: Connection, kind: Kind, slug: str) -> Post | None:
    return await fetch_one(connection, Post, SQL_BY_ADDRESS, {"kind": kind, "slug": slug})


SQL_NEVER_WRITTEN = """
SELECT posts.id, posts.kind, posts.slug, posts.author_id, posts.created_at_us, posts.revision_id,
    posts.published_at_us, posts.changed_at_us, posts.scheduled_at_us, posts.scheduled_revision_id,
    posts.unpublish_at_us, posts.schedule_failure
FROM catalogue CROSS JOIN posts ON posts.id = catalogue.post_id
WHERE catalogue.title COLLATE NOCASE = '' AND catalogue.words = 0 AND catalogue.kind = :kind
    AND catalogue.author_id = :author_id AND catalogue.saved_at_us < :before_us AND posts.noindex = 0
    AND NOT EXISTS (SELECT 1 FROM revisions WHERE revisions.post_id = posts.id AND revisions.number > 1)
ORDER BY catalogue.post_id DESC LIMIT 1
"""


async def never_written(connection: Connection, author_id: str, kind: Kind, before_us: int) -> Post | None:
    """The newest of their texts that was begun before then and never saved since."""
    values = {"author_id": author_id, "kind": kind, "before_us": before_us}
    return await fetch_one(connection, Post, SQL_NEVER_WRITTEN, values)


SQL_SLUG_TAKEN = "SELECT 1 FROM posts WHERE kind = :kind AND slug = :slug AND id <> :except_post"


async def slug_taken(connection: Connection, kind: Kind, slug: str, *, except_post: str) -> bool:
    values = {"kind": kind, "slug": slug, "except_post": except_post}
    return await fetch_value(connection, SQL_SLUG_TAKEN, values) is not None


SQL_INSERT_REVISION = """
INSERT INTO revisions (id, post_id, number, title, slug, summary, body, tags, cover_asset_id, saved_at_us, author_id,
    series, series_position, project, language, translation_key, canonical_url, dated_at_us,
    tab, save_no, begun_at_us)
VALUES (:id, :post_id, :number, :title, :slug, :summary, :body, :tags_json, :cover_asset_id, :saved_at_us, :author_id,
    :series, :series_position, :project_json, :language, :translation_key, :canonical_url, :dated_at_us,
    :tab, :save_no, :saved_at_us)
"""


async def insert_revision(connection: Connection, revision: Revision) -> None:
    await execute(connection, SQL_INSERT_REVISION, asdict(revision))


SQL_REPLACE_REVISION = """
UPDATE revisions SET number = :number, title = :title, slug = :slug, summary = :summary, body = :body,
    tags = :tags_json, cover_asset_id = :cover_asset_id, saved_at_us = :saved_at_us, author_id = :author_id,
    series = :series, series_position = :series_position, project = :project_json,
    language = :language, translation_key = :translation_key,
    canonical_url = :canonical_url, dated_at_us = :dated_at_us, tab = :tab, save_no = :save_no
WHERE id = :id AND published_at_us IS NULL
"""


async def replace_revision(connection: Connection, revision: Revision) -> None:
    """New content for a revision that was never published."""
    await execute(connection, SQL_REPLACE_REVISION, asdict(revision))


async def newest_revision(connection: Connection, post_id: str) -> Revision:
    """Raises NotFound; a post has at least one revision."""
    found = await revisions_before(connection, post_id, limit=1)
    if not found:
        message = "There is no such post."
        raise NotFound(message)
    return found[0]


async def last_read_revision(connection: Connection, post_id: str) -> Revision | None:
    """The newest revision that was ever published, be it before readers now or not."""
    return next(iter(await revisions_before(connection, post_id, limit=1, published=True)), None)


async def revision(connection: Connection, post_id: str, revision_id: str) -> Revision:
    """Any revision of a post. Raises NotFound."""
    found = await revisions_before(connection, post_id, limit=1, revision_id=revision_id)
    if not found:
        raise NotFound(NO_REVISION)
    return found[0]


SQL_REVISIONS = """
SELECT id, post_id, number, title, slug, summary, body, tags AS tags_json, cover_asset_id, saved_at_us, author_id,
    body_html, reading_minutes, published_at_us, series, series_position, project AS project_json, language,
    translation_key, canonical_url, dated_at_us, tab, save_no
FROM revisions WHERE post_id = :post_id AND (:published = 0 OR published_at_us IS NOT NULL)
    AND (:before IS NULL OR number < :before) AND (:id IS NULL OR id = :id)
ORDER BY number DESC LIMIT :limit
"""


async def revisions_before(
    connection: Connection,
    post_id: str,
    *,
    limit: int,
    before: int | None = None,
    published: bool = False,
    revision_id: str | None = None,
) -> list[Revision]:
    """Revisions of a post, the newest first: those with a number less than that, once published, or of that id."""
    values = {"post_id": post_id, "before": before, "published": published, "id": revision_id, "limit": limit}
    return await fetch_all(connection, Revision, SQL_REVISIONS, values)


SQL_REVISION_PUBLISHED = """
UPDATE revisions SET body_html = :body_html, reading_minutes = :reading_minutes,
    published_at_us = coalesce(published_at_us, :published_at_us)
WHERE id = :id
"""


async def revision_published(connection: Connection, revision: Revision) -> None:
    """Keeps the HTML, and the moment of the first publication."""
    values = {
        "id": revision.id,
        "body_html": revision.body_html,
        "reading_minutes": revision.reading_minutes,
        "published_at_us": revision.published_at_us,
    }
    await execute(connection, SQL_REVISION_PUBLISHED, values)


SQL_CLEAR_TAGS = "DELETE FROM post_tags WHERE post_id = :post_id"


async def clear_tags(connection: Connection, post_id: str) -> None:
    await execute(connection, SQL_CLEAR_TAGS, {"post_id": post_id})


SQL_TAG = "INSERT INTO post_tags (tag, post_id) VALUES (:tag, :post_id)"


async def tag(connection: Connection, post_id: str, name: str) -> None:
    await execute(connection, SQL_TAG, {"tag": name, "post_id": post_id})


SQL_PICTURE_EXISTS = """
SELECT 1 FROM media_assets WHERE id = :id AND is_picture
"""


async def picture_exists(connection: Connection, asset_id: str) -> bool:
    return await fetch_value(connection, SQL_PICTURE_EXISTS, {"id": asset_id}) is not None


SQL_DUE = """
SELECT id, kind, slug, author_id, created_at_us, revision_id, published_at_us, changed_at_us, scheduled_at_us,
    scheduled_revision_id, unpublish_at_us, schedule_failure
FROM posts WHERE scheduled_at_us <= :now_us ORDER BY scheduled_at_us, id LIMIT :limit
"""


async def due(connection: Connection, now_us: int, limit: int) -> list[Post]:
    """Posts that should have been published by now, the one that waits longest first."""
    return await fetch_all(connection, Post, SQL_DUE, {"now_us": now_us, "limit": limit})


SQL_LEAVING = """
SELECT id, kind, slug, author_id, created_at_us, revision_id, published_at_us, changed_at_us, scheduled_at_us,
    scheduled_revision_id, unpublish_at_us, schedule_failure
FROM posts WHERE unpublish_at_us <= :now_us ORDER BY unpublish_at_us, id LIMIT :limit
"""


async def leaving(connection: Connection, now_us: int, limit: int) -> list[Post]:
    """Posts that should have left the site by now, the one that is latest first."""
    return await fetch_all(connection, Post, SQL_LEAVING, {"now_us": now_us, "limit": limit})


SQL_UNSCHEDULE = """
UPDATE posts SET scheduled_at_us = NULL, scheduled_revision_id = NULL, schedule_failure = :reason
WHERE id = :id AND scheduled_at_us = :scheduled_at_us
"""


async def unschedule(connection: Connection, post: Post, reason: str) -> None:
    """Does nothing to a post that has another moment by now, or is gone."""
    values = {"id": post.id, "scheduled_at_us": post.scheduled_at_us, "reason": reason}
    await execute(connection, SQL_UNSCHEDULE, values)
