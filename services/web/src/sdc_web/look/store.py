"""Where the look is kept: a column of the one row of `site`, as JSON."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sdc_core.sqlite import Connection, Database, execute, fetch_value

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.db import Guard, unguarded
from sdc_web.look.choices import Look, checked

SQL_LOOK = "SELECT look FROM site WHERE id = 1"


async def current(connection: Connection) -> Look:
    return decoded(await fetch_value(connection, SQL_LOOK))


SQL_SET_LOOK = "UPDATE site SET look = :look WHERE id = 1"


async def change(database: Database, by: Actor, look: Look) -> Look:
    """Readers see this from their next page on. Raises Forbidden, Invalid."""
    return await amend(database, by, msgspec.structs.asdict(look))


async def amend(database: Database, by: Actor, changes: Mapping[str, Any], guard: Guard = unguarded) -> Look:
    """The same with other choices in some fields."""
    rights.require(by, "site.change")
    async with database.transaction() as connection:
        await guard(connection)
        kept = checked(msgspec.structs.replace(await current(connection), **changes))
        await execute(connection, SQL_SET_LOOK, {"look": msgspec.json.encode(kept).decode()})
        await audit.record(connection, by, "site.changed", "look", "its look")
    return kept


def decoded(look_json: object) -> Look:
    """As the database holds it; a choice that there is no more is the default one."""
    try:
        return msgspec.json.decode(str(look_json), type=Look)
    except msgspec.DecodeError:
        return Look()
