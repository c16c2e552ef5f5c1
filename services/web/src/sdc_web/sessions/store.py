"""The sessions table."""

import msgspec
from sdc_core.sqlite import Connection, execute, fetch_all, fetch_one


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One browser of one author. `id` names it in lists; the cookie's value is stored as its SHA-256 alone."""

    token_sha256: str
    id: str
    author_id: str
    created_at_us: int
    refreshed_at_us: int
    confirmed_at_us: int
    expires_at_us: int
    user_agent: str
    country: str
    way: str = ""
    seen_at_us: int = 0
    seen_country: str = ""
    unknown_device: bool = False
    told_until_us: int = 0
    device_sha256: str = ""


SQL_INSERT = """
INSERT INTO sessions (token_sha256, id, author_id, created_at_us, refreshed_at_us, confirmed_at_us, expires_at_us,
    user_agent, country, way, seen_at_us, seen_country, unknown_device, told_until_us, device_sha256)
VALUES (:token_sha256, :id, :author_id, :created_at_us, :refreshed_at_us, :confirmed_at_us, :expires_at_us,
    :user_agent, :country, :way, :seen_at_us, :seen_country, :unknown_device, :told_until_us, :device_sha256)
"""


async def insert(connection: Connection, session: Session) -> None:
    await execute(connection, SQL_INSERT, msgspec.structs.asdict(session))


SQL_BY_COOKIE = """
SELECT token_sha256, id, author_id, created_at_us, refreshed_at_us, confirmed_at_us, expires_at_us, user_agent, country,
    way, seen_at_us, seen_country, unknown_device, told_until_us, device_sha256
FROM sessions WHERE token_sha256 = :token_sha256 AND expires_at_us > :now_us
"""


async def by_token(connection: Connection, token_sha256: str, now_us: int) -> Session | None:
    """Only while it has not expired."""
    return await fetch_one(connection, Session, SQL_BY_COOKIE, {"token_sha256": token_sha256, "now_us": now_us})


SQL_OF_AUTHOR = """
SELECT token_sha256, id, author_id, created_at_us, refreshed_at_us, confirmed_at_us, expires_at_us, user_agent, country,
    way, seen_at_us, seen_country, unknown_device, told_until_us, device_sha256
FROM sessions WHERE author_id = :author_id AND expires_at_us > :now_us ORDER BY seen_at_us DESC, id
"""


async def of_author(connection: Connection, author_id: str, now_us: int) -> list[Session]:
    """The most recently used first."""
    return await fetch_all(connection, Session, SQL_OF_AUTHOR, {"author_id": author_id, "now_us": now_us})


SQL_REFRESH = """
UPDATE sessions SET refreshed_at_us = :refreshed_at_us, expires_at_us = :expires_at_us
WHERE token_sha256 = :token_sha256
"""


async def refresh(connection: Connection, token_sha256: str, refreshed_at_us: int, expires_at_us: int) -> int:
    """Returns 0 when the session has been revoked meanwhile."""
    values = {"token_sha256": token_sha256, "refreshed_at_us": refreshed_at_us, "expires_at_us": expires_at_us}
    return await execute(connection, SQL_REFRESH, values)


SQL_SEEN = """
UPDATE sessions SET seen_at_us = :seen_at_us, seen_country = :seen_country WHERE token_sha256 = :token_sha256
"""


async def seen(connection: Connection, token_sha256: str, seen_at_us: int, seen_country: str) -> None:
    values = {"token_sha256": token_sha256, "seen_at_us": seen_at_us, "seen_country": seen_country}
    await execute(connection, SQL_SEEN, values)


SQL_CONFIRM = """
UPDATE sessions SET token_sha256 = :token_sha256, confirmed_at_us = :now_us
WHERE author_id = :author_id AND id = :id AND expires_at_us > :now_us
"""


async def confirm(connection: Connection, author_id: str, session_id: str, token_sha256: str, now_us: int) -> int:
    """The session keeps its id, and has another token; returns 0 when it has been ended."""
    values = {"author_id": author_id, "id": session_id, "token_sha256": token_sha256, "now_us": now_us}
    return await execute(connection, SQL_CONFIRM, values)


SQL_DELETE = """
DELETE FROM sessions WHERE author_id = :author_id AND id = :id
RETURNING token_sha256, id, author_id, created_at_us, refreshed_at_us, confirmed_at_us, expires_at_us, user_agent,
    country, device_sha256
"""


async def delete(connection: Connection, author_id: str, session_id: str) -> Session | None:
    """The session that was deleted, None when it is none of theirs."""
    return await fetch_one(connection, Session, SQL_DELETE, {"author_id": author_id, "id": session_id})


SQL_DELETE_OTHERS = "DELETE FROM sessions WHERE author_id = :author_id AND id != :kept_id"


async def delete_others(connection: Connection, author_id: str, kept_id: str) -> int:
    """Delete all of the author's sessions but one; an empty `kept_id` keeps none."""
    return await execute(connection, SQL_DELETE_OTHERS, {"author_id": author_id, "kept_id": kept_id})


SQL_DELETE_BY_COOKIE = "DELETE FROM sessions WHERE token_sha256 = :token_sha256"


async def delete_by_token(connection: Connection, token_sha256: str) -> None:
    await execute(connection, SQL_DELETE_BY_COOKIE, {"token_sha256": token_sha256})
