"""Whether pages tell how they are read: for how long, how far down, where links led. They do not, unless asked."""

from sdc_core.sqlite import Connection, Database, execute, fetch_value

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.db import Guard, unguarded

SQL_BEACON = "SELECT beacon FROM site WHERE id = 1"


async def current(connection: Connection) -> bool:
    """Whether pages are asked to tell it."""
    return bool(await fetch_value(connection, SQL_BEACON))


SQL_SET_BEACON = "UPDATE site SET beacon = :beacon WHERE id = 1"


async def change(database: Database, by: Actor, *, asked: bool, guard: Guard = unguarded) -> None:
    """Pages tell it, or stop telling it, from the next reader on. Raises Forbidden."""
    rights.require(by, "site.change")
    async with database.transaction() as connection:
        await guard(connection)
        await execute(connection, SQL_SET_BEACON, {"beacon": int(asked)})
        words = "pages tell how they are read" if asked else "pages no longer tell how they are read"
        await audit.record(connection, by, "site.changed", "beacon", words)
