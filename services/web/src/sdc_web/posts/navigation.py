"""The links at the top of every page: made from what is published, until the author has a list of their own."""

import re
from typing import Literal, TypeAlias

import msgspec
from sdc_core.errors import Invalid
from sdc_core.sqlite import Connection, Database, execute, fetch_all, fetch_value

from sdc_web import audit, redirects
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.db import Guard, unguarded
from sdc_web.posts import reading, store
from sdc_web.posts.records import Kind
from sdc_web.redirects import addresses
from sdc_web.texts import characters

HOME = "home"
"""The slug of the page whose text opens the home page."""
MAX_ENTRIES = 12
MAX_TITLE = 40
Standing: TypeAlias = Literal["there", "away", "moved", "draft", "missing"]
"""Of an address: `there` for readers, `away` on another site, `moved` to another address, `draft` not yet published."""

_YEAR = re.compile(r"[12][0-9]{3}")
_ALWAYS_THERE = frozenset({"posts", "projects", "tags", "search", "feed.xml", "rss.xml", "feed.json", "sitemap.xml"})
_NOT_LOOKED_AT = addresses.PRIVATE | {
    "static",
    "media",
    ".well-known",
    "robots.txt",
    "manifest.webmanifest",
    "opensearch.xml",
}
_FEEDS = frozenset({"feed.xml", "rss.xml", "feed.json"})
_KINDS: dict[str, Kind] = {"posts": "post", "projects": "project"}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A link of the navigation; `url` is a path of this site, or an https URL."""

    title: str
    url: str

    @property
    def is_external(self) -> bool:
        """Whether it leads away from this site."""
        return not self.url.startswith("/")


SQL_IS_OWN = "SELECT own_navigation FROM site WHERE id = 1"


async def is_own(connection: Connection) -> bool:
    """Whether readers see the author's list, be it empty, and not the one that is made."""
    return bool(await fetch_value(connection, SQL_IS_OWN))


SQL_ENTRIES = "SELECT title, url FROM navigation ORDER BY position"


async def entries(connection: Connection) -> list[Entry]:
    """The author's own list."""
    return await fetch_all(connection, Entry, SQL_ENTRIES)


def checked(entry: Entry, site_url: str) -> Entry:
    """The entry as it is stored. Raises Invalid with the field at fault."""
    title = characters.fitting(characters.line(entry.title), MAX_TITLE, "title", "The title")
    if not title:
        raise Invalid("Every entry needs a title.", field="title")
    try:
        return Entry(title=title, url=addresses.target(entry.url, site_url))
    except Invalid as error:
        raise Invalid(str(error), field="url") from None


SQL_CLEAR = "DELETE FROM navigation"
SQL_ADD = "INSERT INTO navigation (position, title, url) VALUES (:position, :title, :url)"
SQL_SET_OWN = "UPDATE site SET own_navigation = :is_own WHERE id = 1"


async def put(database: Database, by: Actor, entries: list[Entry], site_url: str, guard: Guard = unguarded) -> None:
    """Readers see these links from now on, and no others. Raises Forbidden, and Invalid naming the entry:
    then nothing has changed.
    """
    rights.require(by, "site.change")
    if len(entries) > MAX_ENTRIES:
        raise Invalid(f"The navigation has at most {MAX_ENTRIES} entries.", field="entries")
    kept = [_checked(number, each, site_url) for number, each in enumerate(entries, 1)]
    async with database.transaction() as connection:
        await guard(connection)
        await execute(connection, SQL_CLEAR)
        for position, each in enumerate(kept, 1):
            await execute(connection, SQL_ADD, {"position": position, "title": each.title, "url": each.url})
        await execute(connection, SQL_SET_OWN, {"is_own": 1})
        titles = ", ".join(each.title for each in kept)
        await audit.record(connection, by, "site.changed", "navigation", f"the navigation: {titles or 'nothing'}")


def _checked(number: int, entry: Entry, site_url: str) -> Entry:
    try:
        return checked(entry, site_url)
    except Invalid as error:
        raise Invalid(f"Entry {number}, its {error.field}: {error}", field="entries") from None


async def forget(database: Database, by: Actor, guard: Guard = unguarded) -> None:
    """The navigation is made from what is published again. Raises Forbidden."""
    rights.require(by, "site.change")
    async with database.transaction() as connection:
        await guard(connection)
        await execute(connection, SQL_CLEAR)
        await execute(connection, SQL_SET_OWN, {"is_own": 0})
        await audit.record(connection, by, "site.changed", "navigation", "the navigation: made from what is published")


async def standing(connection: Connection, url: str) -> Standing:
    """What a reader finds at the address of an entry."""
    path = addresses.path_here(url)
    if not path:
        return "away"
    parts = path.strip("/").split("/")
    if parts == [""] or parts[0] in _NOT_LOOKED_AT or (len(parts) == 1 and parts[0] in _ALWAYS_THERE):
        return "there"
    if await _is_listed(connection, parts):
        return "there"
    kind = "page" if len(parts) == 1 else _KINDS.get(parts[0]) if len(parts) == 2 else None
    post = await store.by_address(connection, kind, parts[-1]) if kind else None
    if post is not None and post.revision_id is not None:
        return "there"
    if await redirects.follow(connection, path) is not None:
        return "moved"
    return "missing" if post is None else "draft"


SQL_HAS_TAGGED = "SELECT 1 FROM post_tags WHERE tag = :name LIMIT 1"
SQL_HAS_PARTS = """
SELECT 1 FROM series JOIN posts ON posts.series_id = series.id
WHERE series.slug = :name AND posts.revision_id IS NOT NULL LIMIT 1
"""


async def _is_listed(connection: Connection, parts: list[str]) -> bool:
    """Whether the parts of a path name a year, a tag or a series that has posts, or a year or the feed of one."""
    match parts:
        case ["posts" | "projects" as folder, year] if _YEAR.fullmatch(year):
            return any(each.year == int(year) for each in await reading.years(connection, _KINDS[folder]))
        case ["tags", name, year] if _YEAR.fullmatch(year):
            return any(each.year == int(year) for each in await reading.years_tagged(connection, name))
        case ["projects", last] if last in _FEEDS:
            return True
        case ["tags" | "series", _, last] if last not in _FEEDS:
            return False
        case ["tags" | "series" as folder, name] | ["tags" | "series" as folder, name, _]:
            statement = SQL_HAS_TAGGED if folder == "tags" else SQL_HAS_PARTS
            return await fetch_value(connection, statement, {"name": name}) is not None
    return False
