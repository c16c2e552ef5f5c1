"""The way to GitHub and back: what was begun, in which browser, and what for. Ten minutes, once."""

import hmac
from typing import Literal, TypeAlias

import msgspec
from sdc_core import clock
from sdc_core.errors import Unauthorized
from sdc_core.sqlite import Connection, execute, fetch_one

from sdc_web.authors import throttle
from sdc_web.authors.github_calls import Provider, authorize_address
from sdc_web.authors.token_store import sha256
from sdc_web.db import Databases

LIFETIME_US = 10 * 60 * clock.SECOND_US
MOST_OF_ONE_ADDRESS = 64
"""Older ones of the same address make room: nobody fills the disk by asking."""
Purpose: TypeAlias = Literal["sign_in", "link", "claim"]


class Trip(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept while somebody is at GitHub: `author_id` is who links, `claim` what a first author said."""

    state_sha256: str
    cookie_sha256: str
    verifier: str
    purpose: Purpose
    author_id: str | None
    claim: str | None
    return_to: str
    origin: str


class Departure(msgspec.Struct, frozen=True, kw_only=True):
    """Where the browser goes, and the cookie that it must come back with."""

    address: str
    cookie: str


async def begin(
    databases: Databases,
    provider: Provider,
    purpose: Purpose,
    *,
    return_to: str,
    address: str,
    author_id: str | None = None,
    claim: str | None = None,
    carried: str = "",
) -> Departure:
    """Keep a trip. `carried` is a secret that only the browser keeps meanwhile, in its cookie."""
    state, verifier = clock.new_token(), clock.new_token()
    cookie = f"{clock.new_token()}.{carried}"
    trip = Trip(
        state_sha256=sha256(state),
        cookie_sha256=sha256(cookie),
        verifier=verifier,
        purpose=purpose,
        author_id=author_id,
        claim=claim,
        return_to=return_to,
        origin=throttle.origin(address),
    )
    async with databases.ttl.transaction() as connection:
        await insert(connection, trip, clock.now_us() + LIFETIME_US)
        await delete_surplus(connection, trip.origin)
    return Departure(address=authorize_address(provider, state, verifier), cookie=cookie)


async def come_back(databases: Databases, state: str, cookie: str) -> Trip:
    """The trip that ends here. Raises Unauthorized unless it was begun in this browser, in the last ten minutes."""
    async with databases.ttl.transaction() as connection:
        found = await find(connection, sha256(state), clock.now_us())
        if found is not None and hmac.compare_digest(found.cookie_sha256, sha256(cookie)):
            await delete(connection, found.state_sha256)
            return found
    raise Unauthorized("this sign-in was not begun in this browser, or longer than ten minutes ago: begin again here")


def carried(cookie: str) -> str:
    """The secret that the browser kept."""
    return cookie.partition(".")[2]


SQL_INSERT = """
INSERT INTO github_trips (state_sha256, cookie_sha256, verifier, purpose, author_id, claim, return_to, origin,
    expires_at_us)
VALUES (:state_sha256, :cookie_sha256, :verifier, :purpose, :author_id, :claim, :return_to, :origin, :expires_at_us)
"""


async def insert(connection: Connection, trip: Trip, expires_at_us: int) -> None:
    await execute(connection, SQL_INSERT, {**msgspec.structs.asdict(trip), "expires_at_us": expires_at_us})


SQL_DELETE_SURPLUS = """
DELETE FROM github_trips WHERE state_sha256 IN (
    SELECT state_sha256 FROM github_trips WHERE origin = :origin ORDER BY expires_at_us DESC LIMIT -1 OFFSET :most
)
"""


async def delete_surplus(connection: Connection, origin: str) -> None:
    """Keep the newest of one address."""
    await execute(connection, SQL_DELETE_SURPLUS, {"origin": origin, "most": MOST_OF_ONE_ADDRESS})


SQL_FIND = """
SELECT state_sha256, cookie_sha256, verifier, purpose, author_id, claim, return_to, origin FROM github_trips
WHERE state_sha256 = :state_sha256 AND expires_at_us > :now_us
"""


async def find(connection: Connection, state_sha256: str, now_us: int) -> Trip | None:
    return await fetch_one(connection, Trip, SQL_FIND, {"state_sha256": state_sha256, "now_us": now_us})


SQL_DELETE = "DELETE FROM github_trips WHERE state_sha256 = :state_sha256"


async def delete(connection: Connection, state_sha256: str) -> None:
    await execute(connection, SQL_DELETE, {"state_sha256": state_sha256})
