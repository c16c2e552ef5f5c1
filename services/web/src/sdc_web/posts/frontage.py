"""What surrounds every page: the site's own title and words, who writes it, and the navigation."""

import msgspec
from sdc_core.sqlite import Connection, fetch_all, fetch_one

HOME = "home"
"""The slug of the page whose text opens the home page."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A link of the navigation."""

    title: str
    url: str


class Front(msgspec.Struct, frozen=True, kw_only=True):
    """The site as a whole, as layouts name it; `url` is its public address without a trailing slash."""

    title: str
    description: str
    language: str
    author_name: str
    url: str = ""
    navigation: tuple[Entry, ...] = ()


SQL_FRONT = """
SELECT title, description, language,
    coalesce((SELECT display_name FROM authors ORDER BY created_at_us, id LIMIT 1), '') AS author_name
FROM site
"""

SQL_NAVIGATION = """
SELECT 'Posts' AS title, '/posts' AS url
UNION ALL
SELECT 'Projects', '/projects'
WHERE EXISTS (SELECT 1 FROM posts WHERE kind = 'project' AND revision_id IS NOT NULL)
UNION ALL
SELECT title, url FROM (
    SELECT r.title, '/' || posts.slug AS url
    FROM posts JOIN revisions AS r ON r.id = posts.revision_id
    WHERE posts.kind = 'page' AND posts.slug <> :home
    ORDER BY posts.published_at_us, posts.id
)
"""


async def front(connection: Connection, site_url: str) -> Front:
    """The site's words with its navigation: posts, projects once there are any, then pages by age."""
    found = await fetch_one(connection, Front, SQL_FRONT)
    if found is None:
        found = Front(title="", description="", language="en", author_name="")
    navigation = await fetch_all(connection, Entry, SQL_NAVIGATION, {"home": HOME})
    return msgspec.structs.replace(found, url=site_url, navigation=tuple(navigation))
