"""Lines per CPU second of the whole way through the worker and of `sdc logs import`, beside GoAccess on the same lines.

GoAccess is Debian's (`apt-get install goaccess`); without it our own figures are printed alone. `SDC_BENCH_DAILY` says
how many requests a day the month has, 33,000 unless it is set: a million lines.
"""

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

import msgspec
import zstandard
from sdc_core import access_log, service_client
from sdc_core.answers.jobs import JobRuns, Run
from sdc_core.answers.logs import Committed
from sdc_core.service_client import ServiceClient
from sdc_core.webhooks import Keyring, new_secret

import sites
import traffic

FIRST_DAY, DAYS = date(2026, 3, 1), 30
RANGE_BYTES = 1024 * 1024
ROUNDS = int(os.environ.get("SDC_BENCH_ROUNDS", "3"))


class Month(NamedTuple):
    """The lines of each day, the same as one combined log, and how many there are."""

    days: list[Path]
    combined: Path
    lines: int


class Cost(NamedTuple):
    """Seconds of CPU, and the most memory held, in bytes."""

    cpu_s: float
    memory_bytes: int


def main() -> None:
    """Print one table; the readers take turns."""
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as name:
        folder = Path(name)
        month = made(folder, int(os.environ.get("SDC_BENCH_DAILY", "33000")))
        rounds: dict[str, list[Cost]] = {"GoAccess": [], "worker": [], "sdc logs import": []}
        stored = 0
        for number in range(ROUNDS):
            if shutil.which("goaccess"):
                rounds["GoAccess"].append(goaccess(month.combined, folder / "report.json"))
            cost, stored = worker(month, folder / f"worker-{number}")
            rounds["worker"].append(cost)
            rounds["sdc logs import"].append(imported(month, folder / f"import-{number}"))
    event = stored / month.lines
    print(f"{month.lines:,} lines of {DAYS} days, medians of {ROUNDS}; sealed, {event:.1f} bytes an event\n")
    base = median(rounds["GoAccess"]) if rounds["GoAccess"] else None
    for reader, costs in rounds.items():
        if costs:
            cost = median(costs)
            ratio = f"{base.cpu_s / cost.cpu_s:5.2f}x" if base else ""
            rate, memory = month.lines / cost.cpu_s, cost.memory_bytes / 1024**2
            print(f"{reader:<18} {cost.cpu_s:6.2f} s CPU {rate:9,.0f} lines/s {ratio} {memory:6.0f} MiB")


def median(costs: list[Cost]) -> Cost:
    """The one in the middle."""
    return sorted(costs)[len(costs) // 2]


def made(folder: Path, requests_a_day: int) -> Month:
    """The month on the disk, a day at a time in memory."""
    days, lines = [], 0
    combined = folder / "combined.log"
    with combined.open("w", encoding="utf-8") as log:
        for day, requests in traffic.month(FIRST_DAY, DAYS, requests_a_day):
            days.append(folder / f"{day}.ndjson")
            days[-1].write_bytes(b"".join(access_log.encode(each.line) for each in requests))
            log.writelines(f"{traffic.combined(each)}\n" for each in requests)
            lines += len(requests)
    return Month(days, combined, lines)


def goaccess(log: Path, report: Path) -> Cost:
    """A whole run, with a report of everything as JSON."""
    cost = _command("goaccess", str(log), "--log-format=COMBINED", "-o", str(report), "--no-progress")
    assert json.loads(report.read_bytes())["general"]["valid_requests"] > 0
    return cost


def worker(month: Month, folder: Path) -> tuple[Cost, int]:
    """From the first signed range to the last sealed day, by a worker that has just started; its bytes of segments."""
    with _site(folder) as (environment, pid):
        before_s = sites.cpu_s(pid)
        asyncio.run(_ship(environment, month))
        cost = Cost(sites.cpu_s(pid) - before_s, _peak_bytes(pid))
        stored = sum(each.stat().st_size for each in (folder / "analytics").glob("hits/day=2*/*.parquet"))
    return cost, stored


def imported(month: Month, folder: Path) -> Cost:
    """The command, and the worker meanwhile, until every day is sealed."""
    with _site(folder) as (environment, pid):
        before_s = sites.cpu_s(pid)
        cost = _command(str(sites.SDC), "logs", "import", str(month.combined), environment=environment)
        return Cost(cost.cpu_s + sites.cpu_s(pid) - before_s, max(cost.memory_bytes, _peak_bytes(pid)))


def _command(*command: str, environment: dict[str, str] | None = None) -> Cost:
    with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


@contextmanager
def _site(folder: Path) -> Generator[tuple[dict[str, str], int]]:
    """A whole site, and the id of its worker."""
    environment = sites.settings(str(folder), SDC_WEBHOOK_SECRETS=new_secret())
    with sites.up(environment) as process:
        yield environment, next(pid for name, pid in sites.tree(process.pid).items() if "worker" in name)


async def _ship(environment: dict[str, str], month: Month) -> None:
    """As web does: ranges by offset, packed. The days are long over, so that they are sealed without being closed."""
    url = f"http://127.0.0.1:{environment['SDC_WORKER_PORT']}"
    async with service_client.connect(url, Keyring([environment["SDC_WEBHOOK_SECRETS"]])) as client:
        for day in month.days:
            lines, at = day.read_bytes(), 0
            while at < len(lines):
                body = zstandard.compress(lines[at : lines.rfind(b"\n", at, at + RANGE_BYTES) + 1], 3)
                at = await _put(client, f"/logs/0/{day.stem}", at, body)
        run = await client.send("POST", "/jobs/analytics.seal/runs")
        assert run.ok
        while any(each.ended_us is None for each in await _runs(client)):  # noqa: ASYNC110 - another process works
            await asyncio.sleep(0.5)
        assert {each.outcome for each in await _runs(client)} == {"ok"}


async def _put(client: ServiceClient, path: str, at: int, body: bytes) -> int:
    headers = {"content-encoding": "zstd"}
    attempt = await client.send("PUT", path, query={"at": str(at)}, body=body, headers=headers, timeout_s=60)
    assert attempt.ok
    return msgspec.json.decode(attempt.body, type=Committed).at


async def _runs(client: ServiceClient) -> list[Run]:
    attempt = await client.send("GET", "/jobs/analytics.seal/runs", timeout_s=60)
    return msgspec.json.decode(attempt.body, type=JobRuns).runs


def _peak_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


if __name__ == "__main__":
    main()
