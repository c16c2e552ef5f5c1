"""Looking at a text as it stands in the editor, saved or not."""

import asyncio

from sdc_core.sqlite import Connection, Database, fetch_value

from sdc_web import redirects
from sdc_web.checks import links, pictures, words
from sdc_web.checks.findings import Finding, ordered
from sdc_web.checks.parsed import Parsed, parse
from sdc_web.posts.records import Draft, Post, path_of


async def look(database: Database, post: Post, draft: Draft, site_url: str) -> tuple[Finding, ...]:
    """What its author may want to mend, the worst first; nothing is changed, and nothing is remembered."""
    text, found = await asyncio.to_thread(_read, draft)
    async with database.read() as connection:
        found += await links.look(connection, post, text.links, site_url)
        found += await links.look_outside(connection, text.links, site_url)
        found += await pictures.look_for_files(connection, post, text.pictures, site_url)
        found += await pictures.look(connection, draft, post.kind, text.pictures, text.links)
        found += await _names(connection, post, draft)
    return ordered(found)


def _read(draft: Draft) -> tuple[Parsed, list[Finding]]:
    text = parse(draft.body)
    return text, list(words.look(draft, text))


SQL_SLUG_TAKEN = "SELECT 1 FROM posts WHERE kind = :kind AND slug = :slug AND id <> :post_id"
SQL_SAME_TITLE = """
SELECT 1 FROM catalogue WHERE title = :title COLLATE NOCASE AND kind = :kind AND post_id <> :post_id LIMIT 1
"""


async def _names(connection: Connection, post: Post, draft: Draft) -> list[Finding]:
    """Whether another text of its kind has the same address, or had it, or the same title."""
    found = []
    slug, title = draft.slug.strip(), draft.title.strip()
    where = {"kind": post.kind, "post_id": post.id}
    if slug and await fetch_value(connection, SQL_SLUG_TAKEN, {**where, "slug": slug}) is not None:
        what = f"Another {post.kind} has the address {words.shortened(slug)}."
        found.append(Finding(rule="address-taken", what=what, field="slug"))
    if slug and (kept_for := await redirects.kept_for_another(connection, path_of(post.kind, slug), post.id)):
        what = (
            f"Links to {words.shortened(path_of(post.kind, slug))} lead to {words.shortened(kept_for)}: no longer then."
        )
        found.append(Finding(rule="address-had", what=what, field="slug"))
    if title and await fetch_value(connection, SQL_SAME_TITLE, {**where, "title": title}) is not None:
        found.append(Finding(rule="same-title", what=f"Another {post.kind} has the same title.", field="title"))
    return found
