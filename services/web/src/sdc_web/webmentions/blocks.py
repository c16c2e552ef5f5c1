"""Hosts that may tell nothing any more."""

import msgspec
from sdc_core.sqlite import Connection, execute, fetch_all, fetch_value

MAX_BLOCKS = 1_000


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A host, and since when."""

    host: str
    at_us: int


SQL_IS_BLOCKED = "SELECT 1 FROM webmention_blocks WHERE host = :host"


async def is_blocked(connection: Connection, host: str) -> bool:
    """Whether what that host tells is refused at once."""
    return await fetch_value(connection, SQL_IS_BLOCKED, {"host": host}) is not None


SQL_HAS_TOLD = "SELECT 1 FROM webmentions WHERE host = :host LIMIT 1"


async def has_told(connection: Connection, host: str) -> bool:
    """Whether anything of it is here."""
    return await fetch_value(connection, SQL_HAS_TOLD, {"host": host}) is not None


SQL_LISTING = "SELECT host, at_us FROM webmention_blocks ORDER BY host LIMIT :limit"


async def everything(connection: Connection) -> list[Block]:
    """By name."""
    return await fetch_all(connection, Block, SQL_LISTING, {"limit": MAX_BLOCKS})


SQL_ADD = "INSERT INTO webmention_blocks (host, at_us) VALUES (:host, :now_us) ON CONFLICT DO NOTHING"
SQL_FORGET_ALL_OF = "DELETE FROM webmentions WHERE host = :host"


async def add(connection: Connection, host: str, now_us: int) -> None:
    """From now on; what it told before goes."""
    await execute(connection, SQL_ADD, {"host": host, "now_us": now_us})
    await execute(connection, SQL_FORGET_ALL_OF, {"host": host})


SQL_REMOVE = "DELETE FROM webmention_blocks WHERE host = :host"


async def remove(connection: Connection, host: str) -> bool:
    """It may tell again. Whether it was blocked."""
    return await execute(connection, SQL_REMOVE, {"host": host}) > 0
