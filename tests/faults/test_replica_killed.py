"""Worker and Litestream are killed thirty times while the site is written: what was acknowledged comes back."""

import asyncio
import contextlib
import os
import shlex
import signal
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

import pytest
from sdc_cli import litestream
from sdc_core import webhooks
from sdc_core.objects import Endpoint, open_store
from sdc_core.process import find_program
from sdc_core.settings import Settings
from sdc_worker.drills import replica

from living_site import eventually
from sdc_up import free_ports

pytestmark = pytest.mark.timeout(240)

KILLS = 30
LOST_S = 2.0
BUCKET = "killed"


class Writer:
    """Writes the moment of each of its commits into `site.db`, some two hundred a second, until it is told to end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def end(self) -> None:
        """After the commit under way."""
        self._ended.set()
        self._thread.join(timeout=10)

    def _write(self) -> None:
        connection = sqlite3.connect(self._path, timeout=5, isolation_level=None)
        while not self._ended.wait(0.005):
            connection.execute("INSERT INTO written (at_s) VALUES (?)", (time.time(),))
        connection.close()


class Killed:
    """`KILLS` times both are started and killed at another moment of their start and their work; then once more."""

    def __init__(self, folder: Path, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.settings = Settings(
            DATA_DIR=folder,
            WEBHOOK_SECRETS=webhooks.new_secret(),
            WORKER_PORT=free_ports(),
            S3_ENDPOINT_URL=endpoint.url,
            S3_ACCESS_KEY_ID=endpoint.access_key_id,
            S3_SECRET_ACCESS_KEY=endpoint.secret_access_key,
            S3_BACKUP_BUCKET=BUCKET,
        )
        self.config = litestream.config(self.settings)
        with contextlib.closing(sqlite3.connect(self.settings.site_db)) as made:
            made.execute("PRAGMA journal_mode = WAL")
            made.execute("CREATE TABLE written (id INTEGER PRIMARY KEY, at_s REAL)")
            made.commit()
        writer = Writer(self.settings.site_db)
        try:
            for number in range(KILLS):
                with self._litestream() as running:
                    threading.Event().wait(0.05 + 0.45 * number / KILLS)
                    self._kill(running)
            with self._litestream() as running:
                eventually(self._copied, every_s=0.05)
                self.killed_s = time.time()
                self._kill(running)
        finally:
            writer.end()
        self.restored = folder / "restored.db"
        asyncio.run(
            replica.restore_database(endpoint, BUCKET, "", "site", self.restored, env={"PATH": os.environ["PATH"]})
        )

    def _litestream(self) -> subprocess.Popen[bytes]:
        command = [find_program("litestream"), "replicate", "-config", str(self.config)]
        given = {"PATH": os.environ["PATH"], **self._secrets()}
        return subprocess.Popen(
            [*command, "-exec", shlex.quote(find_program("sdc-worker"))],
            env=litestream.environment(self.settings, given),
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _secrets(self) -> dict[str, str]:
        return {
            "SDC_DATA_DIR": str(self.settings.DATA_DIR),
            "SDC_WORKER_PORT": str(self.settings.WORKER_PORT),
            "SDC_WEBHOOK_SECRETS": self.settings.webhook_secrets[0],
            "SDC_S3_ENDPOINT_URL": self.endpoint.url,
            "SDC_S3_ACCESS_KEY_ID": self.endpoint.access_key_id,
            "SDC_S3_SECRET_ACCESS_KEY": self.endpoint.secret_access_key,
        }

    def _copied(self) -> bool:
        told = asyncio.run(replica.replication(self.settings))
        return any(each.name == "site" and each.ok for each in told.databases)

    def _kill(self, running: subprocess.Popen[bytes]) -> None:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait(timeout=10)


@pytest.fixture(scope="module")
def killed(object_store_endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Killed:
    async def make_bucket() -> None:
        async with open_store(object_store_endpoint) as store:
            await store.make_bucket(BUCKET)

    asyncio.run(make_bucket())
    return Killed(tmp_path_factory.mktemp("k"), object_store_endpoint)


def written(path: Path) -> list[tuple[int, float]]:
    """Every row that was committed, in its order."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return connection.execute("SELECT id, at_s FROM written ORDER BY id").fetchall()


def test_the_last_restore_has_all_but_the_last_two_seconds(killed: Killed) -> None:
    live, restored = written(killed.settings.site_db), written(killed.restored)
    assert restored == live[: len(restored)]
    missing = [at_s for _, at_s in live[len(restored) :] if at_s < killed.killed_s - LOST_S]
    assert missing == []
