"""Full-text search of what is published: words kept by publishing, found by readers."""

import re
from html import unescape

import msgspec
from sdc_core.sqlite import Connection, execute, fetch_all

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


SQL_SEARCH = """
SELECT posts.id, posts.kind, posts.slug, r.title, r.summary, r.tags AS tags_json, r.cover_asset_id,
    r.reading_minutes, posts.published_at_us, posts.changed_at_us AS updated_at_us,
    snippet(search, -1, char(2), char(3), '…', 24) AS snippet
FROM search
JOIN posts ON posts.id = search.post_id
JOIN revisions AS r ON r.id = posts.revision_id
WHERE search MATCH :words
ORDER BY bm25(search, 0.0, 8.0, 4.0, 1.0, 4.0), posts.published_at_us DESC
LIMIT :limit
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


async def keep(connection: Connection, revision: Revision) -> None:
    """The words of a post are those of this published revision from now on."""
    await forget(connection, revision.post_id)
    values = {
        "post_id": revision.post_id,
        "title": revision.title,
        "summary": revision.summary,
        "body": " ".join(unescape(_MARKUP.sub(" ", revision.body_html or "")).split()),
        "tags": " ".join(revision.tags),
    }
    await execute(connection, SQL_KEEP, values)


SQL_KEEP = """
INSERT INTO search (post_id, title, summary, body, tags) VALUES (:post_id, :title, :summary, :body, :tags)
"""

SQL_FORGET = "DELETE FROM search WHERE post_id = :post_id"


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
