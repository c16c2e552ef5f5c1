"""A site started as a person starts it, `sdc up` in an empty folder, for tests that look from outside."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import Empty, Queue

import msgspec
from sdc_core import clock
from sdc_core.objects import Endpoint

READY_S = 60
STOP_S = 15
DAILY_BUCKET = "remote-daily"
SDC = Path(sys.executable).with_name("sdc")


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A site that runs: where it is, what its settings are, how its first author signs up, and its remote."""

    url: str
    data_dir: Path
    environment: dict[str, str]
    setup_link: str
    remote: Endpoint

    def sdc(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one `sdc` command with the site's settings; its exit code is the caller's to judge."""
        return subprocess.run(
            [SDC, *arguments], env=self.environment, capture_output=True, text=True, timeout=90, check=False
        )

    def report(self, *arguments: str) -> dict[str, object]:
        """What a command says with `--json`."""
        done = self.sdc(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert isinstance(told, dict)
        return told


def settings(folder: Path, remote: Endpoint) -> dict[str, str]:
    """The environment of a site of its own, on free ports, mirrored to `remote`."""
    web, worker, store = _free_ports()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SDC_")}
    return {
        **inherited,
        "SDC_DATA_DIR": str(folder),
        "SDC_WEB_PORT": str(web),
        "SDC_WORKER_PORT": str(worker),
        "SDC_S3_ENDPOINT_URL": f"http://127.0.0.1:{store}",
        "SDC_REMOTE_DAILY_ENDPOINT_URL": remote.url,
        "SDC_REMOTE_DAILY_ACCESS_KEY_ID": remote.access_key_id,
        "SDC_REMOTE_DAILY_SECRET_ACCESS_KEY": remote.secret_access_key,
        "SDC_REMOTE_DAILY_BUCKET": DAILY_BUCKET,
    }


@contextmanager
def running(environment: Mapping[str, str]) -> Generator["Queue[str]"]:
    """`sdc up` for the block, and the lines it prints; a stop that is not clean fails the test."""
    lines: Queue[str] = Queue()
    with subprocess.Popen(
        [SDC, "up"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as up:
        assert up.stdout is not None
        reader = threading.Thread(target=lambda: [lines.put(line) for line in up.stdout or ()], daemon=True)
        reader.start()
        try:
            yield lines
        finally:
            up.send_signal(signal.SIGINT)
            code = up.wait(timeout=STOP_S)
            reader.join(timeout=STOP_S)
    assert code == 0


def wait_for_link(lines: "Queue[str]") -> str:
    """The one-time set-up link, once the worker is ready as well."""
    said, link, worker = "", None, None
    give_up_us = clock.monotonic_us() + READY_S * clock.SECOND_US
    while (link is None or worker is None) and clock.monotonic_us() < give_up_us:
        try:
            said += lines.get(timeout=1)
        except Empty:
            continue
        link = re.search(r"https?://\S+/author/setup\?token=\S+", said)
        worker = re.search(r"^\s*worker\s+ready", said, re.MULTILINE)
    assert link is not None, said
    return link[0]


def _free_ports() -> tuple[int, int, int]:
    """Free for web, for the worker, and the first of ten in a row for the object store."""
    for _ in range(200):
        with ExitStack() as held:
            first = held.enter_context(socket.socket())
            first.bind(("127.0.0.1", 0))
            base = first.getsockname()[1]
            try:
                for port in range(base + 1, base + 12):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except (OSError, OverflowError):
                continue
            return base + 10, base + 11, base
    message = "no twelve free ports in a row"
    raise RuntimeError(message)
