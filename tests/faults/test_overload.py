"""More than the site can do: clients that connect and say nothing, and requests faster than they can be answered."""

import asyncio
import re
import socket
import threading
from collections import Counter
from collections.abc import Generator

import msgspec
import pytest
from sdc_web.main import BACKLOG

import raw_connections
from living_site import Site, eventually
from raw_connections import idle_ones

pytestmark = pytest.mark.timeout(120)

IDLE = 10_000
PROCESSES = 2
OWN_FILES = 256
"""Of the process that tests, beside the connections."""
CLIENTS = 64
"""Fewer than one process works on at once, and enough to keep two busy."""
MEASURED_S = 4.0
RUSH_S = 8
TICK_S = 0.02
MANY = 0.8
"""Of all that is asked: who answers so much of it is not asked for twice what it can do."""
STILL = 0.33
"""Of what it can do it does so much still: to refuse the rest costs something, to it and to who asks beside it."""
LATE_S = 5.0
"""For any answer. What waits, if it were not refused, would be answered after twice as long."""
READS = 8
FILES = 4_000
MORE_BYTES = 128 * 1024 * 1024
"""That both processes together may take for it: 384 requests that are worked on, and those who wait to be refused."""
ANSWER_S = 30
MORE_FILES = 20
"""That may be open by chance."""
SLOW_S = 2.0


@pytest.fixture
def idle(site: Site) -> Generator[list[socket.socket]]:
    """Connections on which nothing is said."""
    with idle_ones(site.port, IDLE, OWN_FILES) as held:
        yield held


def test_thousands_that_say_nothing_hold_up_nobody(site: Site, idle: list[socket.socket]) -> None:
    page = site.publish("Silence")
    meanwhile = [site.ask(path) for path in (page, "/search?q=silence") for _ in range(10)]
    assert len(idle) > PROCESSES * BACKLOG
    assert {(answer.status, answer.seconds < SLOW_S) for answer in meanwhile} == {(200, True)}


def test_at_twice_what_it_can_do_the_site_refuses_lives_and_recovers(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    page = site.publish("Rush")
    # One that has just begun has not told yet, and one that has just ended is told of for a moment.
    eventually(lambda: len(open_files(site)) == PROCESSES)
    before = sum(open_files(site))
    with raw_connections.open_files(OWN_FILES + FILES), asyncio.Runner() as runner:
        capacity = runner.run(at_most(site.port))
        settled = site.memory()
        rush = runner.run(at_rate(site, page, 2 * capacity))
        if rush.in_time > 2 * capacity * RUSH_S * MANY:
            # It can do more: the machine is shared, and had less time for it when it was measured.
            capacity = rush.in_time / RUSH_S
            rush = runner.run(at_rate(site, page, 2 * capacity))
    with capsys.disabled():
        print(  # noqa: T201 - the figures are what one wants to know of it
            f"\n{capacity:.0f} a second is what it can do; of {2 * capacity:.0f} a second for {RUSH_S} s it answers "
            f"{rush.in_time / RUSH_S:.0f} and refuses {rush.answers[503] / RUSH_S:.0f}, all within "
            f"{rush.slowest_s:.1f} s, and pages that are kept within {1_000 * max(rush.kept_s):.0f} ms; memory "
            f"{settled >> 20} MiB before and {[each >> 20 for each in rush.memory]} meanwhile"
        )
    assert set(rush.answers) == {200, 503}
    assert rush.answers[503] > 2 * capacity * RUSH_S * (1 - MANY)
    assert rush.in_time > capacity * RUSH_S * STILL
    assert rush.slowest_s < LATE_S
    assert max(rush.kept_s) < SLOW_S
    assert max(rush.memory) < settled + MORE_BYTES
    eventually(lambda: sum(open_files(site)) <= before + MORE_FILES)
    assert site.ask("/search?q=rush").status == 200
    eventually(lambda: site.health()[0] == 200)


class Rush(msgspec.Struct, frozen=True, kw_only=True):
    """The answers by status, how many pages came before its end, and the seconds that the slowest answer took; those
    that each read of a kept page took, and bytes of memory then.
    """

    answers: Counter[int]
    in_time: int
    slowest_s: float
    kept_s: list[float]
    memory: list[int]


async def at_most(port: int) -> float:
    """Requests a second that are answered to clients who ask again as soon as they are."""
    loop, answered = asyncio.get_running_loop(), Counter[int]()
    until_s = loop.time() + MEASURED_S

    async def ask_on(client: int) -> None:
        while loop.time() < until_s:
            answered[await status(port, f"/search?q=most+{client}+{answered.total()}")] += 1

    async with asyncio.TaskGroup() as group:
        for client in range(CLIENTS):
            group.create_task(ask_on(client))
    assert set(answered) == {200}
    return answered.total() / MEASURED_S


async def at_rate(site: Site, page: str, rate: float) -> Rush:
    """Ask so often a second, whether the last ones were answered or not."""
    loop, began_s = asyncio.get_running_loop(), asyncio.get_running_loop().time()
    asked: list[asyncio.Task[tuple[int, float, float]]] = []

    async def ask(number: int) -> tuple[int, float, float]:
        """The status, the seconds it took, and those since the beginning."""
        asked_s = loop.time()
        found = await status(site.port, f"/search?q=rush+{number}")
        return found, loop.time() - asked_s, loop.time() - began_s

    async with asyncio.TaskGroup() as group:
        beside = group.create_task(asyncio.to_thread(reads, site, page))
        while (gone_s := loop.time() - began_s) < RUSH_S:
            asked += [group.create_task(ask(number)) for number in range(len(asked), int(rate * gone_s))]
            await asyncio.sleep(TICK_S)
    kept_s, memory = beside.result()
    told = [each.result() for each in asked]
    return Rush(
        answers=Counter(found for found, _, _ in told),
        in_time=sum(found == 200 and at_s < RUSH_S for found, _, at_s in told),
        slowest_s=max(seconds for _, seconds, _ in told),
        kept_s=kept_s,
        memory=memory,
    )


def reads(site: Site, page: str) -> tuple[list[float], list[int]]:
    """Read a page that is kept, now and then while it lasts."""
    kept_s, memory, pause = [], [], threading.Event()
    for _ in range(READS):
        told = site.ask(page)
        assert told.status == 200
        kept_s.append(told.seconds)
        memory.append(site.memory())
        pause.wait(RUSH_S / READS)
    return kept_s, memory


async def status(port: int, path: str) -> int:
    """Of the answer to one request on a connection of its own: a pool of so many is slower than the site."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        async with asyncio.timeout(ANSWER_S):
            return int((await reader.read()).split(b" ", 2)[1])
    finally:
        writer.close()


def open_files(site: Site) -> list[int]:
    """Of each process of web."""
    text = site.ask("/metrics").text
    return [int(float(each)) for each in re.findall(r"^process_open_fds\{.*\} (\S+)$", text, re.MULTILINE)]
