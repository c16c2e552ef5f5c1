"""The invitations table."""

import msgspec
from sdc_core.sqlite import Connection, execute, fetch_all, fetch_one, fetch_value

from sdc_web.authors.rights import Role


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """A link that is out: `whom` is a note for those who invite, `made_by_name` what the invited read."""

    id: str
    token_sha256: str
    role: Role
    whom: str
    made_by_id: str
    made_by_name: str
    created_at_us: int
    expires_at_us: int


SQL_INSERT = """
INSERT INTO invitations (id, token_sha256, role, whom, made_by_id, made_by_name, created_at_us, expires_at_us)
VALUES (:id, :token_sha256, :role, :whom, :made_by_id, :made_by_name, :created_at_us, :expires_at_us)
"""


async def insert(connection: Connection, invitation: Invitation) -> None:
    await execute(connection, SQL_INSERT, msgspec.structs.asdict(invitation))


SQL_BY_LINK = """
SELECT id, token_sha256, role, whom, made_by_id, made_by_name, created_at_us, expires_at_us
FROM invitations WHERE token_sha256 = :token_sha256 AND expires_at_us > :now_us
"""


async def by_token(connection: Connection, token_sha256: str, now_us: int) -> Invitation | None:
    """Only while it has not expired."""
    return await fetch_one(connection, Invitation, SQL_BY_LINK, {"token_sha256": token_sha256, "now_us": now_us})


SQL_OPEN = """
SELECT id, token_sha256, role, whom, made_by_id, made_by_name, created_at_us, expires_at_us
FROM invitations WHERE expires_at_us > :now_us ORDER BY created_at_us DESC, id
"""


async def open_ones(connection: Connection, now_us: int) -> list[Invitation]:
    """Those that can still be accepted, the newest first."""
    return await fetch_all(connection, Invitation, SQL_OPEN, {"now_us": now_us})


SQL_COUNT = "SELECT count(*) FROM invitations WHERE expires_at_us > :now_us"


async def count(connection: Connection, now_us: int) -> int:
    return int(await fetch_value(connection, SQL_COUNT, {"now_us": now_us}) or 0)


SQL_DELETE = """
DELETE FROM invitations WHERE id = :id
RETURNING id, token_sha256, role, whom, made_by_id, made_by_name, created_at_us, expires_at_us
"""


async def delete(connection: Connection, invitation_id: str) -> Invitation | None:
    """The one that was there."""
    return await fetch_one(connection, Invitation, SQL_DELETE, {"id": invitation_id})


SQL_DELETE_OF = "DELETE FROM invitations WHERE made_by_id = :author_id"


async def delete_of(connection: Connection, author_id: str) -> None:
    """Those that an author made."""
    await execute(connection, SQL_DELETE_OF, {"author_id": author_id})
