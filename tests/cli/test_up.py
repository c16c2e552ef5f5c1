"""Two lives of one site, each lived once: what `sdc up` starts, prints and leaves behind."""

import json
import os
import re
import signal
import stat
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from sdc_up import Up

pytestmark = pytest.mark.timeout(300)

Sdc = Callable[..., subprocess.CompletedProcess[str]]
LINK = r"https?://\S+/author/setup\?token=\S+"
GONE_S = 5


class FirstLife:
    """From an empty folder to Ctrl-C."""

    def __init__(
        self, environment: dict[str, str], start: Callable[[], Up], processes: Callable[[], list[str]]
    ) -> None:
        up = start()
        up.wait_for(r"^\s*worker\s+ready")
        up.wait_for(LINK)
        with urllib.request.urlopen(f"http://localhost:{environment['SDC_WEB_PORT']}/", timeout=10) as answer:
            self.page = answer.status, answer.read()
        data = Path(environment["SDC_DATA_DIR"])
        self.modes = {
            file.name: stat.S_IMODE(file.stat().st_mode)
            for file in [data, data / "secrets", *(data / "secrets").iterdir()]
        }
        self.groups = {os.getpgid(int(pid)) for pid in children(up.process.pid)}
        self.up_group = os.getpgid(up.process.pid)
        self.code, self.stop_s = up.end(signal.SIGINT)
        self.left = processes()
        self.printed = up.printed


class SecondLife:
    """The same folder with an author, to the death of Litestream and of `sdc up` itself."""

    def __init__(self, start: Callable[[], Up], sdc: Sdc, processes: Callable[[], list[str]], scratch: Path) -> None:
        self.added = sdc("author", "add", "ada", "--password-stdin", given="nine lives and a lantern\n")
        up = start()
        self.serving_s = up.wait_for(r"^\s*web\s+ready")
        up.wait_for(r"^\s*worker\s+ready")
        self.again = sdc("up")
        self.authors = json.loads(sdc("author", "list", "--json").stdout)
        self.doctor = sdc("doctor", "--json")
        self.synced = sdc("backup", "now", "--json")
        self.confirmed = sdc("backup", "now", "--confirm")
        self.drilled = sdc("drill", "run", "--json")
        self.status = sdc("backup", "status", "--json")
        self.jobs = sdc("jobs"), sdc("jobs", "--json")
        self.restored = sdc("restore", "--at", "2100-01-01", "--into", str(scratch))
        self.restored_again = sdc("restore", "--into", str(scratch))
        self.files = sorted(file.name for file in scratch.iterdir())
        os.kill(next(pid for pid in children(up.process.pid) if "litestream" in command(pid)), signal.SIGKILL)
        self.back_s = up.wait_for(r"^\s*worker\s+ready", times=2)
        self.rss_kb = resident_kb(up.process.pid)
        up.end(signal.SIGKILL)
        give_up_s = time.monotonic() + GONE_S
        while processes() and time.monotonic() < give_up_s:
            threading.Event().wait(0.1)
        self.left = processes()
        self.printed = up.printed


class ThirdLife:
    """After the loss of site.db, all but its log of writes."""

    def __init__(self, environment: dict[str, str], start: Callable[[], Up], sdc: Sdc) -> None:
        data = Path(environment["SDC_DATA_DIR"])
        (data / "site.db").unlink()
        self.log_was_left = (data / "site.db-wal").exists()
        up = start()
        up.wait_for(r"^\s*worker\s+ready")
        self.authors = json.loads(sdc("author", "list", "--json").stdout)
        self.code, _ = up.end(signal.SIGTERM)
        self.printed = up.printed


@pytest.fixture(scope="module")
def first(environment: dict[str, str], start: Callable[[], Up], processes: Callable[[], list[str]]) -> FirstLife:
    return FirstLife(environment, start, processes)


