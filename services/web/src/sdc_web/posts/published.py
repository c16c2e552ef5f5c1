"""What went out in a span of time, for whoever tells of a period."""

import msgspec
from sdc_core.sqlite import Connection, fetch_all

from sdc_web.posts.records import Kind, path_of


class Outing(msgspec.Struct, frozen=True, kw_only=True):
    """A text on the site, and when it was first published."""

    kind: Kind
    slug: str
    title: str
    published_at_us: int

    @property
    def path(self) -> str:
        """The address that readers use."""
        return path_of(self.kind, self.slug)


SQL_BETWEEN = """
SELECT posts.kind, posts.slug, revisions.title, posts.published_at_us
FROM posts JOIN revisions ON revisions.id = posts.revision_id
WHERE posts.published_at_us >= :start_us AND posts.published_at_us < :end_us
ORDER BY posts.published_at_us DESC LIMIT :limit
"""


async def between(connection: Connection, start_us: int, end_us: int, limit: int) -> list[Outing]:
    """Texts that are on the site, published from `start_us` to before `end_us`, the newest first."""
    values = {"start_us": start_us, "end_us": end_us, "limit": limit}
    return await fetch_all(connection, Outing, SQL_BETWEEN, values)
