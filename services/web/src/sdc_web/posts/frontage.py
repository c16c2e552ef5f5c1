"""What surrounds every page: the site's own title and words, who writes it, the navigation, the colours of tags."""

import msgspec
from sdc_core.sqlite import Connection, fetch_all, fetch_one

from sdc_web.posts.tags import Colour

HOME = "home"
"""The slug of the page whose text opens the home page."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A link of the navigation."""

    title: str
    url: str


class Front(msgspec.Struct, frozen=True, kw_only=True):
    """The site as a whole, as layouts name it; `url` is its public address without a trailing slash, `colours` are
    those of the tags that have one.
    """

    title: str
    description: str
    language: str
    author_name: str
    url: str = ""
    navigation: tuple[Entry, ...] = ()
    colours: dict[str, Colour] = {}

    def colour_of(self, tag: str) -> Colour:
        """Empty for none."""
        return self.colours.get(tag, "")


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    description: str
    language: str
    author_name: str
    colours_json: str


SQL_FRONT = """
SELECT title, description, language,
    coalesce((SELECT display_name FROM authors ORDER BY created_at_us, id LIMIT 1), '') AS author_name,
    (SELECT json_group_object(name, colour) FROM tags WHERE colour <> '') AS colours_json
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
    found = await fetch_one(connection, _Row, SQL_FRONT)
    if found is None:
        return Front(title="", description="", language="en", author_name="", url=site_url)
    navigation = await fetch_all(connection, Entry, SQL_NAVIGATION, {"home": HOME})
    return Front(
        title=found.title,
        description=found.description,
        language=found.language,
        author_name=found.author_name,
        url=site_url,
        navigation=tuple(navigation),
        colours=msgspec.json.decode(found.colours_json, type=dict[str, Colour]),
    )
