"""The object store hangs, with work under way, and is then killed: it is told, nothing is lost, all is made up."""

import json
import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from living_site import PATIENCE_S, Site, Told, eventually, small_photograph

pytestmark = pytest.mark.timeout(180)


class Outage:
    """Before it, during it, after it."""

    def __init__(self, site: Site, scratch: Path) -> None:
        self.site = site
        self.page = site.publish("Without the store")
        site.ask(self.page)
        first = json.loads(site.upload(small_photograph(scratch, 1)).text)[0]["asset_id"]
        eventually(lambda: site.asset(first) == "ready")
        self.picture = re.findall(r"/media/[^\" ]+", site.ask(f"/author/media/{first}", site.author).text)[0]
        # Ordered just before, so that worker and store are in the middle of it.
        self.pending = json.loads(site.upload(small_photograph(scratch, 2)).text)[0]["asset_id"]
        os.kill(site.store(), signal.SIGSTOP)
        self._during(scratch)
        os.kill(site.store(), signal.SIGKILL)
        self._after(scratch)

    def _during(self, scratch: Path) -> None:
        site = self.site
        self.public = [site.ask(path) for path in (self.page, "/", "/posts", "/feed.xml", "/sitemap.xml")]
        self.written = site.publish("Written in the dark")
        self.new = site.ask(self.written)
        before, lying = site.assets(), self._files()
        photo = small_photograph(scratch, 3)
        with ThreadPoolExecutor(4) as at_once:
            health = at_once.submit(site.health)
            shown = at_once.submit(site.ask, self.picture)
            refused = at_once.submit(site.upload, photo)
            self.refused_page = refused_page(site, photo)
            self.health, self.shown, self.refused = health.result(), shown.result(), refused.result()
        self.rows = site.assets() - before
        # A web that was killed may have left some, too.
        self.left = self._files() - lying

    def _files(self) -> set[str]:
        return {file.name for file in (self.site.data / "uploads").iterdir()}

    def _after(self, scratch: Path) -> None:
        site = self.site
        self.back_s = eventually(lambda: site.health()[0] == 200)
        self.taken = site.upload(small_photograph(scratch, 3))
        uploaded = json.loads(self.taken.text)[0]["asset_id"]
        eventually(lambda: {site.asset(self.pending), site.asset(uploaded)} == {"ready"})
        self.shown_again = site.ask(self.picture)
        synced = site.sdc("backup", "now", "--json")
        assert synced.returncode == 0, synced.stderr
        self.synced = json.loads(synced.stdout)["synced"]


@pytest.fixture(scope="module")
def outage(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Outage:
    return Outage(site, tmp_path_factory.mktemp("photographs"))


def test_public_pages_are_served_at_once_without_the_store(outage: Outage) -> None:
    assert [(page.status, page.seconds < 1) for page in outage.public] == [(200, True)] * len(outage.public)


def test_a_post_can_be_published_without_the_store(outage: Outage) -> None:
    assert (outage.new.status, outage.new.seconds < 1) == (200, True)


def test_health_names_the_store_alone_and_says_why(outage: Outage) -> None:
    status, reasons, seconds = outage.health
    assert status == 503
    assert list(reasons) == ["object_store"]
    assert reasons["object_store"]
    assert seconds < 4


def test_a_picture_is_answered_503_while_its_reader_still_waits(outage: Outage) -> None:
    assert (outage.shown.status, outage.shown.seconds < 5) == (503, True)


def test_an_upload_is_refused_in_words_before_its_author_gives_up(outage: Outage) -> None:
    assert outage.refused.status == 503
    assert "object store" in json.loads(outage.refused.text)["detail"]
    assert outage.refused.seconds < 5


def test_a_browser_is_shown_the_refusal_as_a_page(outage: Outage) -> None:
    assert outage.refused_page.status == 503
    assert "<html" in outage.refused_page.text
    assert "object store" in outage.refused_page.text


def test_no_row_is_left_without_an_original(outage: Outage) -> None:
    assert outage.rows == 0


def test_no_file_of_a_refused_upload_is_left(outage: Outage) -> None:
    assert outage.left == set()


def test_the_refused_picture_is_taken_once_the_store_is_back(outage: Outage) -> None:
    assert outage.taken.status == 201
    assert json.loads(outage.taken.text)[0]["new"]


def test_a_store_that_was_killed_is_back_by_itself(outage: Outage) -> None:
    assert outage.back_s < PATIENCE_S


def test_a_picture_stored_before_is_still_there(outage: Outage) -> None:
    assert outage.shown_again.status == 200


def test_litestream_catches_up_with_what_was_written_meanwhile(outage: Outage) -> None:
    assert [Path(each["db_path"]).name for each in outage.synced] == ["site.db", "worker.db"]
    assert all(each["replica_txid"] >= each["txid"] > 0 for each in outage.synced)


def refused_page(site: Site, photo: Path) -> Told:
    """What a browser without scripts gets for an upload."""
    with photo.open("rb") as file:
        answer = site.author.post("/author/media", files={"file": (photo.name, file)})
    return Told(status=answer.status_code, text=answer.text, seconds=answer.elapsed.total_seconds())
