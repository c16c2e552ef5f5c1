"""The rows of transfers, in `ttl.db`: their files are in no backup, so they are in none either."""

import msgspec
from sdc_core.sqlite import Connection, execute, fetch_all, fetch_one, fetch_value

from sdc_web.transfers.records import Kind, State, Step, Transfer

SQL_INSERT = """
INSERT INTO transfers (id, kind, step, state, author_id, name, file, size_bytes, format, incomplete, old_site,
    fetch_from, created_at_us, asked_at_us, file_until_us, expires_at_us)
VALUES (:id, :kind, :step, 'waiting', :author_id, :name, :file, :size_bytes, :format, :incomplete, :old_site,
    :fetch_from, :created_at_us, :created_at_us, :file_until_us, :expires_at_us)
"""


async def insert(connection: Connection, transfer: Transfer) -> None:
    """A new one, which waits."""
    left_out = ("state", "done", "total", "counts", "words", "cancelling", "ended_at_us")
    every = msgspec.structs.asdict(transfer)
    await execute(connection, SQL_INSERT, {name: each for name, each in every.items() if name not in left_out})


SQL_ONE = """
SELECT id, kind, step, state, author_id, name, file, size_bytes, format, incomplete, old_site, fetch_from, done, total,
    counts, words, cancelling, created_at_us, ended_at_us, file_until_us, expires_at_us
FROM transfers WHERE id = :id
"""


async def one(connection: Connection, transfer_id: str) -> Transfer | None:
    """None when there is no such transfer."""
    return await fetch_one(connection, Transfer, SQL_ONE, {"id": transfer_id})


SQL_ALL = """
SELECT id, kind, step, state, author_id, name, file, size_bytes, format, incomplete, old_site, fetch_from, done, total,
    counts, words, cancelling, created_at_us, ended_at_us, file_until_us, expires_at_us
FROM transfers ORDER BY created_at_us DESC, id DESC
"""


async def everything(connection: Connection) -> list[Transfer]:
    """The newest first."""
    return await fetch_all(connection, Transfer, SQL_ALL)


SQL_NEXT = """
SELECT id, kind, step, state, author_id, name, file, size_bytes, format, incomplete, old_site, fetch_from, done, total,
    counts, words, cancelling, created_at_us, ended_at_us, file_until_us, expires_at_us
FROM transfers WHERE state = 'waiting' ORDER BY asked_at_us, id LIMIT 1
"""
SQL_BEGIN = """
UPDATE transfers SET state = 'running', done = 0, total = 0, counts = '{}', words = '', cancelling = 0,
    ended_at_us = NULL
WHERE id = :id
"""


async def claim(connection: Connection) -> Transfer | None:
    """The one that has waited longest runs from now on; None where none waits."""
    found = await fetch_one(connection, Transfer, SQL_NEXT)
    if found is not None:
        await execute(connection, SQL_BEGIN, {"id": found.id})
    return found


SQL_WAITS = "SELECT count(*) FROM transfers WHERE state = 'waiting'"


async def waits(connection: Connection) -> bool:
    """Whether one does."""
    return await fetch_value(connection, SQL_WAITS) != 0


SQL_ASK = """
UPDATE transfers SET state = 'waiting', step = :step, author_id = :author_id, asked_at_us = :now_us,
    fetch_from = coalesce(:fetch_from, fetch_from), done = 0, total = 0, counts = '{}', words = ''
WHERE id = :id
"""


async def ask(
    connection: Connection, transfer_id: str, step: Step, author_id: str, now_us: int, fetch_from: str | None = None
) -> None:
    """It waits for its turn, in that author's name; hosts to fetch from stay as they are where none are given."""
    values = {"id": transfer_id, "step": step, "author_id": author_id, "now_us": now_us, "fetch_from": fetch_from}
    await execute(connection, SQL_ASK, values)


SQL_PROGRESS = """
UPDATE transfers SET done = :done, total = :total, counts = :counts WHERE id = :id AND state = 'running'
"""


