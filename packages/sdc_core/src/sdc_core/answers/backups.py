"""Replicas, the mirror, restore drills and rehearsals."""

import msgspec

from sdc_core.answers.jobs import Run


class ReplicaHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One database under the running Litestream. `synced_us` is when it was last known to be copied whole, `lag_us`
    how long ago that was; None where it never was. On a quiet site Litestream still looks, so neither grows old.
    """

    name: str
    status: str
    synced_us: int | None
    lag_us: int | None
    ok: bool


class Replication(msgspec.Struct, frozen=True, kw_only=True):
    """Whether Litestream runs, and how each database fares; `reason` is a sentence when something is not well."""

    running: bool
    reason: str = ""
    databases: tuple[ReplicaHealth, ...] = ()


class Backups(msgspec.Struct, frozen=True, kw_only=True):
    """`replication` as Litestream tells it; the newest mirror, drill and rehearsal; whether a remote is set; the last
    drills and rehearsals, newest first.
    """

    replication: Replication
    mirror: Run | None
    drill: Run | None
    remote: bool
    rehearsal: Run | None = None
    drills: list[Run] = []
    rehearsals: list[Run] = []
