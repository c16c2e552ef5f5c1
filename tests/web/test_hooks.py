import asyncio
import hashlib

import httpx
import msgspec
import pytest
from sdc_core import clock, messages
from sdc_core.errors import Unavailable
from sdc_core.messages import (
    CompareMedia,
    CronTick,
    Expire,
    ImageFailed,
    ImageReady,
    JobFailed,
    MediaFailed,
    MediaReady,
    PublishDue,
    Recipe,
    RetireLogs,
    RunFailed,
)
from sdc_core.settings import Settings
from sdc_core.sqlite import execute, fetch_value
from sdc_core.variants import Manifest
from sdc_core.webhooks import Keyring, new_secret
from sdc_web import endpoints, posts
from sdc_web.db import Databases
from sdc_web.endpoints.keeping import Wishes
from sdc_web.hooks import seen, store
from sdc_web.media import assets
from sdc_web.posts import Draft

from signing_in import OWNER

NOW_US = 4_000_000_000_000_000
"""So far ahead that web does not publish by itself what is due then."""
TICK = CronTick(job="web.publish_due", run_id="run_1", due_us=NOW_US)


@pytest.fixture
def keyring(settings: Settings) -> Keyring:
    """The worker's."""
    return Keyring(settings.webhook_secrets)


async def send(
    client: httpx.AsyncClient, keyring: Keyring, message: messages.Message | bytes, message_id: str = "run_1"
) -> httpx.Response:
    body = message if isinstance(message, bytes) else messages.encode(message)
    return await client.post("/hooks", content=body, headers=keyring.headers(message_id, body))


async def scheduled(databases: Databases, author_id: str, at_us: int) -> None:
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Tea"), 1)
    with clock.frozen(at_us - clock.DAY_US):
        await posts.publish(databases.site, OWNER, post.id, at_us)


async def asset(databases: Databases) -> str:
    made = assets.new_asset("0" * 64, "a.png", "image/png", 10, "")
    async with databases.site.transaction() as connection:
        await assets.insert(connection, made)
    return made.id


async def test_a_scheduled_post_is_published_when_due(
    client: httpx.AsyncClient, keyring: Keyring, databases: Databases, author_id: str
) -> None:
    await scheduled(databases, author_id, NOW_US)
    with clock.frozen(NOW_US):
        answer = await send(client, keyring, PublishDue(data=TICK))
    assert (answer.status_code, answer.json()) == (200, {"published": 1, "unpublished": 0})


async def test_a_repeat_is_answered_the_same_and_does_nothing(
    client: httpx.AsyncClient, keyring: Keyring, databases: Databases, author_id: str
) -> None:
    await scheduled(databases, author_id, NOW_US)
    with clock.frozen(NOW_US):
        message = PublishDue(data=TICK)
        first = await send(client, keyring, message)
        second = await send(client, keyring, message)
    assert second.content == first.content == b'{"published":1,"unpublished":0}'


async def test_an_id_with_another_body_is_a_conflict(client: httpx.AsyncClient, keyring: Keyring) -> None:
    await send(client, keyring, PublishDue(data=TICK))
    answer = await send(client, keyring, Expire(data=TICK))
    assert answer.status_code == 409


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
async def test_a_missing_header_is_refused_and_nothing_is_done(
    client: httpx.AsyncClient, keyring: Keyring, databases: Databases, missing: str
) -> None:
    body = messages.encode(PublishDue(data=TICK))
    headers = keyring.headers("run_1", body)
    del headers[missing]
    assert (await client.post("/hooks", content=body, headers=headers)).status_code == 401
    async with databases.ttl.read() as connection:
        assert await fetch_value(connection, "SELECT count(*) FROM seen_messages") == 0


async def test_a_signature_of_another_secret_is_refused(client: httpx.AsyncClient) -> None:
    assert (await send(client, Keyring([new_secret()]), PublishDue(data=TICK))).status_code == 401


async def test_a_body_changed_on_its_way_is_refused(client: httpx.AsyncClient, keyring: Keyring) -> None:
    body = messages.encode(PublishDue(data=TICK))
    answer = await client.post("/hooks", content=body + b" ", headers=keyring.headers("run_1", body))
    assert answer.status_code == 401


async def test_a_header_sent_twice_is_refused(client: httpx.AsyncClient, keyring: Keyring) -> None:
    body = messages.encode(PublishDue(data=TICK))
    headers = [*keyring.headers("run_1", body).items(), ("webhook-id", "run_1")]
    assert (await client.post("/hooks", content=body, headers=headers)).status_code == 401


