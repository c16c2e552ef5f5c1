"""The endpoints table."""

import msgspec
from sdc_core.sqlite import Connection, execute, fetch_all, fetch_one

from sdc_web.endpoints.records import Endpoint

SQL_INSERT = """
INSERT INTO endpoints (id, name, url, types, secret, state, created_at_us)
VALUES (:id, :name, :url, :types, :secret, 'on', :created_at_us)
"""


async def insert(connection: Connection, endpoint: Endpoint) -> None:
    """A new one, which is on."""
    wanted = ("id", "name", "url", "types", "secret", "created_at_us")
    every = msgspec.structs.asdict(endpoint)
    await execute(connection, SQL_INSERT, {name: every[name] for name in wanted})


SQL_ALL = """
SELECT id, name, url, types, secret, former_secret, former_until_us, state, reason, failures, failing_since_us,
    created_at_us, waiting
FROM endpoints ORDER BY name COLLATE NOCASE, id
"""


async def everything(connection: Connection) -> list[Endpoint]:
    """By name."""
    return await fetch_all(connection, Endpoint, SQL_ALL)


SQL_ONE = """
SELECT id, name, url, types, secret, former_secret, former_until_us, state, reason, failures, failing_since_us,
    created_at_us, waiting
FROM endpoints WHERE id = :id
"""


async def one(connection: Connection, endpoint_id: str) -> Endpoint | None:
    """None when there is no such endpoint."""
    return await fetch_one(connection, Endpoint, SQL_ONE, {"id": endpoint_id})


SQL_CHANGE = "UPDATE endpoints SET name = :name, url = :url, types = :types WHERE id = :id"


async def change(connection: Connection, endpoint_id: str, *, name: str, url: str, types: str) -> None:
    """Other words, another address, other types."""
    await execute(connection, SQL_CHANGE, {"id": endpoint_id, "name": name, "url": url, "types": types})


SQL_SET_STATE = """
UPDATE endpoints SET state = :state, reason = :reason, failures = 0, failing_since_us = NULL WHERE id = :id
"""


async def set_state(connection: Connection, endpoint_id: str, state: str, reason: str = "") -> None:
    """On again, paused, or disabled; failures are counted anew."""
    await execute(connection, SQL_SET_STATE, {"id": endpoint_id, "state": state, "reason": reason})


SQL_WORKED = """
UPDATE endpoints SET failures = 0, failing_since_us = NULL, reason = '' WHERE id = :id AND failures > 0
"""


async def worked(connection: Connection, endpoint_id: str) -> None:
    """An attempt was answered with 2xx."""
    await execute(connection, SQL_WORKED, {"id": endpoint_id})


SQL_FAILED = """
UPDATE endpoints SET failures = failures + 1, reason = :reason,
    failing_since_us = min(coalesce(failing_since_us, :now_us), :now_us)
WHERE id = :id
"""


async def failed(connection: Connection, endpoint_id: str, reason: str, now_us: int) -> None:
    """An attempt was not."""
    await execute(connection, SQL_FAILED, {"id": endpoint_id, "reason": reason, "now_us": now_us})


SQL_ROTATE = """
UPDATE endpoints SET former_secret = secret, former_until_us = :until_us, secret = :secret WHERE id = :id
"""


async def rotate(connection: Connection, endpoint_id: str, secret: bytes, until_us: int) -> None:
    """A new secret; the one that was signs too until then."""
    await execute(connection, SQL_ROTATE, {"id": endpoint_id, "secret": secret, "until_us": until_us})


SQL_FORGET_FORMER = """
UPDATE endpoints SET former_secret = NULL, former_until_us = NULL WHERE former_until_us <= :now_us
"""


async def forget_former(connection: Connection, now_us: int) -> int:
    """Secrets whose time is over; returns how many."""
    return await execute(connection, SQL_FORGET_FORMER, {"now_us": now_us})


SQL_DELETE = "DELETE FROM endpoints WHERE id = :id"


async def delete(connection: Connection, endpoint_id: str) -> None:
    """With all that waits for it, and its log."""
    await execute(connection, SQL_DELETE, {"id": endpoint_id})
