"""Where the links of published texts lead: what is asked, how politely, and what is made of the answers."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import httpx
import msgspec
import pytest
from sdc_core import clock, messages
from sdc_core.messages import CheckLinks, CronTick
from sdc_core.settings import Settings
from sdc_core.webhooks import Keyring
from sdc_web import checks, posts
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.link_checks import asking, rounds, troubled
from sdc_web.link_checks.rounds import Looked
from sdc_web.posts import Draft, Post

from loopback import serving
from signing_in import BROWSER, OWNER, come_in

Publish = Callable[..., Awaitable[Post]]
SITE = "https://example.org"
NOBODY = "http://127.0.0.1:9/gone"


class Elsewhere:
    """Another site: what it answers by path, and what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.heads: list[str] = []
        self.at_once = self.most_at_once = 0
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, path, _ = head.split(" ", 2)
        self.asked.append((method, path))
        self.heads.append(head.lower())
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        given = self.answers.get(f"{method} {path}", self.answers.get(path, b"404 Not Found\r\n"))
        writer.write(b"HTTP/1.1 %sContent-Length: 0\r\nConnection: close\r\n\r\n" % given)
        await writer.drain()


OK = b"200 OK\r\n"


def leads(to: str, status: bytes = b"301 Moved") -> bytes:
    return status + b"\r\nLocation: " + to.encode() + b"\r\n"


@pytest.fixture
async def elsewhere() -> AsyncGenerator[Elsewhere]:
    site = Elsewhere()
    async with serving(site.serve) as url:
        site.url = url
        yield site


async def look(databases: Databases, **more: float) -> Looked:
    return await rounds.look(databases.site, SITE, private=True, pace_s=more.get("pace_s", 0.0))


async def listed(databases: Databases, by: Actor = OWNER) -> list[troubled.Troubled]:
    async with databases.site.read() as connection:
        return await troubled.listing(connection, by, SITE)


@pytest.mark.parametrize(
    ("answers", "state", "asked"),
    [
        ({"/a": OK}, "ok", ["HEAD"]),
        ({"HEAD /a": b"405 No\r\n", "GET /a": OK}, "ok", ["HEAD", "GET"]),
        ({"HEAD /a": b"404 Not Found\r\n", "GET /a": OK}, "ok", ["HEAD", "GET"]),
        ({}, "dead", ["HEAD", "GET"]),
        ({"/a": b"410 Gone\r\n"}, "dead", ["HEAD", "GET"]),
        ({"/a": b"403 Forbidden\r\n"}, "doubtful", ["HEAD", "GET"]),
        ({"/a": b"503 Busy\r\n"}, "doubtful", ["HEAD", "GET"]),
        ({"/a": b"429 Slow down\r\nRetry-After: 60\r\n"}, "doubtful", ["HEAD"]),
        ({"/a": leads("/b"), "/b": OK}, "moved", ["HEAD", "HEAD"]),
        ({"/a": leads("/b", b"302 Found"), "/b": OK}, "ok", ["HEAD", "HEAD"]),
        ({"/a": leads("/b"), "/b": b"410 Gone\r\n"}, "dead", ["HEAD", "HEAD", "GET"]),
        ({"/a": leads("/a")}, "doubtful", ["HEAD"] * asking.HOPS),
        ({"/a": leads("ftp://example.org/")}, "doubtful", ["HEAD"]),
    ],
)
async def test_an_answer_is_judged_by_its_end(
    elsewhere: Elsewhere, answers: dict[str, bytes], state: str, asked: list[str]
) -> None:
    elsewhere.answers = answers
    found = await asking.look(f"{elsewhere.url}/a", "", SITE, private=True)
    assert (found.state, [method for method, _ in elsewhere.asked]) == (state, asked)
    assert found.moved_to == (f"{elsewhere.url}/b" if state == "moved" else "")


