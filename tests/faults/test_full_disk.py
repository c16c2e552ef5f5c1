"""The disks of a whole site, filled to the last byte: what can be read is read, what is saved is there, and all goes
on by itself once there is room.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import httpx
import pytest

from living_site import (
    PASSWORD,
    PATIENCE_S,
    SAME_ORIGIN,
    Site,
    Told,
    eventually,
    exactly_once,
    living,
    small_photograph,
)
from tiny_disks import TinyDisks

pytestmark = pytest.mark.timeout(480)

WORDS = "the disk of the site is full, and nothing was saved"
PUBLIC = ("/", "/posts", "/feed.xml", "/sitemap.xml", "/search?q=fog")
BEHIND = ("/author", "/author/posts", "/author/media", "/author/statistics", "/author/jobs", "/author/backups")
DEATHS = 5
"""After so many within a minute what has never answered is given up."""
MOST = 40
"""Changes that a full disk may still take: SQLite writes over what it needs no more of its log."""
ASSETS = "SELECT count(*) FROM media_assets"
RECOVERY_S = 2 * PATIENCE_S
"""The object store looks once a minute whether there is room again, and takes nothing before."""
TOLD = {"data": "the data folder", "logs": "the log folder", "temp": "the temporary folder"}


@pytest.fixture(scope="module")
def whole() -> Generator[tuple[Site, TinyDisks]]:
    """A site on disks of its own, with a post and a picture."""
    made: list[TinyDisks] = []

    def disks(folder: Path) -> TinyDisks:
        made.append(TinyDisks(folder))
        return made[0]

    try:
        with living(disks, SDC_WEB_PROCESSES="1") as site:
            site.publish("Before")
            yield site, made[0]
    finally:
        made[0].close()


@pytest.fixture
def disks(whole: tuple[Site, TinyDisks]) -> Generator[TinyDisks]:
    """The disks; whatever the test has taken is given back, and a site that it left ended is started again."""
    site, disks = whole
    if site.up.process.poll() is not None:
        site.start_again()
    eventually(lambda: well(site), RECOVERY_S)
    yield disks
    disks.free()


@pytest.fixture
def site(whole: tuple[Site, TinyDisks], disks: TinyDisks) -> Site:
    return whole[0]


def well(site: Site) -> bool:
    """Whether it answers, and that all its parts are well."""
    answer = site.ask("/health")
    return answer.status == 200


def create(site: Site) -> httpx.Response:
    """A new text."""
    return site.author.post("/author/posts", data={"kind": "post"})


def sign_in(site: Site) -> httpx.Response:
    """Another browser of the author's."""
    with httpx.Client(base_url=site.url, headers=SAME_ORIGIN, timeout=60, trust_env=False) as other:
        return other.post("/author/sign-in", data={"name": "ada", "password": PASSWORD})


def run_job(site: Site) -> httpx.Response:
    """A run that the worker has to record."""
    return site.worker("POST", "/jobs/images.sweep/runs")


def refusal(disks: TinyDisks, change: Callable[[], httpx.Response]) -> tuple[httpx.Response, list[str]]:
    """The first answer to a change that is a refusal, and what was made before."""
    made: list[str] = []
    for _ in range(MOST):
        disks.fill("data")
        answer = change()
        if answer.status_code >= 400:
            return answer, made
        made.append(answer.headers.get("location", ""))
    message = f"a full disk took {MOST} changes"
    raise AssertionError(message)


@pytest.mark.parametrize("full", [["data"], ["logs"], ["temp"], ["data", "logs", "temp"]], ids="+".join)
def test_a_full_disk_keeps_nobody_from_reading_and_is_told_by_name(
    site: Site, disks: TinyDisks, full: list[str]
) -> None:
    for name in full:
        disks.fill(name)
    read = [(path, site.ask(path).status) for path in PUBLIC]
    read += [(path, site.ask(path, site.author).status) for path in BEHIND]
    assert [each for each in read if each[1] != 200] == []
    status, reasons, _ = site.health()
    assert status == 503
    assert all(f"{TOLD[name]} has " in reasons["disk"] for name in full)
    disks.free()
    eventually(lambda: well(site), RECOVERY_S)


@pytest.mark.parametrize("change", [create, sign_in, run_job])
def test_what_a_full_disk_cannot_take_is_refused_in_words_and_what_it_took_is_there(
    site: Site, disks: TinyDisks, change: Callable[[Site], httpx.Response]
) -> None:
    refused, made = refusal(disks, lambda: change(site))
    assert refused.status_code == 503
    assert WORDS in refused.text.lower()
    assert int(refused.headers["retry-after"]) > 0
    disks.free()
    eventually(lambda: well(site), RECOVERY_S)
    lost = [path for path in made if path and site.ask(path, site.author).status != 200]
    assert lost == []
    assert change(site).status_code < 400


