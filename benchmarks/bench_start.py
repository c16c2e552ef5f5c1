"""How long `sdc up` takes to serve its first page, first and later starts, and what all processes hold when idle."""

import signal
import statistics
import subprocess
import tempfile
import threading
import time

import sites

ROUNDS = 3
IDLE_S = 5


def main() -> None:
    """Print two tables."""
    warm, stops, memory = [], [], {}
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as folder:
        environment = sites.settings(f"{folder}/data")
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
    with subprocess.Popen([sites.SDC, "up"], env=environment, stdout=subprocess.PIPE, text=True) as up:
        try:
            sites.wait_for_page(f"http://localhost:{environment['SDC_WEB_PORT']}/")
            served_s = time.perf_counter() - started_s
            assert up.stdout is not None
            while not up.stdout.readline().strip().startswith("worker"):
                assert up.poll() is None
            threading.Event().wait(IDLE_S)
            memory = {name: sites.pss_bytes(pid) for name, pid in sites.tree(up.pid).items()}
        finally:
            asked_s = time.perf_counter()
            up.send_signal(signal.SIGINT)
            up.wait(timeout=30)
    return served_s, time.perf_counter() - asked_s, memory


if __name__ == "__main__":
    main()
