"""Every cron job, in one table. Times are of the zone that the settings name, UTC unless they do."""

from itertools import pairwise

import msgspec
from sdc_core import clock
from sdc_core.errors import Misconfigured
from sdc_core.settings import Settings

from sdc_worker.analytics.seal import seal
from sdc_worker.cron import due, hooks
from sdc_worker.cron.jobs import Job, JobContext
from sdc_worker.drills.rehearsal import rehearse
from sdc_worker.drills.restore import RETRIES, restore
from sdc_worker.images.sweep import sweep
from sdc_worker.mirror.daily import daily
from sdc_worker.mirror.monthly import monthly


async def seal_days(context: JobContext) -> str:
    """Closed days of the access log, by the engine of the reports, which must forget what was sealed."""
    return await seal(context.database, context.hits)


DAYS_LOOKED_AT = 32
LONGEST_PAUSE_US = 26 * 3600 * clock.SECOND_US
"""A day with the hour that clocks are set back, and a little."""

JOBS = (
    Job(
        name="cron.publish_due",
        help="Publishes posts whose time has come",
        cron="* * * * *",
        action=hooks.publish_due,
        timeout_s=30,
        retries=2,  # web that starts anew is no failure
        catch_up="once",
        grace_s=90,
    ),
    Job(
        name="cron.expire",
        help="Deletes sessions, links and remembered messages whose time is over",
        cron="7 * * * *",
        action=hooks.expire,
        retries=2,
        backoff_s=30,
        grace_s=600,
    ),
    Job(
        name="cron.logs",
        help="Deletes access log files past retention that are safe here",
        cron="20 3 * * *",
        action=hooks.retire_logs,
        retries=3,
        backoff_s=60,
        catch_up="once",
        grace_s=1800,
    ),
    Job(
        name="cron.links",
        help="Looks where the links of published texts lead, each address once a week",
        cron="25 * * * *",
        action=hooks.check_links,
        timeout_s=60,
        jitter_s=120,
        grace_s=1800,
    ),
    Job(
        name="mirror.daily",
        help="Copies every bucket to the remote one",
        cron="30 2 * * *",
        action=daily,
        timeout_s=4 * 3600,
        retries=2,
        backoff_s=300,
        jitter_s=120,
        catch_up="once",
        grace_s=3600,
    ),
    Job(
        name="mirror.monthly",
        help="Keeps the month's snapshot of the daily mirror in a second remote bucket",
        cron="0 6 1 * *",
        action=monthly,
        timeout_s=6 * 3600,
        retries=7,  # over a day: a daily mirror that did not end well has run again by then
        backoff_s=900,
        jitter_s=120,
        catch_up="once",
        grace_s=3600,
    ),
    Job(
        name="drill.restore",
        help="Restores the databases into a scratch folder, from the remote where there is one, and checks them",
        cron="10 4 * * *",
        action=restore,
        timeout_s=3600,
        retries=RETRIES,
        backoff_s=1200,
        catch_up="once",
        grace_s=3600,
    ),
    Job(
        name="drill.rehearsal",
        help="Starts the restored site on a spare port, reads ten pages, pictures and files and compares them",
        cron="40 4 2 * *",
        action=rehearse,
        timeout_s=3600,
        retries=RETRIES,
        backoff_s=1200,
        catch_up="once",
        grace_s=3600,
    ),
    Job(
        name="images.sweep",
        help="Tells web again what it never took; once an hour finds originals without variants",
        cron="*/10 * * * *",
        action=sweep,
        timeout_s=300,
        grace_s=600,
    ),
    Job(
        name="analytics.seal",
        help="Turns closed days of the access log into Parquet files",
        cron="12 * * * *",
        action=seal_days,
        timeout_s=1800,
        retries=1,
        backoff_s=120,
        grace_s=1800,
    ),
)


def jobs(settings: Settings) -> tuple[Job, ...]:
    """All of them with the schedules and the zone of the settings. Raises Misconfigured for a job that is none; what is
    no schedule is refused by whoever runs it.
    """
    crons = {}
    for pair in filter(None, (part.strip() for part in settings.JOB_CRONS.split(";"))):
        name, _, cron = pair.partition("=")
        if name.strip() not in {job.name for job in JOBS} or not cron.strip():
            known = ", ".join(job.name for job in JOBS)
            message = f"SDC_JOB_CRONS: {pair} is not written as job=five fields, with one of {known}"
            raise Misconfigured(message)
        crons[name.strip()] = cron.strip()
    found = tuple(
        msgspec.structs.replace(job, cron=crons.get(job.name, job.cron), zone=settings.JOB_ZONE) for job in JOBS
    )
    _require_daily(next(job for job in found if job.name == "mirror.daily"))
    return found


def _require_daily(mirror: Job) -> None:
    """Raises Misconfigured for a mirror that pauses longer than a day: drills take it for one that has stopped."""
    due.check(mirror)
    times_us = due.upcoming_us(mirror, clock.now_us(), DAYS_LOOKED_AT)
    if any(later_us - us > LONGEST_PAUSE_US for us, later_us in pairwise(times_us)):
        message = (
            f"SDC_JOB_CRONS: mirror.daily={mirror.cron} pauses longer than a day, which the drill takes for its end"
        )
        raise Misconfigured(message)