def test_an_upload_that_does_not_fit_leaves_nothing(site: Site, disks: TinyDisks, tmp_path: Path) -> None:
    before = answer_of(site, "site", ASSETS)
    photo = small_photograph(tmp_path, 1)
    disks.fill("data")
    refused = site.upload(photo)
    assert (refused.status, WORDS in refused.text) == (503, True)
    assert answer_of(site, "site", ASSETS) == before
    assert list((site.seen / "uploads").iterdir()) == []
    disks.free()
    assert taken(site, photo)


def test_pictures_are_made_of_what_was_uploaded_while_there_was_no_room_for_temporary_files(
    site: Site, disks: TinyDisks, tmp_path: Path
) -> None:
    disks.fill("temp")
    uploaded = taken(site, small_photograph(tmp_path, 2))
    disks.free()
    eventually(lambda: site.asset(uploaded) == "ready", RECOVERY_S)


def test_requests_of_a_time_when_the_log_did_not_fit_are_counted_once(site: Site, disks: TinyDisks) -> None:
    disks.fill("logs")
    name = secrets.token_hex(4)
    paths = [f"/{name}/{number}" for number in range(300)]
    assert {site.ask(path).status for path in paths} == {404}
    eventually(lambda: "access_log" in site.health()[1])
    disks.free()
    eventually(lambda: not exactly_once(site.counted(f"/{name}/"), paths), RECOVERY_S)


def test_what_is_killed_while_the_disk_is_full_comes_back_by_itself(
    site: Site, disks: TinyDisks, tmp_path: Path
) -> None:
    with disks.kept_full("data"):
        for pid in (*site.listening(site.port), site.the_worker(), site.store()):
            os.kill(pid, signal.SIGKILL)
        # The store writes a log before all else: it ends as often as it is started.
        site.up.wait_for(r"object store ended with code", times=DEATHS)
    eventually(lambda: well(site), RECOVERY_S)
    uploaded = taken(site, small_photograph(tmp_path, 3))
    eventually(lambda: site.asset(uploaded) == "ready", RECOVERY_S)


def test_nothing_is_damaged_and_the_backup_goes_on(site: Site, disks: TinyDisks) -> None:
    refusal(disks, lambda: create(site))
    refusal(disks, lambda: run_job(site))
    disks.free()
    eventually(lambda: well(site), RECOVERY_S)
    page = site.publish(f"After {secrets.token_hex(4)}")
    assert site.ask(page).status == 200
    found = {name: answer_of(site, name, "PRAGMA integrity_check") for name in ("site", "ttl", "worker")}
    assert found == {"site": "ok", "ttl": "ok", "worker": "ok"}
    eventually(lambda: site.sdc("backup", "now").returncode == 0, RECOVERY_S)
    drilled = site.sdc("drill", "run")
    assert drilled.returncode == 0, drilled.stderr
    assert "restored" in drilled.stdout


def test_a_site_that_has_no_room_to_start_says_so_and_starts_once_there_is(site: Site, disks: TinyDisks) -> None:
    code, _ = site.up.end(signal.SIGTERM)
    assert code == 0
    with disks.kept_full("data"):
        refused = site.sdc("up")
    assert (refused.returncode, WORDS in refused.stderr) == (1, True), refused.stdout + refused.stderr
    site.start_again()
    eventually(lambda: well(site), RECOVERY_S)
    assert site.ask("/posts/before").status == 200


def taken(site: Site, photo: Path) -> str:
    """The id of a photograph, uploaded once the object store takes it."""
    answers: list[Told] = []

    def uploads() -> bool:
        answers.append(site.upload(photo))
        return answers[-1].status == 201

    eventually(uploads, RECOVERY_S)
    return str(json.loads(answers[-1].text)[0]["asset_id"])


def answer_of(site: Site, name: str, sql: str) -> str:
    """What one of its databases answers, asked where its disks are."""
    asking = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1], uri=True).execute(sys.argv[2]).fetchone()[0])"
    file = f"file:{site.data / name}.db?mode=ro"
    asked = subprocess.run(
        [*site.within, sys.executable, "-c", asking, file, sql], capture_output=True, text=True, timeout=30, check=True
    )
    return asked.stdout.strip()
