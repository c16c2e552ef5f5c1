"""How long `sdc up` takes to serve its first page, first and later starts, and what all processes hold when idle."""

import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress
from pathlib import Path

SDC = Path(sys.executable).with_name("sdc")
ROUNDS = 3
READY_S = 120
IDLE_S = 5


def main() -> None:
    """Print two tables."""
    warm, stops, memory = [], [], {}
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as folder:
        environment = settings(f"{folder}/data")
        cold, stop_s, _ = life(environment)
        stops.append(stop_s)
        for _ in range(ROUNDS):
            served_s, stop_s, memory = life(environment)
            warm.append(served_s)
            stops.append(stop_s)
    print(f"start to first served page     first {cold:5.1f} s   later {statistics.median(warm):5.1f} s (of {ROUNDS})")
    print(f"Ctrl-C to the end              {statistics.median(stops):5.1f} s")
    print("\nidle memory (PSS)")
    for name, size_bytes in [*memory.items(), ("together", sum(memory.values()))]:
        print(f"  {name:<28} {size_bytes / 1024**2:6.1f} MiB")


def life(environment: dict[str, str]) -> tuple[float, float, dict[str, int]]:
    """Seconds to the first page, seconds to stop, and bytes by process in between."""
    started_s = time.perf_counter()
    with subprocess.Popen([SDC, "up"], env=environment, stdout=subprocess.PIPE, text=True) as up:
        try:
            wait_for_page(f"http://localhost:{environment['SDC_WEB_PORT']}/")
            served_s = time.perf_counter() - started_s
            assert up.stdout is not None
            while not up.stdout.readline().strip().startswith("worker"):
                assert up.poll() is None
            threading.Event().wait(IDLE_S)
            memory = {name: pss_bytes(pid) for name, pid in tree(up.pid).items()}
        finally:
            asked_s = time.perf_counter()
            up.send_signal(signal.SIGINT)
            up.wait(timeout=30)
    return served_s, time.perf_counter() - asked_s, memory


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


def tree(root: int) -> dict[str, int]:
    """Every process below and with `root`, by a name of its own."""
    found, waiting = {}, [root]
    while waiting:
        pid = waiting.pop()
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        words = [Path(word.decode()).name for word in command[:3] if word]
        name = " ".join(words[1:3] if words[0].startswith("python") else words[:1])
        found[f"{name} ({pid})"] = pid
        for thread in Path(f"/proc/{pid}/task").iterdir():
            waiting += map(int, (thread / "children").read_text().split())
    return found


def pss_bytes(pid: int) -> int:
    """Memory of a process, its share of what it has in common with others counted in proportion."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def settings(data_dir: str) -> dict[str, str]:
    """A site of its own, on ports that were free a moment ago."""
    first = free_ports()
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("SDC_")},
        "SDC_DATA_DIR": data_dir,
        "SDC_S3_ENDPOINT_URL": f"http://127.0.0.1:{first}",
        "SDC_WEB_PORT": str(first + 10),
        "SDC_WORKER_PORT": str(first + 11),
    }


def free_ports() -> int:
    """The first of twelve in a row, below those that the system gives to outgoing connections."""
    while True:
        first = 10_000 + secrets.randbelow(20_000)
        with ExitStack() as held, suppress(OSError):
            for port in range(first, first + 12):
                held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first


if __name__ == "__main__":
    main()
