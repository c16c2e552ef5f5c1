"""Webmentions in the CMS: the switch, and what other sites were told."""

from collections.abc import AsyncGenerator

import httpx
import msgspec
import pytest
from sdc_core import clock
from sdc_core.errors import Forbidden
from sdc_core.settings import Settings
from sdc_core.sqlite import fetch_all
from sdc_web import posts
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post
from sdc_web.webmentions import looking, moderation, received, telling

from loopback import serving
from mention_peer import Peer
from signing_in import BROWSER, OWNER, come_in, send

SWITCHES = "/author/site/webmentions"
LIST = "/author/webmentions"
TOLD = f"{LIST}/told"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A site with a public address."""
    return settings.model_copy(update={"SITE_URL": "http://localhost:8000"})


@pytest.fixture
def peer() -> Peer:
    """Another site."""
    return Peer()


@pytest.fixture
async def there(peer: Peer) -> AsyncGenerator[str]:
    """Its address."""
    async with serving(peer.serve) as address:
        yield address


@pytest.fixture
async def owner(client: httpx.AsyncClient, databases: Databases) -> httpx.AsyncClient:
    """A browser in which the owner is signed in."""
    await come_in(client, databases)
    return client


async def read(owner: httpx.AsyncClient, path: str = LIST) -> str:
    answer = await owner.get(path, headers=BROWSER)
    assert answer.status_code == 200
    return answer.text


async def write(databases: Databases, title: str, body: str) -> Post:
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title=title, body=body), 1)
    return await posts.publish(databases.site, OWNER, post.id)


async def test_an_owner_turns_it_on_and_off(owner: httpx.AsyncClient) -> None:
    assert " checked" not in await read(owner, SWITCHES)
    assert (await send(owner, f"{SWITCHES}?_method=PUT", {"out": "true"})).status_code == 303
    assert " checked" in await read(owner, SWITCHES)
    assert (await send(owner, f"{SWITCHES}?_method=PUT", {"out": "false"})).status_code == 303
    assert " checked" not in await read(owner, SWITCHES)
    assert "other sites are told of links to them, and may not tell of theirs" in await read(owner, "/author/audit")


async def test_the_page_tells_what_was_told_and_escapes_it(
    owner: httpx.AsyncClient, databases: Databases, settings: Settings, peer: Peer, there: str
) -> None:
    assert "Have them told" in await read(owner, TOLD)
    await send(owner, f"{SWITCHES}?_method=PUT", {"out": "true"})
    peer.taker()
    post = await write(databases, "<b>Fog</b>", f"{there}/page and [a](<{there}/'b'?a=%22%3E&b=1>)")
    assert "to be told" in await read(owner, TOLD)
    with clock.frozen(clock.now_us() + clock.SECOND_US):
        await telling.tell(databases.site, settings, private=True)
    page = await read(owner, TOLD)
    assert "&lt;b&gt;Fog&lt;/b&gt;" in page
    assert ">told<" in page
    assert "takes none" in page
    assert f'href="{TOLD}?post={post.id}"' in await read(owner, f"/author/posts/{post.id}")
    assert "Of all texts" in await read(owner, f"{TOLD}?post={post.id}")
    assert "Nobody was told" in await read(owner, f"{TOLD}?post=other")


class _Id(msgspec.Struct, frozen=True):
    id: str


HERE = "http://localhost:8000/posts/fog"
EVIL = f"""<div class="h-entry">
<a class="p-author h-card" href="javascript:alert(1)">&lt;script&gt;alert('name')&lt;/script&gt;</a>
<a class="u-url" href="http://evil.example/&quot;&gt;&lt;b&gt;">x</a>
<p class="p-name">&lt;img src=x onerror=alert(1)&gt;</p>
<div class="e-content">&lt;/blockquote&gt;&lt;svg onload=alert(2)&gt; <a href="{HERE}">f</a></div></div>"""


async def told_by(
    owner: httpx.AsyncClient, databases: Databases, peer: Peer, there: str, html: str, number: int = 1
) -> None:
    """So many pages of the other site lead to `/posts/fog`, and were looked at."""
    assert (await send(owner, f"{SWITCHES}?_method=PUT", {"into": "true"})).status_code == 303
    await write(databases, "Fog", "A text.")
    for each in range(number):
        peer.page(f"/{each}", html)
        form = {"source": f"{there}/{each}", "target": "http://localhost:8000/posts/fog"}
        assert (await owner.post("/webmention", data=form)).status_code == 202
    with clock.frozen(clock.now_us() + clock.SECOND_US):
        assert await looking.look(databases.site, "http://localhost:8000", private=True, pace_s=0) == number


async def ids(databases: Databases) -> list[str]:
    async with databases.site.read() as connection:
        return [each.id for each in await fetch_all(connection, _Id, "SELECT id FROM webmentions ORDER BY id", {})]


async def decide(owner: httpx.AsyncClient, chosen: list[str], verdict: str, state: str = "waiting") -> str:
    """Tick these, press that button; where that leads."""
    form = {"state": state, "verdict": verdict, "mention": chosen}
    answer = await owner.post(f"{LIST}/decisions", data=form, headers=BROWSER)
    assert answer.status_code == 303
    return answer.headers["location"]


async def test_the_home_page_says_what_waits_and_the_list_decides_several_at_once(
    owner: httpx.AsyncClient, databases: Databases, peer: Peer, there: str
) -> None:
    html = '<div class="h-entry"><p class="p-author">Grace</p><a class="u-like-of" href="http://localhost:8000/posts/fog">F</a></div>'
    await told_by(owner, databases, peer, there, html, 3)
    assert "3 webmentions wait for you" in await read(owner, "/author")
    page = await read(owner)
    assert page.count('name="mention"') == 3
    assert "Grace</bdi> likes it" in page
    first, *others = await ids(databases)
    assert await decide(owner, [], "accepted") == f"{LIST}?state=waiting&said=none-ticked"
    assert await decide(owner, others, "accepted") == f"{LIST}?state=waiting&said=accepted"
    assert await decide(owner, [first], "refused") == f"{LIST}?state=waiting&said=refused"
    assert "Nothing waits for you" in await read(owner)
    assert (
        "webmention" not in (await read(owner, "/author")).partition("home-attention-all")[2].partition("</section>")[0]
    )
    assert (await read(owner, f"{LIST}?state=accepted")).count('name="mention"') == 2
    assert (await read(owner, "/posts/fog")).count("likes this on") == 2
    await decide(owner, others, "refused", "accepted")
    assert "likes this on" not in await read(owner, "/posts/fog")
    assert "accepted webmentions:" in await read(owner, "/author/audit")


async def test_what_others_wrote_is_never_markup(
    owner: httpx.AsyncClient, databases: Databases, peer: Peer, there: str
) -> None:
    await told_by(owner, databases, peer, there, EVIL)
    pages = [await read(owner)]
    await decide(owner, await ids(databases), "accepted")
    pages += [await read(owner, f"{LIST}?state=accepted"), await read(owner, "/posts/fog")]
    for page in pages:
        assert "&lt;script&gt;alert(&#39;name&#39;)" in page
        for evil in ("<script>alert", "<img src=x", "<svg onload", "javascript:", 'evil.example/"'):
            assert evil not in page


async def test_a_host_is_blocked_and_allowed_again(
    owner: httpx.AsyncClient, databases: Databases, peer: Peer, there: str
) -> None:
    await told_by(owner, databases, peer, there, '<a href="http://localhost:8000/posts/fog">F</a>')
    for wrong in ("127.0.0.1:8000", "", "https://example.org/", "a b", "x" * 254):
        answer = await send(owner, f"{LIST}/blocks", {"host": wrong})
        assert answer.status_code == 422
        assert "rite a host, such as example.org" in answer.text
    assert (await send(owner, f"{LIST}/blocks", {"host": " 127.0.0.1 "})).status_code == 303
    assert "Allow again<span" in await read(owner)
    assert await ids(databases) == []
    assert (await send(owner, f"{LIST}/blocks?_method=DELETE", {"host": "127.0.0.1"})).status_code == 303
    assert (await send(owner, f"{LIST}/blocks?_method=DELETE", {"host": "127.0.0.1"})).status_code == 404
    assert "Allow again<span" not in await read(owner)


async def test_an_author_decides_on_their_own_texts_alone(
    owner: httpx.AsyncClient, databases: Databases, peer: Peer, there: str
) -> None:
    await told_by(owner, databases, peer, there, '<a href="http://localhost:8000/posts/fog">F</a>')
    another = Actor(id="01K000000000000000000000DB", name="bob", role="author")
    async with databases.site.read() as connection:
        assert await moderation.listing(connection, another, "waiting") == []
        assert await moderation.count_waiting(connection, another) == 0
    with pytest.raises(Forbidden):
        await moderation.decide(databases.site, another, await ids(databases), "accepted")
    assert "Said elsewhere" not in await read(owner, "/posts/fog")
    async with databases.site.read() as connection:
        (post,) = await posts.of_kind(connection, "post", 1)
        assert await received.shown(connection, post.id) == []


@pytest.mark.parametrize(
    "query", ["state=new", "state=failed", "state=x", "before=' OR 1=1", "state=waiting&state=refused"]
)
async def test_a_list_that_is_none_is_refused_or_empty(owner: httpx.AsyncClient, query: str) -> None:
    answer = await owner.get(f"{LIST}?{query}", headers=BROWSER)
    assert answer.status_code == (200 if query.startswith("before") else 422)
