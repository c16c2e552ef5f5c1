"""A sign-in between its password and its code: five minutes, in the browser that began it."""

import msgspec
from sdc_core import clock
from sdc_core.errors import Unauthorized
from sdc_core.sqlite import Connection, execute, fetch_one

from sdc_web.authors import store
from sdc_web.authors.store import Author
from sdc_web.authors.token_store import sha256
from sdc_web.db import Databases

COOKIE = "pending"
LIFETIME_US = 5 * 60 * clock.SECOND_US
OVER = "the five minutes for the code are over, or it was begun in another browser: sign in again"


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """Whose password was right, and where they wanted to go."""

    token_sha256: str
    author_id: str
    return_to: str


async def begin(databases: Databases, author_id: str, return_to: str) -> str:
    """What the browser must bring along with the code."""
    token = clock.new_token()
    row = Pending(token_sha256=sha256(token), author_id=author_id, return_to=return_to)
    async with databases.ttl.transaction() as connection:
        await insert(connection, row, clock.now_us() + LIFETIME_US)
    return token


async def find(databases: Databases, token: str) -> tuple[Author, Pending]:
    """Who signs in there. Raises Unauthorized when nobody does, or no longer."""
    async with databases.ttl.read() as connection:
        found = await by_token(connection, sha256(token), clock.now_us())
    if found is not None:
        async with databases.site.read() as connection:
            author = await store.by_id(connection, found.author_id)
        if author is not None:
            return author, found
    raise Unauthorized(OVER)


async def end(databases: Databases, pending: Pending) -> None:
    """It came to its end. Raises Unauthorized when it had already: by a session that it began, or by a change of what
    lets in.
    """
    async with databases.ttl.transaction() as connection:
        if not await delete(connection, pending.token_sha256):
            raise Unauthorized(OVER)


SQL_INSERT = """
INSERT INTO pending_sign_ins (token_sha256, author_id, return_to, expires_at_us)
VALUES (:token_sha256, :author_id, :return_to, :expires_at_us)
"""


async def insert(connection: Connection, row: Pending, expires_at_us: int) -> None:
    await execute(connection, SQL_INSERT, {**msgspec.structs.asdict(row), "expires_at_us": expires_at_us})


SQL_BY_COOKIE = """
SELECT token_sha256, author_id, return_to FROM pending_sign_ins
WHERE token_sha256 = :token_sha256 AND expires_at_us > :now_us
"""


async def by_token(connection: Connection, token_sha256: str, now_us: int) -> Pending | None:
    return await fetch_one(connection, Pending, SQL_BY_COOKIE, {"token_sha256": token_sha256, "now_us": now_us})


SQL_DELETE = "DELETE FROM pending_sign_ins WHERE token_sha256 = :token_sha256"


async def delete(connection: Connection, token_sha256: str) -> int:
    return await execute(connection, SQL_DELETE, {"token_sha256": token_sha256})


SQL_DELETE_OF = "DELETE FROM pending_sign_ins WHERE author_id = :author_id"


async def delete_of(connection: Connection, author_id: str) -> None:
    """A changed password ends what the old one began."""
    await execute(connection, SQL_DELETE_OF, {"author_id": author_id})
