"""Webhooks in the long run: giving up, disabling, secrets that change, sending again, a full queue, a dead process."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

import pytest
from sdc_core import clock, sqlite
from sdc_core.errors import Conflict
from sdc_core.settings import Settings
from sdc_core.sqlite import execute, fetch_value
from sdc_core.variants import Manifest
from sdc_core.webhooks import WebhookError
from sdc_web import endpoints
from sdc_web.db import Databases
from sdc_web.endpoints import keeping, log, rounds, sending
from sdc_web.endpoints.keeping import Made
from sdc_web.endpoints.log import Filters
from sdc_web.posts import Post

from receiver import Receiver, answer
from signing_in import OWNER

Deliver = Callable[..., Awaitable[None]]
Publish = Callable[..., Awaitable[Post]]
HOUR_US = 3_600 * clock.SECOND_US
EVERYTHING = tuple(endpoints.TYPES)
MANIFEST = Manifest(recipe="r1", width=10, height=5, placeholder="", color="#ffffff", variants=())


SENDER = """
import asyncio, sys
from pathlib import Path
from sdc_core.settings import Settings
from sdc_web import endpoints
from sdc_web.db import open_databases

async def main():
    settings = Settings(DATA_DIR=Path(sys.argv[1]), WEBHOOKS_PRIVATE=True, _env_file=None)
    async with open_databases(settings) as databases:
        await endpoints.run(databases.site, settings)

asyncio.run(main())
"""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Endpoints may be on loopback."""
    return settings.model_copy(update={"WEBHOOKS_PRIVATE": True})


async def sent(databases: Databases) -> list[endpoints.Delivery]:
    """Every delivery, the newest first."""
    return await log.page(databases.site, OWNER, Filters())


async def endpoint(databases: Databases, newsletter: Made) -> endpoints.Endpoint:
    return await keeping.one(databases.site, OWNER, newsletter.id)


async def test_410_disables_an_endpoint_and_what_happens_then_waits(
    receiver: Receiver, publish: Publish, deliver: Deliver, databases: Databases, newsletter: Made
) -> None:
    receiver.answers = [answer("410 Gone")]
    await publish("On fog")
    await deliver()
    assert (await endpoint(databases, newsletter)).state == "disabled"
    await publish("On mist")
    await deliver(HOUR_US)
    assert len(receiver.heard) == 1
    await keeping.resume(databases.site, OWNER, newsletter.id)
    await deliver(HOUR_US)
    assert [each.state for each in await sent(databases)] == ["delivered", "failed"]


async def test_the_schedule_is_ten_attempts_over_three_days_and_then_it_is_given_up(
    receiver: Receiver, publish: Publish, deliver: Deliver, databases: Databases
) -> None:
    receiver.answer = answer("503 Service Unavailable")
    await publish("On fog")
    began_us = clock.now_us()
    later_us = 0
    for pause_s in (0, *sending.PAUSES_S):
        later_us += int(pause_s * 1.1 * clock.SECOND_US) + clock.SECOND_US
        await deliver(later_us)
    (delivery,) = await sent(databases)
    assert (delivery.state, delivery.attempts, delivery.next_us) == ("failed", 10, None)
    whole = await log.one(databases.site, OWNER, delivery.id)
    assert whole.tries[0].at_us - began_us > 3 * clock.DAY_US
    await deliver(later_us + 30 * clock.DAY_US)
    assert len(receiver.heard) == 10


async def test_an_endpoint_that_fails_for_five_days_is_disabled(
    receiver: Receiver, publish: Publish, deliver: Deliver, databases: Databases, newsletter: Made
) -> None:
    receiver.answer = answer("500 Internal Server Error")
    for number in range(rounds.DISABLE_AFTER_FAILURES):
        await publish(f"Fog {number}")
    await deliver()
    assert (await endpoint(databases, newsletter)).state == "on"
    await deliver(5 * clock.DAY_US + HOUR_US)
    disabled = await endpoint(databases, newsletter)
    assert (disabled.state, disabled.reason) == ("disabled", "it answered 500")


