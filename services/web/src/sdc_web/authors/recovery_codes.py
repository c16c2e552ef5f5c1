"""Ten codes for the bad day: shown once, kept as hashes, good once each."""

import hashlib

import msgspec
from sdc_core import clock
from sdc_core.errors import Conflict, Throttled, Unauthorized
from sdc_core.sqlite import Connection, execute, fetch_one

from sdc_web import audit
from sdc_web.authors import rights, store, throttle
from sdc_web.authors.rights import Actor
from sdc_web.authors.store import Author
from sdc_web.db import Databases

COUNT = 10
GROUPS, GROUP = 6, 4
FEW = 3
"""Fewer than so many left is worth a warning."""
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TYPED = str.maketrans("OIL", "011", " -\u2010\u2011\u2013\u00a0\t\r\n")
"""What is mistaken for digits, and what stands between groups."""


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """How many of an author's codes are unused, of how many, and when the set was made, 0 for no set."""

    unused: int
    made: int
    made_at_us: int

    @property
    def few(self) -> bool:
        """Whether a new set is due."""
        return bool(self.made) and self.unused < FEW


async def renew(databases: Databases, by: Actor, *, replaces_us: int) -> list[str]:
    """A new set, in the clear this once; the one before ends. `replaces_us` is when that was made, 0 for none.

    Raises Conflict when it was replaced meanwhile: a form sent twice must not make worthless what was just printed.
    """
    rights.require(by, "account.change", by.id)
    codes = [_new_code() for _ in range(COUNT)]
    now_us = clock.now_us()
    async with databases.site.transaction() as connection:
        if (await left_in(connection, by.id)).made_at_us != replaces_us:
            raise Conflict("new recovery codes were made already, and are not shown twice: use those, or make others")
        await delete(connection, by.id)
        for code in codes:
            await insert(connection, by.id, _sha256(code), now_us)
        await audit.record(connection, by, "factor.recovery_made", by.id, "")
    return codes


async def left(databases: Databases, author_id: str) -> Left:
    """What is left of the author's set."""
    async with databases.site.read() as connection:
        return await left_in(connection, author_id)


async def use(databases: Databases, whose: Actor | None, code: str, address: str) -> Left:
    """Use up one code of theirs, None being somebody whom nobody knows; returns what is left. Raises Unauthorized, and
    Throttled after failures.
    """
    concerned = (whose.id, f"as {whose.name}, by a recovery code") if whose else ("", "by a recovery code")
    limits = throttle.address_keys(address)
    try:
        await throttle.count(databases.ttl, limits)
    except Throttled:
        await audit.refused(databases, None, "session.throttled", *concerned)
        raise
    remaining = await _spend(databases, whose, code)
    if remaining is None:
        await audit.refused(databases, None, "session.refused", *concerned)
        raise Unauthorized("this is none of your recovery codes, or it was used before")
    await throttle.forgive(databases.ttl, limits)
    return remaining


async def sign_in(databases: Databases, *, name: str, code: str, address: str) -> Author:
    """The author with that name and no password, who gives a code in place of a passkey.

    Raises Unauthorized, in the same words whatever is wrong, and Throttled. Who has a password needs it as well.
    """
    async with databases.site.read() as connection:
        author = await store.by_name(connection, name.strip())
    if author is not None and author.password_hash is not None:
        author = None
    try:
        await use(databases, author.actor if author else None, code, address)
    except Unauthorized:
        author = None
    if author is None:
        raise Unauthorized("this name and recovery code do not belong together; who has a password signs in with it")
    return author


async def _spend(databases: Databases, whose: Actor | None, code: str) -> Left | None:
    """What is left after it; None when there is no such code, or it was used. Nobody's takes as long as somebody's."""
    async with databases.site.transaction() as connection:
        spent = await spend(connection, whose.id if whose else "", _sha256(code), clock.now_us())
        if whose is None or not spent:
            return None
        remaining = await left_in(connection, whose.id)
        await audit.record(connection, whose, "factor.recovery_used", whose.id, f"{remaining.unused} left")
    return remaining


SQL_LEFT = """
SELECT count(*) FILTER (WHERE used_at_us IS NULL) AS unused, count(*) AS made,
    coalesce(max(made_at_us), 0) AS made_at_us
FROM recovery_codes WHERE author_id = :author_id
"""


async def left_in(connection: Connection, author_id: str) -> Left:
    found = await fetch_one(connection, Left, SQL_LEFT, {"author_id": author_id})
    return found or Left(unused=0, made=0, made_at_us=0)


SQL_INSERT = """
INSERT INTO recovery_codes (code_sha256, author_id, made_at_us) VALUES (:code_sha256, :author_id, :made_at_us)
"""


async def insert(connection: Connection, author_id: str, code_sha256: str, now_us: int) -> None:
    values = {"code_sha256": code_sha256, "author_id": author_id, "made_at_us": now_us}
    await execute(connection, SQL_INSERT, values)


SQL_SPEND = """
UPDATE recovery_codes SET used_at_us = :now_us
WHERE code_sha256 = :code_sha256 AND author_id = :author_id AND used_at_us IS NULL
"""


async def spend(connection: Connection, author_id: str, code_sha256: str, now_us: int) -> int:
    """Returns 0 when there is no such code, or it was used."""
    values = {"author_id": author_id, "code_sha256": code_sha256, "now_us": now_us}
    return await execute(connection, SQL_SPEND, values)


SQL_DELETE = "DELETE FROM recovery_codes WHERE author_id = :author_id"


async def delete(connection: Connection, author_id: str) -> None:
    await execute(connection, SQL_DELETE, {"author_id": author_id})


def _new_code() -> str:
    """Six groups of four characters, of 32 different ones that nobody mistakes for each other."""
    letters = [_ALPHABET[byte & 31] for byte in clock.random_bytes(GROUPS * GROUP)]
    return "-".join("".join(letters[start : start + GROUP]) for start in range(0, GROUPS * GROUP, GROUP))


def _sha256(code: str) -> str:
    """However it was typed: small letters, with or without hyphens, O for 0."""
    return hashlib.sha256(code.upper().translate(_TYPED).encode(errors="replace")).hexdigest()
