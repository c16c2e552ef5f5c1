"""The daily mirror beside rclone alone: a first copy and a run with nothing to do, over 2,050 objects.

Both write to the same SeaweedFS, another bucket each, and take turns. Ours looks at both sides, guards, copies with
rclone and compares afterwards; rclone has `--fast-list --checksum --metadata`. Requests are ours alone, counted at the
client; where there is nothing to do rclone is not even started.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import msgspec
import seaweed
from sdc_core.objects import CALL_S, ObjectStore, open_store
from sdc_core.process import find_program
from sdc_core.settings import Settings
from sdc_worker.mirror import child, daily, markers, rclone
from sdc_worker.mirror.daily import Target

OBJECTS = 2_049
"""And the marker."""
AT_ONCE = 16
ROUNDS = 9
FIRST_COPIES = 5
SOURCE = "media"


class Counting(ObjectStore):
    """Counts what it asks."""

    requests = 0

    async def _call(self, operation: str, *, timeout_s: float = CALL_S, **arguments: object) -> dict[str, Any]:
        Counting.requests += 1
        return await super()._call(operation, timeout_s=timeout_s, **arguments)


async def main() -> None:
    """Print one table."""
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as folder, seaweed.running(Path(folder)) as endpoint:
        async with open_store(endpoint) as opened:
            store = Counting(opened._client, endpoint)  # noqa: SLF001 - the same client, counted
            await fill(store)
            # By another name, or the store would copy by itself.
            remote = msgspec.structs.replace(endpoint, url=endpoint.url.replace("127.0.0.1", "localhost"))
            ends = rclone.remotes(endpoint, remote, child.clean_environment(Settings()))

            async def ours(number: int) -> None:
                await daily.run(store, [SOURCE], Target(store=store, bucket=f"ours{number}", remotes=ends))

            async def theirs(number: int) -> None:
                command = [find_program("rclone"), "sync", f"src:{SOURCE}", f"dst:theirs{number}/current"]
                flags = ["--fast-list", "--checksum", "--metadata", "--checkers", "16", "--transfers", "8"]
                ended = await child.run([*command, *flags], ends.env, deadline_s=300)
                assert ended.code == 0, ended.errors

            print(f"{'':<24}{'sdc':>10}{'rclone':>10}{'ratio':>8}")
            say("first copy", [(await timed(ours, each), await timed(theirs, each)) for each in range(FIRST_COPIES)])
            Counting.requests = 0
            await ours(0)
            asked = Counting.requests
            say("nothing to do", [(await timed(ours, 0), await timed(theirs, 0)) for _ in range(ROUNDS)])
            print(f"{'requests':<24}{asked:>10}")


async def fill(store: ObjectStore) -> None:
    """Objects of 0.5 to 30 kB, and two more buckets for each first copy."""
    await store.make_bucket(SOURCE)
    for number in range(FIRST_COPIES):
        await store.make_bucket(f"ours{number}")
        await store.make_bucket(f"theirs{number}")
    await markers.put(store, SOURCE, role="store")
    limit = asyncio.Semaphore(AT_ONCE)

    async def put(number: int) -> None:
        async with limit:
            body = number.to_bytes(4, "big") * (125 + number % 60 * 125)
            await store.put(SOURCE, f"variants/{number:05}", body, content_type="image/avif")

    async with asyncio.TaskGroup() as group:
        for number in range(OBJECTS):
            group.create_task(put(number))


async def timed(work: Callable[[int], Awaitable[None]], number: int) -> tuple[float, float]:
    """Seconds, and seconds of CPU of this process and those that it waited for."""
    started_s, before = time.perf_counter(), os.times()
    await work(number)
    after = os.times()
    return time.perf_counter() - started_s, sum(after[:4]) - sum(before[:4])


def say(what: str, rounds: list[tuple[tuple[float, float], tuple[float, float]]]) -> None:
    """Two lines of the table, of medians."""
    for index, unit in enumerate(("s", "CPU s")):
        ours, theirs = (statistics.median(each[side][index] for each in rounds) for side in (0, 1))
        print(f"{f'{what}, {unit}':<24}{ours:>10.2f}{theirs:>10.2f}{ours / theirs:>7.2f}x")


if __name__ == "__main__":
    asyncio.run(main())
