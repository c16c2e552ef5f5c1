"""A demonstration is destroyed while it runs and brought back: out of the daily mirror, the monthly one, the replica.

Each time `sdc up --demo` fills a new site; once its pictures are made all pages, feeds and pictures are read, it is
backed up, its processes are killed and its data folder is removed. Then `sdc recover`, and everything is read again.
Its object store is its own for the mirrors; for the replica it is one that outlives the machine.
"""

import asyncio
import contextlib
import html
import os
import re
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import seaweed
from living_site import Site, eventually
from sdc_core import clock
from sdc_core.objects import Endpoint, open_store
from sdc_up import Up

KINDS = ("daily", "monthly", "replica")
MADE_S = 180
ADDRESS = re.compile(r"(?:src|href|srcset|loc)[=>]\"?([^\"<]+)")


def main() -> None:
    """Print one table."""
    print(f"{'from':<10}{'checked, s':>12}{'served, s':>12}{'read':>8}{'same':>8}{'missing':>9}")
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as folder, seaweed.running(Path(folder)) as endpoint:
        for kind in KINDS:
            with tempfile.TemporaryDirectory(prefix="sdc-bench-", ignore_cleanup_errors=True) as home:
                trial(kind, home, endpoint)


def trial(kind: str, home: str, endpoint: Endpoint) -> None:
    """One life, one loss, one return."""
    site = Site(home, "--demo", **(elsewhere(endpoint) if kind == "replica" else remotes(endpoint)))
    try:
        site.await_ready()
        site.up.wait_for(r"/author/login/")
        eventually(lambda: not pending(site), within_s=MADE_S)
        before = read(site)
        if kind != "replica":
            assert site.sdc("backup", "now").returncode == 0
        if kind == "monthly":
            assert site.run_job("mirror.monthly")["outcome"] == "ok"
        destroy(site)
        started_s = time.perf_counter()
        site.up = Up(site.environment, "--from", kind, command="recover")
        checked_s = site.up.wait_for(r"^brought back from")
        eventually(lambda: site.ask("/").status == 200, within_s=MADE_S)
        served_s = time.perf_counter() - started_s
        site.await_ready()
        after = read(site)
    finally:
        site.close()
    same = sum(after.get(path) == answer for path, answer in before.items())
    missing = [path for path, answer in before.items() if after.get(path) != answer]
    print(f"{kind:<10}{checked_s:>12.1f}{served_s:>12.1f}{len(before):>8}{same:>8}{len(missing):>9}  {missing[:3]}")


def pending(site: Site) -> int:
    """Pictures that have not all their sizes yet."""
    with contextlib.closing(sqlite3.connect(f"file:{site.data / 'site.db'}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT count(*) FROM media_assets WHERE state <> 'ready'").fetchone()[0]


def read(site: Site) -> dict[str, bytes]:
    """Every page, feed and picture that the home page leads to, however far, by its path."""
    found: dict[str, bytes] = {}
    waiting = ["/", "/sitemap.xml", "/feed.xml", "/rss.xml", "/feed.json"]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        answer = site.visitor.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        found[path] = answer.content
        if "html" in answer.headers["content-type"]:
            parts = [part for listed in ADDRESS.findall(answer.text) for part in listed.split(",") if part.strip()]
            named = [part.split()[0] for part in parts]
            local = [html.unescape(each.removeprefix(site.url)).partition("#")[0] for each in named]
            waiting += [
                each for each in local if each.startswith("/") and not each.startswith(("/author", "//", "/micropub"))
            ]
    return found


def destroy(site: Site) -> None:
    """As a machine ends that is stolen."""
    shutil.rmtree(site.data, ignore_errors=True)
    for pid in (site.up.process.pid, *site.processes()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    site.up.end(signal.SIGKILL)
    eventually(lambda: not site.processes())
    shutil.rmtree(site.data, ignore_errors=True)


def remotes(endpoint: Endpoint) -> dict[str, str]:
    """Two buckets of another store, for the mirrors."""
    names = make(endpoint, 2)
    return {
        f"SDC_REMOTE_{kind}_{name}": value
        for kind, bucket in zip(("DAILY", "MONTHLY"), names, strict=True)
        for name, value in (*keys(endpoint), ("BUCKET", bucket))
    }


def elsewhere(endpoint: Endpoint) -> dict[str, str]:
    """Another store as the site's own."""
    buckets = zip(("MEDIA", "BACKUP", "ANALYTICS"), make(endpoint, 3), strict=True)
    named = {f"SDC_S3_{kind}_BUCKET": bucket for kind, bucket in buckets}
    return named | {f"SDC_S3_{name}": value for name, value in keys(endpoint)}


def keys(endpoint: Endpoint) -> tuple[tuple[str, str], ...]:
    """What names a store."""
    secret = endpoint.secret_access_key
    return ("ENDPOINT_URL", endpoint.url), ("ACCESS_KEY_ID", endpoint.access_key_id), ("SECRET_ACCESS_KEY", secret)


def make(endpoint: Endpoint, count: int) -> list[str]:
    """New buckets."""
    names = [f"bench-{clock.new_id().lower()}" for _ in range(count)]

    async def work() -> None:
        async with open_store(endpoint) as store:
            for name in names:
                await store.make_bucket(name)

    asyncio.run(work())
    return names


if __name__ == "__main__":
    main()
