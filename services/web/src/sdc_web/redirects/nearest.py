"""Where an address that leads nowhere may have meant to lead: the published text whose own is most like it."""

import re
from difflib import get_close_matches
from urllib.parse import unquote

import msgspec
from sdc_core.sqlite import Connection, fetch_all

from sdc_web.posts.records import Kind, path_of

MOST_WORDS = 4
_SHORTEST = 3
_CLOSE = 0.6
_ENDING = re.compile(r"\.(?:html?|php|aspx?)$")


class _Text(msgspec.Struct, frozen=True, kw_only=True):
    kind: Kind
    slug: str


SQL_ALIKE = """
SELECT DISTINCT posts.kind, posts.slug FROM json_each(:words) AS word
JOIN posts ON instr(posts.slug, word.value) > 0 AND posts.revision_id IS NOT NULL
ORDER BY posts.slug, posts.kind LIMIT 300
"""


async def nearest(connection: Connection, path: str) -> str:
    """The path of that text; empty where none is like it."""
    name = _ENDING.sub("", unquote(path).rstrip("/").lower()).rpartition("/")[2]
    slug = re.sub("[^a-z0-9]+", "-", name).strip("-")[:200]
    words = sorted({each for each in slug.split("-") if len(each) >= _SHORTEST}, key=lambda each: (-len(each), each))
    if not words:
        return ""
    # The beginning of a word as well: its end may be mistyped.
    wanted = [part for each in words[:MOST_WORDS] for part in (each, each[: max(_SHORTEST, len(each) // 2)])]
    texts = await fetch_all(connection, _Text, SQL_ALIKE, {"words": msgspec.json.encode(wanted).decode()})
    paths = {each.slug: path_of(each.kind, each.slug) for each in texts}
    return next((paths[each] for each in get_close_matches(slug, paths, n=1, cutoff=_CLOSE)), "")
