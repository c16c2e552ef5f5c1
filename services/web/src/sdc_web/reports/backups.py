"""How well the site is backed up: the replica, the mirror, the last drill and rehearsal, each with a verdict."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec
from sdc_core import clock
from sdc_core.answers.backups import Backups, MirrorPlan, Replication
from sdc_core.answers.jobs import Outcome, Run
from sdc_core.service_client import ServiceClient

from sdc_web.reports import asking
from sdc_web.reports.asking import ask

Verdict: TypeAlias = Literal["ok", "warning", "failed", "unknown"]
Kind: TypeAlias = Literal["mirror", "monthly", "drill", "rehearsal"]
LATE_AFTER_US: dict[Kind, int] = {
    "mirror": 36 * 3600 * clock.SECOND_US,
    "monthly": 33 * clock.DAY_US,
    "drill": 36 * 3600 * clock.SECOND_US,
    "rehearsal": 33 * clock.DAY_US,
}
_TITLES: dict[Kind, str] = {
    "mirror": "Mirror",
    "monthly": "Monthly snapshot",
    "drill": "Restore drill",
    "rehearsal": "Rehearsal",
}
_JOBS: dict[Kind, str] = {
    "mirror": "mirror.daily",
    "monthly": "mirror.monthly",
    "drill": "drill.restore",
    "rehearsal": "drill.rehearsal",
}
MAX_DETAIL = 300
PLAN_S = 45.0
NOT_YET = "It has not run yet."
NOT_SET_UP = "All copies are on this machine."
NOT_ELSEWHERE = "beside the site"
NONE_ELSEWHERE = "The remote bucket is at the address of the object store, or on this machine."


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """One copy, its verdict in a word and in words, and when it last succeeded, whatever became of the newest run:
    that one's `duration_us` and `detail` are told. `history` are the outcomes of the last runs, oldest first.
    """

    id: Literal["replica", "mirror", "monthly", "drill", "rehearsal"]
    title: str
    verdict: Verdict
    verdict_words: str
    at_us: int | None
    duration_us: int | None
    detail: str
    history: tuple[Outcome, ...] = ()


async def report(worker: ServiceClient) -> Backups:
    """What the worker knows. Raises Unavailable when it is away."""
    return await ask(worker, "/backups", Backups)


async def plan(worker: ServiceClient) -> MirrorPlan:
    """What the mirror would do now. Raises Unavailable when the worker is away, or says why it cannot tell."""
    attempt = await worker.send("GET", "/backups/plan", timeout_s=PLAN_S)
    if not attempt.ok and (words := asking.said(attempt)):
        raise asking.Refused(words)
    attempt.raise_unless_ok("the worker")
    return asking.decode(attempt.body, MirrorPlan)


def cards(backups: Backups, now_us: int) -> list[Card]:
    """The copies in the order of their distance from the disk, then the proofs that they restore. Months are told of
    where they are kept.
    """
    good = backups.good
    mirror = _of_run("mirror", backups.mirror, good, now_us, set_up=backups.remote)
    if backups.remote and not backups.elsewhere and mirror.verdict == "ok":
        mirror = msgspec.structs.replace(
            mirror,
            verdict="warning",
            verdict_words=NOT_ELSEWHERE,
            detail=_sentence(f"{NONE_ELSEWHERE} {mirror.detail}"),
        )
    months = [_of_run("monthly", backups.monthly, good, now_us)] if backups.monthly_remote else []
    return [
        _replica(backups.replication),
        mirror,
        *months,
        _of_run("drill", backups.drill, good, now_us, runs=backups.drills),
        _of_run("rehearsal", backups.rehearsal, good, now_us, runs=backups.rehearsals),
    ]


def _replica(replication: Replication) -> Card:
    """A quiet site has nothing new to copy, but Litestream looks all the time: the one looked at longest ago counts."""
    verdict, words, detail = _judge_replica(replication)
    times = [each.synced_us for each in replication.databases if each.synced_us is not None]
    return Card(
        id="replica",
        title="Replica",
        verdict=verdict,
        verdict_words=words,
        at_us=min(times, default=None),
        duration_us=None,
        detail=_sentence(detail),
    )


def _judge_replica(replication: Replication) -> tuple[Verdict, str, str]:
    if not replication.running:
        return "failed", "stopped", replication.reason
    missing = [f"{each.name}.db" for each in replication.databases if each.synced_us is None]
    if missing:
        return "failed", "not copied", f"Nothing of {' and '.join(missing)} was copied since Litestream was started."
    if replication.reason or not all(each.ok for each in replication.databases):
        return "failed", "behind", replication.reason
    return "ok", "in step", "Every commit is copied to the object store within a second."


def _of_run(
    kind: Kind,
    run: Run | None,
    good: Mapping[str, Run],
    now_us: int,
    *,
    set_up: bool = True,
    runs: Sequence[Run] = (),
) -> Card:
    succeeded = run if run and run.outcome == "ok" else good.get(_JOBS[kind])
    verdict, words = _judge(kind, run, succeeded, now_us, set_up=set_up)
    return Card(
        id=kind,
        title=_TITLES[kind],
        verdict=verdict,
        verdict_words=words,
        at_us=succeeded.ended_us if succeeded else None,
        duration_us=run.duration_us if run else None,
        detail=_sentence(run.output) if run else NOT_YET if set_up else NOT_SET_UP,
        history=tuple(each.outcome for each in reversed(runs)),
    )


def _judge(kind: Kind, run: Run | None, succeeded: Run | None, now_us: int, *, set_up: bool) -> tuple[Verdict, str]:
    if not set_up:
        return "warning", "no remote bucket"
    if run is None:
        return "unknown", "never run"
    if run.outcome not in ("ok", "running", "skipped"):
        return "failed", run.outcome.replace("_", " ")
    if succeeded is None or succeeded.ended_us is None:
        return "unknown", run.outcome
    age = _judge_age(now_us - succeeded.ended_us - LATE_AFTER_US[kind])
    return ("unknown", run.outcome) if age[0] == "ok" and run.outcome != "ok" else age


def _judge_age(late_us: int) -> tuple[Verdict, str]:
    if late_us <= 0:
        return "ok", "in time"
    if late_us > clock.DAY_US:
        days = late_us // clock.DAY_US
        return "failed", f"{days} {'day' if days == 1 else 'days'} late"
    return "warning", f"{late_us // (3600 * clock.SECOND_US)} hours late"


def _sentence(text: str) -> str:
    """Short enough for a card."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_DETAIL else f"{line[: MAX_DETAIL - 1]}…"