async def test_a_pause_that_is_asked_for_is_kept(
    receiver: Receiver, publish: Publish, deliver: Deliver, databases: Databases
) -> None:
    receiver.answers = [answer("429 Too Many Requests", headers="retry-after: 7200\r\n")]
    await publish("On fog")
    await deliver()
    (delivery,) = await sent(databases)
    assert (delivery.next_us or 0) - clock.now_us() > 7_100 * clock.SECOND_US


async def test_an_address_of_this_machine_is_refused_when_it_is_sent_to(
    receiver: Receiver, publish: Publish, databases: Databases, settings: Settings, newsletter: Made
) -> None:
    await publish("On fog")
    public_only = settings.model_copy(update={"WEBHOOKS_PRIVATE": False})
    with clock.frozen(clock.now_us() + clock.SECOND_US):
        await rounds.serve(databases.site, public_only, newsletter.id)
    (delivery,) = await sent(databases)
    assert (delivery.reason, receiver.heard) == ("its address is none of the public internet", [])


async def test_both_secrets_sign_for_a_day_after_a_new_one_is_made(
    receiver: Receiver, publish: Publish, deliver: Deliver, databases: Databases, settings: Settings, newsletter: Made
) -> None:
    mark = (await endpoint(databases, newsletter)).secret_mark
    newer = await keeping.rotate(databases.site, OWNER, settings, newsletter.id, replaces=mark)
    await publish("On fog")
    await deliver()
    await keeping.ping(databases.site, OWNER, newsletter.id)
    await deliver(25 * HOUR_US)
    during, after = receiver.heard
    with clock.frozen(int(during.headers["webhook-timestamp"]) * clock.SECOND_US):
        assert during.verified_by(newsletter.secret)
        assert during.verified_by(newer.secret)
    with clock.frozen(int(after.headers["webhook-timestamp"]) * clock.SECOND_US):
        assert after.verified_by(newer.secret)
        with pytest.raises(WebhookError):
            after.verified_by(newsletter.secret)


async def test_a_secret_that_this_machine_cannot_open_disables_and_says_so(
    receiver: Receiver, publish: Publish, deliver: Deliver, databases: Databases, settings: Settings, newsletter: Made
) -> None:
    await publish("On fog")
    await asyncio.to_thread(settings.factors_key.unlink)
    await deliver()
    found = await endpoint(databases, newsletter)
    assert (found.state, found.reason, receiver.heard) == ("disabled", rounds.LOCKED, [])
    newer = await keeping.rotate(databases.site, OWNER, settings, newsletter.id, replaces=found.secret_mark)
    await keeping.resume(databases.site, OWNER, newsletter.id)
    await deliver()
    (heard,) = receiver.heard
    with clock.frozen(int(heard.headers["webhook-timestamp"]) * clock.SECOND_US):
        assert heard.verified_by(newer.secret)


async def test_what_did_not_arrive_is_sent_again_under_its_id(
    receiver: Receiver, publish: Publish, deliver: Deliver, databases: Databases, newsletter: Made
) -> None:
    receiver.answers = [answer("410 Gone")]
    await publish("On fog")
    await deliver()
    await keeping.resume(databases.site, OWNER, newsletter.id)
    since_us = clock.now_us() - HOUR_US
    assert await keeping.replay_since(databases.site, OWNER, newsletter.id, since_us, every=False) == 1
    await deliver()
    assert await keeping.replay_since(databases.site, OWNER, newsletter.id, since_us, every=False) == 0
    assert await keeping.replay_since(databases.site, OWNER, newsletter.id, since_us, every=True) == 1
    await deliver()
    assert len(receiver.heard) == 3
    assert len(set(receiver.ids)) == 1


