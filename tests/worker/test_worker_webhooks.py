import asyncio

import msgspec
import pytest
from sdc_core import clock
from sdc_core.answers.jobs import Run
from sdc_core.messages import CronTick, ImageFailed, MediaFailed, PublishDue
from sdc_core.service_client import ServiceClient
from sdc_core.sqlite import Database, fetch_all
from sdc_worker.app import Parts
from sdc_worker.cron import hooks as cron_hooks
from sdc_worker.webhooks import deliveries, store

from listening_web import Web

FAILED = MediaFailed(data=ImageFailed(asset_id="01A", reason="not a picture"))
TICK = PublishDue(data=CronTick(job="cron.publish_due", run_id="run_1", due_us=1))
NOW_US = 1_772_330_511_000_000


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `deliveries`."""

    attempts: int
    next_us: int | None
    delivered_us: int | None
    error: str


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `attempts`."""

    number: int
    status: int
    error: str


async def delivery(database: Database) -> Delivery:
    async with database.read() as connection:
        rows = await fetch_all(connection, Delivery, "SELECT attempts, next_us, delivered_us, error FROM deliveries")
    (row,) = rows
    return row


async def attempts(database: Database) -> list[Tried]:
    async with database.read() as connection:
        return await fetch_all(connection, Tried, "SELECT number, status, error FROM attempts ORDER BY number")


async def enqueue(database: Database) -> None:
    async with database.transaction() as connection:
        await deliveries.enqueue(connection, FAILED, "media-failed/01A")


async def test_a_call_is_signed_sent_and_recorded(web: ServiceClient, hooks: Web, database: Database) -> None:
    attempt = await deliveries.call(web, database, TICK, "run_1")
    assert (attempt.status, hooks.received) == (200, [("run_1", TICK)])
    assert await attempts(database) == [Tried(number=1, status=200, error="")]
    assert (await delivery(database)).delivered_us is not None


async def test_a_call_that_fails_is_the_callers_to_repeat(web: ServiceClient, hooks: Web, database: Database) -> None:
    hooks.status = 503
    await deliveries.call(web, database, TICK, "run_1")
    assert (await delivery(database)).next_us is None
    hooks.status = 200
    await deliveries.call(web, database, TICK, "run_1")
    assert [tried.status for tried in await attempts(database)] == [503, 200]
    assert [message_id for message_id, _ in hooks.received] == ["run_1", "run_1"]


async def test_what_must_arrive_is_sent_again_until_web_takes_it(
    web: ServiceClient, hooks: Web, database: Database
) -> None:
    hooks.status = 500
    with clock.frozen(NOW_US):
        await enqueue(database)
        await deliveries.deliver_due(web, database)
        waiting = await delivery(database)
        assert await deliveries.deliver_due(web, database) == 0
    assert waiting.next_us is not None
    hooks.status = 200
    with clock.frozen(waiting.next_us):
        assert await deliveries.deliver_due(web, database) == 1
    with clock.frozen(waiting.next_us + clock.DAY_US):
        assert await deliveries.deliver_due(web, database) == 0
    assert [tried.status for tried in await attempts(database)] == [500, 200]
    assert hooks.received[0] == hooks.received[1] == ("media-failed/01A", FAILED)


async def test_the_pauses_grow_and_stay_below_their_limit(web: ServiceClient, hooks: Web, database: Database) -> None:
    hooks.status = 500
    at_us, pauses = NOW_US, []
    with clock.frozen(at_us):
        await enqueue(database)
    for _ in range(12):
        with clock.frozen(at_us):
            await deliveries.deliver_due(web, database)
            next_us = (await delivery(database)).next_us
        assert next_us is not None
        pauses.append((next_us - at_us) / clock.SECOND_US)
        at_us = next_us
    assert 2 <= pauses[0] <= 2.5
    assert 600 <= pauses[-1] <= 750


@pytest.mark.parametrize("status", [400, 404, 409, 410, 422])
async def test_what_web_refuses_for_good_is_given_up(
    web: ServiceClient, hooks: Web, database: Database, status: int
) -> None:
    hooks.status = status
    await enqueue(database)
    await deliveries.deliver_due(web, database)
    given_up = await delivery(database)
    assert (given_up.next_us, given_up.delivered_us, given_up.error) == (None, None, f"web answered {status}")


async def test_what_web_is_still_doing_is_not_given_up(web: ServiceClient, hooks: Web, database: Database) -> None:
    hooks.status, hooks.headers = 409, [(b"retry-after", b"5")]
    with clock.frozen(NOW_US):
        await enqueue(database)
        await deliveries.deliver_due(web, database)
    waiting = await delivery(database)
    assert waiting.next_us is not None
    assert waiting.next_us >= NOW_US + 5 * clock.SECOND_US


async def test_a_message_that_was_put_off_by_a_clock_far_ahead_is_sent(
    web: ServiceClient, hooks: Web, database: Database
) -> None:
    hooks.status = 500
    with clock.frozen(NOW_US + 400 * clock.DAY_US):
        await enqueue(database)
        await deliveries.deliver_due(web, database)
    hooks.status = 200
    with clock.frozen(NOW_US):
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            loop = group.create_task(deliveries.deliver(web, database))
            while (await delivery(database)).delivered_us is None:  # noqa: ASYNC110 - the row tells no event
                await asyncio.sleep(0.01)
            loop.cancel()
    assert [tried.status for tried in await attempts(database)] == [500, 200]


async def test_the_same_id_is_one_delivery(database: Database) -> None:
    await enqueue(database)
    await enqueue(database)
    async with database.read() as connection:
        assert await store.count_waiting(connection) == 1


async def test_old_deliveries_are_trimmed_with_their_attempts(
    web: ServiceClient, hooks: Web, database: Database
) -> None:
    await deliveries.call(web, database, TICK, "run_1")
    async with database.transaction() as connection:
        assert await store.trim(connection, before_us=clock.now_us() + clock.DAY_US) == 1
    assert await attempts(database) == []


async def test_a_cron_hook_carries_its_run_and_answers_what_web_said(parts: Parts, hooks: Web) -> None:
    run = Run(
        id="run_7",
        job="cron.expire",
        trigger="schedule",
        attempt=1,
        due_us=5,
        started_us=6,
        ended_us=None,
        outcome="running",
        output="",
    )
    assert await cron_hooks.expire(parts.context(run)) == '{"published": 0}'
    ((message_id, message),) = hooks.received
    assert (message_id, message.data) == ("run_7", CronTick(job="cron.expire", run_id="run_7", due_us=5))
