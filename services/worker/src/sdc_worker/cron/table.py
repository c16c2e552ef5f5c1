"""Every cron job, in one table. Times are UTC."""

from sdc_worker.analytics.seal import seal
from sdc_worker.cron import hooks
from sdc_worker.cron.jobs import Job, JobContext
from sdc_worker.drills.rehearsal import rehearse
from sdc_worker.drills.restore import restore
from sdc_worker.images.sweep import sweep
from sdc_worker.mirror.daily import daily
from sdc_worker.mirror.monthly import monthly


async def seal_days(context: JobContext) -> str:
    """Closed days of the access log, by the engine of the reports, which must forget what was sealed."""
    return await seal(context.database, context.hits)


JOBS = (
    Job(
        name="cron.publish_due",
        help="Publishes posts whose time has come",
        cron="* * * * *",
        action=hooks.publish_due,
        timeout_s=30,
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
        retries=2,
        backoff_s=300,
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
        retries=1,
        backoff_s=600,
        catch_up="once",
        grace_s=3600,
    ),
    Job(
        name="drill.rehearsal",
        help="Starts the restored site on a spare port, reads ten pages with their pictures and compares them",
        cron="40 4 2 * *",
        action=rehearse,
        timeout_s=3600,
        retries=1,
        backoff_s=600,
        catch_up="once",
        grace_s=3600,
    ),
    Job(
        name="images.sweep",
        help="Finds originals without variants, and answers that web never took",
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
