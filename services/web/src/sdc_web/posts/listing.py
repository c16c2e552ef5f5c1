"""The author's list of texts: filtered, ordered and read a page at a time, however many there are."""

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias, get_args

import msgspec
from sdc_core.sqlite import Connection, Value, fetch_all

from sdc_web import list_places
from sdc_web.authors.rights import Actor
from sdc_web.posts import finding
from sdc_web.posts.records import Kind, State, address_of, path_of
from sdc_web.texts import names

Order: TypeAlias = Literal["saved", "published", "title"]
STATES: tuple[State, ...] = get_args(State)
PAGE = 50


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What is listed; an empty field asks for all. `after` is the `Page.after` of the page before."""

    q: str = ""
    kind: Kind | Literal[""] = ""
    state: State | Literal[""] = ""
    tag: str = ""
    series: str = ""
    order: Order = "saved"
    after: str = ""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list. `title` and `words` are the newest revision's, and so is `beginning`, which is there where
    there is no title; `state` is `changed` when that one is not the published one; times in microseconds, UTC, and
    `published_at_us` is 0 for what never was.
    """

    id: str
    author_id: str
    kind: Kind
    slug: str
    title: str
    state: State
    words: int
    saved_at_us: int
    published_at_us: int
    scheduled_at_us: int | None
    unpublish_at_us: int | None
    revision_id: str | None
    beginning: str = ""

    @property
    def name(self) -> str:
        """Its title, else its first words in quotation marks, else that it has none."""
        words = names.from_beginning(self.beginning)
        return self.title or (f"“{words}”" if words else "Untitled")

    @property
    def on_site(self) -> bool:
        """Whether readers see it; a scheduled one may be there too, as it was before."""
        return self.revision_id is not None

    @property
    def path(self) -> str:
        """The address that readers use."""
        return path_of(self.kind, self.slug)


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some lines, and how many texts there are in each state under the other filters. `after` names the next page,
    empty on the last one.
    """

    rows: list[Listed]
    counts: dict[State, int]
    after: str

    @property
    def total(self) -> int:
        """All states together."""
        return sum(self.counts.values())


class _Count(msgspec.Struct, frozen=True, kw_only=True):
    state: State
    number: int


COLUMNS = """
SELECT posts.id, posts.author_id, posts.kind, posts.slug, listed.title, listed.state, listed.words, listed.saved_at_us,
    listed.published_at_us, posts.scheduled_at_us, posts.unpublish_at_us, posts.revision_id
"""
"""Of `posts`, and of the catalogue as `listed`."""
_FROM = "FROM catalogue AS listed CROSS JOIN posts ON posts.id = listed.post_id"
_WHERE = """
WHERE (:kind = '' OR listed.kind = :kind) AND (:state = '' OR listed.state = :state)
    AND (:series = '' OR listed.series = :series)
    AND (:tag = '' OR listed.id IN (SELECT id FROM catalogue_tags WHERE tag = :tag))
    AND (:found IS NULL OR substr(:found, listed.id, 1) = x'01')
    AND (:author_id IS NULL OR listed.author_id = :author_id)
"""
SQL_BY_SAVED = f"""
{COLUMNS} {_FROM} {_WHERE} AND (listed.saved_at_us, listed.post_id) < (:key, :post_id)
ORDER BY listed.saved_at_us DESC, listed.post_id DESC LIMIT :limit
"""
SQL_BY_PUBLISHED = f"""
{COLUMNS} {_FROM} {_WHERE} AND (listed.published_at_us, listed.post_id) < (:key, :post_id)
ORDER BY listed.published_at_us DESC, listed.post_id DESC LIMIT :limit
"""
SQL_BY_TITLE = f"""
{COLUMNS} {_FROM} {_WHERE} AND listed.title COLLATE NOCASE >= :key
    AND (listed.title COLLATE NOCASE, listed.post_id) > (:key, :post_id)
