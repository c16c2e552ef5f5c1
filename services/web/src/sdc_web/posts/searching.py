"""Full-text search of what is published: words kept by publishing, found by readers."""

import re
from html import unescape

import msgspec
from sdc_core.sqlite import Connection, execute, fetch_all, fetch_value

from sdc_web.posts.reading import Summary
from sdc_web.posts.records import Revision

MAX_QUERY = 200
MAX_WORDS = 8
_MARKUP = re.compile(r"<[^>]*>")
_WORD = re.compile(r"\w+")
_BEGIN, _END = "\x02", "\x03"


class Excerpt(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of text around a match; `matched` when it is one of the words itself."""

    text: str
    matched: bool


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A published post with the part of it that matches."""

    post: Summary
    excerpt: tuple[Excerpt, ...]


class _Row(Summary, frozen=True, kw_only=True):
    snippet: str


# In the order of `rank`, FTS5 sorts by itself, and cuts an excerpt for those rows alone that are given out.
SQL_SEARCH = """
WITH best AS MATERIALIZED (
    SELECT post_id, rank AS distance, snippet(search, -1, char(2), char(3), '…', 24) AS snippet
    FROM search WHERE search MATCH :words AND rank MATCH 'bm25(0.0, 8.0, 4.0, 1.0, 4.0)'
    ORDER BY rank LIMIT :limit
)
SELECT posts.id, posts.kind, posts.slug, r.title, r.summary, r.tags AS tags_json, r.cover_asset_id,
    r.reading_minutes, posts.published_at_us, posts.changed_at_us AS updated_at_us, best.snippet
FROM best
JOIN posts ON posts.id = best.post_id
JOIN revisions AS r ON r.id = posts.revision_id
ORDER BY best.distance, posts.published_at_us DESC
"""


async def search(connection: Connection, query: str, limit: int = 30) -> list[Found]:
    """Published posts that hold every word of the query, the last one also as a beginning; the best match first."""
    words = _WORD.findall(query[:MAX_QUERY])[:MAX_WORDS]
    if not words:
        return []
    # Words in quotes are text to FTS5, whatever they spell.
    match = " ".join(f'"{word}"' for word in words) + "*"
    rows = await fetch_all(connection, _Row, SQL_SEARCH, {"words": match, "limit": limit})
    return [Found(post=row, excerpt=_parts(row.snippet)) for row in rows]


SQL_ROW = """
INSERT INTO search_rows (post_id) VALUES (:post_id)
ON CONFLICT (post_id) DO UPDATE SET post_id = excluded.post_id RETURNING id
"""

SQL_KEEP = """
INSERT INTO search (rowid, post_id, title, summary, body, tags)
VALUES (:row, :post_id, :title, :summary, :body, :tags)
"""


async def keep(connection: Connection, revision: Revision) -> None:
    """The words of a post are those of this published revision from now on."""
    await forget(connection, revision.post_id)
    values = {
        "row": await fetch_value(connection, SQL_ROW, {"post_id": revision.post_id}),
        "post_id": revision.post_id,
        "title": revision.title,
        "summary": revision.summary,
        "body": " ".join(unescape(_MARKUP.sub(" ", revision.body_html or "")).split()),
        "tags": " ".join(revision.tags),
    }
    await execute(connection, SQL_KEEP, values)


# The index takes a row apart and together again, whatever changes in it: by itself, it is done in a third of the time.
SQL_KEEP_TAGS = """
UPDATE search SET tags = coalesce((
    SELECT group_concat(written.value, ' ')
    FROM search_rows
    JOIN posts ON posts.id = search_rows.post_id
    JOIN revisions AS r ON r.id = posts.revision_id, json_each(r.tags) AS written
    WHERE search_rows.id = search.rowid
), '')
WHERE rowid IN (SELECT id FROM search_rows WHERE post_id IN (SELECT value FROM json_each(:post_ids)))
"""


async def keep_tags(connection: Connection, post_ids: list[str]) -> None:
    """The tags of these posts are those of their published revisions, by which they are found from now on."""
    await execute(connection, SQL_KEEP_TAGS, {"post_ids": msgspec.json.encode(post_ids).decode()})


SQL_FORGET = "DELETE FROM search WHERE rowid = (SELECT id FROM search_rows WHERE post_id = :post_id)"


async def forget(connection: Connection, post_id: str) -> None:
    """Nothing of this post is found any more."""
    await execute(connection, SQL_FORGET, {"post_id": post_id})


def _parts(snippet: str) -> tuple[Excerpt, ...]:
    """The marked text in pieces."""
    parts = []
    for piece in snippet.split(_BEGIN):
        matched, end, rest = piece.partition(_END)
        if end:
            parts.append(Excerpt(text=matched, matched=True))
        else:
            rest = matched
        if rest:
            parts.append(Excerpt(text=rest, matched=False))
    return tuple(parts)
