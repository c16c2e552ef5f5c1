"""Replicas, the mirror and what it would do, restore drills and rehearsals."""

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
    drills and rehearsals, newest first; whether a remote is on another machine than the object store; the newest
    monthly snapshot, and whether a remote is set for it; and, by job, the newest run of each that went well.
    """

    replication: Replication
    mirror: Run | None
    drill: Run | None
    remote: bool
    rehearsal: Run | None = None
    drills: list[Run] = []
    rehearsals: list[Run] = []
    elsewhere: bool = True
    monthly: Run | None = None
    monthly_remote: bool = False
    good: dict[str, Run] = {}


class PlannedBucket(msgspec.Struct, frozen=True, kw_only=True):
    """What a mirror would do to one bucket, in numbers of objects; `bytes` are to be copied."""

    name: str
    new: int
    changed: int
    to_history: int
    unchanged: int
    bytes: int


class PlannedMonth(msgspec.Struct, frozen=True, kw_only=True):
    """The next month that is to be kept: how many objects it would have, and `bytes` of them, as the mirror would be
    now; the months that are there, the oldest first, and those of them that would then be removed. `question` is what
    that run would stop with; empty where it would just run.
    """

    name: str
    objects: int = 0
    bytes: int = 0
    kept: tuple[str, ...] = ()
    leaving: tuple[str, ...] = ()
    question: str = ""


class MirrorPlan(msgspec.Struct, frozen=True, kw_only=True):
    """All buckets, and what the run would stop to ask; empty where it would just run. `month` where months are kept."""

    buckets: tuple[PlannedBucket, ...]
    question: str
    month: PlannedMonth | None = None