async def test_who_asks_is_said_and_what_was_there_before_is_named(elsewhere: Elsewhere) -> None:
    elsewhere.answers = {"HEAD /a": b"405 No\r\n", "GET /a": b"304 Not Modified\r\n"}
    found = await asking.look(f"{elsewhere.url}/a", '"e1"', SITE, private=True)
    assert found.state == "ok"
    assert 'if-none-match: "e1"' in elsewhere.heads[1]
    assert all("user-agent: sdc-link-check-bot/1 (+https://example.org)" in head for head in elsewhere.heads)


async def test_an_address_of_this_machine_is_not_asked_nor_counted_as_dead(elsewhere: Elsewhere) -> None:
    found = await asking.look(f"{elsewhere.url}/a", "", SITE)
    assert (found.state, elsewhere.asked) == ("doubtful", [])
    assert "none of the public internet" in found.reason


async def test_a_round_names_the_texts_that_lead_to_nothing(
    databases: Databases, elsewhere: Elsewhere, publish: Publish
) -> None:
    elsewhere.answers = {"/there?x=1": OK, "/old": leads("/new"), "/new": OK}
    body = f"[a]({elsewhere.url}/there?x=1#part) [b]({elsewhere.url}/gone) [c]({elsewhere.url}/old) [d](/posts/nothing)"
    first = await publish("First", body, slug="first")
    second = await publish("Second", f"[b]({elsewhere.url}/gone) [e]({SITE}/tags/none) [f](/posts/first)")
    done = await look(databases)
    assert done == Looked(looked_at=3, dead=3, moved=1, doubtful=0, waiting=0)
    found = {each.url: [text.id for text in each.texts] for each in await listed(databases)}
    assert found == {
        f"{elsewhere.url}/gone": [second.id, first.id],
        "/posts/nothing": [first.id],
        "/tags/none": [second.id],
        f"{elsewhere.url}/old": [first.id],
    }


async def test_what_was_looked_at_is_left_alone_for_a_week(
    databases: Databases, elsewhere: Elsewhere, publish: Publish
) -> None:
    elsewhere.answers = {"/there": OK}
    await publish("First", f"[a]({elsewhere.url}/there)")
    begun_us = clock.now_us()
    counts = []
    for days in (0, 1, 6, 9):
        with clock.frozen(begun_us + days * clock.DAY_US):
            counts.append((await look(databases)).looked_at)
    assert counts == [1, 0, 0, 1]


async def test_what_does_not_answer_is_dead_on_the_third_day_and_well_again_when_it_answers(
    databases: Databases, elsewhere: Elsewhere, publish: Publish
) -> None:
    elsewhere.answers = {"/a": b"500 Broken\r\n"}
    await publish("First", f"[a]({elsewhere.url}/a)")
    begun_us = clock.now_us()
    stood = []
    for day in range(4):
        with clock.frozen(begun_us + day * clock.DAY_US + day * clock.SECOND_US):
            done = await look(databases)
            stood.append((done.doubtful, done.dead))
    elsewhere.answers = {"/a": OK}
    with clock.frozen(begun_us + 15 * clock.DAY_US):
        done = await look(databases)
    assert stood == [(1, 0), (1, 0), (0, 1), (0, 1)]
    assert (done.looked_at, done.dead, done.doubtful) == (1, 0, 0)


async def test_a_host_is_asked_one_after_the_other_with_a_pause(
    databases: Databases, elsewhere: Elsewhere, publish: Publish
) -> None:
    elsewhere.answers = {f"/{number}": OK for number in range(4)}
    await publish("First", " ".join(f"[a]({elsewhere.url}/{number})" for number in range(4)))
    began_us = clock.monotonic_us()
    done = await look(databases, pace_s=0.05)
    assert (done.looked_at, elsewhere.most_at_once) == (4, 1)
    assert clock.monotonic_us() - began_us > 3 * 50_000


async def test_a_host_that_does_not_answer_is_asked_once_in_a_round(databases: Databases, publish: Publish) -> None:
    await publish("First", f"[a]({NOBODY}/1) [b]({NOBODY}/2) [c]({NOBODY}/3)")
    done = await look(databases)
    assert (done.looked_at, done.doubtful, done.waiting) == (1, 1, 2)


