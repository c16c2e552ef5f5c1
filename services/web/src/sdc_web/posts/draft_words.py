"""The words of texts that are not as readers see them, kept for their author's search once typing has paused.

Not with each save: to index a long text takes longer than to save it, and there is one save a second.
"""

import asyncio

import msgspec
from sdc_core import clock
from sdc_core.sqlite import Connection, Database, execute, fetch_all

from sdc_web.texts.scripts import spread

AT_ONCE = 20
"""Texts in one transaction: some 50 ms."""
AT_REST_US = 30 * clock.SECOND_US
EVERY_S = 10.0
PAUSE_S = 0.02
"""Between two transactions, for those who write meanwhile."""


async def run(database: Database) -> None:
    """The loop: for ever, take the words of what has come to rest."""
    while True:
        more = await read_due(database, clock.now_us())
        await asyncio.sleep(PAUSE_S if more else EVERY_S)


class _Due(msgspec.Struct, frozen=True, kw_only=True):
    """`summary` and `body` are empty where readers see the newest revision: the index of the site has its words."""

    id: int
    summary: str
    body: str


SQL_DUE = """
SELECT catalogue.id,
    CASE catalogue.state WHEN 'published' THEN '' ELSE newest.summary END AS summary,
    CASE catalogue.state WHEN 'published' THEN '' ELSE newest.body END AS body
FROM drafts_to_read JOIN catalogue ON catalogue.id = drafts_to_read.id
JOIN revisions AS newest ON newest.post_id = catalogue.post_id
WHERE newest.number = (SELECT max(number) FROM revisions WHERE post_id = catalogue.post_id)
    AND catalogue.saved_at_us < :before_us
LIMIT :limit
"""


async def read_due(database: Database, now_us: int) -> bool:
    """Some texts; False when none is left that has been at rest for half a minute."""
    values = {"before_us": now_us - AT_REST_US, "limit": AT_ONCE}
    async with database.read() as connection:
        if not await fetch_all(connection, _Due, SQL_DUE, {**values, "limit": 1}):
            return False
    async with database.transaction() as connection:
        due = await fetch_all(connection, _Due, SQL_DUE, values)
        for each in due:
            await _keep(connection, each)
    return len(due) == AT_ONCE


SQL_FORGET = "DELETE FROM draft_words WHERE rowid = :id"
SQL_KEEP = "INSERT INTO draft_words (rowid, summary, body) VALUES (:id, :summary, :body)"
SQL_READ = "DELETE FROM drafts_to_read WHERE id = :id"


async def _keep(connection: Connection, text: _Due) -> None:
    await execute(connection, SQL_FORGET, {"id": text.id})
    if text.summary or text.body:
        values = {"id": text.id, "summary": spread(text.summary), "body": spread(text.body)}
        await execute(connection, SQL_KEEP, values)
    await execute(connection, SQL_READ, {"id": text.id})
