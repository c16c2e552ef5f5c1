"""Series as the author looks through them: by title, a page at a time, however many there are."""

import msgspec
from sdc_core.sqlite import Connection, fetch_all

from sdc_web.posts.series import Counted
from sdc_web.texts import characters

PAGE = 50


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Part of a title, empty for all; `after` is the `Page.after` of the page before."""

    q: str = ""
    after: str = ""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some series; `after` names the next page, empty on the last one."""

    rows: list[Counted]
    after: str


class _Titled(msgspec.Struct, frozen=True, kw_only=True):
    title: str


SQL_TITLES_AFTER = "SELECT title FROM series WHERE title > :after ORDER BY title"
SQL_LISTED = """
SELECT series.id, series.slug, series.title, series.description,
    count(posts.id) AS posts, max(posts.changed_at_us) AS updated_at_us
FROM json_each(:titles) AS wanted CROSS JOIN series ON series.title = wanted.value
LEFT JOIN posts ON posts.series_id = series.id AND posts.revision_id IS NOT NULL
GROUP BY series.id ORDER BY series.title
"""


async def page(connection: Connection, filters: Filters, limit: int = PAGE) -> Page:
    """Those whose titles hold `filters.q`, in capitals or small letters, without a published post as well."""
    titles = [each.title for each in await fetch_all(connection, _Titled, SQL_TITLES_AFTER, {"after": filters.after})]
    # SQLite knows the capitals of ASCII alone.
    words = characters.line(filters.q).casefold()
    found = [title for title in titles if words in title.casefold()]
    values = {"titles": msgspec.json.encode(found[:limit]).decode()}
    rows = await fetch_all(connection, Counted, SQL_LISTED, values)
    return Page(rows=rows, after=rows[-1].title if len(found) > limit else "")
