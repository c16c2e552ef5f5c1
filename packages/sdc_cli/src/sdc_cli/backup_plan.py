"""What the daily mirror would do now: looked at from here, without a word to the worker and without a change."""

import msgspec
from sdc_core import objects
from sdc_core.errors import Misconfigured
from sdc_core.settings import Settings
from sdc_worker.mirror import child, daily, rclone
from sdc_worker.mirror.daily import Target


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """One bucket, in numbers of objects; `bytes` are to be copied."""

    name: str
    new: int
    changed: int
    to_history: int
    unchanged: int
    bytes: int


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """All buckets, and what the run would stop to ask; empty where it would just run."""

    buckets: tuple[Bucket, ...]
    question: str


async def foresee(settings: Settings) -> Foreseen:
    """Compare both sides. Raises as the mirror does, and Misconfigured without a remote."""
    endpoint = objects.daily_endpoint(settings)
    if endpoint is None:
        message = "no remote is set (SDC_REMOTE_DAILY_BUCKET and the settings beside it)"
        raise Misconfigured(message)
    here = objects.local_endpoint(settings)
    ends = rclone.remotes(here, endpoint, child.clean_environment(settings))
    async with objects.open_store(here) as source, objects.open_store(endpoint) as kept:
        target = Target(store=kept, bucket=settings.REMOTE_DAILY_BUCKET, remotes=ends)
        told = await daily.foresee(source, daily.buckets(settings), target, mark=False)
    return Foreseen(
        buckets=tuple(
            Bucket(
                name=name,
                new=len(each.new),
                changed=len(each.changed),
                to_history=len(each.deleted),
                unchanged=each.unchanged,
                bytes=each.size_bytes,
            )
            for name, each in told.plans.items()
        ),
        question=str(told.question or ""),
    )


def lines(foreseen: Foreseen) -> list[str]:
    """A line for each bucket, and the question."""
    told = [
        f"{each.name}: {each.new:,} new and {each.changed:,} changed to copy ({each.bytes:,} bytes), "
        f"{each.to_history:,} to the history, {each.unchanged:,} as they are"
        for each in foreseen.buckets
    ]
    return [*told, f"it would stop and ask: {foreseen.question}"] if foreseen.question else told
