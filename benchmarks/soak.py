"""A whole site under mixed requests for minutes on end: what grows, and what becomes slow.

First it is found out how many requests a second the clients here get answered, then so many less are sent at a steady
pace; a time counts from the moment when a request was due. Takes `SDC_BENCH_SOAK_S` seconds (600).
"""

import http.client
import itertools
import json
import os
import random
import re
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote_plus

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import sdc_up
from living_site import Site, descriptors, small_photograph

import sites

SOAK_S = float(os.environ.get("SDC_BENCH_SOAK_S", "600"))
CAPACITY_S = 15.0
SHARE = 0.8
CLIENTS = 8
MOST = 2_000_000
"""Requests in all, however fast the machine is."""
UPLOAD_EVERY_S = 15.0
WARM_MINUTES = 2
"""Left out of the slopes: caches fill."""
END_S = 60
READY_S = 600
"""On a machine that does much else, too."""
PARTS = {"web": "sdc-web", "worker": "sdc-worker", "store": "weed", "litestream": "litestream"}


class Request(NamedTuple):
    """One that is sent, and the status it must be answered with."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int


class Sample(NamedTuple):
    """Of the processes at a moment."""

    at_s: float
    mib: dict[str, float]
    descriptors: int
    connections: int


def main() -> None:
    """Print a line each minute, then how fast each figure grew; exit 1 when an answer was not what it must be."""
    with tempfile.TemporaryDirectory(prefix="sdc-bench-", ignore_cleanup_errors=True) as folder:
        sdc_up.READY_S = READY_S
        site = Site(folder, "--demo", SDC_WEB_PROCESSES="1")
        try:
            site.await_ready()
            site.up.wait_for(r"/author/login/")
            wrong = soak(site, Path(folder))
        finally:
            site.up.end(signal.SIGTERM, END_S)
    sys.exit(1 if wrong else 0)


def soak(site: Site, folder: Path) -> int:
    """Everything once the site is there; returns how many answers were wrong."""
    link = re.search(r"(/author/login/\S+)", site.up.printed)
    assert link is not None
    site.send(link[1])
    kinds = mixture(site)
    driver = Driver(site.port, kinds)
    answered = driver.drive(CAPACITY_S, 0.0)
    pace = SHARE * len(answered) / CAPACITY_S
    print(f"{CLIENTS} clients were answered {len(answered) / CAPACITY_S:,.0f} times a second; {pace:,.0f} are sent\n")
    print(f"{'minute':>6}{'requests':>10}{'wrong':>7}{'p50 ms':>8}{'p99 ms':>8}", end="")
    print("".join(f"{name + ' MiB':>16}" for name in PARTS) + f"{'files':>7}{'sockets':>9}")
    samples: list[Sample] = []
    driver.wrong.clear()
    over = threading.Event()
    uploading = threading.Thread(target=upload, args=(site, folder, over))
    uploading.start()
    try:
        for minute in itertools.count(1):
            spent_s = 60.0 * (minute - 1)
            if spent_s >= SOAK_S or driver.sent > MOST:
                break
            times = sorted(driver.drive(min(60.0, SOAK_S - spent_s), pace))
            samples.append(sample(site))
            told(minute, times, driver, samples[-1])
    finally:
        over.set()
        uploading.join()
    for kind, count in driver.wrong.most_common():
        print(f"wrong: {kind}, {count} times")
    slopes(samples[WARM_MINUTES:])
    return driver.wrong.total()


def mixture(site: Site) -> list[tuple[int, list[Request]]]:
    """Kinds of requests, each with how many of a hundred are of it."""
    paths = re.findall(r"<loc>https?://[^/]+(/[^<]*)</loc>", site.ask("/sitemap.xml").text) or ["/", "/posts"]
    signed_in = {"Cookie": "; ".join(f"{name}={value}" for name, value in site.author.cookies.items())}
    token = re.search(r"sdc_\S+", site.sdc("token", "create", "--scope", "write", "soak").stdout)
    assert token is not None
    bearer = {"Authorization": f"Bearer {token[0]}", "Content-Type": "application/json"}
    browser = {"Accept": "text/html", "Accept-Encoding": "br"}
    behind = ("", "/posts", "/media", "/statistics", "/jobs", "/backups", "/audit")
    words = ("a", "light", "the sea", "nothing at all", '"in the"', "stone -light")

    def get(path: str, headers: dict[str, str], status: int = 200) -> Request:
        return Request("GET", path, headers, b"", status)

    draft = json.dumps({"kind": "post", "title": "Soaked", "body": "Fog. " * 200}).encode()
    return [
        (62, [get(path, browser) for path in paths]),
        (8, [get(path, browser) for path in ("/feed.xml", "/rss.xml", "/feed.json", "/sitemap.xml", "/robots.txt")]),
        (10, [get(f"/search?q={quote_plus(word)}", browser) for word in words]),
        (8, [get(f"/nothing/{number}", browser, 404) for number in range(100)]),
        (10, [get(f"/author{path}", browser | signed_in) for path in behind]),
        (1, [get("/api/v1/posts", bearer), get("/api/v1/tags", bearer)]),
        (1, [Request("POST", "/api/v1/posts", bearer, draft, 201)]),
    ]


class Driver:
    """Sends requests by several connections that are kept open, as fast as it can or at a pace."""

    def __init__(self, port: int, kinds: list[tuple[int, list[Request]]]) -> None:
        self.sent = 0
        self.wrong: Counter[str] = Counter()
        self._port = port
        self._kinds = kinds
        self._connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(CLIENTS)]

    def drive(self, seconds: float, pace: float) -> list[float]:
        """Milliseconds that each answer of so long took; `pace` is requests a second, 0 for as many as there can be."""
        began_s = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            parts = [
                pool.submit(self._client, number, began_s, began_s + seconds, CLIENTS / pace if pace else 0.0)
                for number in range(CLIENTS)
            ]
            times = [each for part in parts for each in part.result()]
        self.sent += len(times)
        return times

    def _client(self, number: int, began_s: float, over_s: float, every_s: float) -> list[float]:
        times: list[float] = []
        due_s = began_s + every_s * number / CLIENTS
        for request in self._requests(number + self.sent):
            now_s = time.perf_counter()
            if max(now_s, due_s) >= over_s:
                return times
            if now_s < due_s:
                threading.Event().wait(due_s - now_s)
            if (status := self._ask(number, request)) != request.status:
                self.wrong[f"{request.method} {request.path} {status}"] += 1
            times.append(1000 * (time.perf_counter() - (due_s if every_s else now_s)))
            due_s += every_s
        return times

    def _requests(self, seed: int) -> Iterator[Request]:
        chance = random.Random(seed)
        weights = [weight for weight, _ in self._kinds]
        while True:
            yield chance.choice(chance.choices(self._kinds, weights)[0][1])

    def _ask(self, number: int, request: Request) -> int:
        connection = self._connections[number]
        try:
            connection.request(request.method, request.path, request.body or None, request.headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return 0
        return answer.status


def upload(site: Site, folder: Path, over: threading.Event) -> None:
    """A new photograph now and then, as an author adds one."""
    for seed in itertools.count(1):
        if over.wait(UPLOAD_EVERY_S):
            return
        site.upload(small_photograph(folder, seed))


def sample(site: Site) -> Sample:
    """Memory of each part, in proportion where it is shared; files and sockets that web and the worker hold."""
    tree = sites.tree(site.up.process.pid)
    mib = {
        part: sum(sites.pss_bytes(pid) for name, pid in tree.items() if word in name.split(" (")[0]) / 1024**2
        for part, word in PARTS.items()
    }
    links: list[str] = []
    for name, pid in tree.items():
        if "sdc-" in name:
            links += descriptors(pid)
    sockets = sum(each.startswith("socket:") for each in links)
    return Sample(time.perf_counter(), mib, len(links) - sockets, sockets)


def told(minute: int, times: list[float], driver: Driver, now: Sample) -> None:
    """One line of the table."""
    p99 = times[int(len(times) * 0.99)]
    print(f"{minute:>6}{len(times):>10,}{driver.wrong.total():>7}{statistics.median(times):>8.1f}{p99:>8.1f}", end="")
    print(
        "".join(f"{now.mib[name]:>16.1f}" for name in PARTS) + f"{now.descriptors:>7}{now.connections:>9}", flush=True
    )


def slopes(samples: list[Sample]) -> None:
    """How much each figure grows in an hour, by the straight line that fits best."""
    if len(samples) < 3:
        print("\ntoo short for a slope")
        return
    hours = [each.at_s / 3600 for each in samples]

    def slope(figures: list[float]) -> float:
        return statistics.linear_regression(hours, figures).slope

    grown = {f"{name} MiB": slope([each.mib[name] for each in samples]) for name in PARTS}
    grown["files"] = slope([float(each.descriptors) for each in samples])
    grown["sockets"] = slope([float(each.connections) for each in samples])
    print("\nin an hour: " + ", ".join(f"{name} {figure:+.1f}" for name, figure in grown.items()))


if __name__ == "__main__":
    main()
