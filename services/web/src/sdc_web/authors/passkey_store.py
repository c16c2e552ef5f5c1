"""The passkeys table."""

import msgspec
from sdc_core.sqlite import Connection, execute, fetch_all, fetch_one, fetch_value


class Passkey(msgspec.Struct, frozen=True, kw_only=True):
    """One key of one author. `transports` is a JSON list; `suspect_at_us` tells when its counter last went wrong."""

    id: str
    author_id: str
    credential_id: bytes
    public_key: bytes
    sign_count: int
    name: str
    synced: bool
    transports: str
    created_at_us: int
    last_used_at_us: int | None = None
    suspect_at_us: int | None = None


SQL_INSERT = """
INSERT INTO passkeys (id, author_id, credential_id, public_key, sign_count, name, synced, transports, created_at_us,
    last_used_at_us, suspect_at_us)
VALUES (:id, :author_id, :credential_id, :public_key, :sign_count, :name, :synced, :transports, :created_at_us,
    :last_used_at_us, :suspect_at_us)
"""


async def insert(connection: Connection, passkey: Passkey) -> None:
    """IntegrityError when the credential is known, whoever has it."""
    await execute(connection, SQL_INSERT, msgspec.structs.asdict(passkey))


SQL_OF_AUTHOR = """
SELECT id, author_id, credential_id, public_key, sign_count, name, synced, transports, created_at_us, last_used_at_us,
    suspect_at_us
FROM passkeys WHERE author_id = :author_id ORDER BY created_at_us, id
"""


async def of_author(connection: Connection, author_id: str) -> list[Passkey]:
    """The oldest first."""
    return await fetch_all(connection, Passkey, SQL_OF_AUTHOR, {"author_id": author_id})


SQL_BY_CREDENTIAL = """
SELECT id, author_id, credential_id, public_key, sign_count, name, synced, transports, created_at_us, last_used_at_us,
    suspect_at_us
FROM passkeys WHERE credential_id = :credential_id
"""


async def by_credential(connection: Connection, credential_id: bytes) -> Passkey | None:
    return await fetch_one(connection, Passkey, SQL_BY_CREDENTIAL, {"credential_id": credential_id})


SQL_COUNT = "SELECT count(*) FROM passkeys WHERE author_id = :author_id"


async def count(connection: Connection, author_id: str) -> int:
    return int(await fetch_value(connection, SQL_COUNT, {"author_id": author_id}) or 0)


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """How many keys an author has."""

    author_id: str
    keys: int


SQL_COUNTS = "SELECT author_id, count(*) AS keys FROM passkeys GROUP BY author_id"


async def counts(connection: Connection) -> list[Counted]:
    """Of every author who has one."""
    return await fetch_all(connection, Counted, SQL_COUNTS)


SQL_USED = """
UPDATE passkeys SET sign_count = max(sign_count, :sign_count), last_used_at_us = :now_us,
    suspect_at_us = coalesce(:suspect_at_us, suspect_at_us)
WHERE id = :id
"""


async def used(connection: Connection, passkey_id: str, sign_count: int, now_us: int, suspect_at_us: int | None) -> int:
    """Returns 0 when the key was removed meanwhile."""
    values = {"id": passkey_id, "sign_count": sign_count, "now_us": now_us, "suspect_at_us": suspect_at_us}
    return await execute(connection, SQL_USED, values)


SQL_RENAME = "UPDATE passkeys SET name = :name WHERE author_id = :author_id AND id = :id"


async def rename(connection: Connection, author_id: str, passkey_id: str, name: str) -> int:
    """Returns the number renamed."""
    return await execute(connection, SQL_RENAME, {"author_id": author_id, "id": passkey_id, "name": name})


SQL_DELETE = "DELETE FROM passkeys WHERE author_id = :author_id AND id = :id"


async def delete(connection: Connection, author_id: str, passkey_id: str) -> int:
    """Returns the number deleted."""
    return await execute(connection, SQL_DELETE, {"author_id": author_id, "id": passkey_id})
