"""The object store refuses writes, is slow, answers 500 and 503, is gone for a minute in the middle of everything, and
then while the site starts again: the site serves, says what is wrong, and loses nothing.
"""

import asyncio
import json
import re
import signal
import sqlite3
import tempfile
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from sdc_core import clock
from sdc_core.objects import Endpoint, open_store

from living_site import PATIENCE_S, Site, Told, eventually, small_photograph
from store_proxy import Fault, StoreProxy, proxying

pytestmark = pytest.mark.timeout(420)

FAULTS: tuple[Fault, ...] = ("no writes", "slow", "500", "503", "gone")
MINUTE_S = 60.0

UNCOPIED = "copied since Litestream was started|Litestream waits, perhaps for the object store"


class During(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen during one fault: public pages, a text published meanwhile, its backup, an upload, the store's part
    of `/health`, and how long that took to answer.
    """

    public: list[Told]
    published: Told
    copied: str
    upload: Told
    reason: str
    health_s: float


class Faulty:
    """A site whose store has every fault in turn, is gone for a minute, and well; is gone once more, while the site
    starts again, and is then well.
    """

    def __init__(self, site: Site, proxy: StoreProxy, scratch: Path) -> None:
        self.site, self.proxy, self.scratch = site, proxy, scratch
        self.page = site.publish("Before")
        self.seen: dict[Fault, During] = {}
        for fault in FAULTS:
            proxy.become(fault)
            began_s = time.monotonic()
            self.seen[fault] = self._during(fault)
        eventually(lambda: time.monotonic() - began_s >= MINUTE_S, within_s=2 * MINUTE_S)
        proxy.become("")
        self.well_without_restart_s = eventually(lambda: site.health()[0] == 200)
        self.in_step_without_restart_s = eventually(lambda: "in step" in self._replica())
        proxy.become("gone")
        self._start_again()
        self.home = site.ask("/author", site.author).text
        proxy.become("")
        self.well_s = eventually(lambda: site.health()[0] == 200)
        self.in_step_s = eventually(lambda: "in step" in self._replica())
        self.taken = site.upload(small_photograph(scratch, 9))
        asset = json.loads(self.taken.text)[0]["asset_id"]
        eventually(lambda: site.asset(asset) == "ready")
        self.restored = site.sdc("restore", "--into", str(scratch / "restored"))

    def _start_again(self) -> None:
        self.site.up.end(signal.SIGTERM)
        self.site.start_again()
        self.at_start = self._replica()

    def _during(self, fault: Fault) -> During:
        site = self.site
        public = [site.ask(path) for path in (self.page, "/", "/feed.xml")]
        published = site.ask(site.publish(f"Written while {fault}"))
        photo = small_photograph(self.scratch, 20 + FAULTS.index(fault))
        # Each waits for the store by itself: side by side that is a few seconds for all of them.
        with ThreadPoolExecutor(2) as at_once:
            copied = at_once.submit(self._copied)
            upload = at_once.submit(site.upload, photo)
        _, reasons, health_s = site.health()
        return During(
            public=public,
            published=published,
            copied=copied.result(),
            upload=upload.result(),
            reason=reasons.get("object_store", ""),
            health_s=health_s,
        )

    def _copied(self) -> str:
        answer = self.site.author.post("/author/backups/copies")
        return answer.headers["location"].rpartition("=")[2]

    def _replica(self) -> str:
        page = self.site.ask("/author/backups", self.site.author).text
        card = re.search(r'id="backup-card-replica".*?</section>', page, re.DOTALL)
        return card[0] if card else ""

    def titles(self) -> set[str]:
        """Those of the texts that the restored database has."""
        connection = sqlite3.connect(self.scratch / "restored" / "site.db")
        found = connection.execute(
            "SELECT title FROM revisions JOIN posts ON posts.revision_id = revisions.id"
        ).fetchall()
        connection.close()
        return {title for (title,) in found}


@pytest.fixture(scope="module")
def faulty(object_store_endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Generator[Faulty]:
    names = {
        f"SDC_S3_{kind}_BUCKET": f"{kind.lower()}-{clock.new_id().lower()}" for kind in ("MEDIA", "BACKUP", "ANALYTICS")
    }
    asyncio.run(_make(object_store_endpoint, list(names.values())))
    with proxying(object_store_endpoint.url) as proxy, tempfile.TemporaryDirectory(prefix="sdc-faulty-") as folder:
        site = Site(
            folder,
            **names,
            SDC_S3_ENDPOINT_URL=proxy.url,
            SDC_S3_ACCESS_KEY_ID=object_store_endpoint.access_key_id,
            SDC_S3_SECRET_ACCESS_KEY=object_store_endpoint.secret_access_key,
        )
        try:
            site.await_ready()
            site.become_author()
            yield Faulty(site, proxy, tmp_path_factory.mktemp("scratch"))
        finally:
            proxy.become("")
            site.close()


async def _make(endpoint: Endpoint, names: list[str]) -> None:
    async with open_store(endpoint) as store:
        for name in names:
            await store.make_bucket(name)


@pytest.mark.parametrize("fault", FAULTS)
def test_public_pages_are_served_at_once(faulty: Faulty, fault: Fault) -> None:
    assert [(page.status, page.seconds < 1) for page in faulty.seen[fault].public] == [(200, True)] * 3


@pytest.mark.parametrize("fault", FAULTS)
def test_a_text_that_is_published_meanwhile_is_read_and_not_called_backed_up(faulty: Faulty, fault: Fault) -> None:
    seen = faulty.seen[fault]
    assert (seen.published.status, seen.copied) == (200, "not-copied")


@pytest.mark.parametrize("fault", FAULTS)
def test_an_upload_is_refused_in_words_and_soon(faulty: Faulty, fault: Fault) -> None:
    upload = faulty.seen[fault].upload
    assert (upload.status, upload.seconds < 15) == (503, True), upload.text
    assert "object store" in json.loads(upload.text)["detail"]


@pytest.mark.parametrize("fault", FAULTS)
def test_health_says_what_is_wrong(faulty: Faulty, fault: Fault) -> None:
    seen = faulty.seen[fault]
    assert re.search(r"no answer within|does not answer|did not answer in time|refused", seen.reason), seen.reason
    assert seen.health_s < 8


def test_a_start_without_the_store_says_that_nothing_is_copied(faulty: Faulty) -> None:
    assert "state-failed" in faulty.at_start
    assert re.search(UNCOPIED, faulty.at_start)


def test_the_home_page_says_it_too(faulty: Faulty) -> None:
    assert re.search(UNCOPIED, faulty.home)


def test_once_the_store_is_well_all_is_made_up_for_without_anybody(faulty: Faulty) -> None:
    assert max(faulty.well_s, faulty.in_step_s) < PATIENCE_S
    assert max(faulty.well_without_restart_s, faulty.in_step_without_restart_s) < PATIENCE_S
    assert faulty.taken.status == 201


def test_every_text_of_the_outage_is_in_the_replica(faulty: Faulty) -> None:
    assert faulty.restored.returncode == 0, faulty.restored.stderr
    assert faulty.titles() == {"Before", *(f"Written while {fault}" for fault in FAULTS)}
