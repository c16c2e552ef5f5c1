"""Other sites are told of links to them: what is told, when, once, and what becomes of each failure."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from litestar.types import ASGIApp
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_core.sqlite import execute, fetch_value
from sdc_web import posts
from sdc_web.app import build
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.webmentions import switches, telling, told
from sdc_web.webmentions.switches import Switches

from mention_peer import Peer
from mentioning import HOUR_US, SITE, Publish, Tell, change, rows
from signing_in import OWNER

Running = Callable[[ASGIApp], AbstractAsyncContextManager[None]]


async def count(databases: Databases) -> object:
    async with databases.site.read() as connection:
        return await fetch_value(connection, "SELECT count(*) FROM webmentions_told")


async def test_a_site_that_a_new_text_leads_to_is_told_once(
    databases: Databases, publish: Publish, peer: Peer, there: str, tell: Tell
) -> None:
    peer.taker()
    await publish("Fog", f"As [she says]({there}/page#two), and [again]({there}/page).")
    await tell()
    await tell()
    (heard,) = peer.told
    assert (heard.path, heard.source, heard.target) == ("/webmention", f"{SITE}/posts/fog", f"{there}/page")
    assert heard.content_type == "application/x-www-form-urlencoded"
    assert all("Webmention" in each for each in peer.agents)
    (row,) = await rows(databases)
    assert (row.title, row.target, row.state, row.reason, row.next_us) == ("Fog", f"{there}/page", "told", "", None)


async def test_the_query_of_an_endpoint_is_kept(publish: Publish, peer: Peer, there: str, tell: Tell) -> None:
    peer.page("/page", '<link rel="webmention" href="/in?site=1">')
    await publish("Fog", f"{there}/page")
    await tell()
    assert [each.path for each in peer.told] == ["/in?site=1"]


async def test_nobody_is_told_until_an_owner_wants_it(
    databases: Databases, publish: Publish, settings: Settings, peer: Peer, there: str
) -> None:
    peer.taker()
    await publish("Fog", f"{there}/page")
    assert await telling.tell(databases.site, settings, private=True) == 0
    await switches.change(databases.site, OWNER, Switches(out=True))
    assert await telling.tell(databases.site, settings, private=True) == 0
    assert (peer.asked, await count(databases)) == ([], 0)


async def test_what_waits_when_it_is_turned_off_goes_on_waiting(
    databases: Databases, publish: Publish, peer: Peer, there: str, tell: Tell
) -> None:
    peer.taker()
    await publish("Fog", f"{there}/page")
    await switches.change(databases.site, OWNER, Switches(out=False))
    assert await tell() == 0
    await switches.change(databases.site, OWNER, Switches(out=True))
    assert await tell() == 1
    assert len(peer.told) == 1


async def test_a_change_tells_what_was_told_again_and_what_is_new(
    databases: Databases, publish: Publish, peer: Peer, there: str, tell: Tell
) -> None:
    """The first update test of webmention.rocks."""
    peer.taker("/one")
    peer.taker("/two")
    post = await publish("Fog", f"{there}/one")
    await tell()
    await change(databases, post, f"{there}/one and now {there}/two")
    await tell()
    assert sorted(each.target.removeprefix(there) for each in peer.told) == ["/one", "/one", "/two"]


async def test_a_link_that_is_taken_out_is_told_a_last_time(
    databases: Databases, publish: Publish, peer: Peer, there: str, tell: Tell
) -> None:
    """The second update test of webmention.rocks."""
    peer.taker("/one")
    peer.taker("/two")
    post = await publish("Fog", f"{there}/one")
    await tell()
    await change(databases, post, f"{there}/two")
    await tell()
    assert sorted(each.target.removeprefix(there) for each in peer.told) == ["/one", "/one", "/two"]
    assert {each.target.removeprefix(there): each.state for each in await rows(databases)} == {
        "/one": "removed",
        "/two": "told",
    }
    await change(databases, post, f"Still {there}/two")
    await tell()
    assert [each.target.removeprefix(there) for each in peer.told[3:]] == ["/two"]
    await change(databases, post, f"Once more {there}/one")
    await tell()
    assert "/one" in [each.target.removeprefix(there) for each in peer.told[4:]]


async def test_a_text_published_again_as_it_was_is_no_news(
    databases: Databases, publish: Publish, peer: Peer, there: str, tell: Tell
) -> None:
    peer.taker()
    post = await publish("Fog", f"{there}/page")
    await tell()
    await posts.publish(databases.site, OWNER, post.id)
    assert await tell() == 0


@pytest.mark.parametrize("end", ["withdrawn", "deleted"])
async def test_the_end_of_a_text_is_told_with_the_address_it_had(
    databases: Databases, publish: Publish, peer: Peer, there: str, tell: Tell, end: str
) -> None:
    """The delete test of webmention.rocks."""
    peer.taker()
    post = await publish("Fog", f"{there}/page")
    await tell()
    if end == "deleted":
        await posts.trash.put(databases.site, OWNER, post.id)
        await posts.trash.remove(databases.site, OWNER, post.id)
    else:
        await posts.unpublish(databases.site, OWNER, post.id)
    await tell()
    assert [(each.source, each.target) for each in peer.told] == [(f"{SITE}/posts/fog", f"{there}/page")] * 2
    assert await count(databases) == (0 if end == "deleted" else 1)
    assert await tell() == 0


async def test_a_text_that_was_taken_away_before_anybody_heard_tells_nobody(
    databases: Databases, publish: Publish, peer: Peer, there: str, tell: Tell
) -> None:
    peer.taker()
    await publish("Mist", f"{there}/page")
    fog = await publish("Fog", f"{there}/page")
    rain = await publish("Rain", f"{there}/page")
    await posts.unpublish(databases.site, OWNER, fog.id)
    await posts.trash.put(databases.site, OWNER, rain.id)
    await posts.trash.remove(databases.site, OWNER, rain.id)
    await tell()
    assert [each.source for each in peer.told] == [f"{SITE}/posts/mist"]
    assert await count(databases) == 1


async def test_a_text_that_moved_keeps_the_address_it_was_told_by(
    databases: Databases, publish: Publish, peer: Peer, there: str, tell: Tell
) -> None:
    """It leads to the new one, and nobody hears of the same text twice."""
    peer.taker()
    post = await publish("Fog", f"{there}/page")
    await tell()
    await change(databases, post, f"{there}/page", slug="mist")
    await tell()
    assert [each.source for each in peer.told] == [f"{SITE}/posts/fog"] * 2
    await publish("Fog", slug="fog")  # which has that address from now on
    await change(databases, post, f"Again {there}/page", slug="mist")
    await tell()
    assert peer.told[-1].source == f"{SITE}/posts/mist"


async def test_a_site_that_takes_nothing_is_left_alone(
    databases: Databases, publish: Publish, peer: Peer, there: str, tell: Tell
) -> None:
    peer.page("/page", "<p>Nothing here.</p>")
    await publish("Fog", f"{there}/page and {there}/missing")
    await tell()
    found = {each.target.removeprefix(there): (each.state, each.reason) for each in await rows(databases)}
    assert found == {"/page": ("none", ""), "/missing": ("none", "it answers 404")}
    assert await tell(30 * clock.DAY_US) == 0


async def test_the_site_does_not_tell_itself(databases: Databases, publish: Publish, tell: Tell) -> None:
    await publish("Fog", f"{SITE}/posts/mist and https://ADA.example/about")
    await tell()
    assert await count(databases) == 0


async def test_an_endpoint_inside_is_never_asked(
    databases: Databases, publish: Publish, settings: Settings, peer: Peer, there: str, tell: Tell
) -> None:
    assert callable(tell)
    peer.taker()
    await publish("Fog", f"{there}/page and http://10.0.0.1/page and http://localhost:1/page")
    with clock.frozen(clock.now_us() + clock.SECOND_US):
        await telling.tell(databases.site, settings)
    assert {(each.state, each.reason) for each in await rows(databases)} == {
        ("none", "its address is none of the public internet")
    }
    assert (peer.asked, peer.told) == ([], [])


async def test_a_failure_is_tried_again_after_growing_pauses_and_then_given_up(
    databases: Databases, publish: Publish, peer: Peer, there: str, tell: Tell
) -> None:
    peer.taker()
    peer.answer = "503 Busy"
    await publish("Fog", f"{there}/page")
    later_us = 0
    for pause_s in telling.PAUSES_S:
        assert await tell(later_us) == 1
        (row,) = await rows(databases)
        assert (row.state, row.reason) == ("waiting", "it answered 503")
        assert await tell(later_us + pause_s * clock.SECOND_US // 2) == 0
        later_us += int(pause_s * 1.1 * clock.SECOND_US) + 10 * clock.SECOND_US
    assert await tell(later_us) == 1
    (row,) = await rows(databases)
    assert (row.state, row.reason, row.next_us) == ("failed", "it answered 503", None)
    assert await tell(later_us + 30 * clock.DAY_US) == 0


async def test_a_pause_that_was_asked_for_is_kept(
    databases: Databases, publish: Publish, peer: Peer, there: str, tell: Tell
) -> None:
    peer.taker()
    peer.answer = "429 Slowly\r\nretry-after: 7200"
    await publish("Fog", f"{there}/page")
    await tell()
    assert await tell(HOUR_US) == 0
    peer.answer = "201 Created"
    assert await tell(3 * HOUR_US) == 1
    assert [each.state for each in await rows(databases)] == ["told"]


@pytest.mark.parametrize("answer", ["400 Bad Request", "403 Forbidden", "307 Over there\r\nlocation: /other"])
async def test_a_refusal_is_kept_with_its_reason_and_not_repeated(
    databases: Databases, publish: Publish, peer: Peer, there: str, tell: Tell, answer: str
) -> None:
    peer.taker()
    peer.answer = answer
    await publish("Fog", f"{there}/page")
    await tell()
    (row,) = await rows(databases)
    assert (row.state, row.reason) == ("refused", f"it answered {answer[:3]}")
    assert await tell(30 * clock.DAY_US) == 0


async def test_what_a_killed_process_held_is_told_by_another(
    databases: Databases, publish: Publish, peer: Peer, there: str, tell: Tell
) -> None:
    peer.taker()
    await publish("Fog", f"{there}/page")
    now_us = clock.now_us() + clock.SECOND_US
    async with databases.site.transaction() as connection:
        (held,) = await told.claim(connection, now_us=now_us, held_us=now_us + telling.HELD_US, limit=8)
    assert await tell() == 0  # as long as it may be at it
    assert await tell(telling.HELD_US) == 1
    assert [each.target for each in peer.told] == [held.target]


async def test_a_change_while_it_is_told_is_told_next(
    databases: Databases, publish: Publish, peer: Peer, there: str, tell: Tell
) -> None:
    peer.taker()
    post = await publish("Fog", f"{there}/page")
    now_us = clock.now_us() + clock.SECOND_US
    async with databases.site.transaction() as connection:
        (held,) = await told.claim(connection, now_us=now_us, held_us=now_us + telling.HELD_US, limit=8)
    await change(databases, post, f"Other words on {there}/page")
    async with databases.site.transaction() as connection:
        await told.settle(connection, held, "told", path=held.path, now_us=now_us, was_told=True)
    assert [each.state for each in await rows(databases)] == ["waiting"]
    assert await tell() == 1


async def test_an_imported_text_of_long_ago_tells_nobody(
    databases: Databases, publish: Publish, there: str, tell: Tell
) -> None:
    assert callable(tell)
    await publish("Fog", f"{there}/page", at_us=clock.now_us() - 30 * clock.DAY_US)
    assert await count(databases) == 0


async def test_a_new_link_of_an_old_text_is_told(
    databases: Databases, publish: Publish, peer: Peer, there: str, tell: Tell
) -> None:
    peer.taker()
    post = await publish("Fog", at_us=clock.now_us() - 30 * clock.DAY_US)
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE posts SET created_at_us = published_at_us", {})
    await change(databases, post, f"{there}/page")
    await tell()
    assert len(peer.told) == 1


async def test_no_more_wait_than_the_queue_holds(databases: Databases, publish: Publish, tell: Tell) -> None:
    assert callable(tell)
    for text in range(5):
        await publish(f"Fog {text}", "\n\n".join(f"http://127.0.0.1:9/{text}/{each}" for each in range(450)))
    assert await count(databases) == 2_000


async def test_an_author_sees_what_their_own_texts_told(
    databases: Databases, publish: Publish, there: str, tell: Tell
) -> None:
    assert callable(tell)
    post = await publish("Fog", f"{there}/page")
    await publish("Mist", f"{there}/other")
    async with databases.site.read() as connection:
        another = Actor(id="another", name="another", role="author")
        assert await told.listed(connection, another) == []
        assert [each.title for each in await told.listed(connection, OWNER, post.id)] == ["Fog"]


async def test_the_loop_of_a_running_site_tells(
    files: None, settings: Settings, databases: Databases, running: Running, publish: Publish, peer: Peer, there: str
) -> None:
    """From the lifespan to the other site, past the guard of addresses, which only knows the public internet."""
    assert files is None
    peer.taker()
    await switches.change(databases.site, OWNER, Switches(out=True))
    await publish("Fog", f"{there}/page")
    async with running(build(settings)), asyncio.timeout(60):
        (row,) = await rows(databases)
        while row.state == "waiting":
            await asyncio.sleep(0.05)
            (row,) = await rows(databases)
    assert (row.state, row.reason) == ("none", "its address is none of the public internet")
