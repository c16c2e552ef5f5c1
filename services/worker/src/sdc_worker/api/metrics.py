"""The worker's figures for Prometheus; unsigned, and without a secret in them."""

import asyncio
import shutil
from collections.abc import Callable

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from sdc_core import clock, metrics, tracing, versions
from sdc_core.answers.backups import Replication
from sdc_core.metrics import Family, Timings
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_core.sqlite import Database
from sdc_core.supervise import Board

from sdc_worker.api import health
from sdc_worker.cron import metrics as job_metrics
from sdc_worker.cron import reports
from sdc_worker.cron.scheduler import Scheduler
from sdc_worker.drills import replica
from sdc_worker.images import jobs as image_jobs
from sdc_worker.ingest import store as ingest
from sdc_worker.webhooks import store as webhooks


class Timed:
    """ASGI middleware that counts and traces every request for a route of this service."""

    __slots__ = ("app", "timings")

    def __init__(self, app: ASGIApp, timings: Timings) -> None:
        self.app = app
        self.timings = timings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began_us, status = clock.monotonic_us(), 500

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self.timings.under_way += 1
        method, route = scope.get("method", ""), scope["path_template"]
        caller = next((value for name, value in scope["headers"] if name == tracing.HEADER), b"")
        about = {"http__request__method": method, "http__route": route}
        try:
            with tracing.span(f"{method} {route}", "SERVER", caller=caller, **about) as span:
                try:
                    await self.app(scope, receive, send_on)
                finally:
                    span.answered(status)
        finally:
            self.timings.under_way -= 1
            self.timings.add(route, status, clock.monotonic_us() - began_us)


@get("/metrics")
async def show(
    database: NamedDependency[Database],
    settings: NamedDependency[Settings],
    board: NamedDependency[Board],
    objects_: NamedDependency[ObjectStore],
    scheduler: NamedDependency[Scheduler],
    figures: NamedDependency[Callable[[], list[Family]]],
) -> Response[str]:
    """Prometheus text format; `figures` are those of the parts that the composition root opened."""
    parts = await health.parts(database, settings, board, objects_)
    jobs = await reports.report(database, scheduler.jobs.values())
    families = [
        versions.figure("worker"),
        metrics.by("gauge", "sdc_part_ok", "What /health says.", "part", {each: parts[each].ok for each in parts}),
        *await asyncio.to_thread(_of_machine, settings, database),
        *figures(),
        *board.figures(),
        *await _queues(database),
        *job_metrics.figures(jobs.jobs),
        *_replicas(await replica.replication(settings)),
    ]
    return Response(metrics.text(families), media_type=metrics.MEDIA_TYPE)


def _of_machine(settings: Settings, database: Database) -> list[Family]:
    """Blocking."""
    disk = shutil.disk_usage(settings.DATA_DIR)
    return [
        *metrics.of_process(),
        *database.figures(),
        metrics.single("gauge", "sdc_disk_bytes", "Size of the disk of the data folder.", disk.total),
        metrics.single("gauge", "sdc_disk_free_bytes", "What is free of it.", disk.free),
    ]


async def _queues(database: Database) -> list[Family]:
    async with database.read() as connection:
        batches = await ingest.count_batches(connection)
        unread = await ingest.count_unread(connection)
        waiting = await webhooks.count_waiting(connection)
        images = await image_jobs.counts(connection)
    return [
        metrics.single("gauge", "sdc_log_batches", "Ranges of the access log that no sealed day holds yet.", batches),
        metrics.single("counter", "sdc_log_unread_lines_total", "Lines of the access log that are none.", unread),
        metrics.single("gauge", "sdc_messages_waiting", "Messages that web has not taken yet.", waiting),
        metrics.by("gauge", "sdc_image_jobs", "Pictures by state.", "state", dict(images)),
    ]


def _replicas(told: Replication) -> list[Family]:
    lags = {each.name: each.lag_us / clock.SECOND_US for each in told.databases if each.lag_us is not None}
    return [
        metrics.single("gauge", "sdc_replication_running", "Whether Litestream answers.", int(told.running)),
        metrics.by("gauge", "sdc_replica_age_seconds", "Since it was known to be whole.", "database", lags),
    ]