async def test_an_attempt_replayed_after_the_tolerance_is_refused(client: httpx.AsyncClient, keyring: Keyring) -> None:
    body = messages.encode(PublishDue(data=TICK))
    with clock.frozen(NOW_US):
        headers = keyring.headers("run_1", body)
    with clock.frozen(NOW_US + 301 * clock.SECOND_US):
        answer = await client.post("/hooks", content=body, headers=headers)
    assert answer.status_code == 401


@pytest.mark.parametrize("body", [b"", b"{}", b"[" * 50_000, b'{"type":"cron.unknown","data":{}}', b"\xff\xfe"])
async def test_a_signed_body_that_is_no_message_is_invalid(
    client: httpx.AsyncClient, keyring: Keyring, body: bytes
) -> None:
    assert (await send(client, keyring, body)).status_code == 422


async def test_a_body_over_the_limit_is_refused(client: httpx.AsyncClient, keyring: Keyring) -> None:
    assert (await send(client, keyring, b" " * (messages.MAX_BYTES + 1))).status_code == 413


async def test_a_message_that_is_being_done_says_when_to_ask_again(
    client: httpx.AsyncClient, keyring: Keyring, databases: Databases
) -> None:
    message = PublishDue(data=TICK)
    digest = hashlib.sha256(messages.encode(message)).hexdigest()
    with clock.frozen(NOW_US):
        async with databases.ttl.transaction() as connection:
            await store.begin(connection, "run_1", digest, NOW_US)
        early = await send(client, keyring, message)
    with clock.frozen(NOW_US + seen.UNFINISHED_US):
        late = await send(client, keyring, message)
    assert (early.status_code, early.headers["retry-after"]) == (409, "5")
    assert late.status_code == 200


async def test_a_message_begun_by_a_clock_that_was_far_ahead_is_done_when_it_comes_again(databases: Databases) -> None:
    async with databases.ttl.transaction() as connection:
        await store.begin(connection, "run_1", "digest", NOW_US + 365 * clock.DAY_US)

    async def work() -> CronTick:
        return TICK

    with clock.frozen(NOW_US):
        assert await seen.once(databases.ttl, "run_1", "digest", work) == msgspec.json.encode(TICK)


async def test_of_two_at_once_one_does_it(
    client: httpx.AsyncClient, keyring: Keyring, databases: Databases, author_id: str
) -> None:
    await scheduled(databases, author_id, NOW_US)
    with clock.frozen(NOW_US):
        message = PublishDue(data=TICK)
        async with asyncio.TaskGroup() as group:
            tries = [group.create_task(send(client, keyring, message)) for _ in range(4)]
    answers = [each.result() for each in tries]
    done = [answer.content for answer in answers if answer.status_code == 200]
    assert done
    assert set(done) == {b'{"published":1,"unpublished":0}'}
    assert {answer.status_code for answer in answers} <= {200, 409}


async def test_a_failure_is_not_remembered(client: httpx.AsyncClient, keyring: Keyring, databases: Databases) -> None:
    message = MediaFailed(data=ImageFailed(asset_id="unknown", reason="It is no picture."))
    assert (await send(client, keyring, message)).status_code == 404
    async with databases.ttl.read() as connection:
        assert await fetch_value(connection, "SELECT count(*) FROM seen_messages") == 0


async def remembered(databases: Databases) -> object:
    async with databases.ttl.read() as connection:
        return await fetch_value(connection, "SELECT count(*) FROM seen_messages")


async def test_a_bug_is_not_remembered(databases: Databases) -> None:
    async def broken() -> msgspec.Struct:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        await seen.once(databases.ttl, "run_1", "digest", broken)
    assert await remembered(databases) == 0


async def test_a_message_whose_work_was_cancelled_is_done_when_it_comes_again(databases: Databases) -> None:
    began = asyncio.Event()

    async def endless() -> msgspec.Struct:
        began.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with asyncio.TaskGroup() as group:
        first = group.create_task(seen.once(databases.ttl, "run_1", "digest", endless))
        await began.wait()
        first.cancel()
    assert first.cancelled()
    assert await remembered(databases) == 0


