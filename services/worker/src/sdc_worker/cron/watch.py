"""Looking after jobs that are late though no run of theirs failed, and after failures that last: people are told."""

import asyncio
import logging
from collections.abc import Iterable

from sdc_core import clock
from sdc_core.answers.jobs import JobReport, Run
from sdc_core.messages import JobFailed, RunFailed
from sdc_core.sqlite import Database

from sdc_worker.alerts import store as alerts
from sdc_worker.cron import due, ending, reports, store
from sdc_worker.cron.jobs import Job
from sdc_worker.webhooks.deliveries import enqueue

EVERY_S = 60.0

log = logging.getLogger(__name__)


async def run(database: Database, jobs: Iterable[Job]) -> None:
    """The loop: for ever. It begins with a pause, in which the scheduler makes up for what it can."""
    watched = tuple(jobs)
    while True:
        await asyncio.sleep(EVERY_S)
        await tell(database, watched)


async def tell(database: Database, jobs: Iterable[Job]) -> None:
    """Have people told of each job that is late or goes on failing, once in most of a day for as long as it does."""
    now_us = clock.now_us()
    for job in jobs:
        try:
            report = await reports.report_one(database, job)
            if report.state == "paused":
                continue
            if report.last_run is not None and report.last_run.outcome in ending.TROUBLES:
                await _remind(database, report.last_run, now_us)
            elif _is_late(report):
                await _tell(database, job, report, now_us)
        except store.FAULTS as error:
            log.warning("it cannot be recorded yet that a job is late", extra={"job": job.name, "error": str(error)})


def _is_late(report: JobReport) -> bool:
    """What was missed while the worker was away is made up for by the next run, unless that is missed as well."""
    last = report.last_run.outcome if report.last_run else ""
    return report.state == "down" or (report.state == "late" and last != "missed")


async def _remind(database: Database, run: Run, now_us: int) -> None:
    """Failures are told of when they happen, but for what may come and go: such a one has lasted now. One whose next
    run is far away is told of again and again.
    """
    async with database.transaction() as connection:
        await ending.tell_failure(connection, run, f"failed_{run.id}_{now_us}", now_us=now_us)


async def _tell(database: Database, job: Job, report: JobReport, now_us: int) -> None:
    due_us = due.latest_us(job, now_us)
    good = "never, as far back as runs are kept" if report.good_us is None else f"at {_moment(report.good_us)}"
    running = report.last_run is not None and report.last_run.outcome == "running"
    why = "a run of it does not end" if running else "no run of it has begun"
    words = f"due at {_moment(due_us)}, but {why}; it last went well {good}"
    run_id = f"late_{job.name}_{now_us}"
    run_ = Run(
        id=run_id,
        job=job.name,
        trigger="schedule",
        attempt=1,
        due_us=due_us,
        started_us=None,
        ended_us=None,
        outcome="missed",
        output=words,
    )
    async with database.transaction() as connection:
        if not await ending.is_news(connection, job.name, lasting=report.state == "down", now_us=now_us):
            return
        await alerts.insert(connection, run_, "late", run_id, now_us=now_us)
        told = RunFailed(job=job.name, run_id=run_id, due_us=due_us, outcome="late", output=words)
        await enqueue(connection, JobFailed(data=told), f"failed_{run_id}")
    log.warning("a job is late", extra={"job": job.name, "words": words})


def _moment(at_us: int) -> str:
    return f"{clock.to_datetime(at_us):%F %T} UTC"
