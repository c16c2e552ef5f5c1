"""Webhooks to the author's own endpoints: what is told, how it is signed, and what becomes of each failed attempt."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec
import pytest
from sdc_core import clock
from sdc_core.messages import RunFailed
from sdc_core.settings import Settings
from sdc_core.sqlite import execute, fetch_value
from sdc_core.variants import Manifest
from sdc_web import endpoints, media, posts
from sdc_web.db import Databases
from sdc_web.endpoints import keeping, log, sending
from sdc_web.endpoints.keeping import Made, Wishes
from sdc_web.endpoints.log import Filters
from sdc_web.media import assets
from sdc_web.posts import Draft, Post

from receiver import Receiver, answer, reset, silence
from signing_in import OWNER

Deliver = Callable[..., Awaitable[None]]
Publish = Callable[..., Awaitable[Post]]
HOUR_US = 3_600 * clock.SECOND_US
EVERYTHING = tuple(endpoints.TYPES)
MANIFEST = Manifest(recipe="r1", width=10, height=5, placeholder="", color="#ffffff", variants=())


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Endpoints may be on loopback."""
    return settings.model_copy(update={"WEBHOOKS_PRIVATE": True})


async def sent(databases: Databases) -> list[endpoints.Delivery]:
    """Every delivery, the newest first."""
    return await log.page(databases.site, OWNER, Filters())


async def endpoint(databases: Databases, newsletter: Made) -> endpoints.Endpoint:
    return await keeping.one(databases.site, OWNER, newsletter.id)


async def test_a_text_that_goes_out_is_told_of_and_signed(
    receiver: Receiver, newsletter: Made, publish: Publish, deliver: Deliver, databases: Databases
) -> None:
    post = await publish("On fog", summary="Grey.", tags=("fog", "weather"))
    await deliver()
    (heard,) = receiver.heard
    told = heard.told
    assert (told["id"], told["type"]) == (heard.id, "post.published")
    data = msgspec.convert(told["data"], dict[str, object])
    assert datetime.fromisoformat(str(data.pop("published_at"))).timestamp() * clock.SECOND_US <= clock.now_us()
    assert data == {
        "id": post.id,
        "kind": "post",
        "title": "On fog",
        "url": "http://localhost:8000/posts/on-fog",
        "summary": "Grey.",
        "tags": ["fog", "weather"],
        "language": "",
        "author": "Ada Lovelace",
    }
    assert heard.headers["content-type"] == "application/json"
    with clock.frozen(int(heard.headers["webhook-timestamp"]) * clock.SECOND_US):
        assert heard.verified_by(newsletter.secret).message_id == heard.id
    (delivery,) = await sent(databases)
    assert (delivery.state, delivery.attempts, delivery.next_us) == ("delivered", 1, None)


async def test_changes_and_the_end_of_a_text_are_told_with_the_address_it_had(
    receiver: Receiver, publish: Publish, deliver: Deliver, databases: Databases
) -> None:
    post = await publish("On fog")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="On mist", slug="mist"), 2)
    await posts.publish(databases.site, OWNER, post.id)
    await posts.unpublish(databases.site, OWNER, post.id)
    await posts.publish(databases.site, OWNER, post.id)
    await posts.trash.put(databases.site, OWNER, post.id)
    await deliver()
    data = [msgspec.convert(each.told["data"], dict[str, object]) for each in receiver.heard]
    told = [(each.told["type"], found["url"]) for each, found in zip(receiver.heard, data, strict=True)]
    former = {found.get("previous_url") for found in data}
    assert former == {None, "http://localhost:8000/posts/on-fog"}
    old, new = "http://localhost:8000/posts/on-fog", "http://localhost:8000/posts/mist"
    assert sorted(map(str, told)) == sorted(
        map(
            str,
            [
                ("post.published", old),
                ("post.changed", new),
                ("post.withdrawn", new),
                ("post.published", new),
                ("post.withdrawn", new),
            ],
        )
    )


async def test_what_is_rolled_back_is_not_told(databases: Databases, newsletter: Made, publish: Publish) -> None:
    post = await publish("On fog")
    assert newsletter

    async def break_off() -> None:
        async with databases.site.transaction() as connection:
            await execute(connection, "UPDATE posts SET revision_id = NULL WHERE id = :id", {"id": post.id})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await break_off()
    assert [each.type for each in await sent(databases)] == ["post.published"]


async def test_a_draft_and_a_type_nobody_asked_for_leave_no_message(
    databases: Databases, settings: Settings, hook: str, publish: Publish
) -> None:
    wishes = Wishes(name="Chat", url=hook, types=("post.withdrawn",))
    await keeping.add(databases.site, OWNER, settings, wishes)
    await publish("On fog")
    await posts.create(databases.site, OWNER, "post")
    async with databases.site.read() as connection:
        assert await fetch_value(connection, "SELECT count(*) FROM messages") == 0


