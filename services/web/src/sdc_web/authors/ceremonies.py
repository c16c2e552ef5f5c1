"""The challenges that passkeys answer. Each is good once, for five minutes, for one purpose, and for whoever asked."""

import hashlib
from typing import Literal, TypeAlias

import msgspec
from sdc_core import clock
from sdc_core.errors import Unauthorized
from sdc_core.sqlite import Connection, Database, execute, fetch_one

from sdc_web.authors import throttle

LIFETIME_US = 5 * 60 * clock.SECOND_US
CHALLENGE_BYTES = 32
MOST_OF_ONE_ADDRESS = 64
"""Older ones of the same address make room: nobody fills the disk by asking."""

Purpose: TypeAlias = Literal["sign-in", "confirm", "add", "claim"]
"""`add` is another key of an author, `claim` the first one of somebody who is none yet."""


class Ceremony(msgspec.Struct, frozen=True, kw_only=True):
    """`author_id` is whose key is asked for or made, empty where the key will tell."""

    challenge_sha256: str
    purpose: Purpose
    holder: str
    author_id: str
    origin: str
    expires_at_us: int


async def begin(ttl: Database, purpose: Purpose, *, holder: str, address: str, author_id: str = "") -> bytes:
    """A new challenge for whoever has the secret `holder`: a session's id, or what a cookie holds."""
    challenge = clock.random_bytes(CHALLENGE_BYTES)
    ceremony = Ceremony(
        challenge_sha256=_digest(challenge),
        purpose=purpose,
        holder=_digest(holder.encode(errors="replace")),
        author_id=author_id,
        origin=throttle.origin(address),
        expires_at_us=clock.now_us() + LIFETIME_US,
    )
    async with ttl.transaction() as connection:
        await insert(connection, ceremony)
        await delete_surplus(connection, ceremony.origin)
    return challenge


async def take(ttl: Database, purpose: Purpose, *, holder: str, challenge: bytes) -> Ceremony:
    """Use a challenge up, whatever comes of it. Raises Unauthorized for one that is spent, late, or somebody else's."""
    async with ttl.transaction() as connection:
        found = await find(connection, _digest(challenge), clock.now_us())
        known = found and found.purpose == purpose and found.holder == _digest(holder.encode(errors="replace"))
        if found is None or not known:
            raise Unauthorized("this took longer than five minutes, or was used before: try again")
        await delete(connection, found.challenge_sha256)
    return found


SQL_INSERT = """
INSERT INTO ceremonies (challenge_sha256, purpose, holder, author_id, origin, expires_at_us)
VALUES (:challenge_sha256, :purpose, :holder, :author_id, :origin, :expires_at_us)
"""


async def insert(connection: Connection, ceremony: Ceremony) -> None:
    await execute(connection, SQL_INSERT, msgspec.structs.asdict(ceremony))


SQL_DELETE_SURPLUS = """
DELETE FROM ceremonies WHERE challenge_sha256 IN (
    SELECT challenge_sha256 FROM ceremonies WHERE origin = :origin ORDER BY expires_at_us DESC LIMIT -1 OFFSET :most
)
"""


async def delete_surplus(connection: Connection, origin: str) -> None:
    """Keep the newest of one address."""
    await execute(connection, SQL_DELETE_SURPLUS, {"origin": origin, "most": MOST_OF_ONE_ADDRESS})


SQL_FIND = """
SELECT challenge_sha256, purpose, holder, author_id, origin, expires_at_us FROM ceremonies
WHERE challenge_sha256 = :challenge_sha256 AND expires_at_us > :now_us
"""


async def find(connection: Connection, challenge_sha256: str, now_us: int) -> Ceremony | None:
    return await fetch_one(connection, Ceremony, SQL_FIND, {"challenge_sha256": challenge_sha256, "now_us": now_us})


SQL_DELETE = "DELETE FROM ceremonies WHERE challenge_sha256 = :challenge_sha256"


async def delete(connection: Connection, challenge_sha256: str) -> None:
    await execute(connection, SQL_DELETE, {"challenge_sha256": challenge_sha256})


def _digest(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()
