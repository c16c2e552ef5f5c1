"""The composition root: HTTP surface and loops, over one database, one object store and one client of web."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
from litestar import Litestar, Router
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from sdc_core import service_client, threads, tracing
from sdc_core.answers.jobs import Run
from sdc_core.lag import Lag
from sdc_core.metrics import Family, Timings
from sdc_core.objects import ObjectStore, local_endpoint, open_store
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.sqlite import Database
from sdc_core.supervise import Board, Loop
from sdc_core.threads import Threads
from sdc_core.webhooks import Keyring

from sdc_worker import db, problems
from sdc_worker.alerts import mail
from sdc_worker.alerts.pings import Pings
from sdc_worker.analytics.hits import Hits
from sdc_worker.analytics.segments import Segments
from sdc_worker.api import alerts, analytics, backups, health, images, jobs, logs, metrics, versions
from sdc_worker.api.signed import JSON_BYTES, verifier
from sdc_worker.cron import table, watch
from sdc_worker.cron.jobs import JobContext
from sdc_worker.cron.scheduler import Scheduler
from sdc_worker.images import cluster
from sdc_worker.images.cluster import Runner
from sdc_worker.images.work import Workshop, work
from sdc_worker.ingest.streams import Intake
from sdc_worker.webhooks import deliveries

T = TypeVar("T")


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What surface and loops share, open for as long as the process lives."""

    settings: Settings
    keyring: Keyring
    database: Database
    store: ObjectStore
    web: ServiceClient
    hits: Hits
    scheduler: Scheduler
    pings: Pings
    workshop: Workshop
    lag: Lag
    threads: Threads
    context: Callable[[Run], JobContext]


@asynccontextmanager
async def open_parts(settings: Settings) -> AsyncGenerator[Parts]:
    """Open everything. Nothing that is not this machine's own disk is waited for: store and web may come later."""
    keyring = Keyring(settings.webhook_secrets)
    async with (
        tracing.opened(settings.TRACES_URL, "worker"),
        db.open_worker(settings.worker_db) as database,
        open_store(local_endpoint(settings)) as store,
        service_client.connect(settings.web_url, keyring) as web,
        cluster.opened(settings) as pool,
    ):
        yield assemble(settings, keyring, database, store, web, pool)


def assemble(
    settings: Settings, keyring: Keyring, database: Database, store: ObjectStore, web: ServiceClient, pool: Runner
) -> Parts:
    """The parts over what is open, in the loop that runs."""
    hits = Hits(database, Segments(store, settings.S3_ANALYTICS_BUCKET, Path(settings.DATA_DIR) / "analytics"))

    def context(run: Run) -> JobContext:
        return JobContext(settings=settings, database=database, store=store, web=web, hits=hits, run=run)

    pings = Pings(settings.JOB_PING_URLS)
    return Parts(
        settings=settings,
        keyring=keyring,
        database=database,
        store=store,
        web=web,
        hits=hits,
        scheduler=Scheduler(database, table.jobs(settings), context, pings),
        pings=pings,
        workshop=Workshop(
            database=database, store=store, bucket=settings.S3_MEDIA_BUCKET, pool=pool, home=Path(settings.DATA_DIR)
        ),
        lag=Lag(),
        threads=threads.install(),
        context=context,
    )


def loops(parts: Parts) -> dict[str, Loop]:
    """The loops, by name."""
    return {
        "cron": parts.scheduler.run,
        "cron.watch": lambda: watch.run(parts.database, table.jobs(parts.settings)),
        "alerts.mail": lambda: mail.run(parts.database, parts.settings),
        "alerts.pings": parts.pings.run,
        "deliveries": lambda: deliveries.deliver(parts.web, parts.database),
        "images": lambda: work(parts.workshop),
        "lag": parts.lag.run,
        "analytics.renew": parts.hits.renewing,
    }


def build(parts: Parts, board: Board) -> Litestar:
    """The HTTP surface. Only `/health` and `/metrics` answer without a signature."""
    signed = Router(
        "/",
        route_handlers=[
            logs.index,
            logs.append,
            logs.close,
            images.show,
            images.enqueue,
            images.aim,
            analytics.router,
            jobs.index,
            jobs.runs,
            jobs.show_run,
            jobs.run,
            jobs.pause,
            jobs.resume,
            backups.show,
            backups.plan,
            versions.show,
            alerts.try_mail,
        ],
        before_request=verifier(parts.keyring),
    )
    timings = Timings()

    def figures() -> list[Family]:
        told = (parts.lag, parts.threads, parts.web, timings, parts.workshop, parts.hits)
        return [family for part in told for family in part.figures()]

    return Litestar(
        route_handlers=[signed, health.health, metrics.show],
        dependencies={
            "settings": _given(parts.settings),
            "database": _given(parts.database),
            "objects_": _given(parts.store),
            "hits": _given(parts.hits),
            "scheduler": _given(parts.scheduler),
            "workshop": _given(parts.workshop),
            "intake": _given(Intake(parts.database)),
            "board": _given(board),
            "figures": _given(figures),
        },
        middleware=[DefineMiddleware(metrics.Timed, timings=timings)],
        exception_handlers=problems.HANDLERS,
        request_max_body_size=JSON_BYTES,
        openapi_config=None,
        logging_config=None,
    )


def _given(part: T) -> Provide:
    """A dependency that is there already."""

    def provide() -> T:
        return part

    return Provide(provide, sync_to_thread=False)
