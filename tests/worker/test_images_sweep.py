"""How often the sweep looks through the store, which may be paid by the request."""

import msgspec
import pytest
from sdc_core import clock
from sdc_core.answers.jobs import Run, Trigger
from sdc_core.objects import ObjectStore
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.sqlite import Database
from sdc_core.webhooks import Keyring
from sdc_worker import app
from sdc_worker.app import Parts
from sdc_worker.images import sweep
from sdc_worker.images.pool import Pool

from conftest import FreshBucket

MINUTE_US = 60 * clock.SECOND_US
HOUR_US = 60 * MINUTE_US


@pytest.fixture
async def parts(
    settings: Settings,
    keyring: Keyring,
    database: Database,
    object_store: ObjectStore,
    web: ServiceClient,
    fresh_bucket: FreshBucket,
) -> Parts:
    """A worker whose store answers, with an empty bucket of pictures."""
    told = settings.model_copy(update={"S3_MEDIA_BUCKET": await fresh_bucket()})
    return app.assemble(told, keyring, database, object_store, web, Pool(1))


@pytest.mark.parametrize(
    ("trigger", "minute", "whole"),
    [("schedule", 0, True), ("schedule", 10, False), ("schedule", 50, False), ("manual", 33, True)],
)
async def test_the_store_is_looked_through_once_an_hour_and_when_asked(
    parts: Parts, trigger: Trigger, minute: int, *, whole: bool
) -> None:
    due_us = clock.now_us() // HOUR_US * HOUR_US + minute * MINUTE_US
    run = Run(
        id="run_1", job="images.sweep", trigger=trigger, attempt=1, due_us=due_us, started_us=due_us, ended_us=None,
        outcome="running", output="",
    )  # fmt: skip
    said = await sweep.sweep(parts.context(run))
    assert said.startswith("0 originals: " if whole else "0 announced again;")


async def test_at_times_of_its_own_the_store_is_looked_through_each_time(parts: Parts) -> None:
    due_us = clock.now_us() // HOUR_US * HOUR_US + 30 * MINUTE_US
    run = Run(
        id="run_1", job="images.sweep", trigger="schedule", attempt=1, due_us=due_us, started_us=due_us, ended_us=None,
        outcome="running", output="",
    )  # fmt: skip
    context = parts.context(run)
    told = context.settings.model_copy(update={"JOB_CRONS": "images.sweep=30 * * * *"})
    said = await sweep.sweep(msgspec.structs.replace(context, settings=told))
    assert said.startswith("0 originals: ")