@pytest.fixture(scope="module")
def second(
    first: FirstLife,
    start: Callable[[], Up],
    sdc: Sdc,
    processes: Callable[[], list[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> SecondLife:
    return SecondLife(start, sdc, processes, tmp_path_factory.mktemp("restored") / "into")


@pytest.fixture(scope="module")
def third(second: SecondLife, environment: dict[str, str], start: Callable[[], Up], sdc: Sdc) -> ThirdLife:
    return ThirdLife(environment, start, sdc)


def test_the_first_start_serves_the_site(first: FirstLife) -> None:
    assert first.page[0] == 200
    assert b"<html" in first.page[1]


def test_the_setup_link_is_printed_once(first: FirstLife) -> None:
    assert len(re.findall(LINK, first.printed)) == 1


def test_the_data_folder_and_its_secrets_are_closed_to_others(first: FirstLife) -> None:
    assert set(first.modes.values()) <= {0o700, 0o600}
    assert {"sdc_webhook_secrets", "sdc_s3_access_key_id", "sdc_s3_secret_access_key"} <= set(first.modes)


def test_a_terminals_ctrl_c_does_not_reach_the_parts_themselves(first: FirstLife) -> None:
    assert first.groups
    assert first.up_group not in first.groups


def test_ctrl_c_is_a_success_within_ten_seconds(first: FirstLife) -> None:
    assert first.code == 0
    assert first.stop_s < 10


def test_ctrl_c_leaves_no_process(first: FirstLife) -> None:
    assert first.left == []


def test_the_second_start_prints_no_setup_link_once_there_is_an_author(second: SecondLife) -> None:
    assert second.added.returncode == 0, second.added.stderr
    assert re.search(LINK, second.printed) is None


def test_the_second_start_continues_with_the_same_data(second: SecondLife) -> None:
    assert [author["name"] for author in second.authors] == ["ada"]


def test_a_second_sdc_up_on_the_same_folder_is_refused_in_one_line(second: SecondLife) -> None:
    assert second.again.returncode == 1
    assert second.again.stderr.count("\n") == 1
    assert "runs already" in second.again.stderr


def test_the_doctor_finds_a_running_site_well(second: SecondLife) -> None:
    assert [check for check in json.loads(second.doctor.stdout) if not check["ok"]] == []
    assert second.doctor.returncode == 0


def test_a_backup_now_tells_the_transaction_that_the_replica_has(second: SecondLife) -> None:
    assert second.synced.returncode == 0, second.synced.stderr
    told = json.loads(second.synced.stdout)
    assert [Path(each["db_path"]).name for each in told["synced"]] == ["site.db", "worker.db"]
    assert all(each["replica_txid"] >= each["txid"] > 0 for each in told["synced"])


def test_a_mirror_that_asked_nothing_is_not_confirmed(second: SecondLife) -> None:
    assert second.confirmed.returncode == 1
    assert second.confirmed.stderr.startswith("sdc: the last mirror asked for nothing")


def test_the_status_of_the_backups_tells_that_both_databases_are_copied(second: SecondLife) -> None:
    replication = json.loads(second.status.stdout)["replication"]
    assert [(each["name"], each["ok"]) for each in replication["databases"]] == [("site", True), ("worker", True)]


def test_the_jobs_are_told_with_what_is_wrong(second: SecondLife) -> None:
    text, as_json = second.jobs
    told = json.loads(as_json.stdout)["jobs"]
    wrong = [each["name"] for each in told if each["state"] not in ("ok", "paused")]
    assert [each["name"] for each in told] == [line.split()[0] for line in text.stdout.splitlines()]
    assert (text.returncode, as_json.returncode) == (bool(wrong), bool(wrong))


def test_a_drill_on_demand_is_made_by_the_worker_and_kept(second: SecondLife) -> None:
    assert second.drilled.returncode == 0, second.drilled.stderr
    assert json.loads(second.drilled.stdout)["by"] == "worker"
    assert json.loads(second.status.stdout)["drill"]["outcome"] == "ok"


def test_a_restore_brings_both_databases_and_says_that_the_moment_is_too_late(second: SecondLife) -> None:
    assert second.restored.returncode == 0, second.restored.stderr
    assert second.files == ["site.db", "worker.db"]
    assert "2100-01-01 is later than the newest change that is kept" in second.restored.stdout


def test_a_restore_writes_over_nothing(second: SecondLife) -> None:
    assert second.restored_again.returncode == 1
    assert "exists already" in second.restored_again.stderr


def test_a_site_db_that_is_lost_comes_back_from_its_replica(third: ThirdLife) -> None:
    assert "site.db        was missing: restored from its replica" in third.printed
    assert [author["name"] for author in third.authors] == ["ada"]
    assert third.log_was_left


def test_sigterm_is_a_success_as_well(third: ThirdLife) -> None:
    assert third.code == 0


def test_a_litestream_that_is_killed_is_started_again_with_its_worker(second: SecondLife) -> None:
    assert "worker was ended by SIGKILL; starting it again" in second.printed


def test_no_part_outlives_an_sdc_up_that_is_killed(second: SecondLife) -> None:
    assert second.left == []


def test_sdc_up_itself_stays_small(second: SecondLife) -> None:
    assert second.rss_kb < 40 * 1024


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def command(pid: int) -> str:
    """How a process was started."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def resident_kb(pid: int) -> int:
    """The memory a process has."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1])
