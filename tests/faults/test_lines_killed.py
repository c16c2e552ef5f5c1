"""Web and worker are killed, one or both, while lines flow, and the worker's database is put back once: afterwards
everything is counted that stands in a file, once.
"""

import asyncio
import os
import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Generator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from sdc_core import webhooks
from sdc_core.access_log import Line
from sdc_core.objects import Endpoint, open_store
from sdc_worker.analytics import reports
from sdc_worker.analytics.hits import Hits
from sdc_worker.analytics.questions import question
from sdc_worker.analytics.segments import Segments
from sdc_worker.db import open_worker
from sdc_worker.ingest import lines as ingest_lines
from sdc_worker.ingest import packing
from sdc_worker.ingest import store as ingest

import analytics_oracle as oracle
import killed_services
from living_site import eventually
from sdc_up import free_ports

pytestmark = pytest.mark.timeout(240)

NOBODY = Endpoint(url="http://127.0.0.1:9", access_key_id="nobody", secret_access_key="is here")
KILLS = 52
KEPT_AT, PUT_BACK_AT = 14, 30
PAUSES_S = (0.02, 0.3)


class Killed:
    """Two webs and a worker, each started again whenever it was killed."""

    def __init__(self, folder: Path) -> None:
        port = free_ports()
        self.folder = folder
        self.kills: Counter[str] = Counter()
        self._context = killed_services.forks()
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SDC_")},
            "SDC_DATA_DIR": str(folder),
            "SDC_WORKER_PORT": str(port),
            "SDC_WEB_URL": "http://127.0.0.1:9",
            "SDC_S3_ENDPOINT_URL": "http://127.0.0.1:9",
            "SDC_WEBHOOK_SECRETS": webhooks.new_secret(),
            "SDC_IMAGE_PROCESSES": "1",
            "SDC_LOG_LEVEL": "ERROR",
        }
        self._starts: dict[str, Callable[[], BaseProcess]] = {
            "web": lambda: killed_services.start_web(self._context, self._environment),
            "other web": lambda: killed_services.start_web(self._context, self._environment),
            "worker": lambda: killed_services.start_worker(self._context, self._environment),
        }
        self.running = {name: start() for name, start in self._starts.items()}

    def run(self) -> None:
        """All kills, then quiet until the worker has every file whole."""
        dice = random.Random(time.monotonic_ns())  # noqa: S311 - when to kill
        eventually(lambda: self._there() > 0, within_s=90)
        while sum(self.kills.values()) < KILLS:
            self._turn(dice)
        for name in ("web", "other web"):
            self._kill(name)
        # A last one, without readers of its own, takes over both slots in turn.
        self.running["web"] = killed_services.start_web(self._context, self._environment, lines=False)
        eventually(lambda: self._there() == self._written(), within_s=120)

    def end(self) -> None:
        """Everything that still runs."""
        for name in self.running:
            self._kill(name)

    def _turn(self, dice: random.Random) -> None:
        victims = dice.choice((["web"], ["other web"], ["worker"], ["worker"], ["web", "worker"]))
        for name in victims:
            self._kill(name)
            self.kills[name] += 1
        if "worker" in victims:
            self._keep_or_put_back()
        for name in victims:
            self.running[name] = self._starts[name]()
        time.sleep(dice.uniform(*PAUSES_S))  # noqa: TID251 - lets lines flow for as long as chance has it

    def _keep_or_put_back(self) -> None:
        """The worker is dead: copy its database, or some kills later put the copy back, as a restore does."""
        database, copy = self.folder / "worker.db", self.folder / "kept.db"
        done = sum(self.kills.values())
        if done >= KEPT_AT and not copy.exists():
            with sqlite3.connect(database) as live, sqlite3.connect(copy) as kept:
                live.backup(kept)
            live.close()
            kept.close()
        elif done >= PUT_BACK_AT and "put back" not in self.kills and copy.exists():
            for file in self.folder.glob("worker.db*"):
                file.unlink()
            shutil.copy(copy, database)
            self.kills["put back"] = 0

    def _kill(self, name: str) -> None:
        process = self.running[name]
        process.kill()
        process.join(10)

    def _written(self) -> int:
        return sum(file.stat().st_size for file in self.folder.glob("logs/web/*/*.ndjson"))

    def _there(self) -> int:
        try:
            with sqlite3.connect(f"file:{self.folder / 'worker.db'}?mode=ro", uri=True) as connection:
                (found,) = connection.execute("SELECT coalesce(sum(at), 0) FROM log_streams").fetchone()
            connection.close()
        except sqlite3.Error:
            return 0
        return int(found)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Generator[Killed]:
    site = Killed(tmp_path_factory.mktemp("killed"))
    try:
        site.run()
        yield site
    finally:
        site.end()


def truth(folder: Path) -> dict[str, list[Line]]:
    """By day, the lines that stand whole in the files."""
    days: dict[str, list[Line]] = {}
    for file in sorted(folder.glob("logs/web/*/*.ndjson")):
        read = (ingest_lines.read(raw) for raw in file.read_bytes().split(b"\n"))
        days.setdefault(file.stem, []).extend(line for line in read if not isinstance(line, str))
    return days


def requests(folder: Path) -> list[oracle.Seen]:
    """The same with their visits. Of two files of a day the order of lines decides no figure that is compared here."""
    return oracle.seen({day: sorted(lines, key=lambda line: line.ts) for day, lines in sorted(truth(folder).items())})


def test_web_worker_and_both_were_killed_and_the_database_was_put_back(killed: Killed) -> None:
    assert sum(killed.kills.values()) >= KILLS
    assert {"web", "other web", "worker", "put back"} <= set(killed.kills)


def test_lines_flowed_meanwhile(killed: Killed) -> None:
    assert sum(map(len, truth(killed.folder).values())) > 1_000


async def test_every_byte_of_the_files_is_at_the_worker_once_and_in_order(killed: Killed) -> None:
    async with open_worker(killed.folder / "worker.db") as database, database.read() as connection:
        batches = await ingest.batches_after(connection, after=0, limit=100_000)
    files = [file.read_bytes() for file in killed.folder.glob("logs/web/*/*.ndjson")]
    lines = Counter(line for batch in batches for line in packing.unpack(batch.body).splitlines())
    assert lines == Counter(line for file in files for line in file.splitlines())


async def test_requests_bytes_statuses_visitors_and_visits_are_the_truth(killed: Killed, tmp_path: Path) -> None:
    rows = await asyncio.to_thread(requests, killed.folder)
    async with open_worker(killed.folder / "worker.db") as database, open_store(NOBODY) as store:
        hits = Hits(database, Segments(store, "analytics", tmp_path / "analytics"))
        asked = question(rows[0].day, rows[-1].day, {})
        summary = await reports.summary(hits, asked)
        statuses = await reports.breakdown(hits, asked, "status", 100)
    assert summary == oracle.summary(rows)
    assert {row.key: row for row in statuses.rows} == oracle.breakdown(rows, "status")
