"""Sites that benchmarks start: ports, settings, processes, memory."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

SDC = Path(sys.executable).with_name("sdc")
READY_S = 120
SETTLED_S, LOOK_S, RESTS = 300, 5.0, 0.05
"""How long to wait at most, how often to look, and the share of a processor below which a site rests."""


def settings(data_dir: str, **more: str) -> dict[str, str]:
    """The environment of a site of its own, on ports that were free a moment ago."""
    first = free_ports()
    return {
        # An installed site has its modules compiled; one that may not keep them compiles them at every start.
        **{name: value for name, value in os.environ.items() if not name.startswith(("SDC_", "PYTHONDONTWRITE"))},
        "SDC_DATA_DIR": data_dir,
        "SDC_S3_ENDPOINT_URL": f"http://127.0.0.1:{first}",
        "SDC_WEB_PORT": str(first + 10),
        "SDC_WORKER_PORT": str(first + 11),
        **more,
    }


def free_ports(count: int = 12) -> int:
    """The first of so many in a row, below those that the system gives to outgoing connections."""
    while True:
        first = 10_000 + secrets.randbelow(20_000)
        with ExitStack() as held, suppress(OSError):
            for port in range(first, first + count):
                held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first


@contextmanager
def up(environment: dict[str, str]) -> Generator[subprocess.Popen[str]]:
    """`sdc up` for the block, every part of it ready."""
    with subprocess.Popen([SDC, "up"], env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            wait_for_page(f"http://localhost:{environment['SDC_WEB_PORT']}/")
            assert process.stdout is not None
            while not process.stdout.readline().strip().startswith("worker"):
                assert process.poll() is None
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)


def wait_for_page(url: str) -> None:
    """Until a page is served whole."""
    give_up_s = time.perf_counter() + READY_S
    while time.perf_counter() < give_up_s:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200 and answer.read():
                    return
        except (urllib.error.URLError, OSError):
            threading.Event().wait(0.02)
    message = f"{url} was not served within {READY_S} s"
    raise TimeoutError(message)


def settled(root: int) -> float:
    """Wait until `root` and all below it rest: a start copies the databases whole, which is not what is measured.
    Returns the seconds that it took.
    """
    began_s, before_s = time.perf_counter(), cpu_s(root)
    while time.perf_counter() < began_s + SETTLED_S:
        threading.Event().wait(LOOK_S)
        now_s = cpu_s(root)
        if now_s - before_s < RESTS * LOOK_S:
            return time.perf_counter() - began_s
        before_s = now_s
    message = f"the site was still at work {SETTLED_S} s after its start"
    raise TimeoutError(message)


def cpu_s(root: int) -> float:
    """What `root` and all below it have taken of processors."""
    ticks = 0
    for pid in tree(root).values():
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def tree(root: int) -> dict[str, int]:
    """Every process below and with `root`, by a name of its own; one that ends meanwhile is left out."""
    found, waiting = {}, [root]
    while waiting:
        pid = waiting.pop()
        with suppress(FileNotFoundError, ProcessLookupError):
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            words = [Path(word.decode()).name for word in command[:3] if word] or ["ended"]
            name = " ".join(words[1:3] if words[0].startswith("python") else words[:1])
            for thread in Path(f"/proc/{pid}/task").iterdir():
                waiting += map(int, (thread / "children").read_text().split())
            found[f"{name} ({pid})"] = pid
    return found


def pss_bytes(pid: int) -> int:
    """Memory of a process, its share of what it has in common with others counted in proportion."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
