"""More than the site can do: clients that connect and say nothing, and requests faster than they can be answered."""

import asyncio
import re
import socket
from collections import Counter
from collections.abc import Generator

import pytest
from sdc_web.main import BACKLOG

from living_site import Site, eventually
from raw_connections import idle_ones

pytestmark = pytest.mark.timeout(120)

IDLE = 10_000
PROCESSES = 2
OWN_FILES = 256
"""Of the process that tests, beside the connections."""
AT_ONCE = 600
"""More than two processes work on at once."""
ROUNDS = 3
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


async def test_at_twice_what_it_can_do_the_site_refuses_lives_and_recovers(site: Site) -> None:
    page = await asyncio.to_thread(site.publish, "Rush")
    await asyncio.to_thread(site.ask, page)
    found: Counter[int] = Counter()
    # One that has just begun has not told yet, and one that has just ended is told of for a moment.
    await asyncio.to_thread(eventually, lambda: len(open_files(site)) == PROCESSES)
    before = await asyncio.to_thread(open_files, site)
    for round_ in range(ROUNDS):
        async with asyncio.TaskGroup() as group:
            crowd = [group.create_task(status(site.port, f"/search?q=rush+{round_}+{n}")) for n in range(AT_ONCE)]
            reader = await asyncio.to_thread(site.ask, page)
        found += Counter(each.result() for each in crowd)
        assert reader.status == 200
    assert set(found) == {200, 503}
    await asyncio.to_thread(eventually, lambda: sum(open_files(site)) <= sum(before) + MORE_FILES)
    assert (await asyncio.to_thread(site.ask, "/search?q=rush")).status == 200
    await asyncio.to_thread(eventually, lambda: site.health()[0] == 200)


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
