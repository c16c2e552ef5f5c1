"""A scheduler that is killed again and again: it writes each due time that it starts to a file, minute by minute.

`python cron_driver.py DATABASE STARTED`: fifteen schedulers in processes of their own, each killed a few lines after
its start, and one that comes to the end.
"""

import asyncio
import multiprocessing
import sys
import threading
from pathlib import Path

from sdc_core import clock
from sdc_worker.cron.jobs import Job, JobContext
from sdc_worker.cron.scheduler import Scheduler
from sdc_worker.db import open_worker

from cron_work import MINUTE_US, NOON_US

MINUTES, KILLS = 60, 15


async def nothing(_: JobContext) -> str:
    return ""


JOBS = (
    Job(name="minute", help="", cron="* * * * *", action=nothing, overlap="queue_one"),
    Job(name="once", help="", cron="*/5 * * * *", action=nothing, catch_up="once", overlap="queue_one"),
)


def main(database_file: Path, started: Path) -> int:
    """Kill, and at last do not; returns the exit code of the last."""
    started.touch()
    processes = multiprocessing.get_context("forkserver")
    # The children are there at once: the imports are made in their server.
    processes.set_forkserver_preload(["cron_driver"])
    for kill in range(KILLS + 1):
        before = len(started.read_text().splitlines())
        driver = processes.Process(target=drive, args=(database_file, started))
        driver.start()
        while kill < KILLS and driver.is_alive():
            if len(started.read_text().splitlines()) - before > kill % 5:
                driver.kill()
            threading.Event().wait(0.0005)
        driver.join()
    return driver.exitcode or 0


def drive(database_file: Path, started: Path) -> None:
    """From the minute that the file ends with to the last one."""
    minute = max((int(line.split()[0]) for line in started.read_text().splitlines()), default=0)
    asyncio.run(_drive(database_file, started, minute))


async def _drive(database_file: Path, started: Path, minute: int) -> None:
    async with open_worker(database_file) as database:
        scheduler = Scheduler(database, JOBS, lambda _: None)  # ty: ignore[invalid-argument-type] - no action is called
        with started.open("a", encoding="utf-8", buffering=1) as lines:
            while minute < MINUTES:
                with clock.frozen(NOON_US + minute * MINUTE_US + clock.SECOND_US):
                    async for run in scheduler.due_runs():
                        lines.write(f"{minute} {run.job} {run.due_us}\n")
                        scheduler._open[run.job] -= 1
                lines.write(f"{minute} - 0\n")
                minute += 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