async def test_a_full_queue_holds_back_what_comes_and_loses_nothing(
    publish: Publish, databases: Databases, newsletter: Made, receiver: Receiver, deliver: Deliver
) -> None:
    messages = """
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000)
    INSERT INTO messages (id, type, data, at_us) SELECT 'msg_' || n, 'older', '{}', 1 FROM numbers
    """
    queued = """
    INSERT INTO deliveries (message_id, endpoint_id, state, next_us)
    SELECT messages.id, endpoints.id, 'waiting', 1 FROM messages, endpoints
    """
    async with databases.site.transaction() as connection:
        await execute(connection, messages)
        await execute(connection, queued)
    await publish("On fog")
    (newest,) = await log.page(databases.site, OWNER, Filters(type="post.published"))
    assert (newest.state, newest.next_us) == ("held_back", None)
    async with databases.site.transaction() as connection:
        await execute(connection, "DELETE FROM messages WHERE type = 'older'")
    await log.replay(databases.site, OWNER, newest.id)
    await deliver()
    assert (receiver.types, newsletter.id) == (["post.published"], newest.endpoint_id)


async def count_anew(databases: Databases) -> object:
    async with databases.site.read() as connection:
        return await fetch_value(connection, "SELECT count(*) FROM deliveries WHERE next_us IS NOT NULL")


async def test_what_waits_is_counted_with_every_change_of_it(
    receiver: Receiver, publish: Publish, deliver: Deliver, databases: Databases, newsletter: Made
) -> None:
    receiver.answers = [answer("410 Gone")]
    await publish("On fog")
    seen = [(await endpoint(databases, newsletter)).waiting]
    await deliver()
    seen.append((await endpoint(databases, newsletter)).waiting)
    await keeping.replay_since(databases.site, OWNER, newsletter.id, 0, every=True)
    await publish("On mist")
    seen.append((await endpoint(databases, newsletter)).waiting)
    assert (seen, await count_anew(databases)) == ([1, 0, 2], 2)
    async with databases.site.transaction() as connection:
        await execute(connection, "DELETE FROM messages")
    assert (await endpoint(databases, newsletter)).waiting == 0


async def test_nothing_makes_more_wait_than_a_queue_holds(
    publish: Publish, deliver: Deliver, databases: Databases, newsletter: Made
) -> None:
    await publish("On fog")
    await deliver()
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE endpoints SET waiting = 10001")
    assert await keeping.replay_since(databases.site, OWNER, newsletter.id, 0, every=True) == 0
    with pytest.raises(Conflict, match="10,000 messages wait"):
        await keeping.ping(databases.site, OWNER, newsletter.id)


async def test_a_form_for_a_new_secret_that_is_sent_twice_does_not_end_the_one_in_use(
    receiver: Receiver, publish: Publish, deliver: Deliver, databases: Databases, settings: Settings, newsletter: Made
) -> None:
    mark = (await endpoint(databases, newsletter)).secret_mark
    await keeping.rotate(databases.site, OWNER, settings, newsletter.id, replaces=mark)
    with pytest.raises(Conflict, match="made already"):
        await keeping.rotate(databases.site, OWNER, settings, newsletter.id, replaces=mark)
    await publish("On fog")
    await deliver()
    (heard,) = receiver.heard
    with clock.frozen(int(heard.headers["webhook-timestamp"]) * clock.SECOND_US):
        assert heard.verified_by(newsletter.secret)


