"""What healthy readers wait for while thousands of clients hold connections and say next to nothing."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import pytest

from living_site import Site, eventually
from raw_connections import idle_ones, is_open

pytestmark = pytest.mark.timeout(180)

IDLE = 10_000
OWN_FILES = 1_024
"""Of the process that tests, beside the idle ones."""
DRIPPING = 300
DRIP_S = 0.5
READS = 200
P99_S = 1.0
"""On two cores that are shared with all these clients, and with whatever else the machine does."""
BEGIN_S = 30


def test_healthy_readers_wait_no_second_while_thousands_hold_on(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    page = site.publish("Patience")
    alone = reads(site, page)
    with idle_ones(site.port, IDLE, OWN_FILES) as idle, asyncio.Runner() as runner:
        crowded = runner.run(while_dripping(site, page))
        still = sum(map(is_open, idle))
    with capsys.disabled():
        print(  # noqa: T201 - the figures are what one wants to know of it
            f"\n{READS} reads beside {len(idle)} idle ({still} to the end) and {DRIPPING} dripping connections: "
            f"p50 {share(crowded, 0.5):.0f} ms, p99 {share(crowded, 0.99):.0f} ms; "
            f"alone {share(alone, 0.5):.0f} and {share(alone, 0.99):.0f} ms"
        )
    assert still > len(idle) // 2
    assert share(crowded, 0.99) < 1_000 * P99_S
    eventually(lambda: site.health()[0] == 200)


def reads(site: Site, page: str) -> list[float]:
    """Seconds that each took: every other one of a page that is kept, the rest of one that is put together anew."""
    paths = [path for number in range(READS // 2) for path in (page, f"/search?q=patience+{number}")]
    told = [site.ask(path) for path in paths]
    assert {answer.status for answer in told} == {200}
    return sorted(answer.seconds for answer in told)


def share(taken: list[float], share_: float) -> float:
    """Milliseconds within which that share of them was answered."""
    return 1_000 * taken[min(len(taken) - 1, int(share_ * len(taken)))]


async def while_dripping(site: Site, page: str) -> list[float]:
    async with dripping(site.port):
        return await asyncio.to_thread(reads, site, page)


@asynccontextmanager
async def dripping(port: int) -> AsyncGenerator[None]:
    """Clients that send a header a byte at a time, and come again whenever they are cut off."""
    begun = asyncio.Semaphore(0)

    async def drip() -> None:
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                begun.release()
                try:
                    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Never: ")
                    while not writer.is_closing():
                        writer.write(b"a")
                        await writer.drain()
                        await asyncio.sleep(DRIP_S)
                finally:
                    writer.close()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(drip()) for _ in range(DRIPPING)]
        async with asyncio.timeout(BEGIN_S):
            for _ in range(DRIPPING):
                await begun.acquire()
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
