"""Worker and Litestream are killed thirty times, one, the other or both, while they start and while they work and both
databases are written: what was acknowledged comes back.
"""

import asyncio
import contextlib
import os
import shlex
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
import pytest
from sdc_cli import litestream
from sdc_core import clock, webhooks
from sdc_core.objects import Endpoint, open_store
from sdc_core.process import find_program
from sdc_core.settings import Settings
from sdc_core.sqlite import CHECKPOINT_PAGES
from sdc_worker.drills import replica

from living_site import eventually
from sdc_up import free_ports

pytestmark = pytest.mark.timeout(600)

KILLS = 30
LOST_S = 2.0
BUCKET = "killed"
Victim: TypeAlias = Literal["both", "worker", "Litestream"]
VICTIMS: tuple[Victim, ...] = ("both", "worker", "Litestream")

Rows: TypeAlias = list[tuple[int, float]]


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What came back right after a kill, by database, and who was killed when."""

    victim: Victim
    killed_s: float
    rows: dict[str, Rows]


class Writer:
    """Writes the moment of each of its commits into a database, some two hundred a second, until it is told to end. Its
    connection is as those of the services are.
    """

    def __init__(self, path: Path) -> None:
        with contextlib.closing(sqlite3.connect(path)) as made:
            made.execute("PRAGMA journal_mode = WAL")
            made.execute("CREATE TABLE written (id INTEGER PRIMARY KEY, at_s REAL)")
            made.commit()
        self._path = path
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def end(self) -> None:
        """After the commit under way."""
        self._ended.set()
        self._thread.join(timeout=10)

    def _write(self) -> None:
        connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        while not self._ended.wait(0.005):
            connection.execute("INSERT INTO written (at_s) VALUES (?)", (time.time(),))
        connection.close()


class Killed:
    """`KILLS` times both are started, and one or both killed: every other time while they start, else once they work,
    and then both databases are restored at once.
    """

    def __init__(self, folder: Path, endpoint: Endpoint) -> None:
        self.endpoint, self.folder = endpoint, folder
        self.settings = Settings(
            DATA_DIR=folder,
            WEBHOOK_SECRETS=webhooks.new_secret(),
            WORKER_PORT=free_ports(),
            S3_ENDPOINT_URL=endpoint.url,
            S3_ACCESS_KEY_ID=endpoint.access_key_id,
            S3_SECRET_ACCESS_KEY=endpoint.secret_access_key,
            S3_BACKUP_BUCKET=BUCKET,
        )
        self.paths = {"site": self.settings.site_db, "worker": self.settings.worker_db}
        self.config = litestream.config(self.settings)
        self.restored: list[Restored] = []
        writers = [Writer(path) for path in self.paths.values()]
        try:
            for number in range(KILLS):
                self._once(VICTIMS[number % 3], working=number % 2 == 1)
        finally:
            for writer in writers:
                writer.end()

    def _once(self, victim: Victim, *, working: bool) -> None:
        with self._litestream() as running:
            if working:
                eventually(self._works, every_s=0.05)
            threading.Event().wait(clock.jitter(0.5))
            killed_s = time.time()
            self._kill(running, victim)
        if working:
            rows: dict[str, Rows] = {name: self._restore(name) for name in replica.DATABASES}
            self.restored.append(Restored(victim=victim, killed_s=killed_s, rows=rows))

    def _restore(self, name: replica.Name) -> Rows:
        into = self.folder / f"restored-{clock.new_id()}.db"
        env = {"PATH": os.environ["PATH"]}
        asyncio.run(replica.restore_database(self.endpoint, BUCKET, "", name, into, env=env))
        found = written(into)
        into.unlink()
        return found

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

    def _works(self) -> bool:
        """Whether Litestream has copied both, and the worker has come so far that it answers."""
        told = asyncio.run(replica.replication(self.settings))
        return len([each for each in told.databases if each.ok]) == len(self.paths) and self._answers()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.settings.WORKER_PORT), timeout=1):
                return True
        except OSError:
            return False

    def _kill(self, running: subprocess.Popen[bytes], victim: Victim) -> None:
        """And wait until neither is there: each goes where the other went."""
        workers = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
        if victim == "both" or not workers:
            os.killpg(running.pid, signal.SIGKILL)
        elif victim == "worker":
            os.kill(int(workers[0]), signal.SIGKILL)
        else:
            running.kill()
        running.wait(timeout=60)
        eventually(lambda: not members(running.pid), every_s=0.02)


def members(group: int) -> list[str]:
    """The living processes of a group."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, of = status.read_text().rpartition(")")[2].split()[:3]
            if int(of) == group and state != "Z":
                found.append(status.parent.name)
    return found


@pytest.fixture(scope="module")
def killed(object_store_endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Killed:
    async def make_bucket() -> None:
        async with open_store(object_store_endpoint) as store:
            await store.make_bucket(BUCKET)

    asyncio.run(make_bucket())
    return Killed(tmp_path_factory.mktemp("k"), object_store_endpoint)


def written(path: Path) -> Rows:
    """Every row that was committed, in its order."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return connection.execute("SELECT id, at_s FROM written ORDER BY id").fetchall()


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("name", replica.DATABASES)
def test_each_restore_has_all_but_the_last_two_seconds(killed: Killed, name: str, victim: Victim) -> None:
    live = written(killed.paths[name])
    restored = [each for each in killed.restored if each.victim == victim]
    assert len(restored) == KILLS // 6
    for each in restored:
        rows = each.rows[name]
        assert rows == live[: len(rows)]
        assert [at_s for _, at_s in live[len(rows) :] if at_s < each.killed_s - LOST_S] == []
