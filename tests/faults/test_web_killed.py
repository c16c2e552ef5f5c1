"""Two processes of web under load: one is killed outright, the log folder cannot be written."""

import os
import secrets
import signal
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sdc_core import clock

from living_site import Site, eventually, exactly_once

pytestmark = pytest.mark.timeout(180)

PROCESSES = 2
READERS = 6
BEFORE, AFTER = 300, 100
TORN = b'{"ts":17,"visitor":"half of a li'


class Killed:
    """One of the two processes is killed under load; its slot has a torn last line when the next one takes it."""

    def __init__(self, site: Site) -> None:
        name = secrets.token_hex(4)
        self.before = [f"/killed/{name}/{number}" for number in range(BEFORE)]
        self.after = [f"/killed/{name}/{number}" for number in range(BEFORE, BEFORE + AFTER)]
        folder = site.data / "logs" / "web"
        watching = site.processes("bin/sdc-web")[0]
        with ThreadPoolExecutor(READERS) as readers:
            asked = [(path, readers.submit(site.ask, path)) for path in self.before]
            asked[BEFORE // 2][1].result()
            # Whoever watches is held, so that the slot is nobody's for a moment.
            os.kill(watching, signal.SIGSTOP)
            slot, victim = min(site.slots().items())
            os.kill(victim, signal.SIGKILL)
            eventually(lambda: slot not in site.slots(), every_s=0.01)
            # What a process leaves that dies in the middle of a write.
            today = folder / slot / f"{clock.today()}.ndjson"
            with today.open("ab") as file:
                file.write(TORN)
            os.kill(watching, signal.SIGCONT)
            self.answered = [path for path, answer in asked if answer.result().status == 404]
            self.unanswered = [path for path, answer in asked if answer.result().status == 0]
        self.back_s = eventually(lambda: slot in site.slots())
        with ThreadPoolExecutor(READERS) as readers:
            self.later = [told.status for told in readers.map(site.ask, self.after)]
        eventually(lambda: set(self.after) <= set(site.counted(f"/killed/{name}/")))
        self.counts = site.counted(f"/killed/{name}/")
        self.torn = today.read_bytes().partition(TORN)[2][:1]


@pytest.fixture(scope="module")
def killed(site: Site) -> Killed:
    return Killed(site)


def test_a_web_process_that_is_killed_is_replaced_and_its_slot_taken_over(killed: Killed) -> None:
    assert killed.back_s < 15


def test_a_torn_last_line_is_closed(killed: Killed) -> None:
    assert killed.torn == b"\n"


def test_no_line_is_counted_twice_over_a_kill(killed: Killed) -> None:
    assert {path: count for path, count in killed.counts.items() if count > 1} == {}


def test_a_kill_costs_no_more_than_the_lines_of_the_last_moment(killed: Killed) -> None:
    # 0.2 s of lines, at the pace at which six readers were answered by one of two processes.
    lost = exactly_once(killed.counts, killed.answered)
    assert len(lost) < len(killed.answered) // 2


def test_every_request_after_a_kill_is_counted_once(killed: Killed) -> None:
    assert killed.later == [404] * AFTER
    assert exactly_once(killed.counts, killed.after) == {}


def test_a_kill_costs_only_the_requests_that_were_under_way(killed: Killed) -> None:
    # A dying process closes its sockets one by one: a reader may lose a request to one, and the next to another.
    assert len(killed.unanswered) <= 2 * READERS


def test_both_processes_serve(site: Site, killed: Killed) -> None:
    path = f"/both/{secrets.token_hex(4)}"
    logs = [site.data / "logs" / "web" / slot / f"{clock.today()}.ndjson" for slot in site.slots()]

    def both_wrote() -> bool:
        httpx.get(f"{site.url}{path}", trust_env=False)
        return all(log.exists() and path.encode() in log.read_bytes() for log in logs)

    assert len(logs) == PROCESSES
    # Each time over a connection of its own, however unevenly the kernel spreads them.
    eventually(both_wrote)


def test_a_log_folder_that_cannot_be_written_stops_no_request_and_loses_no_line(site: Site) -> None:
    name = secrets.token_hex(4)
    folder = site.data / "logs" / "web"
    paths = [f"/unwritable/{name}/{number}" for number in range(40)]
    slots = list(site.slots())
    away = [folder / f"{slot}.away" for slot in slots]
    for slot, moved in zip(slots, away, strict=True):
        (folder / slot).rename(moved)
        (folder / slot).write_text("not a folder")
    try:
        assert {site.ask(path).status for path in paths} == {404}
        reasons = eventually_reasons(site)
    finally:
        for slot, moved in zip(slots, away, strict=True):
            (folder / slot).unlink()
            moved.rename(folder / slot)
    assert "Not a directory" in reasons["access_log"]
    eventually(lambda: set(paths) <= set(site.counted(f"/unwritable/{name}/")))
    assert exactly_once(site.counted(f"/unwritable/{name}/"), paths) == {}


def eventually_reasons(site: Site) -> dict[str, str]:
    """What health says once it says something of the access log."""
    found: dict[str, str] = {}

    def told() -> bool:
        found.update(site.health()[1])
        return "access_log" in found

    eventually(told)
    return found