async def progress(connection: Connection, transfer_id: str, done: int, total: int, counts: str) -> None:
    """How far it is."""
    values = {"id": transfer_id, "done": done, "total": total, "counts": counts}
    await execute(connection, SQL_PROGRESS, values)


SQL_END = """
UPDATE transfers SET state = :state, words = :words, ended_at_us = :now_us, cancelling = 0
WHERE id = :id AND state = 'running'
"""


async def end(connection: Connection, transfer_id: str, state: State, words: str, now_us: int) -> int:
    """It runs no more. Returns 0 where it ran no more already."""
    values = {"id": transfer_id, "state": state, "words": words, "now_us": now_us}
    return await execute(connection, SQL_END, values)


SQL_FILE = "UPDATE transfers SET file = :file, size_bytes = :size_bytes, file_until_us = :until_us WHERE id = :id"


async def set_file(connection: Connection, transfer_id: str, file: str, size_bytes: int, until_us: int) -> None:
    """Its file is there, or with an empty name is there no more."""
    values = {"id": transfer_id, "file": file, "size_bytes": size_bytes, "until_us": until_us}
    await execute(connection, SQL_FILE, values)


SQL_OVERDUE = """
SELECT id, kind, step, state, author_id, name, file, size_bytes, format, incomplete, old_site, fetch_from, done, total,
    counts, words, cancelling, created_at_us, ended_at_us, file_until_us, expires_at_us
FROM transfers WHERE file <> '' AND file_until_us <= :now_us AND state NOT IN ('waiting', 'running')
"""


async def overdue(connection: Connection, now_us: int) -> list[Transfer]:
    """Those whose file has had its time."""
    return await fetch_all(connection, Transfer, SQL_OVERDUE, {"now_us": now_us})


SQL_INTERRUPT = """
UPDATE transfers SET state = 'interrupted', ended_at_us = :now_us, cancelling = 0 WHERE state = 'running'
"""


async def interrupt(connection: Connection, now_us: int) -> int:
    """Nobody does any of them any more. Returns how many."""
    return await execute(connection, SQL_INTERRUPT, {"now_us": now_us})


SQL_CANCEL = "UPDATE transfers SET cancelling = 1 WHERE id = :id AND state = 'running'"
SQL_CANCEL_WAITING = """
UPDATE transfers SET state = 'cancelled', ended_at_us = :now_us WHERE id = :id AND state = 'waiting'
"""


async def cancel(connection: Connection, transfer_id: str, now_us: int) -> None:
    """One that waits is over; one that runs will be."""
    await execute(connection, SQL_CANCEL_WAITING, {"id": transfer_id, "now_us": now_us})
    await execute(connection, SQL_CANCEL, {"id": transfer_id})


SQL_IS_CANCELLING = "SELECT cancelling FROM transfers WHERE id = :id"


async def is_cancelling(connection: Connection, transfer_id: str) -> bool:
    """Whether it is to stop; also where its row is gone."""
    return await fetch_value(connection, SQL_IS_CANCELLING, {"id": transfer_id}) != 0


SQL_DELETE = "DELETE FROM transfers WHERE id = :id"


async def delete(connection: Connection, transfer_id: str) -> None:
    await execute(connection, SQL_DELETE, {"id": transfer_id})


SQL_UNDER_WAY = "SELECT count(*) FROM transfers WHERE state IN ('waiting', 'running')"
SQL_WITH_FILE = "SELECT count(*) FROM transfers WHERE kind = :kind AND (file <> '' OR state IN ('waiting', 'running'))"


async def under_way(connection: Connection) -> int:
    """How many wait or run."""
    return _number(await fetch_value(connection, SQL_UNDER_WAY))


async def with_file(connection: Connection, kind: Kind) -> int:
    """How many of a kind have a file, or are about to."""
    return _number(await fetch_value(connection, SQL_WITH_FILE, {"kind": kind}))


def _number(found: object) -> int:
    return found if isinstance(found, int) else 0
