"""What people were told of, so that of several processes one tells it, and once."""

from collections.abc import Sequence

import msgspec
from sdc_core.sqlite import Connection, execute, fetch_all

SQL_CLAIM = """
INSERT INTO told (what, expires_at_us) VALUES (:what, :expires_at_us)
ON CONFLICT (what) DO UPDATE SET expires_at_us = excluded.expires_at_us WHERE expires_at_us <= :now_us
"""


async def claim(connection: Connection, what: str, now_us: int, until_us: int) -> bool:
    """Whether the caller is to tell it: nobody has, or so long ago that it is told again."""
    return await execute(connection, SQL_CLAIM, {"what": what, "now_us": now_us, "expires_at_us": until_us}) == 1


SQL_HOLD = "UPDATE told SET expires_at_us = :until_us WHERE what = :what"


async def hold(connection: Connection, what: str, until_us: int) -> None:
    """It was told, and is not told again before then."""
    await execute(connection, SQL_HOLD, {"what": what, "until_us": until_us})


SQL_FORGET = "DELETE FROM told WHERE what = :what"


async def forget(connection: Connection, what: str) -> bool:
    """It is over. Whether it had been told."""
    return await execute(connection, SQL_FORGET, {"what": what}) == 1


SQL_KEEP = "DELETE FROM told WHERE what LIKE :prefix || '%' AND what NOT IN (SELECT value FROM json_each(:still))"


async def keep(connection: Connection, prefix: str, still: Sequence[str]) -> None:
    """Forget all of that kind but these."""
    await execute(connection, SQL_KEEP, {"prefix": prefix, "still": msgspec.json.encode(still).decode()})


class Disabled(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint to which nothing is sent any more, and why."""

    id: str
    name: str
    reason: str


SQL_DISABLED = "SELECT id, name, reason FROM endpoints WHERE state = 'disabled' ORDER BY id"


async def disabled(connection: Connection) -> list[Disabled]:
    """Every endpoint that gave up."""
    return await fetch_all(connection, Disabled, SQL_DISABLED)
