"""A running `sdc up` with its author signed in and its processes in reach: what the tests of failures break."""

import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
from sdc_core import clock
from sdc_core.webhooks import Keyring

import photograph
from sdc_up import SDC, Up, free_ports
from tiny_disks import TinyDisks

PASSWORD = "nine lives and a lantern"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
RUN_S = 180.0
"""A rehearsal starts a site and reads it."""
PATIENCE_S = 60.0


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, and the seconds it took; `status` is 0 when none came."""

    status: int
    text: str
    seconds: float


class Site:
    """`sdc up` on a folder of its own, or on disks. `author` is a browser that is signed in, `visitor` one that is
    not; `seen` is the data folder as this process sees it.
    """

    def __init__(self, folder: str | TinyDisks, *arguments: str, **more: str) -> None:
        first = free_ports()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SDC_")}
        disks = folder if isinstance(folder, TinyDisks) else None
        self.data = (disks.folder if disks else Path(str(folder))) / "data"
        self.environment = {
            **inherited,
            "SDC_DATA_DIR": str(self.data),
            "SDC_S3_ENDPOINT_URL": f"http://127.0.0.1:{first}",
            "SDC_WEB_PORT": str(first + 10),
            "SDC_WORKER_PORT": str(first + 11),
            **(disks.settings if disks else {}),
            **more,
        }
        self.within = disks.within if disks else ()
        self.seen = disks.seen(self.data) if disks else self.data
        self.url = f"http://localhost:{first + 10}"
        self.port = first + 10
        self.worker_url = f"http://127.0.0.1:{first + 11}"
        self.author = httpx.Client(base_url=self.url, headers=SAME_ORIGIN, timeout=60, trust_env=False)
        self.visitor = httpx.Client(base_url=self.url, timeout=60, trust_env=False)
        self.up = Up(self.environment, *arguments, within=self.within)

    def await_ready(self) -> None:
        """Until every part has answered."""
        self.up.wait_for(r"^\s*worker\s+ready")

    def start_again(self) -> None:
        """A new `sdc up` on the same folder."""
        self.up = Up(self.environment, within=self.within)
        self.await_ready()

    def become_author(self) -> None:
        """By the link that was printed."""
        self.up.wait_for(r"/author/setup\?token=")
        token = re.search(r"/author/setup\?token=(\S+)", self.up.printed)
        assert token is not None
        self.send("/author/setup", token=token[1], name="ada", display_name="Ada", password=PASSWORD, site_title="Fog")

    def close(self) -> None:
        """End what is left of it."""
        self.author.close()
        self.visitor.close()
        if self.up.process.poll() is None:
            code, _ = self.up.end(signal.SIGTERM)
            assert code == 0, self.up.printed

    def ask(self, path: str, browser: httpx.Client | None = None, **options: str) -> Told:
        """GET."""
        return told(lambda: (browser or self.visitor).get(path, headers=options))

    def send(self, path: str, **form: str) -> httpx.Response:
        """A form of the author's; what it is answered must not be a refusal."""
        answer = self.author.post(path, data=form)
        assert answer.status_code == 303, answer.text
        return answer

    def upload(self, photo: Path) -> Told:
        """A photograph into the library."""
        headers = {"Accept": "application/json"}
        with photo.open("rb") as file:
            return told(lambda: self.author.post("/author/media", files={"file": (photo.name, file)}, headers=headers))

    def publish(self, title: str, body: str = "Fog.") -> str:
        """The path of a new post."""
        post = self.send("/author/posts", kind="post").headers["location"]
        return self.revise(post, title, body)

    def revise(self, post: str, title: str, body: str) -> str:
        """Publish a change of a post, begun from its newest revision; returns the post's public path."""
        based = re.search(r'name="base_revision" value="(\d+)"', self.ask(post, self.author).text)
        assert based is not None
        slug = title.lower().replace(" ", "-")
        form = {"title": title, "slug": slug, "body_markdown": body, "base_revision": based[1]}
        self.send(f"{post}/publication", **form)
        return f"/posts/{slug}"

    def health(self) -> tuple[int, dict[str, str], float]:
        """Status, the reason of each part that is not well, seconds."""
        answer = self.ask("/health")
        parts = json.loads(answer.text)["parts"]
        return answer.status, {name: part["reason"] for name, part in parts.items() if not part["ok"]}, answer.seconds

    def keyring(self) -> Keyring:
        """The secrets that both services sign with."""
        return Keyring((self.seen / "secrets" / "sdc_webhook_secrets").read_text().strip().split(","))

    def worker(self, method: str, path: str, body: bytes = b"", message_id: str = "") -> httpx.Response:
        """A signed request to the worker."""
        headers = self.keyring().headers(message_id or f"msg_{clock.new_id()}", body)
        headers["content-type"] = "application/json"
        return httpx.request(method, self.worker_url + path, content=body, headers=headers, timeout=30, trust_env=False)

    def run_job(self, name: str) -> dict[str, str]:
        """A cron job that was asked for now: its run, ended, or after a first attempt that failed."""
        started = self.worker("POST", f"/jobs/{name}/runs")
        assert started.status_code == 202, started.text
        run: dict[str, str] = {}

        def looked() -> bool:
            run.update(self.worker("GET", f"/jobs/{name}/runs/{started.json()['id']}").json())
            return run["ended_us"] is not None or run["output"].startswith("attempt 1: ")

        eventually(looked, RUN_S)
        return run

    def counted(self, prefix: str) -> dict[str, int]:
        """How often each path with that beginning was asked for, as the worker's statistics have it."""
        day = clock.today()
        answer = self.worker("GET", f"/analytics/breakdown?from={day}&to={day}&by=path&limit=1000")
        assert answer.status_code == 200, answer.text
        return {row["key"]: row["requests"] for row in answer.json()["rows"] if row["key"].startswith(prefix)}

    def assets(self) -> int:
        """How many media assets are recorded."""
        with sqlite3.connect(f"file:{self.data / 'site.db'}?mode=ro", uri=True) as connection:
            found = connection.execute("SELECT count(*) FROM media_assets").fetchone()[0]
        connection.close()
        return int(found)

    def asset(self, asset_id: str) -> str:
        """The state of an upload, as its page of the library has it."""
        found = re.search(r"state-(\w+)", self.ask(f"/author/media/{asset_id}", self.author).text)
        return found[1] if found else ""

    def processes(self, *words: str) -> list[int]:
        """The processes of this site whose command holds all of these words, oldest first."""
        found = []
        for process in Path("/proc").iterdir():
            if not process.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                environment = (process / "environ").read_bytes().decode(errors="replace")
                where = str((process / "cwd").readlink())
                ours = any(str(self.data) in text for text in (command, environment, where))
                if ours and all(word in command for word in words):
                    found.append((begun(process), int(process.name)))
        return [pid for _, pid in sorted(found)]

    def sdc(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command on this site; its exit code is the caller's to judge."""
        return subprocess.run(
            [*self.within, SDC, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def listening(self, port: int) -> list[int]:
        """The processes of this site that listen on a port, without a child that is about to become something else."""
        wanted = f"0100007F:{port:04X}"
        tables = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        sockets = {f"socket:[{row[9]}]" for row in tables if row[1] == wanted and row[3] == "0A"}
        found = {pid for pid in self.processes() if sockets & set(descriptors(pid))}
        return sorted(pid for pid in found if parent(pid) not in found)

    def slots(self) -> dict[str, int]:
        """The processes of web that serve, by the slot of the access log that each holds."""
        folder = self.data / "logs" / "web"
        opened = [(pid, Path(each)) for pid in self.processes("sdc-web") for each in descriptors(pid)]
        return {file.parent.name: pid for pid, file in opened if file.name == "lock" and file.parent.parent == folder}

    def memory(self) -> int:
        """What the processes of web that serve have in memory, in bytes."""
        told = [Path(f"/proc/{pid}/status").read_text() for pid in self.slots().values()]
        return sum(1_024 * int(each.partition("VmRSS:")[2].split()[0]) for each in told)

    def the_worker(self) -> int:
        """The worker's one process."""
        found = [pid for pid in self.processes("sdc-worker") if "litestream" not in command(pid)]
        return found[0]

    def litestream(self) -> int:
        """Litestream, the worker's parent."""
        return self.processes("litestream", "replicate", "-exec")[0]

    def store(self) -> int:
        """The object store."""
        return self.processes("weed", "mini")[0]


@contextmanager
def living(disks: Callable[[Path], TinyDisks] | None = None, **settings: str) -> Generator[Site]:
    """A site that is up, with its author signed in; it must end cleanly."""
    with tempfile.TemporaryDirectory(prefix="sdc-faults-") as folder:
        site = Site(disks(Path(folder)) if disks else folder, **settings)
        try:
            site.await_ready()
            site.become_author()
            yield site
        except BaseException:
            if site.up.process.poll() is None:
                site.up.end(signal.SIGKILL)
            raise
        finally:
            site.close()


def told(asking: Callable[[], httpx.Response]) -> Told:
    """What was answered, and how soon."""
    started_s = time.monotonic()
    try:
        answer = asking()
    except httpx.TransportError as error:
        return Told(status=0, text=repr(error), seconds=time.monotonic() - started_s)
    return Told(status=answer.status_code, text=answer.text, seconds=time.monotonic() - started_s)


def begun(process: Path) -> int:
    """When a process of /proc began, in ticks since the machine did; numbers of processes begin anew at some height."""
    return int((process / "stat").read_text().rpartition(")")[2].split()[19])


def eventually(holds: Callable[[], object], within_s: float = PATIENCE_S, every_s: float = 0.1) -> float:
    """Look until it holds, and say how many seconds it took: another process tells nobody when it is done."""
    started_s = time.monotonic()
    while not holds():
        assert time.monotonic() - started_s < within_s, f"not within {within_s:g} s"
        threading.Event().wait(every_s)
    return time.monotonic() - started_s


def small_photograph(folder: Path, seed: int) -> Path:
    """A JPEG of which no two are the same."""
    return photograph.take(folder / f"{seed}.jpg", width=600 + seed, height=400)


def exactly_once(counts: Mapping[str, int], paths: list[str]) -> dict[str, int]:
    """What differs from every path having been counted once."""
    found = {path: counts.get(path, 0) for path in paths}
    return {path: count for path, count in found.items() if count != 1}


def descriptors(pid: int) -> list[str]:
    """What a process has open; nothing when it is gone."""
    found = []
    with contextlib.suppress(OSError):
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                found.append(str(each.readlink()))
    return found


def parent(pid: int) -> int:
    """Who started a process; 0 when it is gone."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    return 0


def command(pid: int) -> str:
    """How a process was started; nothing when it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""