async def test_a_busy_database_ends_a_round_and_not_the_loop(
    receiver: Receiver,
    publish: Publish,
    deliver: Deliver,
    databases: Databases,
    newsletter: Made,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert newsletter
    await publish("On fog")
    monkeypatch.setattr(sqlite, "LOCK_S", 0.02)
    async with databases.site.transaction():
        await deliver()
    assert receiver.heard == []
    await deliver()
    assert len(receiver.heard) == 1


async def test_a_paused_endpoint_hears_nothing_until_it_is_on_again(
    receiver: Receiver, publish: Publish, deliver: Deliver, databases: Databases, newsletter: Made
) -> None:
    await keeping.pause(databases.site, OWNER, newsletter.id)
    await publish("On fog")
    await deliver()
    assert receiver.heard == []
    await keeping.resume(databases.site, OWNER, newsletter.id)
    await deliver()
    assert receiver.types == ["post.published"]


async def test_a_message_that_a_dead_process_held_is_sent_by_another_after_a_minute(
    receiver: Receiver, publish: Publish, deliver: Deliver, databases: Databases, newsletter: Made
) -> None:
    await publish("On fog")
    now_us = clock.now_us() + clock.SECOND_US
    async with databases.site.transaction() as connection:
        held_us = now_us + rounds.HELD_US
        await endpoints.queue.claim(connection, newsletter.id, now_us=now_us, held_us=held_us, limit=4)
    await deliver()
    assert receiver.heard == []
    await deliver(rounds.HELD_US + clock.SECOND_US)
    assert len(receiver.heard) == 1


async def test_the_log_is_kept_for_thirty_days(
    publish: Publish, deliver: Deliver, databases: Databases, newsletter: Made
) -> None:
    assert newsletter
    await publish("On fog")
    await deliver()
    assert await keeping.tidy(databases.site, clock.now_us() + 29 * clock.DAY_US) == 0
    assert await keeping.tidy(databases.site, clock.now_us() + 31 * clock.DAY_US) == 1
    async with databases.site.read() as connection:
        assert await fetch_value(connection, "SELECT count(*) FROM attempts") == 0


async def test_what_a_clock_far_ahead_has_put_off_goes_out_once_it_is_right(
    receiver: Receiver, publish: Publish, deliver: Deliver, databases: Databases, newsletter: Made
) -> None:
    with clock.frozen(clock.now_us() + 400 * clock.DAY_US):
        await keeping.ping(databases.site, OWNER, newsletter.id)
    await deliver()
    assert receiver.heard == []
    await keeping.tidy(databases.site, clock.now_us())
    await deliver()
    assert receiver.types == ["ping"]
    assert await keeping.tidy(databases.site, clock.now_us() + 31 * clock.DAY_US) == 1


async def test_the_longest_pause_between_two_attempts_is_no_wrong_clock(
    receiver: Receiver, deliver: Deliver, databases: Databases, newsletter: Made
) -> None:
    receiver.answers = [answer("429 Too Many Requests", headers="retry-after: 86400\r\n")]
    await keeping.ping(databases.site, OWNER, newsletter.id)
    await deliver()
    await keeping.tidy(databases.site, clock.now_us())
    await deliver()
    assert len(receiver.heard) == 1


async def test_the_loop_of_the_application_sends_by_itself(
    receiver: Receiver, databases: Databases, settings: Settings, newsletter: Made
) -> None:
    await keeping.ping(databases.site, OWNER, newsletter.id)
    came = asyncio.Event()

    async def note(writer: asyncio.StreamWriter) -> None:
        writer.write(answer("204 No Content"))
        came.set()

    receiver.answer = note
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        loop = group.create_task(endpoints.run(databases.site, settings))
        await came.wait()
        loop.cancel()
    assert receiver.types == ["ping"]


@pytest.mark.timeout(120)
async def test_a_sender_that_is_killed_during_an_attempt_loses_nothing_and_gives_it_no_other_id(
    receiver: Receiver, publish: Publish, deliver: Deliver, databases: Databases, settings: Settings
) -> None:
    posted = asyncio.Event()

    async def hold(_: asyncio.StreamWriter) -> None:
        posted.set()
        await asyncio.Event().wait()

    receiver.answers = [hold]
    await publish("On fog")
    sender = await asyncio.create_subprocess_exec(sys.executable, "-c", SENDER, str(settings.DATA_DIR))
    try:
        async with asyncio.timeout(45):
            await posted.wait()
    finally:
        sender.kill()
        await sender.wait()
    await deliver()
    assert len(receiver.heard) == 1
    await deliver(rounds.HELD_US + clock.SECOND_US)
    first, second = receiver.heard
    assert (first.id, first.body) == (second.id, second.body)
    assert [(each.state, each.attempts) for each in await sent(databases)] == [("delivered", 1)]
    await deliver(clock.DAY_US)
    assert len(receiver.heard) == 2