async def test_work_over_its_time_is_not_remembered(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless() -> msgspec.Struct:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(seen, "DEADLINE_S", 0.01)
    with pytest.raises(Unavailable):
        await seen.once(databases.ttl, "run_1", "digest", endless)
    assert await remembered(databases) == 0


async def test_a_manifest_makes_its_asset_ready(
    client: httpx.AsyncClient, keyring: Keyring, databases: Databases
) -> None:
    asset_id = await asset(databases)
    raw = {"source_sha256": "0" * 64, "recipe": "1", "width": 3, "height": 2, "placeholder": "", "color": "#000000"}
    fields = {field.name for field in msgspec.structs.fields(Manifest)}
    manifest = msgspec.convert({**{k: v for k, v in raw.items() if k in fields}, "variants": []}, Manifest)
    answer = await send(client, keyring, MediaReady(data=ImageReady(asset_id=asset_id, manifest=manifest)))
    assert answer.json() == {"asset_id": asset_id, "state": "ready"}


async def test_a_failed_asset_tells_the_author_why(
    client: httpx.AsyncClient, keyring: Keyring, databases: Databases
) -> None:
    asset_id = await asset(databases)
    await send(client, keyring, MediaFailed(data=ImageFailed(asset_id=asset_id, reason="It is cut off.")))
    async with databases.site.read() as connection:
        found = await assets.require(connection, asset_id)
    assert (found.state, found.reason) == ("failed", "It is cut off.")


async def test_the_worker_hears_which_pictures_are_shown_otherwise(
    client: httpx.AsyncClient, keyring: Keyring, databases: Databases
) -> None:
    asset_id = await asset(databases)
    manifest = Manifest(recipe="r1", width=3, height=2, placeholder="", color="#000000", variants=())
    await send(client, keyring, MediaReady(data=ImageReady(asset_id=asset_id, manifest=manifest)), "msg_ready")
    answers = [
        (await send(client, keyring, CompareMedia(data=Recipe(recipe=each)), f"msg_{each}")).json()
        for each in ("r1", "r2")
    ]
    assert answers == [{"files": [], "more": False}, {"files": [asset_id], "more": False}]
    further = CompareMedia(data=Recipe(recipe="r2", after=asset_id))
    assert (await send(client, keyring, further, "msg_further")).json() == {"files": [], "more": False}


async def test_rows_past_their_time_are_deleted(
    client: httpx.AsyncClient, keyring: Keyring, databases: Databases
) -> None:
    sql = "INSERT INTO throttles (key, failures, wait_until_us, expires_at_us) VALUES (:key, 1, 0, :at)"
    async with databases.ttl.transaction() as connection:
        await execute(connection, sql, {"key": "old", "at": NOW_US})
        await execute(connection, sql, {"key": "new", "at": NOW_US + 1})
    with clock.frozen(NOW_US):
        answer = await send(client, keyring, Expire(data=TICK))
    assert answer.json() == {"deleted": 1}


async def test_without_the_worker_old_logs_stay_and_the_message_may_come_again(
    client: httpx.AsyncClient, keyring: Keyring, settings: Settings
) -> None:
    old = settings.log_dir / "0" / "2020-01-01.ndjson"
    await asyncio.to_thread(old.write_bytes, b"{}\n")
    answer = await send(client, keyring, RetireLogs(data=TICK))
    assert answer.status_code == 503
    assert await asyncio.to_thread(old.exists)


@pytest.mark.parametrize(("job", "kind"), [("mirror.daily", "job.failed"), ("drill.restore", "drill.failed")])
async def test_a_failed_run_is_queued_once_for_whoever_asked_to_hear_of_it(
    client: httpx.AsyncClient, keyring: Keyring, databases: Databases, settings: Settings, job: str, kind: str
) -> None:
    failed = JobFailed(data=RunFailed(job=job, run_id="run_1", due_us=1, outcome="failed", output="away"))
    unheard = await send(client, keyring, failed, "msg_1")
    assert unheard.json() == {"told": False}
    wishes = Wishes(name="Chat", url="https://hooks.invalid/hook", types=(kind,))
    await endpoints.keeping.add(databases.site, OWNER, settings, wishes)
    assert (await send(client, keyring, failed, "msg_2")).json() == {"told": True}
    assert (await send(client, keyring, failed, "msg_3")).json() == {"told": False}
    (queued,) = await endpoints.log.page(databases.site, OWNER, endpoints.log.Filters())
    assert (queued.message_id, queued.type) == ("msg_run_1", kind)
