"""Whether other sites are told, and whether they may tell: both as an owner chooses."""

from collections.abc import Mapping

import msgspec
from sdc_core.sqlite import Connection, Database, execute, fetch_one

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.db import Guard, unguarded


class Switches(msgspec.Struct, frozen=True, kw_only=True):
    """`out`: sites that texts lead to are told. `into`: sites that lead to texts may tell."""

    out: bool = False
    into: bool = False


SQL_SWITCHES = 'SELECT webmentions_out AS out, webmentions_in AS "into" FROM site WHERE id = 1'


async def current(connection: Connection) -> Switches:
    """As they are."""
    return await fetch_one(connection, Switches, SQL_SWITCHES) or Switches()


SQL_SET = "UPDATE site SET webmentions_out = :out, webmentions_in = :into WHERE id = 1"


async def change(database: Database, by: Actor, given: Switches) -> None:
    """From now on. Of what was published before nobody is told. Raises Forbidden."""
    await amend(database, by, msgspec.structs.asdict(given))


async def amend(database: Database, by: Actor, changes: Mapping[str, object], guard: Guard = unguarded) -> Switches:
    """The same with other values in some fields."""
    rights.require(by, "site.change")
    async with database.transaction() as connection:
        await guard(connection)
        given = msgspec.structs.replace(await current(connection), **changes)
        await execute(connection, SQL_SET, {"out": int(given.out), "into": int(given.into)})
        told = f"other sites are {'told' if given.out else 'not told'} of links to them"
        may = "may tell" if given.into else "may not tell"
        await audit.record(connection, by, "site.changed", "webmentions", f"{told}, and {may} of theirs")
    return given
