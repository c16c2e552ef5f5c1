"""Whether any answer is ever stale: readers of two processes of web, Litestream attached, while texts change.

Each reader notes what was published before it asks, and what had been begun when the answer was there: an answer that
shows neither of these nor anything between them is stale. Every twentieth change takes the post off the site.
"""

import http.client
import itertools
import json
import re
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import sites

CHANGES = 4_000
READERS = 4
TOKENS = 8
"""Each may ask so often a minute; together they may ask as often as this author does."""
WITHDRAW_EVERY = 20
PER_CONNECTION = 200
"""Reads before a reader opens a new connection, which the kernel may give to the other process."""
PATHS = ("/posts/changing", "/", "/posts", "/feed.xml", "/tags/fog")
SHOWN = re.compile(rb"Version (\d+)")


class Versions:
    """What is published: `settled` was answered to the author, `begun` was sent."""

    def __init__(self) -> None:
        self.settled = 1
        self.begun = 1
        self.ended = threading.Event()

    def may_show(self, shown: int | None, since: int) -> bool:
        """Whether that was before readers at some moment since then; None for a post that is away."""
        possible = range(since, self.begun + 1)
        if shown is None:
            return any(version % WITHDRAW_EVERY == 0 for version in possible)
        return shown in possible and shown % WITHDRAW_EVERY != 0


def main() -> None:
    """Print one table."""
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as folder:
        Path(folder, "data").mkdir()
        environment = sites.settings(f"{folder}/data", SDC_WEB_PROCESSES="2")
        sdc = partial(subprocess.run, env=environment, check=True, capture_output=True, text=True, timeout=60)
        sdc([sites.SDC, "author", "add", "ada"])
        create = [sites.SDC, "token", "create", "--scope", "write"]
        tokens = [sdc([*create, f"bench-{number}"]).stdout.split()[-1] for number in range(TOKENS)]
        with sites.up(environment):
            measure(int(environment["SDC_WEB_PORT"]), tokens)


def measure(port: int, tokens: list[str]) -> None:
    """Readers and one author at once, until the author is done."""
    versions = Versions()
    author = Author(port, tokens)
    author.publish(1)
    started_s = time.perf_counter()
    with ThreadPoolExecutor(READERS) as readers:
        reading = [readers.submit(read, port, versions, number) for number in range(READERS)]
        try:
            for version in range(2, CHANGES + 2):
                versions.begun = version
                if version % WITHDRAW_EVERY:
                    author.publish(version)
                else:
                    author.withdraw()
                versions.settled = version
        finally:
            versions.ended.set()
        counted = [each.result() for each in reading]
    took_s = time.perf_counter() - started_s
    reads, stale = (sum(each) for each in zip(*counted, strict=True))
    print(f"{reads:,} reads of {len(PATHS)} pages in two processes against {CHANGES:,} changes, Litestream attached")
    print(f"  {stale} stale; {took_s:.0f} s, {reads / took_s:,.0f} reads and {CHANGES / took_s:.0f} changes a second")
    assert stale == 0


def read(port: int, versions: Versions, number: int) -> tuple[int, int]:
    """How many answers came, and how many of them were stale."""
    reads = stale = 0
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    while not versions.ended.is_set():
        path = PATHS[(reads + number) % len(PATHS)]
        since = versions.settled
        connection.request("GET", path)
        shown = SHOWN.search(connection.getresponse().read())
        reads += 1
        if not versions.may_show(int(shown[1]) if shown else None, since):
            stale += 1
            print(f"  {path} shows {shown and shown[0]} after version {since}")
        if reads % PER_CONNECTION == 0:
            connection.close()
    return reads, stale


class Author:
    """One post, changed by the API."""

    def __init__(self, port: int, tokens: list[str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._tokens = itertools.cycle(tokens)
        made = self._ask("POST", "", {"slug": "changing", "tags": ["fog"]})
        self._id, self._revision = made["id"], made["revision"]

    def publish(self, version: int) -> None:
        """A new text, before readers once this returns."""
        text = {"title": f"Version {version}", "body": f"Version {version} of the text."}
        self._revision = self._ask("PATCH", f"/{self._id}", text)["revision"]
        self._ask("POST", f"/{self._id}/publication")

    def withdraw(self) -> None:
        """Off the site."""
        self._ask("DELETE", f"/{self._id}/publication")

    def _ask(self, method: str, path: str, sent: object = None) -> dict[str, str]:
        headers = {"authorization": f"Bearer {next(self._tokens)}", "content-type": "application/json"}
        if method == "PATCH":
            headers["if-match"] = f'"{self._revision}"'
        self._connection.request(
            method, f"/api/v1/posts{path}", body=None if sent is None else json.dumps(sent), headers=headers
        )
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status in {200, 201}, (answer.status, body)
        return json.loads(body)


if __name__ == "__main__":
    main()
