"""Published texts rendered and read once more, after an upgrade that makes something else of them, or takes more."""

import logging

import msgspec
from msgspec.structs import replace
from sdc_core.sqlite import Connection, Database, execute, fetch_all

from sdc_web.posts import backlinks, tags
from sdc_web.posts.records import Kind, Revision, path_of
from sdc_web.search import index
from sdc_web.texts import markdown
from sdc_web.texts.markdown import Rendered

AT_ONCE = 20
_DRAWN = '<figure class="drawing"><div'
log = logging.getLogger(__name__)


class _Former(msgspec.Struct, frozen=True, kw_only=True):
    id: str


# In no order: processes that start together shall not all be at the same text.
SQL_FORMER = """
SELECT posts.id FROM posts LEFT JOIN search_rows ON search_rows.post_id = posts.id
WHERE posts.revision_id IS NOT NULL AND coalesce(search_rows.reading, 0) < :reading
ORDER BY random()
"""


async def read_again(database: Database) -> None:
    """Every text that was rendered or read in a former way, a few in each transaction, so that nobody waits for long.

    To readers of feeds none is changed. What other processes have read meanwhile, or somebody has published, is passed
    over, and a crash leaves the rest for the next start.
    """
    await tags.compose(database)
    async with database.read() as connection:
        former = await fetch_all(connection, _Former, SQL_FORMER, {"reading": index.READING})
    for first in range(0, len(former), AT_ONCE):
        async with database.read() as connection:
            texts = await _former(connection, former[first : first + AT_ONCE])
        fresh = {text.id: rendered for text in texts if (rendered := await _rendered(text)) is not None}
        async with database.transaction() as connection:
            for text in await _former(connection, former[first : first + AT_ONCE]):
                if text.id in fresh:
                    await _keep(connection, text, fresh[text.id])
    if former:
        log.info("texts were rendered and read again", extra={"texts": len(former)})


class _Text(Revision, frozen=True, kw_only=True):
    kind: Kind


SQL_TEXTS = """
SELECT posts.kind, r.id, r.post_id, r.number, r.title, r.slug, r.summary, r.body, r.tags AS tags_json, r.cover_asset_id,
    r.saved_at_us, r.author_id, r.body_html
FROM json_each(:post_ids) AS asked
JOIN posts ON posts.id = asked.value
JOIN revisions AS r ON r.id = posts.revision_id
LEFT JOIN search_rows ON search_rows.post_id = posts.id
WHERE coalesce(search_rows.reading, 0) < :reading
"""


async def _former(connection: Connection, posts: list[_Former]) -> list[_Text]:
    post_ids = msgspec.json.encode([post.id for post in posts]).decode()
    return await fetch_all(connection, _Text, SQL_TEXTS, {"post_ids": post_ids, "reading": index.READING})


async def _rendered(text: _Text) -> Rendered | None:
    """None where a drawing that readers see would be lost: the machine may be busy, and the next start tries again."""
    rendered = await markdown.rendered(text.body)
    if rendered.faults:
        rendered = await markdown.rendered(text.body)
        for fault in rendered.faults:
            log.warning("a text was rendered with a fault", extra={"post_id": text.post_id, "fault": fault})
    drawn, drawn_before = (html.count(_DRAWN) for html in (rendered.html, text.body_html or ""))
    return None if rendered.faults and drawn < drawn_before else rendered


SQL_KEEP = "UPDATE revisions SET body_html = :html, reading_minutes = :reading_minutes WHERE id = :id"
SQL_SHOW = "UPDATE generation SET n = n + 1"


async def _keep(connection: Connection, text: _Text, rendered: Rendered) -> None:
    values = {"id": text.id, "html": rendered.html, "reading_minutes": rendered.reading_minutes}
    await execute(connection, SQL_KEEP, values)
    await execute(connection, SQL_SHOW)
    await index.keep(connection, replace(text, body_html=rendered.html))
    await backlinks.keep(connection, text.post_id, rendered.html, path_of(text.kind, text.slug))
