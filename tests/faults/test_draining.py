"""Stops with work under way: what is being answered is answered, what is being made is made after the next start."""

import json
import os
import signal
import sqlite3
import threading
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

import photograph
from living_site import Site, Told, eventually, small_photograph, told

pytestmark = pytest.mark.timeout(240)

STOPS = (signal.SIGTERM, signal.SIGINT)
UNDER_WAY_S = 0.5


class Stops:
    """Web alone is told to stop, twice, then the whole site, and then it is started again."""

    def __init__(self, site: Site, scratch: Path) -> None:
        self.site = site
        before = site.assets()
        with ThreadPoolExecutor(4) as senders:
            self.by_signal = {number: self._stop_web(number, senders, scratch) for number in STOPS}
            self._stop_all(senders, scratch)
        site.start_again()
        self.recorded = site.assets() - before
        # Seconds of work for a processor that others may want as well.
        eventually(lambda: {site.asset(each) for each in (self.being_made, self.taken)} == {"ready"}, within_s=90)

    def _stop_web(self, number: signal.Signals, senders: ThreadPoolExecutor, scratch: Path) -> tuple[Told, float]:
        """The answer to an upload that was half sent when web was told to stop, and how soon that web was gone; another
        one then serves.
        """
        site, go = self.site, threading.Event()
        stopped = site.processes("bin/sdc-web")
        sending = half_sent(site, senders, small_photograph(scratch, 20 + number), go)
        os.kill(stopped[0], number)
        threading.Event().wait(UNDER_WAY_S)
        go.set()
        answer = sending.result()
        ended_s = eventually(lambda: not set(stopped) & set(site.processes("bin/sdc-web")))
        # Both must serve: a process that is told to stop while it starts does not hear of it.
        eventually(lambda: len(site.slots()) == 2)
        return answer, ended_s

    def _stop_all(self, senders: ThreadPoolExecutor, scratch: Path) -> None:
        site, go, never = self.site, threading.Event(), threading.Event()
        large = photograph.take(scratch / "large.jpg", width=1600, height=1200)
        self.being_made = json.loads(site.upload(large).text)[0]["asset_id"]
        eventually(lambda: job_state(site, self.being_made) == "running", every_s=0.02)
        # However fast the machine is, the picture is not ready before the site is told to stop.
        for pid in site.processes("anyio.to_process"):
            os.kill(pid, signal.SIGSTOP)
        sending = half_sent(site, senders, small_photograph(scratch, 40), go)
        half_sent(site, senders, small_photograph(scratch, 41), never)
        timer = threading.Timer(UNDER_WAY_S, go.set)
        timer.start()
        self.code, self.stop_s = site.up.end(signal.SIGINT)
        never.set()
        self.taken_in_time = sending.result()
        self.taken = json.loads(self.taken_in_time.text)[0]["asset_id"]
        self.job_after = job_state(site, self.being_made)
        self.left = site.processes()


@pytest.fixture(scope="module")
def stops(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Stops:
    return Stops(site, tmp_path_factory.mktemp("photographs"))


@pytest.mark.parametrize("number", STOPS)
def test_an_upload_that_is_under_way_when_web_is_told_to_stop_is_taken(stops: Stops, number: signal.Signals) -> None:
    assert stops.by_signal[number][0].status == 201


@pytest.mark.parametrize("number", STOPS)
def test_a_web_that_has_drained_ends_and_is_started_again(stops: Stops, number: signal.Signals) -> None:
    assert stops.by_signal[number][1] < 15


def test_the_site_stops_within_ten_seconds_whatever_is_under_way(stops: Stops) -> None:
    assert stops.code == 0
    assert stops.stop_s < 10


def test_the_site_leaves_no_process_behind(stops: Stops) -> None:
    assert stops.left == []


def test_an_upload_that_ends_soon_enough_is_taken_by_a_site_that_stops(stops: Stops) -> None:
    assert stops.taken_in_time.status == 201


def test_an_upload_that_never_ends_is_not_recorded(stops: Stops) -> None:
    assert stops.recorded == 4


def test_a_picture_that_was_being_made_waits_for_the_next_start(stops: Stops) -> None:
    assert stops.job_after == "pending"


def test_pictures_of_the_last_moment_are_made_after_the_next_start(stops: Stops) -> None:
    assert {stops.site.asset(each) for each in (stops.being_made, stops.taken)} == {"ready"}


def half_sent(site: Site, senders: ThreadPoolExecutor, photo: Path, go: threading.Event) -> Future[Told]:
    """An upload of which the second half is sent once `go` is set; returns when the first one is on its way."""
    with photo.open("rb") as file:
        whole = site.author.build_request("POST", "/author/media", files={"file": (photo.name, file)})
        body = whole.read()
    headers = {"Content-Type": whole.headers["content-type"], "Content-Length": str(len(body))}
    begun = threading.Event()

    def pieces() -> Generator[bytes]:
        yield body[: len(body) // 2]
        begun.set()
        go.wait(30)
        yield body[len(body) // 2 :]

    sending = senders.submit(
        told,
        lambda: site.author.post("/author/media", content=pieces(), headers={**headers, "Accept": "application/json"}),
    )
    assert begun.wait(10)
    return sending


def job_state(site: Site, asset_id: str) -> str:
    """The state of a picture's job at the worker."""
    with sqlite3.connect(f"file:{site.data / 'worker.db'}?mode=ro", uri=True) as connection:
        found = connection.execute("SELECT state FROM image_jobs WHERE asset_id = ?", (asset_id,)).fetchone()
    connection.close()
    return str(found[0]) if found else ""
