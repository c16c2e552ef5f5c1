"""The same hostile clients at the proxy that deployments have: what they do to it is nothing to those who read."""

import os
import socket
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial

import httpx
import pytest
from sdc_web.media import upload

from living_site import Site, Told, eventually, told
from proxy import lives, proxied
from raw_connections import answered, idle_ones, is_open, statuses
from sdc_up import free_ports
from two_ways import READ_IN_TWO_WAYS

pytestmark = pytest.mark.timeout(180)

IDLE = 10_000
OWN_FILES = 1_024
READS = 40
LEFT_ALONE = (
    b"POST /author/sign-in HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nname=a"
)
"""Whoever sends it closes the connection."""


@pytest.fixture(scope="module")
def proxy(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The address of the proxy, in front of the site."""
    with proxied(free_ports(), [site.port], tmp_path_factory.mktemp("proxy")) as url:
        eventually(lambda: lives(url))
        yield url


def reads(url: str, page: str) -> list[Told]:
    """Every other one is of a page that is kept."""
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as reader:
        paths = [page if number % 2 else f"/search?q=proxy+{number}" for number in range(READS)]
        return [told(partial(reader.get, path)) for path in paths]


def test_clients_who_send_nonsense_have_no_replica_taken_for_dead(site: Site, proxy: str) -> None:
    page, over = site.publish("Nonsense"), threading.Event()
    connect = partial(socket.create_connection, ("127.0.0.1", httpx.URL(proxy).port), timeout=15)

    def send() -> list[int]:
        found: list[int] = []
        for nonsense in READ_IN_TWO_WAYS.values():
            found += statuses(answered(connect, nonsense))
            with suppress(OSError), closing(connect()) as left:
                left.sendall(LEFT_ALONE)
        over.set()
        return found

    meanwhile: list[Told] = []
    with ThreadPoolExecutor(1) as people:
        sent = people.submit(send)
        while not over.is_set():
            meanwhile += reads(proxy, page)
        refused = sent.result()
    assert refused.count(502) > 2, "none of it went on to web, so nothing was tried"
    assert {(answer.status, answer.seconds < 2) for answer in meanwhile} == {(200, True)}


def test_a_file_as_large_as_may_be_goes_up_and_comes_back_also_in_part(site: Site, proxy: str) -> None:
    large = b"%PDF-1.7\n" + os.urandom(upload.MAX_BYTES - 9)
    token = site.sdc("token", "create", "large", "--scope", "write").stdout.split()[-1]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/pdf"}
    with httpx.Client(base_url=proxy, trust_env=False, timeout=60, headers=headers) as api:
        made = api.post("/api/v1/media?filename=plan.pdf", content=large)
        assert made.status_code == 201, made.text
        path = httpx.URL(made.json()["url"]).path
        assert api.get(path).content == large
        part = api.get(path, headers={"Range": "bytes=40000000-42999999"})
        assert (part.status_code, part.content) == (206, large[40_000_000:43_000_000])
        assert api.post("/api/v1/media?filename=plan.pdf", content=large + b"1").status_code == 413


def test_thousands_that_say_nothing_hold_up_nobody_and_are_cut_off(site: Site, proxy: str) -> None:
    page = site.publish("Quiet")
    with idle_ones(httpx.URL(proxy).port or 0, IDLE, OWN_FILES) as idle:
        meanwhile = reads(proxy, page)
        assert len(idle) > 1_000
        assert {(answer.status, answer.seconds < 2) for answer in meanwhile} == {(200, True)}
        eventually(lambda: not any(map(is_open, idle)))
