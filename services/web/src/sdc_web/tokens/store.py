"""The api_tokens table."""

from typing import get_args

import msgspec
from sdc_core.sqlite import Connection, execute, fetch_all, fetch_one

from sdc_web.authors.rights import Actor, Role, Scope


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    """What a token may do, and for which author; times in microseconds, UTC. One without `expires_at_us` never ends.
    `scope` holds its scopes, between spaces.
    """

    id: str
    name: str
    scope: str
    token_sha256: str
    author_id: str
    created_at_us: int
    last_used_at_us: int | None
    expires_at_us: int | None

    @property
    def scopes(self) -> frozenset[Scope]:
        """Each of them that this version knows."""
        return frozenset(each for each in get_args(Scope) if each in self.scope.split())


class Bearer(ApiToken, frozen=True, kw_only=True):
    """A token that was presented, with the name and the role that its author has now."""

    author_name: str
    role: Role

    @property
    def actor(self) -> Actor:
        """Its author, bounded by what the token may do."""
        return Actor(
            id=self.author_id,
            name=self.author_name,
            role=self.role,
            scopes=self.scopes,
        )


SQL_INSERT = """
INSERT INTO api_tokens (id, name, scope, token_sha256, author_id, created_at_us, last_used_at_us, expires_at_us)
VALUES (:id, :name, :scope, :token_sha256, :author_id, :created_at_us, :last_used_at_us, :expires_at_us)
"""


async def insert(connection: Connection, token: ApiToken) -> None:
    """IntegrityError when its author has one of that name."""
    await execute(connection, SQL_INSERT, msgspec.structs.asdict(token))


SQL_BY_SHA256 = """
SELECT api_tokens.id, api_tokens.name, scope, token_sha256, author_id, api_tokens.created_at_us, last_used_at_us,
    expires_at_us, authors.name AS author_name, authors.role
FROM api_tokens JOIN authors ON authors.id = api_tokens.author_id
WHERE token_sha256 = :token_sha256 AND (expires_at_us IS NULL OR expires_at_us > :now_us)
"""


async def by_sha256(connection: Connection, token_sha256: str, now_us: int) -> Bearer | None:
    """Only while it has not expired."""
    return await fetch_one(connection, Bearer, SQL_BY_SHA256, {"token_sha256": token_sha256, "now_us": now_us})


SQL_ALL = """
SELECT id, name, scope, token_sha256, author_id, created_at_us, last_used_at_us, expires_at_us
FROM api_tokens WHERE :author_id IS NULL OR author_id = :author_id ORDER BY name, author_id
"""


async def everything(connection: Connection, author_id: str | None) -> list[ApiToken]:
    """Expired ones too, by name; those of one author, or of all for None."""
    return await fetch_all(connection, ApiToken, SQL_ALL, {"author_id": author_id})


SQL_USED = "UPDATE api_tokens SET last_used_at_us = :now_us WHERE id = :id"


async def used(connection: Connection, token_id: str, now_us: int) -> None:
    await execute(connection, SQL_USED, {"id": token_id, "now_us": now_us})


SQL_BY_NAME = """
SELECT id, name, scope, token_sha256, author_id, created_at_us, last_used_at_us, expires_at_us
FROM api_tokens WHERE name = :name AND (:author_id IS NULL OR author_id = :author_id) ORDER BY author_id
"""


async def by_name(connection: Connection, name: str, author_id: str | None) -> list[ApiToken]:
    """Those of that name, of one author or of all for None; expired ones too."""
    return await fetch_all(connection, ApiToken, SQL_BY_NAME, {"name": name, "author_id": author_id})


SQL_DELETE = "DELETE FROM api_tokens WHERE id = :id"


async def delete(connection: Connection, token_id: str) -> None:
    await execute(connection, SQL_DELETE, {"id": token_id})
