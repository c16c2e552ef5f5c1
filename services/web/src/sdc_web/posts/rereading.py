"""Published texts read once more, after an upgrade that takes more from them, or takes it in another way."""

import logging

import msgspec
from sdc_core.sqlite import Connection, Database, fetch_all, fetch_one

from sdc_web.posts import backlinks, tags
from sdc_web.posts.records import Kind, Revision, path_of
from sdc_web.search import index

AT_ONCE = 20
log = logging.getLogger(__name__)


class _Former(msgspec.Struct, frozen=True, kw_only=True):
    id: str


SQL_FORMER = """
SELECT posts.id FROM posts LEFT JOIN search_rows ON search_rows.post_id = posts.id
WHERE posts.revision_id IS NOT NULL AND coalesce(search_rows.reading, 0) < :reading
"""


async def read_again(database: Database) -> None:
    """Every text that was read in a former way, a few in each transaction, so that nobody waits for long.

    What other processes have read meanwhile is passed over, and a crash leaves the rest for the next start.
    """
    await tags.compose(database)
    async with database.read() as connection:
        former = await fetch_all(connection, _Former, SQL_FORMER, {"reading": index.READING})
    for first in range(0, len(former), AT_ONCE):
        async with database.transaction() as connection:
            for post in former[first : first + AT_ONCE]:
                await _read(connection, post.id)
    if former:
        log.info("texts were read again", extra={"texts": len(former)})


class _Text(Revision, frozen=True, kw_only=True):
    kind: Kind


SQL_TEXT = """
SELECT posts.kind, r.id, r.post_id, r.number, r.title, r.slug, r.summary, r.body, r.tags AS tags_json, r.cover_asset_id,
    r.saved_at_us, r.author_id, r.body_html
FROM posts JOIN revisions AS r ON r.id = posts.revision_id
LEFT JOIN search_rows ON search_rows.post_id = posts.id
WHERE posts.id = :post_id AND coalesce(search_rows.reading, 0) < :reading
"""


async def _read(connection: Connection, post_id: str) -> None:
    values = {"post_id": post_id, "reading": index.READING}
    text = await fetch_one(connection, _Text, SQL_TEXT, values)
    if text is not None:
        await index.keep(connection, text)
        await backlinks.keep(connection, post_id, text.body_html or "", path_of(text.kind, text.slug))