ORDER BY listed.title COLLATE NOCASE, listed.post_id LIMIT :limit
"""
"""The title is compared alone as well: a pair with a collation of its own is sought by no index."""
SQL_COUNTS = f"""
SELECT listed.state, count(*) AS number FROM catalogue AS listed {_WHERE} GROUP BY listed.state
"""  # noqa: S608 - of the constants above
_ORDERED: dict[Order, str] = {"saved": SQL_BY_SAVED, "published": SQL_BY_PUBLISHED, "title": SQL_BY_TITLE}


async def page(connection: Connection, by: Actor, filters: Filters, limit: int = PAGE) -> Page:
    """The lines that follow `filters.after`, of texts that they may read. Raises Forbidden, and Invalid for an `after`
    that no page has given.
    """
    key, post_id = _place(filters)
    found = await finding.among_all(connection, filters.q)
    values: dict[str, Value] = {
        "kind": filters.kind,
        "state": filters.state,
        "series": filters.series,
        "tag": filters.tag,
        "found": found,
        "author_id": by.only_own("posts.read"),
    }
    more = {"key": key, "post_id": post_id, "limit": limit + 1}
    rows = await lines(connection, _ORDERED[filters.order], {**values, **more})
    counted = await fetch_all(connection, _Count, SQL_COUNTS, {**values, "state": ""})
    after = _after(rows[limit - 1], filters.order) if len(rows) > limit else ""
    return Page(rows=rows[:limit], counts={each.state: each.number for each in counted}, after=after)


async def last_saved(connection: Connection, by: Actor, limit: int, state: State | Literal[""] = "") -> list[Listed]:
    """The texts that were saved last, in any state or in one, of those that they may read. Raises Forbidden."""
    author_id = by.only_own("posts.read")
    values: dict[str, Value] = {
        "kind": "",
        "state": state,
        "series": "",
        "tag": "",
        "found": None,
        "author_id": author_id,
    }
    place = {"key": list_places.LATEST, "post_id": list_places.LAST_ID, "limit": limit}
    return await lines(connection, SQL_BY_SAVED, {**values, **place})


async def titled(connection: Connection, by: Actor, typed: str, limit: int) -> list[Listed]:
    """The texts in whose titles that stands, or all, the one saved last first, of those that they may read. Raises
    Forbidden.
    """
    values: dict[str, Value] = {
        "kind": "",
        "state": "",
        "series": "",
        "tag": "",
        "author_id": by.only_own("posts.read"),
        "found": await finding.by_title(connection, typed),
    }
    place = {"key": list_places.LATEST, "post_id": list_places.LAST_ID, "limit": limit}
    return await lines(connection, SQL_BY_SAVED, {**values, **place})


SQL_COUNTS_OF_ALL = """
SELECT state, count(*) AS number FROM catalogue WHERE :author_id IS NULL OR author_id = :author_id GROUP BY state
"""


async def counts(connection: Connection, by: Actor) -> dict[State, int]:
    """How many texts are in each state that any is in, of those that they may read. Raises Forbidden."""
    values = {"author_id": by.only_own("posts.read")}
    return {each.state: each.number for each in await fetch_all(connection, _Count, SQL_COUNTS_OF_ALL, values)}


class _Begun(msgspec.Struct, frozen=True, kw_only=True):
    post_id: str
    beginning: str


SQL_BEGINNINGS = """
SELECT revisions.post_id, substr(revisions.body, 1, 300) AS beginning
FROM json_each(:post_ids) AS wanted
CROSS JOIN revisions ON revisions.post_id = wanted.value
WHERE revisions.number = (SELECT max(number) FROM revisions AS newest WHERE newest.post_id = wanted.value)
"""


async def lines(connection: Connection, statement: str, values: Mapping[str, Value]) -> list[Listed]:
    """What a statement of `COLUMNS` finds. The texts of those without a title are read, and no others."""
    found = await fetch_all(connection, Listed, statement, values)
    untitled = [each.id for each in found if not each.title]
    if not untitled:
        return found
    wanted = {"post_ids": msgspec.json.encode(untitled).decode()}
    begun = {each.post_id: each.beginning for each in await fetch_all(connection, _Begun, SQL_BEGINNINGS, wanted)}
    return [msgspec.structs.replace(each, beginning=begun.get(each.id, "")) for each in found]


class _Titled(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    title: str


SQL_TITLES_AT = """
SELECT wanted.key AS path, r.title
FROM json_each(:wanted) AS wanted
CROSS JOIN posts ON posts.kind = wanted.value ->> 0 AND posts.slug = wanted.value ->> 1
JOIN revisions AS r ON r.id = posts.revision_id
"""


async def titles_at(connection: Connection, paths: Iterable[str]) -> dict[str, str]:
    """The titles that readers see at those of the paths where a text is."""
    wanted = {path: address for path in paths if (address := address_of(path))}
    values = {"wanted": msgspec.json.encode(wanted).decode()}
    return {each.path: each.title for each in await fetch_all(connection, _Titled, SQL_TITLES_AT, values)}


def _place(filters: Filters) -> tuple[str | int, str]:
    """The key and the id that the page begins behind."""
    return list_places.rising(filters.after) if filters.order == "title" else list_places.falling(filters.after)


def _after(last: Listed, order: Order) -> str:
    key = {"saved": last.saved_at_us, "published": last.published_at_us, "title": last.title}[order]
    return list_places.word(key, last.id)
