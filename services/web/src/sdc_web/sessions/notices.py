"""Sign-ins on devices that the author had not used before, told on every page of the other sessions until it is seen.

Who breaks in cannot hide it: a session is told of sign-ins beside it, dismisses for all only those that began after
itself, and those before it for itself alone.
"""

import msgspec
from sdc_core import clock
from sdc_core.sqlite import Connection, execute, fetch_all

from sdc_web.db import Databases
from sdc_web.sessions import devices
from sdc_web.sessions.country_names import country
from sdc_web.sessions.signed_in import SignedIn


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in to tell: `place` is a country's name, or empty."""

    session_id: str
    device: str
    place: str
    at_us: int


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of one."""

    id: str
    user_agent: str
    country: str
    created_at_us: int


async def of(databases: Databases, author: SignedIn) -> list[Notice]:
    """What to tell in this session, the newest first."""
    async with databases.ttl.read() as connection:
        found = await untold(connection, author, clock.now_us())
    return [
        Notice(
            session_id=row.id, device=devices.name(row.user_agent), place=country(row.country), at_us=row.created_at_us
        )
        for row in found
    ]


async def dismiss(databases: Databases, author: SignedIn, until_us: int) -> None:
    """What was told up to then is known; what came since is not."""
    until_us = min(until_us, clock.now_us())
    async with databases.ttl.transaction() as connection:
        await tell_until(connection, author, until_us)
        await know_younger(connection, author, until_us)


SQL_UNTOLD = """
SELECT id, user_agent, country, created_at_us FROM sessions
WHERE author_id = :author_id AND unknown_device = 1 AND id != :session_id AND created_at_us > :told_until_us
    AND expires_at_us > :now_us
ORDER BY created_at_us DESC LIMIT 20
"""


async def untold(connection: Connection, author: SignedIn, now_us: int) -> list[Row]:
    values = {
        "author_id": author.id,
        "session_id": author.session_id,
        "told_until_us": author.told_until_us,
        "now_us": now_us,
    }
    return await fetch_all(connection, Row, SQL_UNTOLD, values)


SQL_TELL_UNTIL = "UPDATE sessions SET told_until_us = max(told_until_us, :until_us) WHERE id = :session_id"


async def tell_until(connection: Connection, author: SignedIn, until_us: int) -> None:
    """In this session."""
    await execute(connection, SQL_TELL_UNTIL, {"session_id": author.session_id, "until_us": until_us})


SQL_KNOW_YOUNGER = """
UPDATE sessions SET unknown_device = 0
WHERE author_id = :author_id AND created_at_us > :began_us AND created_at_us <= :until_us
"""


async def know_younger(connection: Connection, author: SignedIn, until_us: int) -> None:
    """In every session."""
    values = {"author_id": author.id, "began_us": author.session_began_us, "until_us": until_us}
    await execute(connection, SQL_KNOW_YOUNGER, values)
