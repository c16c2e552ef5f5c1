"""The worker hangs, its Litestream is killed, then both: the site goes on, and nothing is counted or run twice."""

import json
import os
import signal
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sdc_core import clock

from living_site import Site, eventually, exactly_once, small_photograph

pytestmark = pytest.mark.timeout(240)

CMS = ("/author", "/author/posts", "/author/media", "/author/statistics", "/author/jobs", "/author/backups")
REQUESTS = 60
DRILL = "drill.restore"
DAY_US = clock.DAY_US


class Outages:
    """A worker hangs, two days behind with its jobs; its Litestream is killed, and the next two in a drill."""

    def __init__(self, site: Site, scratch: Path) -> None:
        self.site = site
        self.page = site.publish("Without the worker")
        self.paths = [f"/counted/{number}" for number in range(4 * REQUESTS)]
        self._read(0)
        self.watch = Watch(site)
        hang_behind(site, 2)
        self._hung(scratch)
        self._orphaned(scratch)
        # The queue looks again within seconds; the pictures take as long as others want the processor.
        ready = {"ready"}
        self.ready_s = eventually(lambda: {site.asset(self.uploaded), site.asset(self.uploaded_late)} == ready, 60)
        self._read(3)
        eventually(lambda: len(site.counted("/counted/")) == len(self.paths))
        self.wrong = exactly_once(site.counted("/counted/"), self.paths)

    def _read(self, part: int) -> None:
        for path in self.paths[part * REQUESTS : (part + 1) * REQUESTS]:
            self.site.ask(path)

    def _hung(self, scratch: Path) -> None:
        site = self.site
        self.public = [site.ask(path) for path in (self.page, "/", "/feed.xml")]
        photo = small_photograph(scratch, 11)
        with ThreadPoolExecutor(len(CMS) + 2) as at_once:
            pages = {path: at_once.submit(site.ask, path, site.author) for path in CMS}
            health, upload = at_once.submit(site.health), at_once.submit(site.upload, photo)
            self._read(1)
            self.cms = {path: page.result() for path, page in pages.items()}
            self.health, self.upload = health.result(), upload.result()
        self.uploaded = json.loads(self.upload.text)[0]["asset_id"]

    def _orphaned(self, scratch: Path) -> None:
        """Litestream dies and leaves a worker that cannot end; the next pair dies in the middle of a restore drill."""
        site, hung = self.site, self.site.the_worker()
        os.kill(site.litestream(), signal.SIGKILL)
        self._read(2)
        self.uploaded_late = json.loads(site.upload(small_photograph(scratch, 12)).text)[0]["asset_id"]
        self.worker_gone_s = eventually(lambda: hung not in site.processes("sdc-worker"), every_s=0.02)
        # Who they are is asked first: it takes about as long as the drill of so small a site does.
        eventually(lambda: len(site.processes("sdc-worker")) > 1)
        next_pair = site.processes("sdc-worker")
        eventually(lambda: begun(site, DRILL), every_s=0.005)
        for pid in next_pair:
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: outcomes(site).get(DRILL) not in (None, ["running"]), 120)
        self.back_s = eventually(lambda: site.health()[0] == 200)
        self.most_workers = self.watch.end()
        self.outcomes = outcomes(site)
        self.drill = next(run for run in site.worker("GET", "/jobs").json()["runs"] if run["job"] == DRILL)


