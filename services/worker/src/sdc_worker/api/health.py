"""Whether the worker is well, for people, containers and Prometheus; unsigned, and without a secret in it."""

from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from sdc_core import clock
from sdc_core.answers.health import Health, Part
from sdc_core.errors import Unavailable
from sdc_core.lag import Lag
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_core.sqlite import VERSION, Database, OperationalError
from sdc_core.supervise import Board

from sdc_worker.cron import metrics as job_metrics
from sdc_worker.cron import reports
from sdc_worker.cron.scheduler import Scheduler
from sdc_worker.images import jobs as image_jobs
from sdc_worker.ingest import store as ingest
from sdc_worker.webhooks import store as webhooks


@get("/health")
async def health(
    database: NamedDependency[Database],
    settings: NamedDependency[Settings],
    board: NamedDependency[Board],
    objects_: NamedDependency[ObjectStore],
) -> Response[Health]:
    """Part by part; 503 when one of them is not well."""
    failing = [f"{name}: {error}" for name, error in board.failing().items()]
    reasons = {
        "database": await _database(database),
        "loops": "; ".join(failing),
        "object_store": await objects_.ping(settings.S3_MEDIA_BUCKET),
    }
    well = not any(reasons.values())
    parts = {name: Part(ok=not reason, reason=reason) for name, reason in reasons.items()}
    return Response(Health(status="ok" if well else "failed", parts=parts), status_code=200 if well else 503)


@get("/metrics", media_type=MediaType.TEXT)
async def metrics(
    database: NamedDependency[Database],
    board: NamedDependency[Board],
    scheduler: NamedDependency[Scheduler],
    lag: NamedDependency[Lag],
) -> str:
    """Prometheus text format."""
    jobs = await reports.report(database, scheduler.jobs.values())
    async with database.read() as connection:
        images = await image_jobs.counts(connection)
        lines = [
            "# TYPE sdc_worker_info gauge",
            f'sdc_worker_info{{sqlite="{VERSION}"}} 1',
            "# TYPE sdc_log_batches gauge",
            f"sdc_log_batches {await ingest.count_batches(connection)}",
            "# TYPE sdc_deliveries_waiting gauge",
            f"sdc_deliveries_waiting {await webhooks.count_waiting(connection)}",
            "# TYPE sdc_image_jobs gauge",
            *(f'sdc_image_jobs{{state="{state}"}} {count}' for state, count in images.items()),
        ]
    for name, at in (("sdc_event_loop_lag_seconds", lag.late_us), ("sdc_event_loop_busy_seconds", lag.busy_us)):
        lines.append(f"# TYPE {name} gauge")
        lines += [f'{name}{{quantile="{share}"}} {at(share) / clock.SECOND_US:.6f}' for share in (0.5, 0.99)]
    lines += job_metrics.lines(jobs.jobs)
    lines.append("# TYPE sdc_loop_running gauge")
    lines += [f'sdc_loop_running{{loop="{name}"}} {int(loop.running)}' for name, loop in board.loops.items()]
    lines.append("# TYPE sdc_loop_restarts counter")
    lines += [f'sdc_loop_restarts_total{{loop="{name}"}} {loop.restarts}' for name, loop in board.loops.items()]
    return "\n".join(lines) + "\n"


async def _database(database: Database) -> str:
    try:
        async with database.read() as connection:
            await ingest.count_batches(connection)
    except (Unavailable, OperationalError) as error:
        return str(error)
    return ""
