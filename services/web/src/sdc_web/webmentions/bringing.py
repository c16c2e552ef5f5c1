"""Accepted webmentions that come with an export of another site of this kind: they are not looked at again."""

import msgspec
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid, NotFound
from sdc_core.sqlite import Connection, Database, Value, execute, fetch_one, fetch_value

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.posts.backlinks import outward_url
from sdc_web.webmentions import entries, taking
from sdc_web.webmentions.entries import Entry

SQL_IS_HERE = """
SELECT 1 FROM webmentions JOIN posts ON posts.id = post_id
WHERE source = :source AND CASE posts.kind WHEN 'post' THEN '/posts/' WHEN 'project' THEN '/projects/' ELSE '/' END
    || posts.slug = :path
"""


async def is_here(database: Database, path: str, source: str) -> bool:
    """Whether the text at that path has it already, whatever became of it."""
    async with database.read() as connection:
        return await fetch_value(connection, SQL_IS_HERE, {"source": source, "path": path}) is not None


class _Text(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    author_id: str


SQL_TEXT = """
SELECT id, author_id FROM posts
WHERE kind = CASE WHEN :path LIKE '/posts/%' THEN 'post' WHEN :path LIKE '/projects/%' THEN 'project' END
    AND slug = CASE WHEN :path LIKE '/posts/%' THEN substr(:path, 8) ELSE substr(:path, 11) END
"""
SQL_COUNT = "SELECT count(*) FROM webmentions"
SQL_BRING = """
INSERT INTO webmentions (id, post_id, source, target, host, state, kind, author_name, author_url, title, words,
    asked_at_us)
VALUES (:id, :post_id, :source, :target, :host, 'accepted', :kind, :author_name, :author_url, :title, :words, :at_us)
ON CONFLICT (source, post_id) DO NOTHING
"""


async def bring(database: Database, by: Actor, path: str, source: str, said: Entry, at_us: int) -> bool:
    """Keep it as accepted; False when it is here already. Raises Forbidden; NotFound where there is no text at that
    path; Invalid for a source that is no page; Conflict when there are very many.
    """
    rights.require(by, "posts.publish")
    if not outward_url(source) or outward_url(source) != source:
        raise Invalid("its source is not the address of a page")
    async with database.transaction() as connection:
        text = await fetch_one(connection, _Text, SQL_TEXT, {"path": path})
        if text is None:
            raise NotFound("there is no text that it leads to")
        rights.require(by, "posts.publish", text.author_id)
        await _require_room(connection)
        values: dict[str, Value] = {
            "id": clock.new_id(),
            "post_id": text.id,
            "source": source,
            "target": path,
            "host": entries.host_of(source),
            "at_us": max(0, min(at_us, clock.now_us())),
        }
        came = await execute(connection, SQL_BRING, values | msgspec.structs.asdict(entries.cleaned(said))) > 0
        if came:
            words = f"1, of {entries.host_of(source)}, by an import"
            await audit.record(connection, by, "webmention.accepted", text.id, words)
    return came


async def _require_room(connection: Connection) -> None:
    kept = await fetch_value(connection, SQL_COUNT)
    if isinstance(kept, int) and kept >= taking.MAX_KEPT:
        raise Conflict(f"this site keeps {taking.MAX_KEPT:,} webmentions already")
