"""What a search finds: the best posts with the words around each match, and how many there are of every kind."""

from typing import TypeAlias

import msgspec
from sdc_core.sqlite import Connection, Value, fetch_all

from sdc_web.posts.reading import Summary
from sdc_web.posts.records import Kind
from sdc_web.search.query import Query
from sdc_web.texts.scripts import gathered

RANKED = 1_000
"""Matches that are weighed against each other: of more than these, the last that came to the site, and as many again
that have the words in their titles."""
MAX_TAGS = 12
MARKED_LETTERS = 100_000
"""Of a text in which the words are looked for once more, to be shown: that takes time by the square of how often they
stand there, a second for ten thousand. Of longer ones, more than an hour to read, the summary or the opening is shown.
"""
_BEGIN, _END = "\x02", "\x03"
_Values: TypeAlias = dict[str, Value]


class Excerpt(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of text around a match; `matched` when it is one of the words itself."""

    text: str
    matched: bool


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A published post with its title and the part of it that matches, in pieces."""

    post: Summary
    title: tuple[Excerpt, ...]
    excerpt: tuple[Excerpt, ...]


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Only what is of that kind, and carries that tag; empty for all."""

    kind: Kind | str = ""
    tag: str = ""


class OfKind(msgspec.Struct, frozen=True, kw_only=True):
    """How many matches are of a kind."""

    kind: Kind
    number: int


class _Tag(msgspec.Struct, frozen=True, kw_only=True):
    tag: str


class _Best(msgspec.Struct, frozen=True, kw_only=True):
    row: int


class _Row(Summary, frozen=True, kw_only=True):
    row: int
    title_marked: str
    summary_marked: str
    snippet: str


# `+` keeps SQLite from looking each tagged row up in the index, which would begin the search anew for every one.
SQL_OF_KINDS = """
WITH tagged AS (
    SELECT search_rows.id FROM post_tags CROSS JOIN search_rows ON search_rows.post_id = post_tags.post_id
    WHERE post_tags.tag = :tag
)
SELECT search_rows.kind, count(*) AS number
FROM search CROSS JOIN search_rows ON search_rows.id = search.rowid
WHERE search MATCH :words AND (:tag = '' OR +search.rowid IN tagged)
GROUP BY search_rows.kind
"""


async def of_kinds(connection: Connection, query: Query, tag: str) -> dict[Kind, int]:
    """How many matches there are of each kind, among those that carry the tag."""
    if not query.expression:
        return {}
    rows = await fetch_all(connection, OfKind, SQL_OF_KINDS, {"words": query.expression, "tag": tag})
    return {each.kind: each.number for each in rows}


SQL_TAGS = """
WITH tagged AS (
    SELECT search_rows.id FROM post_tags CROSS JOIN search_rows ON search_rows.post_id = post_tags.post_id
    WHERE post_tags.tag = :tag
)
SELECT post_tags.tag FROM (
    SELECT search_rows.post_id
    FROM search CROSS JOIN search_rows ON search_rows.id = search.rowid
    WHERE search MATCH :words AND (:kind = '' OR search_rows.kind = :kind) AND (:tag = '' OR +search.rowid IN tagged)
    ORDER BY search.rowid DESC LIMIT :ranked
) AS found JOIN post_tags ON post_tags.post_id = found.post_id
GROUP BY post_tags.tag ORDER BY count(*) DESC, post_tags.tag LIMIT :limit
"""


async def tags(connection: Connection, query: Query, filters: Filters) -> list[str]:
    """The tags of the matches, the most frequent first; at most `MAX_TAGS`."""
    if not query.expression:
        return []
    values = {**_values(query, filters), "limit": MAX_TAGS}
    del values["titled"]
    return [each.tag for each in await fetch_all(connection, _Tag, SQL_TAGS, values)]


# bm25 costs far more than the match itself, so that only so many are weighed: a word that stands in every post says
# little of any. A word is rarer in titles than in texts, so the second half weighs it higher than the first one does.
SQL_BEST = """
WITH tagged AS (
    SELECT search_rows.id FROM post_tags CROSS JOIN search_rows ON search_rows.post_id = post_tags.post_id
    WHERE post_tags.tag = :tag
),
weighed AS (
    SELECT row, post_id, distance FROM (
        SELECT search.rowid AS row, search_rows.post_id, bm25(search, 0.0, 8.0, 4.0, 1.0, 4.0) AS distance
        FROM search CROSS JOIN search_rows ON search_rows.id = search.rowid
        WHERE search MATCH :words AND (:kind = '' OR search_rows.kind = :kind)
            AND (:tag = '' OR +search.rowid IN tagged)
        ORDER BY search.rowid DESC LIMIT :ranked
    )
    UNION ALL
    SELECT row, post_id, distance FROM (
        SELECT search.rowid AS row, search_rows.post_id, bm25(search, 0.0, 8.0, 4.0, 1.0, 4.0) AS distance
        FROM search CROSS JOIN search_rows ON search_rows.id = search.rowid
        WHERE search MATCH :titled AND (:kind = '' OR search_rows.kind = :kind)
            AND (:tag = '' OR +search.rowid IN tagged)
        ORDER BY search.rowid DESC LIMIT :ranked
    )
)
SELECT weighed.row FROM weighed JOIN posts ON posts.id = weighed.post_id
GROUP BY weighed.row
ORDER BY min(weighed.distance), posts.published_at_us DESC, posts.id DESC
LIMIT :limit OFFSET :offset
"""


async def best(connection: Connection, query: Query, filters: Filters, limit: int, offset: int = 0) -> list[Found]:
    """Published posts that the query asks for, the best match first, of equal ones the newest."""
    if not query.expression:
        return []
    values = {**_values(query, filters), "limit": limit, "offset": offset}
    rows = [each.row for each in await fetch_all(connection, _Best, SQL_BEST, values)]
    return await _shown(connection, query, rows)


SQL_SHOWN = """
SELECT search.rowid AS row, posts.id, posts.kind, posts.slug, r.title, r.summary, r.tags AS tags_json,
    r.cover_asset_id, r.reading_minutes, posts.published_at_us, posts.changed_at_us AS updated_at_us, r.language,
    highlight(search, 1, char(2), char(3)) AS title_marked, highlight(search, 2, char(2), char(3)) AS summary_marked,
    CASE WHEN length(search.body) <= :marked_letters THEN snippet(search, 3, char(2), char(3), '…', 24)
        ELSE substr(search.body, 1, 160) || '…' END AS snippet
FROM search
CROSS JOIN posts ON posts.id = search.post_id
JOIN revisions AS r ON r.id = posts.revision_id
WHERE search MATCH :words AND +search.rowid IN (SELECT value FROM json_each(:rows))
"""


async def _shown(connection: Connection, query: Query, rows: list[int]) -> list[Found]:
    """Those rows of the index, in that order."""
    values: _Values = {
        "words": query.expression,
        "rows": msgspec.json.encode(rows).decode(),
        "marked_letters": MARKED_LETTERS,
    }
    found = {each.row: each for each in await fetch_all(connection, _Row, SQL_SHOWN, values)}
    best_first = [found[row] for row in rows if row in found]
    return [Found(post=each, title=_parts(each.title_marked), excerpt=_excerpt(each)) for each in best_first]


def _excerpt(row: _Row) -> tuple[Excerpt, ...]:
    """Where the words stand, in the text or in the summary; the latter also where both have none."""
    if _BEGIN in row.snippet or not row.summary:
        return _parts(row.snippet)
    return _parts(row.summary_marked)


def _values(query: Query, filters: Filters) -> _Values:
    return {
        "words": query.expression,
        "titled": query.in_title,
        "kind": filters.kind,
        "tag": filters.tag,
        "ranked": RANKED,
    }


def _parts(marked: str) -> tuple[Excerpt, ...]:
    """The marked text in pieces."""
    parts = []
    for piece in gathered(marked).split(_BEGIN):
        matched, end, rest = piece.partition(_END)
        if end:
            parts.append(Excerpt(text=matched, matched=True))
        else:
            rest = matched
        if rest:
            parts.append(Excerpt(text=rest, matched=False))
    return tuple(parts)
