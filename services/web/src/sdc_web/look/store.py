"""Where the look is kept: a column of the one row of `site`, as JSON."""

import msgspec
from sdc_core.sqlite import Connection, Database, execute, fetch_value

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.look.choices import Look, checked

SQL_LOOK = "SELECT look FROM site WHERE id = 1"


async def current(connection: Connection) -> Look:
    return decoded(await fetch_value(connection, SQL_LOOK))


SQL_SET_LOOK = "UPDATE site SET look = :look WHERE id = 1"


async def change(database: Database, by: Actor, look: Look) -> Look:
    """Readers see this from their next page on. Raises Forbidden, Invalid."""
    rights.require(by, "site.change")
    kept = checked(look)
    async with database.transaction() as connection:
        await execute(connection, SQL_SET_LOOK, {"look": msgspec.json.encode(kept).decode()})
        await audit.record(connection, by, "site.changed", "look", "its look")
    return kept


def decoded(look_json: object) -> Look:
    """As the database holds it; a choice that there is no more is the default one."""
    try:
        return msgspec.json.decode(str(look_json), type=Look)
    except msgspec.DecodeError:
        return Look()