async def test_a_picture_that_is_ready_is_told_of(
    receiver: Receiver, deliver: Deliver, databases: Databases, newsletter: Made
) -> None:
    assert newsletter
    async with databases.site.transaction() as connection:
        asset = assets.new_asset("0" * 64, "fog.jpg", "image/jpeg", 9, "Fog", OWNER.id)
        await assets.insert(connection, asset)
    await media.ready(databases.site, asset.id, MANIFEST)
    await media.ready(databases.site, asset.id, MANIFEST)
    await deliver()
    (heard,) = receiver.heard
    data = {"id": asset.id, "file_name": "fog.jpg", "content_type": "image/jpeg", "size_bytes": 9}
    assert (heard.told["type"], heard.told["data"]) == ("media.ready", data)


async def test_sizes_that_are_made_anew_tell_of_nothing(
    receiver: Receiver, deliver: Deliver, databases: Databases, newsletter: Made
) -> None:
    assert newsletter
    async with databases.site.transaction() as connection:
        asset = assets.new_asset("0" * 64, "fog.jpg", "image/jpeg", 9, "Fog", OWNER.id)
        await assets.insert(connection, asset)
    await media.ready(databases.site, asset.id, MANIFEST)
    await media.ready(databases.site, asset.id, msgspec.structs.replace(MANIFEST, recipe="another"))
    await deliver()
    assert receiver.types == ["media.ready"]
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE media_assets SET file_id = 'new' WHERE id = :id", {"id": asset.id})
    await deliver()
    assert receiver.types == ["media.ready"] * 2


async def test_a_run_that_failed_is_told_of_once(
    receiver: Receiver, deliver: Deliver, databases: Databases, newsletter: Made
) -> None:
    assert newsletter
    run = RunFailed(job="drill.restore", run_id="1", due_us=1, outcome="failed", output="no copy")
    assert await keeping.happened(databases.site, "msg_1", "drill.failed", run)
    assert not await keeping.happened(databases.site, "msg_1", "drill.failed", run)
    await deliver()
    (heard,) = receiver.heard
    assert (heard.id, heard.told["type"]) == ("msg_1", "drill.failed")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (answer("500 Internal Server Error", b"broken"), "it answered 500"),
        (answer("302 Found", headers="location: /elsewhere\r\n"), "it leads elsewhere"),
        (answer("404 Not Found"), "it answered 404"),
        (reset, "disconnected"),
        (b"not HTTP at all\r\n\r\n", "illegal status line"),
    ],
    ids=["500", "redirect", "404", "reset", "nonsense"],
)
async def test_a_failure_is_data_and_is_tried_again_with_the_same_id(
    receiver: Receiver,
    publish: Publish,
    deliver: Deliver,
    databases: Databases,
    newsletter: Made,
    given: bytes,
    words: str,
) -> None:
    receiver.answers = [given]
    await publish("On fog")
    await deliver()
    (delivery,) = await sent(databases)
    assert words in delivery.reason
    assert (delivery.state, delivery.attempts) == ("waiting", 1)
    assert (await endpoint(databases, newsletter)).failures == 1
    await deliver()
    assert len(receiver.heard) == 1
    await deliver(10 * clock.SECOND_US)
    (first, second) = receiver.heard
    assert (first.id, first.body) == (second.id, second.body)
    assert first.headers["webhook-timestamp"] < second.headers["webhook-timestamp"]
    assert [each.state for each in await sent(databases)] == ["delivered"]
    assert (await endpoint(databases, newsletter)).failures == 0


async def test_who_does_not_answer_is_left_alone_after_the_time_of_an_attempt(
    receiver: Receiver, publish: Publish, deliver: Deliver, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "TIMEOUT_S", 0.2)
    receiver.answer = silence
    await publish("On fog")
    await deliver()
    (delivery,) = await sent(databases)
    assert (delivery.reason, delivery.state) == ("it did not answer in time", "waiting")


async def test_a_huge_answer_is_not_read_to_its_end_and_kept_to_two_kilobytes(
    receiver: Receiver, publish: Publish, deliver: Deliver, databases: Databases
) -> None:
    async def pour(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    receiver.answer = pour
    await publish("On fog")
    await deliver()
    (delivery,) = await sent(databases)
    whole = await log.one(databases.site, OWNER, delivery.id)
    assert (delivery.state, whole.tries[0].answer) == ("delivered", "x" * sending.MAX_ANSWER)