async def test_a_host_that_hangs_does_not_hold_a_round_up(
    databases: Databases, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "END_S", 0.3)

    async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(hang) as url:
        await publish("First", f"[a]({url}/a)")
        done = await look(databases)
    assert (done.looked_at, done.waiting) == (0, 1)


async def test_a_link_that_was_mended_leaves_the_page_at_once(
    databases: Databases, elsewhere: Elsewhere, publish: Publish
) -> None:
    post = await publish("First", f"[a]({elsewhere.url}/gone) [b](/posts/later)")
    await look(databases)
    before = {each.url for each in await listed(databases)}
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="First", body="[b](/posts/later)"), 2)
    await posts.publish(databases.site, OWNER, post.id)
    await publish("Later", slug="later")
    assert before == {f"{elsewhere.url}/gone", "/posts/later"}
    assert await listed(databases) == []
    assert (await look(databases)).dead == 0


async def test_an_author_sees_the_links_of_their_own_texts_alone(
    databases: Databases, elsewhere: Elsewhere, publish: Publish
) -> None:
    await publish("First", f"[a]({elsewhere.url}/gone)")
    await look(databases)
    assert await listed(databases, Actor(id="01ARZ3NDEKTSV4RRFFQ69G5FAV", name="eve", role="author")) == []


async def test_the_checks_of_a_text_name_a_link_that_is_known_to_be_dead(
    databases: Databases, elsewhere: Elsewhere, publish: Publish
) -> None:
    elsewhere.answers = {"/old": leads("/new"), "/new": OK}
    post = await publish("First", f"[a]({elsewhere.url}/gone) [b]({elsewhere.url}/old)")
    await look(databases)
    draft = Draft(title="Next", body=f"\n[a]({elsewhere.url}/gone#part)\n\n[b]({elsewhere.url}/old)")
    found = {each.rule: each for each in await checks.look(databases.site, post, draft, SITE)}
    assert (found["gone-link"].line, found["gone-on-link"].line) == (2, 4)
    assert found["gone-link"].what.endswith("it answers 404: nothing is there.")
    assert found["gone-link"].severity == "broken"


async def test_the_cron_hook_answers_in_numbers(
    client: httpx.AsyncClient, databases: Databases, settings: Settings, publish: Publish
) -> None:
    await publish("First", f"[a]({NOBODY}) [b](/nothing)")
    body = messages.encode(CheckLinks(data=CronTick(job="cron.links", run_id="run_1", due_us=1)))
    answer = await client.post("/hooks", content=body, headers=Keyring(settings.webhook_secrets).headers("run_1", body))
    numbers = msgspec.json.decode(answer.content, type=dict[str, int])
    assert (answer.status_code, numbers) == (200, {"looked_at": 1, "dead": 1, "moved": 0, "doubtful": 1, "waiting": 0})


async def test_the_page_and_the_home_page_tell_of_dead_links_and_escape_them(
    client: httpx.AsyncClient, databases: Databases, elsewhere: Elsewhere
) -> None:
    await come_in(client, databases)
    empty = await client.get("/author/links", headers=BROWSER)
    post = await posts.create(databases.site, OWNER, "post")
    draft = Draft(title="A <b>text</b>", body=f"[a](<{elsewhere.url}/gone?a=\"onload=alert(1)&b='>)")
    await posts.revisions.save(databases.site, OWNER, post.id, draft, 1)
    await posts.publish(databases.site, OWNER, post.id)
    await look(databases)
    page, home = [await client.get(path, headers=BROWSER) for path in ("/author/links", "/author")]
    assert "No link is known to be dead." in empty.text
    assert "A &lt;b&gt;text&lt;/b&gt;" in page.text
    assert '"onload' not in page.text
    assert "It answers 404: nothing is there." in page.text
    assert "1 link leads nowhere, in one text" in home.text
