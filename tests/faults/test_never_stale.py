"""Two processes of web while a text is published, changed, withdrawn and published again: no answer that began after a
change is older than it, whichever page and whichever process.
"""

import itertools
import re
import secrets
import threading
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest
from sdc_core import clock

from living_site import Site, eventually

pytestmark = pytest.mark.timeout(180)

READERS = 4
WAITING = 10
"""Connections that are open when a change is answered."""
PROCESSES = 2
CHANGES = 60
WITHDRAWN_EACH = 6
"""Every so many changes the text is taken off the site instead, and comes back with the next."""


class Changing:
    """A post whose title counts its changes, and what readers are told of it meanwhile.

    A change that is `known` was answered before the reader asked, so an answer that tells of an earlier one is stale.
    An answer without the post is right while its last withdrawal may be what the reader sees.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.name = secrets.token_hex(4)
        path = f"/posts/{self.name}"
        self.pages = {
            path: path,
            "/": "/",
            "/posts": "/posts",
            f"/tags/{self.name}": f"/tags/{self.name}",
            "/feed.xml": "/feed.xml",
            "/rss.xml": "/rss.xml",
            "/feed.json": "/feed.json",
            f"/tags/{self.name}/feed.xml": f"/tags/{self.name}/feed.xml",
            "/search": f"/search?q={self.name}",
            "/sitemap.xml": "/sitemap.xml",
        }
        self.post = site.send("/author/posts", kind="post").headers["location"]
        self.known = self.withdrawn = self.published = 0
        self.stale: list[tuple[str, int, int]] = []
        self.seen: Counter[str] = Counter()
        self.ended, self.counting = threading.Event(), threading.Lock()
        before = self.answered()
        self.publish(0)
        with ThreadPoolExecutor(READERS) as readers, ExitStack() as held:
            waiting = [
                held.enter_context(httpx.Client(base_url=site.url, timeout=30, trust_env=False)) for _ in range(WAITING)
            ]
            reading = [readers.submit(self.read, list(self.pages)[number:]) for number in range(READERS)]
            try:
                for number in range(1, CHANGES + 1):
                    if number % WITHDRAWN_EACH:
                        self.publish(number)
                    else:
                        self.withdraw(number)
                    self.known = number
                    # At once, of both processes: what is a moment late is seen by whoever comes first.
                    for page, browser in zip(itertools.cycle(self.pages), waiting, strict=False):
                        self.ask(page, browser)
            finally:
                self.ended.set()
            for each in reading:
                each.result()
        # The last lines of the log are written a moment later.
        eventually(lambda: (self.answered() - before).total() >= self.seen.total())
        self.by_process = self.answered() - before

    def publish(self, number: int) -> None:
        self.published = number
        based = re.search(r'name="base_revision" value="(\d+)"', self.site.ask(self.post, self.site.author).text)
        assert based is not None
        title = f"{self.name} {number}."
        form = {"title": title, "slug": self.name, "tags": self.name, "body_markdown": f"Of {title}"}
        self.site.send(f"{self.post}/publication", **form, base_revision=based[1])

    def withdraw(self, number: int) -> None:
        self.withdrawn = number
        self.site.send(f"{self.post}/publication?_method=DELETE")

    def read(self, first: Iterable[str]) -> None:
        """Ask for every page in turn, each time over a connection of its own: so the kernel chooses the process."""
        pages = [*first, *self.pages]
        with httpx.Client(
            base_url=self.site.url, headers={"Connection": "close"}, timeout=30, trust_env=False
        ) as browser:
            while not self.ended.is_set():
                for page in pages:
                    self.ask(page, browser)

    def ask(self, page: str, browser: httpx.Client) -> None:
        known = self.known
        answer = browser.get(self.pages[page])
        assert answer.status_code in (200, 404, 410), answer.text
        told = self.told(page, answer.text)
        with self.counting:
            self.seen[page] += 1
            if told < known:
                self.stale.append((page, known, told))

    def told(self, page: str, text: str) -> int:
        """The change that an answer tells of, or may: of one without the post, the last withdrawal; the map tells
        nothing but that it is there.
        """
        if page == "/sitemap.xml":
            return self.published if f"/posts/{self.name}<" in text else self.withdrawn
        text = re.sub(r"</?mark>", "", text)
        found = re.search(rf"{self.name} (\d+)\.", text)
        return int(found[1]) if found else self.withdrawn

    def answered(self) -> Counter[tuple[str, str]]:
        """How often each process answered each page, as the slots of the access log have it."""
        found: Counter[tuple[str, str]] = Counter()
        for slot in self.site.slots():
            log = self.site.data / "logs" / "web" / slot / f"{clock.today()}.ndjson"
            lines = log.read_bytes().splitlines() if log.exists() else []
            for page in self.pages:
                found[slot, page] = sum(f'"path":"{page}"'.encode() in line for line in lines)
        return found


@pytest.fixture(scope="module")
def changing(site: Site) -> Changing:
    return Changing(site)


def test_no_answer_is_older_than_the_last_change_before_it(changing: Changing) -> None:
    assert changing.stale == []
    assert min(changing.seen[page] for page in changing.pages) >= CHANGES // WITHDRAWN_EACH


def test_both_processes_gave_each_of_these_pages_meanwhile(changing: Changing) -> None:
    assert len(changing.site.slots()) == PROCESSES
    assert {key for key, count in changing.by_process.items() if count} == set(changing.answered())
