"""The totp_secrets table, and that of secrets which wait for their first code."""

import msgspec
from sdc_core.sqlite import Connection, execute, fetch_one, fetch_value


class TotpSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed secret, and the newest step whose code was used."""

    sealed: bytes
    last_step: int


SQL_FIND = "SELECT sealed, last_step FROM totp_secrets WHERE author_id = :author_id"


async def find(connection: Connection, author_id: str) -> TotpSecret | None:
    return await fetch_one(connection, TotpSecret, SQL_FIND, {"author_id": author_id})


SQL_PUT = """
INSERT INTO totp_secrets (author_id, sealed, last_step, made_at_us) VALUES (:author_id, :sealed, :step, :now_us)
ON CONFLICT (author_id) DO UPDATE SET
    sealed = excluded.sealed, last_step = excluded.last_step, made_at_us = excluded.made_at_us
"""


async def put(connection: Connection, author_id: str, sealed: bytes, step: int, now_us: int) -> None:
    """The code of `step` has been used already."""
    await execute(connection, SQL_PUT, {"author_id": author_id, "sealed": sealed, "step": step, "now_us": now_us})


SQL_USE = "UPDATE totp_secrets SET last_step = :step WHERE author_id = :author_id AND last_step < :step"


async def use(connection: Connection, author_id: str, step: int) -> int:
    """Returns 0 when that code, or a later one, was used before."""
    return await execute(connection, SQL_USE, {"author_id": author_id, "step": step})


SQL_DELETE = "DELETE FROM totp_secrets WHERE author_id = :author_id"


async def delete(connection: Connection, author_id: str) -> int:
    """Returns the number deleted."""
    return await execute(connection, SQL_DELETE, {"author_id": author_id})


SQL_PUT_ENROLMENT = """
INSERT INTO totp_enrolments (author_id, sealed, expires_at_us) VALUES (:author_id, :sealed, :expires_at_us)
ON CONFLICT (author_id) DO UPDATE SET sealed = excluded.sealed, expires_at_us = excluded.expires_at_us
"""


async def put_enrolment(connection: Connection, author_id: str, sealed: bytes, expires_at_us: int) -> None:
    """The newest one alone waits."""
    values = {"author_id": author_id, "sealed": sealed, "expires_at_us": expires_at_us}
    await execute(connection, SQL_PUT_ENROLMENT, values)


SQL_FIND_ENROLMENT = "SELECT sealed FROM totp_enrolments WHERE author_id = :author_id AND expires_at_us > :now_us"


async def find_enrolment(connection: Connection, author_id: str, now_us: int) -> bytes | None:
    found = await fetch_value(connection, SQL_FIND_ENROLMENT, {"author_id": author_id, "now_us": now_us})
    return found if isinstance(found, bytes) else None


SQL_DELETE_ENROLMENT = "DELETE FROM totp_enrolments WHERE author_id = :author_id"


async def delete_enrolment(connection: Connection, author_id: str) -> None:
    await execute(connection, SQL_DELETE_ENROLMENT, {"author_id": author_id})
