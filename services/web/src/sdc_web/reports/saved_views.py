"""Questions to the statistics under a name, each author's own."""

import msgspec
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid, NotFound
from sdc_core.sqlite import Connection, Database, execute, fetch_all, fetch_value

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor

MOST = 50
MAX_NAME = 60
MAX_QUERY = 4_000


class SavedView(msgspec.Struct, frozen=True, kw_only=True):
    """A view: `query` is what follows the question mark of the page's address."""

    id: str
    name: str
    query: str


SQL_LISTING = "SELECT id, name, query FROM statistics_views WHERE author_id = :author_id ORDER BY name"


async def listing(connection: Connection, by: Actor) -> list[SavedView]:
    """Theirs, by name. Raises Forbidden."""
    rights.require(by, "statistics.read")
    return await fetch_all(connection, SavedView, SQL_LISTING, {"author_id": by.id})


async def save(site: Database, by: Actor, name: str, query: str) -> None:
    """Keep a view; one of the same name is replaced. Raises Forbidden, Invalid naming the field, Conflict."""
    rights.require(by, "views.change", by.id)
    name = " ".join(name.split())
    if not 1 <= len(name) <= MAX_NAME:
        raise Invalid(f"A name has 1 to {MAX_NAME} characters.", field="name")
    if len(query) > MAX_QUERY:
        raise Invalid("This view has too many filters to be kept.", field="name")
    async with site.transaction() as connection:
        await _put(connection, by, name, query)
        count = await fetch_value(connection, SQL_COUNT, {"author_id": by.id})
        if isinstance(count, int) and count > MOST:
            raise Conflict(f"you have {MOST} views: delete one first")
        await audit.record(connection, by, "view.saved", name, name)


SQL_COUNT = "SELECT count(*) FROM statistics_views WHERE author_id = :author_id"
SQL_PUT = """
INSERT INTO statistics_views (id, author_id, name, query, created_at_us)
VALUES (:id, :author_id, :name, :query, :now_us)
ON CONFLICT (author_id, name) DO UPDATE SET query = excluded.query
"""


async def _put(connection: Connection, by: Actor, name: str, query: str) -> None:
    values = {"id": clock.new_id(), "author_id": by.id, "name": name, "query": query, "now_us": clock.now_us()}
    await execute(connection, SQL_PUT, values)


SQL_FORGET = "DELETE FROM statistics_views WHERE id = :id AND author_id = :author_id"


async def forget(site: Database, by: Actor, view_id: str) -> None:
    """Delete one of theirs. Raises Forbidden, and NotFound for one that is not theirs."""
    rights.require(by, "views.change", by.id)
    async with site.transaction() as connection:
        if not await execute(connection, SQL_FORGET, {"id": view_id, "author_id": by.id}):
            raise NotFound("there is no such view of yours")
        await audit.record(connection, by, "view.deleted", view_id, view_id)