class Watch:
    """Counts the processes that listen on the worker's port, again and again, until it is told to end."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._ended = threading.Event()
        self._most = 0
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def end(self) -> int:
        """The most that there were at a time."""
        self._ended.set()
        self._thread.join(timeout=10)
        return self._most

    def _look(self) -> None:
        while not self._ended.wait(0.05):
            self._most = max(self._most, len(self._site.listening(int(self._site.environment["SDC_WORKER_PORT"]))))


@pytest.fixture(scope="module")
def outages(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Outages:
    return Outages(site, tmp_path_factory.mktemp("photographs"))


def test_public_pages_are_served_at_once_without_the_worker(outages: Outages) -> None:
    assert [(page.status, page.seconds < 1) for page in outages.public] == [(200, True)] * len(outages.public)


def test_no_page_of_the_author_is_held_up_by_a_worker_that_hangs(outages: Outages) -> None:
    assert {path: (page.status, page.seconds < 3) for path, page in outages.cms.items()} == dict.fromkeys(
        CMS, (200, True)
    )


def test_statistics_say_in_words_that_the_worker_does_not_answer(outages: Outages) -> None:
    assert "worker does not answer" in outages.cms["/author/statistics"].text


def test_health_names_the_worker_and_says_why(outages: Outages) -> None:
    status, reasons, seconds = outages.health
    assert status == 503
    assert list(reasons) == ["worker"]
    assert reasons["worker"]
    assert seconds < 4


def test_an_upload_is_taken_without_the_worker(outages: Outages) -> None:
    assert (outages.upload.status, outages.upload.seconds < 3) == (201, True)


def test_uploads_of_the_outage_have_their_sizes_soon_after_it(outages: Outages) -> None:
    assert outages.ready_s < 60


def test_a_worker_that_was_killed_is_back_by_itself(outages: Outages) -> None:
    assert outages.back_s < 20


def test_every_request_before_during_and_after_is_counted_once(outages: Outages) -> None:
    assert outages.wrong == {}


def test_a_worker_that_hangs_ends_with_its_litestream(outages: Outages) -> None:
    assert outages.worker_gone_s < 10


def test_there_are_never_two_workers(outages: Outages) -> None:
    assert outages.most_workers == 1


def test_no_due_time_of_a_job_is_run_twice(outages: Outages) -> None:
    assert max(len(of_one) for of_one in outages.outcomes.values()) == 1


def test_a_drill_that_was_cut_short_goes_on_as_the_same_run(outages: Outages) -> None:
    assert outages.outcomes[DRILL] == ["ok"], outages.drill["output"]
    assert int(outages.drill["attempt"]) > 1, outages.drill


def hang_behind(site: Site, days: int) -> None:
    """Stop the worker, and set back what it remembers, as if it had last looked at its jobs days ago."""

    def done() -> bool:
        os.kill(site.the_worker(), signal.SIGSTOP)
        try:
            with sqlite3.connect(site.data / "worker.db", timeout=0.5) as connection:
                connection.execute("DELETE FROM runs")
                connection.execute("UPDATE job_states SET considered_us = considered_us - ?", (days * DAY_US,))
        except sqlite3.OperationalError:
            # It stopped in the middle of a transaction, and holds the lock.
            os.kill(site.the_worker(), signal.SIGCONT)
            return False
        finally:
            connection.close()
        return True

    eventually(done)


def begun(site: Site, job: str) -> bool:
    """Whether a run of it is under way, and no longer waits for another one."""
    with closing(sqlite3.connect(f"file:{site.data / 'worker.db'}?mode=ro", uri=True)) as connection:
        asked = "SELECT 1 FROM runs WHERE job = ? AND outcome = 'running' AND started_us IS NOT NULL"
        return connection.execute(asked, (job,)).fetchone() is not None


def outcomes(site: Site) -> dict[str, list[str]]:
    """The outcomes of the runs that were due, by job and, but for the drill, by due time."""
    with sqlite3.connect(f"file:{site.data / 'worker.db'}?mode=ro", uri=True) as connection:
        rows = connection.execute(
            "SELECT job, due_us, outcome FROM runs WHERE trigger <> 'manual' AND outcome <> 'missed'"
        ).fetchall()
    connection.close()
    found: dict[str, list[str]] = {}
    for job, due_us, outcome in rows:
        found.setdefault(job if job == DRILL else f"{job} {due_us}", []).append(outcome)
    return found
