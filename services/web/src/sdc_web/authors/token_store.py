"""The one_time_tokens table."""

import hashlib
from typing import Literal, TypeAlias

import msgspec
from sdc_core.sqlite import Connection, execute, fetch_one

Purpose: TypeAlias = Literal["setup", "login"]


class OneTimeToken(msgspec.Struct, frozen=True, kw_only=True):
    """What a token may do; `author_id` is None for set-up."""

    token_sha256: str
    purpose: Purpose
    author_id: str | None
    expires_at_us: int


SQL_INSERT = """
INSERT INTO one_time_tokens (token_sha256, purpose, author_id, expires_at_us)
VALUES (:token_sha256, :purpose, :author_id, :expires_at_us)
"""


async def insert(connection: Connection, token: OneTimeToken) -> None:
    await execute(connection, SQL_INSERT, msgspec.structs.asdict(token))


SQL_FIND = """
SELECT token_sha256, purpose, author_id, expires_at_us FROM one_time_tokens
WHERE token_sha256 = :token_sha256 AND purpose = :purpose AND expires_at_us > :now_us
"""


async def find(connection: Connection, token_sha256: str, purpose: Purpose, now_us: int) -> OneTimeToken | None:
    values = {"token_sha256": token_sha256, "purpose": purpose, "now_us": now_us}
    return await fetch_one(connection, OneTimeToken, SQL_FIND, values)


SQL_DELETE = "DELETE FROM one_time_tokens WHERE token_sha256 = :token_sha256"


async def delete(connection: Connection, token_sha256: str) -> None:
    await execute(connection, SQL_DELETE, {"token_sha256": token_sha256})


SQL_DELETE_OF = "DELETE FROM one_time_tokens WHERE purpose = :purpose AND author_id IS :author_id"


async def delete_of(connection: Connection, purpose: Purpose, author_id: str | None) -> None:
    await execute(connection, SQL_DELETE_OF, {"purpose": purpose, "author_id": author_id})


def sha256(token: str) -> str:
    """The form in which a token is stored and looked up."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
