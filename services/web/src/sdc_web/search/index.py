"""The words of what is published, kept by publishing, for the search to find."""

import re
from html import unescape

import msgspec
from sdc_core.sqlite import Connection, execute, fetch_all, fetch_value

from sdc_web.posts.records import Revision, decode_tags
from sdc_web.texts.scripts import spread

READING = 6
"""The way in which a text is rendered, and words and links are taken from it. Raise it with a change to that, also by
a library such as nh3, and all that is published is rendered and read again.
"""
_INSIDE_WORDS = re.compile(
    r"</?(?:a|abbr|b|cite|code|del|em|i|ins|kbd|mark|q|s|samp|small|span|strong|sub|sup|u|var)(?:\s[^<>]*)?>"
)
_MARKUP = re.compile(r"<[^>]*>")

SQL_ROW = """
INSERT INTO search_rows (post_id, kind, reading) SELECT id, kind, :reading FROM posts WHERE id = :post_id
ON CONFLICT (post_id) DO UPDATE SET kind = excluded.kind, reading = excluded.reading RETURNING id
"""

SQL_KEEP = """
INSERT INTO search (rowid, post_id, title, summary, body, tags)
VALUES (:row, :post_id, :title, :summary, :body, :tags)
"""


async def keep(connection: Connection, revision: Revision) -> None:
    """The words of a post are those of this published revision from now on."""
    await forget(connection, revision.post_id)
    values = {
        "row": await fetch_value(connection, SQL_ROW, {"post_id": revision.post_id, "reading": READING}),
        "post_id": revision.post_id,
        "title": spread(revision.title),
        "summary": spread(revision.summary),
        "body": spread(_text(revision.body_html or "")),
        "tags": _tags(revision.tags),
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


class _Tagged(msgspec.Struct, frozen=True, kw_only=True):
    row: int
    tags_json: str


SQL_TAGGED = """
SELECT search_rows.id AS row, r.tags AS tags_json
FROM search_rows JOIN posts ON posts.id = search_rows.post_id JOIN revisions AS r ON r.id = posts.revision_id
WHERE search_rows.post_id IN (SELECT value FROM json_each(:post_ids))
"""
SQL_SPREAD_TAGS = "UPDATE search SET tags = :tags WHERE rowid = :row"


async def keep_tags(connection: Connection, post_ids: list[str]) -> None:
    """The tags of these posts are those of their published revisions, by which they are found from now on."""
    named = {"post_ids": msgspec.json.encode(post_ids).decode()}
    await execute(connection, SQL_KEEP_TAGS, named)
    for each in await fetch_all(connection, _Tagged, SQL_TAGGED, named):
        names = decode_tags(each.tags_json)
        if (tags := _tags(names)) != " ".join(names):
            await execute(connection, SQL_SPREAD_TAGS, {"row": each.row, "tags": tags})


SQL_FORGET = "DELETE FROM search WHERE rowid = (SELECT id FROM search_rows WHERE post_id = :post_id)"


async def forget(connection: Connection, post_id: str) -> None:
    """Nothing of this post is found any more."""
    await execute(connection, SQL_FORGET, {"post_id": post_id})


def _tags(names: tuple[str, ...]) -> str:
    return spread(" ".join(names))


def _text(html: str) -> str:
    """What a reader reads: words that are only marked in parts stay whole."""
    return " ".join(unescape(_MARKUP.sub(" ", _INSIDE_WORDS.sub("", html))).split())
