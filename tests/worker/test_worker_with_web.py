"""Both services' own code, against each other: what one sends is what the other takes."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest
import uvicorn
from litestar.types import ASGIApp
from sdc_core import clock, service_client
from sdc_core.answers.jobs import Run
from sdc_core.messages import ImageFailed, MediaFailed
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.sqlite import Database
from sdc_core.webhooks import Keyring
from sdc_web.app import build
from sdc_web.db import open_databases
from sdc_web.reports import analytics, backups, jobs
from sdc_worker.app import Parts
from sdc_worker.cron import hooks
from sdc_worker.cron.jobs import JobContext
from sdc_worker.main import Server
from sdc_worker.webhooks import deliveries

from signing_in import OWNER

TODAY = "2026-11-24"


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncGenerator[str]:
    """The application behind a real socket; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(uvicorn.Config(app, lifespan="on", log_config=None, timeout_graceful_shutdown=1))
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve([listener]))
            async with asyncio.timeout(60):
                while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                    await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            server.should_exit = True


@pytest.fixture
async def real_web(settings: Settings, keyring: Keyring) -> AsyncGenerator[ServiceClient]:
    """The worker's client of a web that runs."""
    async with serving(build(settings)) as address, service_client.connect(address, keyring) as client:
        yield client


def run(job: str, attempt: int = 1) -> Run:
    return Run(
        id="run_1",
        job=job,
        trigger="schedule",
        attempt=attempt,
        due_us=clock.now_us(),
        started_us=clock.now_us(),
        ended_us=None,
        outcome="running",
        output="",
    )


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        (hooks.publish_due, '{"published":0,"unpublished":0}'),
        (hooks.expire, '{"deleted":0}'),
        (hooks.retire_logs, '{"deleted":0,"kept_unshipped":0}'),
    ],
)
async def test_web_does_what_a_cron_hook_says_and_once(
    parts: Parts, real_web: ServiceClient, action: Callable[[JobContext], Awaitable[str]], answer: str
) -> None:
    answers = []
    for attempt in (1, 2):
        context = msgspec.structs.replace(parts.context(run("cron.test", attempt)), web=real_web)
        answers.append(await action(context))
    assert answers[0] == answers[1] == answer


async def test_the_word_of_an_asset_that_is_gone_is_given_up(real_web: ServiceClient, database: Database) -> None:
    message = MediaFailed(data=ImageFailed(asset_id=clock.new_id(), reason="not a picture"))
    attempt = await deliveries.call(real_web, database, message, "media-failed/1")
    assert attempt.status in (200, 404)
    assert await deliveries.deliver_due(real_web, database) == 0


async def test_web_reads_the_jobs_and_starts_one(client: ServiceClient, settings: Settings) -> None:
    reported = await jobs.report(client)
    async with open_databases(settings) as databases:
        started = await jobs.start(client, databases.site, OWNER, "cron.expire")
    assert "mirror.daily" in {job.name for job in reported.jobs}
    assert (started.job, started.outcome, started.trigger) == ("cron.expire", "running", "manual")


@pytest.mark.parametrize("by", ["day", "hour"])
async def test_web_reads_every_report_of_the_analytics(client: ServiceClient, by: analytics.Step) -> None:
    filters = {"path": ("/", "/posts/*"), "not-status": ("200",)}
    question = analytics.Question(from_day=TODAY, to_day=TODAY, filters=filters)
    parts = analytics.Parts(step=by, dimensions=analytics.DIMENSIONS, latency=True, live=True)
    whole = await analytics.batch(client, OWNER, question, question, parts)
    assert whole.live is not None
    assert (whole.summary.visitors, whole.live.visitors, whole.summary_before) == (0, 0, whole.summary)
    assert len(whole.timeseries.points) == {"day": 1, "hour": 24}[by]
    assert [each.by for each in whole.breakdowns] == list(analytics.DIMENSIONS)


@pytest.mark.parametrize("table", ["day", "page"])
async def test_web_hands_on_a_table_as_parquet(client: ServiceClient, table: analytics.Dimension) -> None:
    question = analytics.Question(from_day=TODAY, to_day=TODAY)
    assert (await analytics.parquet(client, OWNER, question, table)).startswith(b"PAR1")


async def test_web_reads_how_the_backups_are(client: ServiceClient) -> None:
    told = await backups.report(client)
    assert (told.mirror, told.drill, told.remote) == (None, None, False)
