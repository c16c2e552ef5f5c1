"""The rows of requests that came with an Idempotency-Key."""

import msgspec
from sdc_core import clock
from sdc_core.sqlite import Connection, execute, fetch_one

KEPT_US = clock.DAY_US
MOST_KEYS = 1_000
MOST_BYTES = 32 * 1024 * 1024
"""Of one token; what is older than that is forgotten before its day is over."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A row; `status`, `headers_json` and `answer` are None while the request is being done."""

    request_sha256: str
    made_id: str
    status: int | None
    headers_json: str | None
    answer: bytes | None
    started_at_us: int


SQL_FIND = """
SELECT request_sha256, made_id, status, headers AS headers_json, answer, started_at_us FROM idempotency_keys
WHERE key_sha256 = :key_sha256 AND expires_at_us > :now_us
"""


async def find(connection: Connection, key_sha256: str, now_us: int) -> Kept | None:
    """What is remembered of a key."""
    return await fetch_one(connection, Kept, SQL_FIND, {"key_sha256": key_sha256, "now_us": now_us})


SQL_BEGIN = """
INSERT INTO idempotency_keys (key_sha256, token_id, request_sha256, made_id, started_at_us, expires_at_us)
VALUES (:key_sha256, :token_id, :request_sha256, :made_id, :now_us, :expires_at_us)
ON CONFLICT (key_sha256) DO UPDATE SET request_sha256 = excluded.request_sha256, made_id = excluded.made_id,
    status = NULL, headers = NULL, answer = NULL, answer_bytes = 0,
    started_at_us = excluded.started_at_us, expires_at_us = excluded.expires_at_us
"""


async def begin(
    connection: Connection, key_sha256: str, *, token_id: str, request_sha256: str, made_id: str, now_us: int
) -> None:
    """Remember that it is being done from now on."""
    values = {
        "key_sha256": key_sha256,
        "token_id": token_id,
        "request_sha256": request_sha256,
        "made_id": made_id,
        "now_us": now_us,
        "expires_at_us": now_us + KEPT_US,
    }
    await execute(connection, SQL_BEGIN, values)


SQL_FINISH = """
UPDATE idempotency_keys SET status = :status, headers = :headers_json, answer = :answer, answer_bytes = :answer_bytes
WHERE key_sha256 = :key_sha256
"""


async def finish(connection: Connection, key_sha256: str, status: int, headers_json: str, answer: bytes) -> None:
    """Remember what it was answered."""
    values = {
        "key_sha256": key_sha256,
        "status": status,
        "headers_json": headers_json,
        "answer": answer,
        "answer_bytes": len(answer),
    }
    await execute(connection, SQL_FINISH, values)


SQL_MAKE_ROOM = """
DELETE FROM idempotency_keys WHERE key_sha256 IN (
    SELECT key_sha256 FROM (
        SELECT key_sha256, row_number() OVER newer AS place, sum(answer_bytes) OVER newer AS total_bytes
        FROM idempotency_keys WHERE token_id = :token_id
        WINDOW newer AS (ORDER BY expires_at_us DESC ROWS UNBOUNDED PRECEDING)
    ) WHERE place > :most_keys OR total_bytes > :most_bytes
)
"""


async def make_room(connection: Connection, token_id: str) -> None:
    """Forget the oldest keys of a token that has more than it may."""
    values = {"token_id": token_id, "most_keys": MOST_KEYS, "most_bytes": MOST_BYTES}
    await execute(connection, SQL_MAKE_ROOM, values)


SQL_RELEASE = "UPDATE idempotency_keys SET started_at_us = 0 WHERE key_sha256 = :key_sha256 AND status IS NULL"


async def release(connection: Connection, key_sha256: str) -> None:
    """Nobody is at it any more: the next try need not wait."""
    await execute(connection, SQL_RELEASE, {"key_sha256": key_sha256})


SQL_FORGET = "DELETE FROM idempotency_keys WHERE key_sha256 = :key_sha256 AND status IS NULL"


async def forget(connection: Connection, key_sha256: str) -> None:
    """A request that was answered stays."""
    await execute(connection, SQL_FORGET, {"key_sha256": key_sha256})
