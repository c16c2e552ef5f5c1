"""What healthy readers wait for while thousands of clients hold connections and say, or take, next to nothing."""

import asyncio
import socket
import threading
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager, closing, suppress

import pytest
from sdc_web.slow_readers import MOST

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
PROCESSES = 2
STANDING = 1_000
WORDS = 60_000
SEGMENT_BYTES = 1_460
"""Of a reader who is not on this machine. For one who is, the kernel keeps megabytes, and the server nothing."""
MORE_BYTES = 128 * 1024 * 1024
"""What the processes may have taken for the second thousand, beside what they took for the first: half of it."""
PHONE_BYTES_PER_S = 20_000
ESTABLISHED = 1
"""Of a connection, as Linux tells its state."""


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


@pytest.fixture(scope="module")
def long_page(site: Site) -> str:
    """A page of 300 kB, that is kept."""
    page = site.publish("Long", "Fog. " * WORDS)
    assert len(site.ask(page).text) > 5 * WORDS
    return page


def test_readers_who_take_nothing_are_cut_while_a_slow_phone_gets_all(
    site: Site, long_page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    standing: list[socket.socket] = []

    def most_are_cut() -> bool:
        return sum(map(is_connected, standing)) <= PROCESSES * MOST

    with ExitStack() as held:
        phone = held.enter_context(closing(reader(site, long_page)))
        taken: list[bytes] = []
        taking = threading.Thread(target=take_slowly, args=(phone, taken))
        taking.start()
        took = [site.memory()]
        for _ in range(2):
            standing.extend(held.enter_context(closing(reader(site, long_page))) for _ in range(STANDING))
            crowded = reads(site, long_page)
            took.append(site.memory())
            eventually(most_are_cut)
        taking.join()
    with capsys.disabled():
        print(  # noqa: T201 - the figures are what one wants to know of it
            f"\n{[each >> 20 for each in took]} MiB before, with {STANDING} who take nothing, with {STANDING} more; "
            f"{READS} reads beside: p50 {share(crowded, 0.5):.0f} ms, p99 {share(crowded, 0.99):.0f} ms"
        )
    assert took[2] < took[1] + MORE_BYTES
    assert share(crowded, 0.99) < 1_000 * P99_S
    assert b"".join(taken).partition(b"\r\n\r\n")[2] == site.ask(long_page).text.encode()


def reader(site: Site, page: str) -> socket.socket:
    """One who asks for a page, and has next to no memory of its own."""
    made = socket.socket()
    made.settimeout(30)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT_BYTES)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * SEGMENT_BYTES)
    made.connect(("127.0.0.1", site.port))
    made.sendall(f"GET {page} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    return made


def take_slowly(phone: socket.socket, taken: list[bytes]) -> None:
    """All that comes, no faster than a phone on a bad line."""
    pause = threading.Event()
    while piece := phone.recv(PHONE_BYTES_PER_S // 10):
        taken.append(piece)
        pause.wait(len(piece) / PHONE_BYTES_PER_S)


def is_connected(connection: socket.socket) -> bool:
    """Whether it was not reset; what came before that could be read still."""
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == ESTABLISHED
