"""Two replicas of web behind the proxy, each stopped and started again in turn while readers and an author go on."""

import os
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from living_site import SAME_ORIGIN, Site, eventually, living
from proxy import BIN, lives, proxied, running
from sdc_up import free_ports

pytestmark = pytest.mark.timeout(300)

LEAVE_S = "4"
READERS = 3


class Restarts:
    """One replica of `sdc up`'s and one beside it; each ends by SIGTERM and comes back, under requests."""

    def __init__(self, site: Site, scratch: Path) -> None:
        self.site = site
        port = free_ports()
        self.read: list[int] = []
        self.written: list[int] = []
        self.path = site.publish("Still here")
        self.before = self._drafts()
        second = port + 1
        beside = {**site.environment, "SDC_WEB_PORT": str(second), "SDC_SITE_URL": site.url}
        self._web = [str(BIN / "sdc-web")]
        with (
            running(self._web, beside, scratch / "second.log") as old,
            proxied(port, [site.port, second], scratch) as self.proxy_url,
        ):
            eventually(lambda: lives(f"http://127.0.0.1:{second}"))
            eventually(lambda: lives(self.proxy_url))
            self.slots = sorted(site.slots())
            self._restart_under_requests(old, beside, second, scratch)
        self.made = self._drafts() - self.before

    def _restart_under_requests(
        self, old: subprocess.Popen[bytes], beside: dict[str, str], port: int, to: Path
    ) -> None:
        site, ended = self.site, threading.Event()
        with ThreadPoolExecutor(READERS + 1) as people:
            going = [people.submit(self._go_on, ended, self._reads) for _ in range(READERS)]
            going.append(people.submit(self._go_on, ended, self._writes))
            try:
                first = site.processes("bin/sdc-web")
                kept = min(pid for pid in first if pid != old.pid and pid in site.listening(site.port))
                os.kill(kept, signal.SIGTERM)
                eventually(lambda: kept not in site.processes("bin/sdc-web"))
                eventually(lambda: lives(f"http://127.0.0.1:{site.port}"))
                # Only once the proxy has seen it again is there somebody else to turn to.
                self._await_many()
                old.terminate()
                self.code = old.wait(timeout=30)
                with running(self._web, beside, to / "second.log"):
                    eventually(lambda: lives(f"http://127.0.0.1:{port}"))
                    self._await_many()
                    self.slots_after = sorted(site.slots())
                    ended.set()
                    for each in going:
                        each.result()
            finally:
                ended.set()

    def _await_many(self) -> None:
        """A few health checks of the proxy's, by the requests that meanwhile were answered."""
        seen = len(self.read)
        eventually(lambda: len(self.read) > seen + 300)

    def _go_on(self, ended: threading.Event, ask: Callable[[httpx.Client], None]) -> None:
        with httpx.Client(
            base_url=self.proxy_url, headers=SAME_ORIGIN, cookies=self.site.author.cookies, timeout=30, trust_env=False
        ) as browser:
            while not ended.is_set():
                ask(browser)

    def _reads(self, browser: httpx.Client) -> None:
        self.read.append(browser.get(self.path).status_code)

    def _writes(self, browser: httpx.Client) -> None:
        self.written.append(browser.post("/author/posts", data={"kind": "post"}).status_code)

    def _drafts(self) -> int:
        with closing(sqlite3.connect(f"file:{self.site.data / 'site.db'}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM posts").fetchone()[0])


@pytest.fixture(scope="module")
def restarts(tmp_path_factory: pytest.TempPathFactory) -> Generator[Restarts]:
    with living(SDC_WEB_LEAVE_S=LEAVE_S) as site:
        yield Restarts(site, tmp_path_factory.mktemp("rolling"))


def test_no_reader_notices_that_web_is_restarted(restarts: Restarts) -> None:
    assert set(restarts.read) == {200}


def test_no_form_fails_while_web_is_restarted_and_its_author_stays_signed_in(restarts: Restarts) -> None:
    assert set(restarts.written) == {303}


def test_each_form_is_taken_once(restarts: Restarts) -> None:
    assert restarts.made == len(restarts.written)


def test_a_replica_ends_well(restarts: Restarts) -> None:
    assert restarts.code == 0


def test_a_replica_takes_the_slot_of_the_access_log_that_was_left(restarts: Restarts) -> None:
    assert restarts.slots_after == restarts.slots == ["0", "1"]
