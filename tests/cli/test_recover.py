"""A site whose data folder was destroyed while it ran comes back whole, by one command, out of the mirror."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from sdc_core.objects import Endpoint, open_store

from e2e_site import Remote, make_remote
from living_site import PASSWORD, Site, eventually, exactly_once, small_photograph
from sdc_up import SDC, Up

pytestmark = pytest.mark.timeout(480)

READ = [f"/read/{number}" for number in range(10)]


class Destroyed:
    """A site is written and mirrored, killed, and its folder removed; recovered, in two goes; and once more, over what
    is there by then.
    """

    def __init__(self, site: Site, remote: Remote, scratch: Path) -> None:
        self.site = site
        self.remote = remote
        asset = json.loads(site.upload(small_photograph(scratch, 1)).text)[0]["asset_id"]
        eventually(lambda: site.asset(asset) == "ready")
        markdown = re.search(r"!\[[^]]*\]\(([^)]+)\)", site.ask(f"/author/media/{asset}", site.author).text)
        assert markdown is not None
        recording = scratch / "fog.pdf"
        recording.write_bytes(b"%PDF-1.4\n" + b"fog " * 600_000)
        file = json.loads(site.upload(recording).text)[0]["asset_id"]
        self.page = site.publish(
            "Before the fire", f"Fog.\n\n![Fog over a river]({markdown[1]})\n\n[Fog](media:{file})"
        )
        self.before = site.ask(self.page)
        self.picture = re.findall(r"/media/[^\" ,]+", self.before.text)[0]
        self.picture_before = site.visitor.get(self.picture).content
        self._read(READ[:5])
        eventually(lambda: len(site.counted("/read/")) == 5)
        self.backed_up = site.sdc("backup", "now")
        self.kept_month = site.run_job("mirror.monthly")
        self.rehearsed = site.run_job("drill.rehearsal")
        self.rehearsed_without = asyncio.run(self._rehearse_without_the_picture())
        self._burn()
        self._bring_back()
        self._return()

    def _read(self, paths: list[str]) -> None:
        for path in paths:
            self.site.ask(path)

    async def _rehearse_without_the_picture(self) -> dict[str, str]:
        """One size of it is taken out of the mirror for the time of a run."""
        async with open_store(self.remote.endpoint) as store:
            listed = [info.key async for info in store.list(self.remote.bucket, "current/media/variants/")]
            key = next(each for each in listed if each.endswith(self.picture.rpartition("/")[2].partition("?")[0]))
            whole = await store.get(self.remote.bucket, key, max_bytes=1 << 24)
            await store.delete(self.remote.bucket, key)
            run = await asyncio.to_thread(self.site.run_job, "drill.rehearsal")
            await store.put(self.remote.bucket, key, whole, content_type="image/avif")
        return run

    def _burn(self) -> None:
        shutil.rmtree(self.site.data, ignore_errors=True)
        for pid in (self.site.up.process.pid, *self.site.processes()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.site.up.end(signal.SIGKILL)
        eventually(lambda: not self.site.processes())
        shutil.rmtree(self.site.data, ignore_errors=True)
        self.foreseen = self.site.sdc("recover", "--from", "daily", "--dry-run", "--json")
        self.untouched = not self.site.data.exists()

    def _bring_back(self) -> None:
        site = self.site
        with subprocess.Popen([SDC, "recover", "--from", "daily", "--no-up"], env=site.environment) as first:
            eventually((site.data / "recovering").exists, every_s=0.005)
            first.kill()
        eventually(lambda: not site.processes())
        self.refused = site.sdc("up")
        site.up = Up(site.environment, "--from", "daily", command="recover")
        site.await_ready()
        eventually(lambda: site.ask("/").status == 200)
        self.after = site.ask(self.page)
        # The store may still be looking through what it has.
        eventually(lambda: site.visitor.get(self.picture).status_code == 200)
        self.picture_after = site.visitor.get(self.picture).content
        site.author.cookies.clear()
        self.signed_in = site.author.post("/author/sign-in", data={"name": "ada", "password": PASSWORD})
        self._read(READ[5:])
        eventually(lambda: len(site.counted("/read/")) == len(READ))
        self.miscounted = exactly_once(site.counted("/read/"), READ)
        self.again = site.sdc("backup", "now")

    def _return(self) -> None:
        self.site.up.end(signal.SIGINT)
        self.foreseen_replica = self.site.sdc("recover", "--from", "replica", "--dry-run", "--json")
        self.replaced = self.site.data.joinpath("site.db").stat().st_ino
        self.returned = self.site.sdc("recover", "--from", "replica", "--at", "2999-01-01", "--no-up", "--json")
        self.kept = [path.stat().st_ino for path in self.site.data.glob("before-recovery-*/site.db")]
        self.from_month = self.site.sdc("recover", "--from", "monthly", "--no-up", "--json")
        self.of_month = _published(self.site.data / "site.db")
        self.stores = [each.is_dir() for each in self.site.data.glob("before-recovery-*/object-store/data")]


def _published(site_db: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(f"file:{site_db}?mode=ro", uri=True)) as connection:
        found = connection.execute("SELECT slug FROM posts WHERE revision_id IS NOT NULL").fetchall()
    return [slug for (slug,) in found]


@pytest.fixture(scope="module")
def destroyed(object_store_endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Generator[Destroyed]:
    remote, month = asyncio.run(make_remote(object_store_endpoint)), asyncio.run(make_remote(object_store_endpoint))
    with tempfile.TemporaryDirectory(prefix="sdc-fire-", ignore_cleanup_errors=True) as folder:
        site = Site(
            folder,
            SDC_REMOTE_DAILY_ENDPOINT_URL=remote.endpoint.url,
            SDC_REMOTE_DAILY_ACCESS_KEY_ID=remote.endpoint.access_key_id,
            SDC_REMOTE_DAILY_SECRET_ACCESS_KEY=remote.endpoint.secret_access_key,
            SDC_REMOTE_DAILY_BUCKET=remote.bucket,
            SDC_REMOTE_MONTHLY_ENDPOINT_URL=month.endpoint.url,
            SDC_REMOTE_MONTHLY_ACCESS_KEY_ID=month.endpoint.access_key_id,
            SDC_REMOTE_MONTHLY_SECRET_ACCESS_KEY=month.endpoint.secret_access_key,
            SDC_REMOTE_MONTHLY_BUCKET=month.bucket,
        )
        try:
            site.await_ready()
            site.become_author()
            yield Destroyed(site, remote, tmp_path_factory.mktemp("photographs"))
        finally:
            if site.up.process.poll() is None:
                site.up.end(signal.SIGKILL)
            site.author.close()
            site.visitor.close()


def test_a_rehearsal_reads_the_restored_site_and_finds_it_like_the_living_one(destroyed: Destroyed) -> None:
    assert destroyed.rehearsed["outcome"] == "ok", destroyed.rehearsed["output"]
    read = re.search(r"(\d+) pages, (\d+) pictures and (\d+) files? read: (\d+) are", destroyed.rehearsed["output"])
    assert read is not None
    pages, pictures, files, same = map(int, read.groups())
    assert (pages, files, same) == (2, 1, pages + pictures + files)
    assert pictures >= 2


def test_a_rehearsal_restores_the_newest_month_too(destroyed: Destroyed) -> None:
    month = destroyed.rehearsed["output"].partition("; restored ")[2]
    assert re.search(r"from the monthly backup; 2 originals and [1-9]\d* sizes of pictures", month), month


def test_a_rehearsal_names_the_picture_that_the_mirror_lacks(destroyed: Destroyed) -> None:
    assert f"does not show {destroyed.picture}: it answered 503" in destroyed.rehearsed_without["output"]


def test_a_store_that_is_in_the_way_is_kept_beside_the_one_that_comes_back(destroyed: Destroyed) -> None:
    assert destroyed.from_month.returncode == 0, destroyed.from_month.stderr
    assert destroyed.stores == [True]


def test_a_dry_run_tells_what_would_come_back_and_touches_nothing(destroyed: Destroyed) -> None:
    told = json.loads(destroyed.foreseen.stdout)
    assert destroyed.untouched
    assert told["objects"]["media"] >= 3
    assert told["objects"]["backups"] >= 2
    assert told["age_us"] < 60_000_000


def test_a_dry_run_looks_into_the_replica_of_a_site_that_does_not_run(destroyed: Destroyed) -> None:
    told = json.loads(destroyed.foreseen_replica.stdout)
    assert set(told["states"]) == {"site", "worker"}


def test_a_site_does_not_start_on_half_a_recovery(destroyed: Destroyed) -> None:
    assert destroyed.refused.returncode == 1
    assert "a recovery was interrupted: give the same `sdc recover` again" in destroyed.refused.stderr


def test_a_recovery_that_was_killed_goes_on_and_ends_in_a_running_site(destroyed: Destroyed) -> None:
    assert "brought back from the daily mirror" in destroyed.site.up.printed
    assert "originals: 2 of 2 are there" in destroyed.site.up.printed


def test_a_page_and_its_picture_are_the_same_bytes_as_before(destroyed: Destroyed) -> None:
    assert (destroyed.after.status, destroyed.after.text) == (200, destroyed.before.text)
    assert destroyed.picture_after == destroyed.picture_before


def test_the_author_signs_in_with_the_same_password(destroyed: Destroyed) -> None:
    assert destroyed.signed_in.status_code == 303


def test_readers_of_before_and_after_are_counted_once(destroyed: Destroyed) -> None:
    assert destroyed.miscounted == {}


def test_the_mirror_goes_on_without_a_question(destroyed: Destroyed) -> None:
    assert destroyed.backed_up.returncode == 0, destroyed.backed_up.stderr
    assert destroyed.again.returncode == 0, destroyed.again.stderr


def test_a_return_to_the_replica_keeps_what_was_there(destroyed: Destroyed) -> None:
    assert destroyed.returned.returncode == 0, destroyed.returned.stderr
    assert destroyed.kept == [destroyed.replaced]


def test_a_site_comes_back_out_of_the_month(destroyed: Destroyed) -> None:
    assert destroyed.kept_month["outcome"] == "ok", destroyed.kept_month["output"]
    assert destroyed.from_month.returncode == 0, destroyed.from_month.stderr
    told = json.loads(destroyed.from_month.stdout)
    assert told["origin"].startswith("the monthly mirror of 20")
    assert (told["originals"], told["missing"]) == (2, [])
    assert destroyed.of_month == ["before-the-fire"]
