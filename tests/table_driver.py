"""The scheduler with the real table of jobs, at a moment that does not pass, until it is killed.

`python table_driver.py DATABASE STARTED AT_US`: no job does its work. Each writes its name, the due time that it is run
for and why to the file, and then takes as long as it is let.
"""

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace

import msgspec
from sdc_core import clock
from sdc_core.answers.jobs import Run
from sdc_worker.cron.jobs import Job, JobContext
from sdc_worker.cron.scheduler import Scheduler
from sdc_worker.cron.table import JOBS
from sdc_worker.db import open_worker

LAST = "last"
"""A job at the end of the table, due each minute: once it has begun, every other one was looked at."""


async def main(database_file: Path, started: Path, at_us: int) -> None:
    """For ever."""
    with started.open("a", encoding="utf-8", buffering=1) as lines:

        async def begin(context: JobContext) -> str:
            lines.write(f"{context.run.job} {context.run.due_us} {context.run.trigger}\n")
            return await asyncio.Future[str]()

        jobs = [msgspec.structs.replace(job, action=begin) for job in JOBS]
        jobs.append(Job(name=LAST, help="", cron="* * * * *", action=begin))
        async with open_worker(database_file) as database:
            scheduler = Scheduler(database, jobs, _context)
            with clock.frozen(at_us):
                await scheduler.run()


def _context(run: Run) -> JobContext:
    """No more than the run."""
    return SimpleNamespace(run=run)  # ty: ignore[invalid-explicit-return]


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
