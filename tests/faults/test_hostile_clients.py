"""Clients that lie about lengths, never finish, and send far too much, on the real server."""

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing

import pytest

from living_site import Site, eventually
from raw_connections import answered, statuses

pytestmark = pytest.mark.timeout(120)

SERVICES = ("web", "worker")
HELD = 100
HEADER_S = 10


@pytest.fixture(scope="module", autouse=True)
def half_headers(site: Site) -> Generator[list[socket.socket]]:
    """Connections that have sent half a header: there while the other tests of this module go on."""
    with ExitStack() as held:
        half = [
            held.enter_context(closing(socket.create_connection(("127.0.0.1", site.port), timeout=2 * HEADER_S)))
            for _ in range(HELD)
        ]
        for each in half:
            each.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Never")
        yield half


@pytest.fixture(params=SERVICES)
def connect(site: Site, request: pytest.FixtureRequest) -> Callable[[], socket.socket]:
    port = site.port if request.param == "web" else int(site.environment["SDC_WORKER_PORT"])
    return lambda: socket.create_connection(("127.0.0.1", port), timeout=15)


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
    ids=["two lengths", "less than nothing", "no chunk", "space in a name", "TLS", "zero byte"],
)
def test_what_is_no_request_is_no_fault_of_the_server(connect: Callable[[], socket.socket], head: bytes) -> None:
    assert [status for status in statuses(answered(connect, head)) if status >= 500] == []


@pytest.mark.parametrize("path", ["/hooks", "/images", "/author/sign-in", "/author/media"])
def test_a_hundred_megabytes_are_refused_before_they_are_sent(connect: Callable[[], socket.socket], path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Type: text/plain\r\n"
    found = statuses(answered(connect, f"{head}Content-Length: 104857600\r\n\r\n".encode()))
    assert found[:1] != []
    # 303 leads to the sign-in form.
    assert 300 <= found[0] < 500


def test_headers_that_never_end_hold_up_nobody(site: Site, half_headers: list[socket.socket]) -> None:
    page = site.publish("Half a header")
    assert len(half_headers) == HELD
    meanwhile = [site.ask(page) for _ in range(20)]
    assert {(answer.status, answer.seconds < 1) for answer in meanwhile} == {(200, True)}


def test_headers_that_never_end_are_cut_off(half_headers: list[socket.socket]) -> None:
    assert [left for each in half_headers if (left := each.recv(1000)) and b" 408 " not in left] == []


def test_bodies_that_never_come_hold_up_nobody(site: Site) -> None:
    page = site.publish("Half a body")
    head = b"POST /author/sign-in HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
    head += b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nname=a"
    with ExitStack() as held:
        for _ in range(HELD):
            each = held.enter_context(closing(socket.create_connection(("127.0.0.1", site.port), timeout=5)))
            each.sendall(head)
        meanwhile = [site.ask(page) for _ in range(20)]
        assert {(answer.status, answer.seconds < 1) for answer in meanwhile} == {(200, True)}
    eventually(lambda: site.health()[0] == 200)


def test_readers_who_leave_in_the_middle_leave_the_site_well(site: Site) -> None:
    page = site.publish("Left alone", "Fog. " * 20_000)
    for _ in range(50):
        with closing(socket.create_connection(("127.0.0.1", site.port), timeout=5)) as each:
            each.sendall(f"GET {page} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    threading.Event().wait(0.1)
    assert site.ask(page).status == 200
    assert site.health()[0] == 200
