"""Webmentions that come in: what is taken, what is found when it is looked at, and what readers see of it."""

from collections.abc import Awaitable, Callable

import httpx
import pytest
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_core.sqlite import fetch_value
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post
from sdc_web.webmentions import looking, moderation, received, switches, taking
from sdc_web.webmentions.moderation import Row
from sdc_web.webmentions.switches import Switches

from mention_peer import Peer
from mentioning import Publish
from signing_in import OWNER

Look = Callable[..., Awaitable[int]]
SITE = "http://localhost:8000"
TARGET = f"{SITE}/posts/fog"
LINK = f'<a href="{TARGET}">Fog</a>'
REPLY = f'<div class="h-entry"><a class="p-author h-card" href="/">Grace</a> <p class="e-content">Yes. {LINK}</p></div>'
BLOCKED_WORDS = "this site takes no webmentions from that host"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The site is where the client asks for it."""
    return settings.model_copy(update={"SITE_URL": SITE})


@pytest.fixture
async def post(databases: Databases, publish: Publish) -> Post:
    """The text that is led to; the site takes webmentions."""
    await switches.change(databases.site, OWNER, Switches(into=True))
    return await publish("Fog")


@pytest.fixture
def look(databases: Databases) -> Look:
    """A round of looking, now or so much later."""

    async def round_of(later_us: int = 0) -> int:
        with clock.frozen(clock.now_us() + later_us + clock.SECOND_US):
            return await looking.look(databases.site, SITE, private=True, pace_s=0)

    return round_of


async def tell(client: httpx.AsyncClient, source: str, target: str = TARGET) -> httpx.Response:
    """As another site does: no browser, no origin."""
    return await client.post("/webmention", data={"source": source, "target": target})


async def listed(databases: Databases, state: received.State = "waiting") -> list[Row]:
    async with databases.site.read() as connection:
        return await moderation.listing(connection, OWNER, state)


async def accept(databases: Databases, state: received.State = "waiting") -> None:
    ids = [each.id for each in await listed(databases, state)]
    assert await moderation.decide(databases.site, OWNER, ids, "accepted") == len(ids)


async def count(databases: Databases) -> object:
    async with databases.site.read() as connection:
        return await fetch_value(connection, "SELECT count(*) FROM webmentions")


async def test_it_is_taken_at_once_looked_at_later_and_shown_once_it_is_accepted(
    client: httpx.AsyncClient, databases: Databases, peer: Peer, there: str, look: Look, post: Post
) -> None:
    peer.page("/reply", REPLY)
    assert (await tell(client, f"{there}/reply")).status_code == 202
    assert peer.asked == []
    assert await look() == 1
    (row,) = await listed(databases)
    assert (row.post_id, row.kind, row.author_name, row.words) == (post.id, "mention", "Grace", "Yes. Fog")
    assert "Grace" not in (await client.get("/posts/fog")).text
    await accept(databases)
    page = (await client.get("/posts/fog")).text
    assert "Said elsewhere" in page
    assert f'<a href="{there}/reply" rel="ugc nofollow external">mentions this on' in page
    assert "Yes. Fog" in page
    assert all("Webmention" in each for each in peer.agents)


async def test_one_that_leads_to_a_part_of_a_text_keeps_it(
    client: httpx.AsyncClient, databases: Databases, peer: Peer, there: str, look: Look, post: Post
) -> None:
    peer.page("/reply", REPLY.replace(TARGET, f"{TARGET}#two"))
    await tell(client, f"{there}/reply", f"{TARGET}#two")
    assert await look() == 1
    (row,) = await listed(databases)
    async with databases.site.read() as connection:
        kept = await fetch_value(connection, "SELECT target FROM webmentions")
    assert (row.post_id, kept) == (post.id, f"{TARGET}#two")


async def test_a_refused_one_is_never_shown_and_stays_refused(
    client: httpx.AsyncClient, databases: Databases, peer: Peer, there: str, look: Look, post: Post
) -> None:
    assert post
    peer.page("/reply", REPLY)
    await tell(client, f"{there}/reply")
    await look()
    await moderation.decide(databases.site, OWNER, [each.id for each in await listed(databases)], "refused")
    peer.page("/reply", REPLY.replace("Yes", "No"))
    with clock.frozen(clock.now_us() + clock.DAY_US):
        await tell(client, f"{there}/reply")
    await look(clock.DAY_US)
    assert [each.words for each in await listed(databases, "refused")] == ["No. Fog"]
    assert "Said elsewhere" not in (await client.get("/posts/fog")).text


async def test_what_was_accepted_and_reads_otherwise_waits_again(
    client: httpx.AsyncClient, databases: Databases, peer: Peer, there: str, look: Look, post: Post
) -> None:
    """The update test of webmention.rocks: told again, it is what it is now, and no second one."""
    assert post
    peer.page("/reply", REPLY)
    await tell(client, f"{there}/reply")
    await look()
    await accept(databases)
    later_us = 2 * taking.REST_US
    with clock.frozen(clock.now_us() + later_us):
        await tell(client, f"{there}/reply")
    await look(later_us)
    assert "Yes. Fog" in (await client.get("/posts/fog")).text  # as it was, so it stays
    peer.page("/reply", REPLY.replace("Yes", "Buy pills"))
    with clock.frozen(clock.now_us() + 2 * later_us):
        await tell(client, f"{there}/reply")
    await look(2 * later_us)
    assert "pills" not in (await client.get("/posts/fog")).text
    assert "Said elsewhere" not in (await client.get("/posts/fog")).text
    assert [each.words for each in await listed(databases)] == ["Buy pills. Fog"]


@pytest.mark.parametrize("state", ["waiting", "accepted"])
@pytest.mark.parametrize("end", ["404 Not Found", "410 Gone", "the link is gone"])
async def test_a_source_that_is_gone_is_removed(
    client: httpx.AsyncClient,
    databases: Databases,
    peer: Peer,
    there: str,
    look: Look,
    post: Post,
    end: str,
    state: received.State,
) -> None:
    """The delete test of webmention.rocks."""
    assert post
    peer.page("/reply", REPLY)
    await tell(client, f"{there}/reply")
    await look()
    if state == "accepted":
        await accept(databases)
    assert ("Grace" in (await client.get("/posts/fog")).text) is (state == "accepted")
    if end[0] == "4":
        peer.pages["/reply"] = (end, "content-type: text/html\r\n", LINK)
    else:
        peer.page("/reply", "<p>Nothing any more.</p>")
    with clock.frozen(clock.now_us() + clock.DAY_US):
        await tell(client, f"{there}/reply")
    await look(clock.DAY_US)
    assert await count(databases) == 0
    assert "Grace" not in (await client.get("/posts/fog")).text


async def test_a_source_that_does_not_answer_is_asked_again_and_what_is_known_stays(
    client: httpx.AsyncClient, databases: Databases, peer: Peer, there: str, look: Look, post: Post
) -> None:
    assert post
    peer.page("/reply", REPLY)
    await tell(client, f"{there}/reply")
    await look()
    await accept(databases)
    peer.pages["/reply"] = ("503 Busy", "", "")
    later_us = clock.DAY_US
    with clock.frozen(clock.now_us() + later_us):
        await tell(client, f"{there}/reply")
    for pause_s in (0, *looking.PAUSES_S):
        later_us += (pause_s + 5) * clock.SECOND_US
        assert await look(later_us) == 1
    assert await look(later_us + clock.DAY_US) == 0
    assert "Grace" in (await client.get("/posts/fog")).text


async def test_a_page_that_does_not_lead_here_is_nothing(
    client: httpx.AsyncClient, databases: Databases, peer: Peer, there: str, look: Look, post: Post
) -> None:
    assert post
    peer.page("/reply", f"<!-- {LINK} --><p>{TARGET}</p>")
    await tell(client, f"{there}/reply")
    await look()
    assert await listed(databases) == []
    assert [each.host for each in await listed(databases, "failed")] == ["127.0.0.1"]
    await tell(client, f"{there}/other")
    await look(2 * clock.DAY_US)
    assert await count(databases) == 1  # the older one was forgotten


async def test_a_page_that_leads_on_into_this_site_says_nothing(
    client: httpx.AsyncClient, databases: Databases, peer: Peer, there: str, look: Look, post: Post
) -> None:
    assert post
    peer.pages["/reply"] = ("302 Found", f"location: {there}/on\r\n", "")
    peer.page("/on", REPLY)
    await tell(client, f"{there}/reply")
    with clock.frozen(clock.now_us() + clock.SECOND_US):
        await looking.look(databases.site, there, private=True, pace_s=0)
    assert await listed(databases) == []


async def test_addresses_inside_are_never_looked_at(
    client: httpx.AsyncClient, databases: Databases, peer: Peer, there: str, post: Post
) -> None:
    assert post
    peer.page("/reply", REPLY)
    port = there.rpartition(":")[2]
    for host in ("127.0.0.1", "127.1", "2130706433", "[::1]", "10.0.0.1", "169.254.169.254"):
        assert (await tell(client, f"http://{host}:{port}/reply")).status_code == 202
    with clock.frozen(clock.now_us() + clock.SECOND_US):
        await looking.look(databases.site, SITE, pace_s=0)
    assert (peer.asked, await listed(databases)) == ([], [])
    assert len(await listed(databases, "failed")) == 6


async def test_a_target_that_moved_is_the_same_text(
    client: httpx.AsyncClient, databases: Databases, peer: Peer, there: str, look: Look, post: Post
) -> None:
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Fog", slug="mist"), 2)
    await posts.publish(databases.site, OWNER, post.id)
    peer.page("/reply", REPLY)
    assert (await tell(client, f"{there}/reply")).status_code == 202
    await look()
    await accept(databases)
    assert "Grace" in (await client.get("/posts/mist")).text


async def test_the_same_again_is_one_and_its_page_is_left_in_peace(
    client: httpx.AsyncClient, databases: Databases, peer: Peer, there: str, look: Look, post: Post
) -> None:
    assert post
    peer.page("/reply", REPLY)
    for _ in range(30):
        assert (await tell(client, f"{there}/reply")).status_code == 202
    await look()
    for _ in range(3):
        await tell(client, f"{there}/reply")
        await look()
    assert (await count(databases), len(peer.asked)) == (1, 1)
    assert await look(taking.REST_US + clock.SECOND_US) == 1


async def test_a_blocked_host_tells_nothing_and_what_it_told_is_gone(
    client: httpx.AsyncClient, databases: Databases, peer: Peer, there: str, look: Look, post: Post
) -> None:
    assert post
    peer.page("/reply", REPLY)
    await tell(client, f"{there}/reply")
    await look()
    await accept(databases)
    await moderation.block(databases.site, OWNER, "127.0.0.1")
    assert await count(databases) == 0
    assert "Grace" not in (await client.get("/posts/fog")).text
    refused = await tell(client, f"{there}/reply")
    assert refused.status_code == 403
    assert BLOCKED_WORDS in refused.text
    await moderation.allow(databases.site, OWNER, "127.0.0.1")
    assert (await tell(client, f"{there}/reply")).status_code == 202


async def test_a_site_that_takes_none_says_so_nowhere(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    await publish("Fog")
    assert (await tell(client, "https://example.org/x")).status_code == 404
    closed = await client.get("/posts/fog")
    assert "link" not in closed.headers
    assert "webmention" not in closed.text
    await switches.change(databases.site, OWNER, Switches(into=True))
    opened = await client.get("/posts/fog")
    assert opened.headers["link"] == '</webmention>; rel="webmention"'
    assert '<link rel="webmention" href="/webmention">' in opened.text
    await publish("About", kind="page")
    for path in ("/", "/about", "/posts"):
        page = await client.get(path)
        assert "link" not in page.headers
        assert "webmention" not in page.text


async def test_turned_off_nothing_more_is_looked_at_and_what_was_accepted_stays(
    client: httpx.AsyncClient, databases: Databases, peer: Peer, there: str, look: Look, post: Post
) -> None:
    assert post
    peer.page("/reply", REPLY)
    await tell(client, f"{there}/reply")
    await look()
    await accept(databases)
    await tell(client, f"{there}/other")
    await switches.change(databases.site, OWNER, Switches())
    assert await look() == 0
    assert "Grace" in (await client.get("/posts/fog")).text
