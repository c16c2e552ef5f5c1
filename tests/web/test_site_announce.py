"""Announcing changes to a WebSub hub and by IndexNow, against an HTTP server that listens."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeAlias
from urllib.parse import parse_qs

import httpx
import msgspec
import pytest
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_core.sqlite import execute
from sdc_web import announcements, posts
from sdc_web.announcements import Audience, Name, rounds, sending, store
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post

from loopback import serving
from signing_in import BROWSER, OWNER, come_in

Publish = Callable[..., Awaitable[Post]]
Told: TypeAlias = "tuple[Listener, Callable[[Name], Awaitable[Audience]]]"
SITE = "http://localhost:8000"
KEY = "a-key-of-36-letters-digits-and-hyphe"
FEEDS = [f"{SITE}{path}" for path in ("/feed.xml", "/rss.xml", "/feed.json")]


class Listener:
    """What it was sent, and what it answers: `answers` first, then `answer`; `meanwhile` is awaited before it does."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.answer = "204 No Content"
        self.answers: list[str] = []
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        self.bodies.append(await reader.readexactly(length))
        if self.meanwhile:
            await self.meanwhile()
        answer = self.answers.pop(0) if self.answers else self.answer
        writer.write(f"HTTP/1.1 {answer}\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()

    @property
    def topics(self) -> list[str]:
        """The feeds that it was told of as a hub."""
        return [parse_qs(body.decode())["hub.url"][0] for body in self.bodies]

    @property
    def addresses(self) -> list[list[str]]:
        """What it was told of as a search engine, by request."""
        return [msgspec.json.decode(body)["urlList"] for body in self.bodies]


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """Settings that a test changes."""
    return settings.model_copy(update=getattr(request, "param", {}))


@pytest.fixture
async def told(databases: Databases, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Told]:
    """A hub and a search engine in one, and a round for either of them, which returns how it went."""
    heard = Listener()
    async with serving(heard.serve) as address:
        monkeypatch.setattr(sending, "INDEXNOW", f"{address}/indexnow")
        asked = settings.model_copy(update={"SITE_URL": SITE, "WEBSUB_HUB": f"{address}/hub", "INDEXNOW_KEY": KEY})
        async with databases.site.transaction() as connection:
            await store.keep_only(connection, rounds.set_audiences(asked))

        async def tell(name: Name) -> Audience:
            await rounds.tell(databases.site, asked, name)
            return await state(databases, name)

        yield heard, tell


async def state(databases: Databases, name: Name) -> Audience:
    async with databases.site.read() as connection:
        return next(each for each in await announcements.audiences(connection) if each.name == name)


async def test_a_hub_is_told_of_every_feed_that_has_the_new_post(publish: Publish, told: Told) -> None:
    heard, tell = told
    await publish("Fog", tags=("a b",), series="On fog")
    after = await tell("websub")
    tagged, series = (
        [feed.replace(SITE, f"{SITE}{page}") for feed in FEEDS] for page in ("/tags/a%20b", "/series/on-fog")
    )
    assert sorted(heard.topics) == sorted([*FEEDS, *tagged, *series])
    assert parse_qs(heard.bodies[0].decode()) == {
        "hub.mode": ["publish"],
        "hub.url": [FEEDS[0]],
        "hub.topic": [FEEDS[0]],
    }
    assert (after.waiting, after.told, after.reason) == (0, 9, "")


async def test_what_is_in_no_feed_is_no_news_for_a_hub(publish: Publish, told: Told) -> None:
    heard, tell = told
    await publish("A lamp", kind="project")
    await publish("About", kind="page")
    assert (await tell("websub")).told_at_us is None
    assert heard.bodies == []


async def test_search_engines_are_told_of_what_is_new_moved_and_gone_in_one_request(
    databases: Databases, publish: Publish, told: Told
) -> None:
    heard, tell = told
    post, lamp = await publish("Fog"), await publish("A lamp", kind="project")
    await publish("About", kind="page")
    await tell("indexnow")
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE posts SET slug = 'mist' WHERE id = :id", {"id": post.id})
    await posts.unpublish(databases.site, OWNER, lamp.id)
    after = await tell("indexnow")
    assert heard.addresses[0] == [f"{SITE}/posts/fog", f"{SITE}/projects/a-lamp", f"{SITE}/about"]
    assert sorted(heard.addresses[1]) == [f"{SITE}/posts/fog", f"{SITE}/posts/mist", f"{SITE}/projects/a-lamp"]
    first = msgspec.json.decode(heard.bodies[0])
    assert (first["host"], first["key"], first["keyLocation"]) == ("localhost:8000", KEY, f"{SITE}/{KEY}.txt")
    assert after.waiting == 0


async def test_search_engines_are_not_told_of_what_they_are_to_leave_out(
    databases: Databases, publish: Publish, told: Told
) -> None:
    heard, tell = told
    post = await publish("Fog")
    await tell("indexnow")
    await posts.indexing.hide(databases.site, OWNER, post.id, hidden=True)
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Fog again"), 2)
    await posts.publish(databases.site, OWNER, post.id)
    assert ((await tell("indexnow")).waiting, len(heard.bodies)) == (0, 1)
    await posts.unpublish(databases.site, OWNER, post.id)
    await tell("indexnow")
    assert heard.addresses[1] == [f"{SITE}/posts/fog"]


async def test_a_post_that_is_published_again_as_it_was_is_no_news(
    databases: Databases, publish: Publish, told: Told
) -> None:
    heard, tell = told
    post = await publish("Fog")
    await tell("indexnow")
    await posts.publish(databases.site, OWNER, post.id)
    await posts.publish(databases.site, OWNER, post.id, clock.now_us() + clock.DAY_US)
    assert (await tell("indexnow")).waiting == 0
    assert len(heard.bodies) == 1


async def test_a_deleted_post_is_announced(databases: Databases, publish: Publish, told: Told) -> None:
    heard, tell = told
    post = await publish("Fog")
    await tell("indexnow")
    await posts.trash.put(databases.site, OWNER, post.id)
    await tell("indexnow")
    assert heard.addresses[1] == [f"{SITE}/posts/fog"]


async def test_a_refusal_is_kept_with_its_reason_and_tried_again_after_a_growing_pause(
    publish: Publish, told: Told
) -> None:
    heard, tell = told
    await publish("Fog")
    heard.answer = "503 Busy"
    start_us = clock.now_us()
    with clock.frozen(start_us):
        first = await tell("indexnow")
        assert (first.waiting, first.failures, first.reason) == (1, 1, "it answered 503")
        assert first.next_at_us == start_us + store.FIRST_PAUSE_US
        await tell("indexnow")
        assert len(heard.bodies) == 1
    with clock.frozen(first.next_at_us):
        second = await tell("indexnow")
        assert second.next_at_us == first.next_at_us + 2 * store.FIRST_PAUSE_US
    heard.answer = "202 Accepted"
    with clock.frozen(second.next_at_us):
        third = await tell("indexnow")
    assert (third.waiting, third.failures, third.reason, third.told) == (0, 0, "", 1)


async def test_a_pause_that_was_asked_for_is_kept(publish: Publish, told: Told) -> None:
    heard, tell = told
    await publish("Fog")
    heard.answer = "429 Slowly\r\nretry-after: 7200"
    with clock.frozen(clock.now_us()):
        after = await tell("websub")
        assert after.next_at_us == clock.now_us() + 7_200 * clock.SECOND_US


async def test_nobody_there_is_a_reason_and_not_a_fault(
    publish: Publish, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, tell = told
    monkeypatch.setattr(sending, "INDEXNOW", "http://127.0.0.1:9/")
    await publish("Fog")
    assert (await tell("indexnow")).reason == "nothing answers at its address"


async def test_a_change_while_the_last_one_is_told_is_told_next(
    databases: Databases, publish: Publish, told: Told
) -> None:
    heard, tell = told
    post = await publish("Fog")
    heard.meanwhile = lambda: posts.unpublish(databases.site, OWNER, post.id)
    assert (await tell("indexnow")).waiting == 1
    heard.meanwhile = None
    assert (await tell("indexnow")).waiting == 0
    assert heard.addresses == [[f"{SITE}/posts/fog"]] * 2


async def test_two_processes_do_not_tell_the_same_at_once(publish: Publish, told: Told) -> None:
    heard, tell = told
    await publish("Fog")
    heard.meanwhile = lambda: tell("indexnow")
    await tell("indexnow")
    assert len(heard.bodies) == 1


async def test_what_nobody_took_for_two_days_is_given_up_and_the_log_says_so(
    databases: Databases, publish: Publish, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    heard, tell = told
    await publish("Fog")
    await publish("Light")
    async with databases.site.transaction() as connection:
        old_us = clock.now_us() - rounds.MAX_AGE_US - 1
        sql = "UPDATE announcements SET since_us = :old_us WHERE path = '/posts/fog'"
        await execute(connection, sql, {"old_us": old_us})
    heard.answer = "403 Forbidden"
    with caplog.at_level(logging.WARNING):
        assert (await tell("indexnow")).waiting == 1
    assert "gave up announcing changes" in caplog.messages


async def test_the_loop_tells_what_is_published_while_it_runs(
    databases: Databases, settings: Settings, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "EVERY_S", 0.01)
    heard, done = Listener(), asyncio.Event()

    async def reached() -> None:
        done.set()

    heard.meanwhile = reached
    async with serving(heard.serve) as address, asyncio.timeout(60), asyncio.TaskGroup() as group:
        asked = settings.model_copy(update={"SITE_URL": SITE, "WEBSUB_HUB": f"{address}/hub"})
        async with databases.site.transaction() as connection:
            await store.keep_only(connection, rounds.set_audiences(asked))
        loop = group.create_task(announcements.run(databases.site, asked))
        await publish("Fog")
        await done.wait()
        loop.cancel()
    assert heard.topics[0] == FEEDS[0]


async def test_the_loop_ends_where_nobody_is_to_be_told(databases: Databases, settings: Settings) -> None:
    async with asyncio.timeout(60):
        await announcements.run(databases.site, settings)


def test_a_site_without_a_public_address_is_announced_to_nobody(settings: Settings) -> None:
    assert rounds.set_audiences(settings.model_copy(update={"INDEXNOW_KEY": KEY})) == ()


async def test_what_is_not_set_is_not_told_and_keeps_nothing(
    databases: Databases, publish: Publish, told: Told
) -> None:
    await publish("Fog")
    async with databases.site.transaction() as connection:
        await store.keep_only(connection, ("websub",))
    await publish("Light")
    async with databases.site.read() as connection:
        assert [(each.name, each.waiting) for each in await announcements.audiences(connection)] == [("websub", 2)]


async def test_after_an_import_only_the_feeds_of_the_site_are_told(publish: Publish, told: Told) -> None:
    heard, tell = told
    for number in range(2):
        await publish(f"Fog {number}", tags=tuple(f"tag {number} {each}" for each in range(11)))
    await tell("websub")
    assert heard.topics == FEEDS


async def test_a_round_that_ends_in_the_middle_is_gone_on_with_and_not_begun_anew(
    publish: Publish, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, tell = told
    await publish("Fog", tags=("a", "b"))
    monkeypatch.setattr(sending, "ROUND_S", 0.0)
    for number in range(1, 9):
        after = await tell("websub")
        assert (after.waiting, after.next_at_us, after.failures, after.reason) == (1, 0, 0, "")
        assert len(heard.topics) == number
    after = await tell("websub")
    assert (after.waiting, after.told) == (0, 9)
    assert len(heard.topics) == len({*heard.topics}) == 9


async def test_what_a_hub_has_heard_is_not_told_again_after_a_failure(publish: Publish, told: Told) -> None:
    heard, tell = told
    await publish("Fog", tags=("a",))
    heard.answers = ["204 No Content"] * 2 + ["503 Busy"]
    first = await tell("websub")
    assert (first.waiting, first.failures, first.reason) == (1, 1, "it answered 503")
    with clock.frozen(first.next_at_us):
        assert (await tell("websub")).waiting == 0
    assert heard.topics[2:4] == [FEEDS[2]] * 2
    assert len(heard.topics) == 7


async def test_a_feed_that_is_refused_keeps_the_others_from_nothing(publish: Publish, told: Told) -> None:
    heard, tell = told
    await publish("Fog", tags=("a",))
    heard.answers = ["400 Bad Request"]
    first = await tell("websub")
    assert (first.failures, first.reason, len(heard.topics)) == (1, "it answered 400", 6)
    with clock.frozen(first.next_at_us):
        assert (await tell("websub")).waiting == 0
    assert heard.topics[6:] == [FEEDS[0]]


async def test_a_feed_that_changes_again_is_told_again_though_its_round_is_not_over(
    publish: Publish, told: Told
) -> None:
    heard, tell = told
    await publish("Fog", tags=("a",))
    heard.answers = ["204 No Content"] * 5 + ["503 Busy"]
    first = await tell("websub")
    await publish("Light")
    with clock.frozen(first.next_at_us):
        await tell("websub")
    assert heard.topics[6:] == [*FEEDS, f"{SITE}/tags/a/feed.json"]


async def test_a_hub_at_a_private_address_is_told_of_nothing(
    databases: Databases, settings: Settings, publish: Publish
) -> None:
    heard = Listener()
    async with serving(heard.serve) as address:
        hub = address.replace("127.0.0.1", "localhost")
        asked = settings.model_copy(update={"SITE_URL": SITE, "WEBSUB_HUB": f"{hub}/"})
        async with databases.site.transaction() as connection:
            await store.keep_only(connection, ("websub",))
        await publish("Fog")
        await rounds.tell(databases.site, asked, "websub")
    assert (await state(databases, "websub")).reason == "its address is none of the public internet"
    assert heard.bodies == []


BOTH = {"INDEXNOW_KEY": KEY, "WEBSUB_HUB": "http://127.0.0.1:9/"}


@pytest.mark.parametrize("settings", [BOTH], indirect=True, ids=["both"])
async def test_the_key_is_where_search_engines_look_for_it(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/{KEY}.txt")
    assert (answer.text, answer.headers["content-type"].partition(";")[0]) == (KEY, "text/plain")


@pytest.mark.parametrize("settings", [BOTH], indirect=True, ids=["both"])
async def test_the_author_sees_who_is_told_and_how_it_went(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    async with databases.site.transaction() as connection:
        await store.keep_only(connection, ("websub", "indexnow"))
        await store.succeeded(connection, "indexnow", 3, clock.now_us())
        await store.failed(connection, "websub", "it answered 503", clock.now_us(), 0)
    page = (await client.get("/author/site", headers=BROWSER)).text
    assert "not told</span>: it answered 503." in page
    assert "just now of 3 addresses." in page


async def test_without_a_key_no_file_tells_one(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/{KEY}.txt")).status_code == 404
