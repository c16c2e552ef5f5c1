"""The rows of alerts."""

import msgspec
from sdc_core.answers.jobs import Alert, Kind, Run
from sdc_core.sqlite import Connection, Value, execute, fetch_all, fetch_value


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that is to be mailed; `attempts` counts those made so far."""

    id: str
    job: str
    kind: Kind
    outcome: str
    output: str
    created_us: int
    attempts: int


SQL_INSERT = """
INSERT INTO alerts (id, job, kind, run_id, outcome, output, created_us, attempts, next_us, sent_us, error)
VALUES (:id, :job, :kind, :run_id, :outcome, substr(:output, 1, 500), :now_us, 0, :now_us, NULL, '')
ON CONFLICT (id) DO NOTHING
"""


async def insert(connection: Connection, run: Run, kind: Kind, alert_id: str, *, now_us: int) -> None:
    """Have people told of a run; the same again changes nothing."""
    values: dict[str, Value] = {
        "id": alert_id,
        "job": run.job,
        "kind": kind,
        "run_id": run.id,
        "outcome": run.outcome,
        "output": run.output,
        "now_us": now_us,
    }
    await execute(connection, SQL_INSERT, values)


SQL_LAST_KIND = "SELECT kind FROM alerts WHERE job = :job ORDER BY created_us DESC, rowid DESC LIMIT 1"


async def is_troubled(connection: Connection, job: str) -> bool:
    """Whether the last that people were told of a job is that something is wrong with it."""
    return await fetch_value(connection, SQL_LAST_KIND, {"job": job}) in ("failed", "late")


SQL_TOLD = """
SELECT 1 FROM alerts
WHERE job = :job AND kind <> 'recovered' AND created_us > :after_us AND created_us <= :now_us LIMIT 1
"""


async def is_told(connection: Connection, job: str, *, after_us: int, now_us: int) -> bool:
    """Whether people were told since then, and not by a clock that was ahead, that something is wrong with a job."""
    values: dict[str, Value] = {"job": job, "after_us": after_us, "now_us": now_us}
    return await fetch_value(connection, SQL_TOLD, values) is not None


SQL_DUE = """
SELECT id, job, kind, outcome, output, created_us, attempts FROM alerts WHERE next_us <= :now_us
ORDER BY next_us LIMIT :limit
"""


async def due(connection: Connection, *, now_us: int, limit: int) -> list[Waiting]:
    """Alerts whose time has come, the longest overdue first."""
    return await fetch_all(connection, Waiting, SQL_DUE, {"now_us": now_us, "limit": limit})


SQL_SETTLE = """
UPDATE alerts SET attempts = attempts + 1, next_us = :next_us, sent_us = :sent_us, error = :error WHERE id = :id
"""


async def settle(
    connection: Connection,
    id: str,  # noqa: A002
    *,
    next_us: int | None,
    sent_us: int | None,
    error: str,
) -> None:
    """Say what an attempt came to, and when the next one is made."""
    values: dict[str, Value] = {"id": id, "next_us": next_us, "sent_us": sent_us, "error": error}
    await execute(connection, SQL_SETTLE, values)


SQL_HASTEN = "UPDATE alerts SET next_us = :now_us WHERE next_us > :after_us"


async def hasten(connection: Connection, *, after_us: int, now_us: int) -> None:
    """Have sent now what a clock that was ahead has put off until later than that."""
    await execute(connection, SQL_HASTEN, {"after_us": after_us, "now_us": now_us})


SQL_TRIM = "DELETE FROM alerts WHERE next_us IS NULL AND created_us < :before_us"


async def trim(connection: Connection, *, before_us: int) -> int:
    """Delete settled alerts older than that; returns how many."""
    return await execute(connection, SQL_TRIM, {"before_us": before_us})


SQL_LATEST = """
SELECT job, kind, run_id, created_us, next_us, sent_us, error FROM alerts ORDER BY created_us DESC LIMIT :limit
"""


async def latest(connection: Connection, *, limit: int) -> list[Alert]:
    """What people were told, newest first."""
    return await fetch_all(connection, Alert, SQL_LATEST, {"limit": limit})
