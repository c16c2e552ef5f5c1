"""What is taken for a webmention, and how much of it: refusals in words, and the bounds of a host and of all."""

from collections.abc import Awaitable, Callable

import httpx
import pytest
from sdc_core import clock
from sdc_core.errors import NotFound
from sdc_core.settings import Settings
from sdc_core.sqlite import execute, fetch_value
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post
from sdc_web.webmentions import switches, taking
from sdc_web.webmentions.switches import Switches

from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]
SITE = "http://localhost:8000"
TARGET = f"{SITE}/posts/fog"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A site with a public address."""
    return settings.model_copy(update={"SITE_URL": SITE})


@pytest.fixture
async def post(databases: Databases, publish: Publish) -> Post:
    """The text that is led to; the site takes webmentions."""
    await switches.change(databases.site, OWNER, Switches(into=True))
    return await publish("Fog")


async def tell(client: httpx.AsyncClient, source: str, target: str = TARGET) -> httpx.Response:
    """As another site does: no browser, no origin."""
    return await client.post("/webmention", data={"source": source, "target": target})


async def count(databases: Databases) -> object:
    async with databases.site.read() as connection:
        return await fetch_value(connection, "SELECT count(*) FROM webmentions")


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("", TARGET),
        ("nothing", TARGET),
        ("ftp://example.org/x", TARGET),
        ("javascript:alert(1)", TARGET),
        ("http://user:word@example.org/", TARGET),
        ("http://[::", TARGET),
        ("https://example.org/" + "a" * 2_001, TARGET),
        ("https://example.org/a b", TARGET),
        (TARGET, TARGET),
        (f"{SITE}/posts/other", TARGET),
        ("https://example.org/x", ""),
        ("https://example.org/x", "https://example.org/x"),
        ("https://example.org/x", f"{SITE}/"),
        ("https://example.org/x", f"{SITE}/posts"),
        ("https://example.org/x", f"{SITE}/posts/missing"),
        ("https://example.org/x", f"{SITE}/posts/draft"),
        ("https://example.org/x", f"{SITE}/posts/fog/more"),
        ("https://example.org/x", f"{SITE}/about"),
        ("https://example.org/x", f"{SITE}/author/posts"),
        ("https://example.org/x", f"{SITE}/posts/%00"),
        ("https://example.org/x", f"{SITE}/posts/%ff"),
        ("https://example.org/x", "/posts/fog"),
        ("https://example.org/x", "https://localhost/posts/fog"),
    ],
)
async def test_what_cannot_be_a_webmention_is_refused_in_words(
    client: httpx.AsyncClient, databases: Databases, publish: Publish, post: Post, source: str, target: str
) -> None:
    assert post
    await publish("About", kind="page")
    await posts.revisions.save(
        databases.site, OWNER, (await posts.create(databases.site, OWNER, "post")).id, Draft(title="Draft"), 1
    )
    answer = await tell(client, source, target)
    assert answer.status_code == 400
    assert answer.text.startswith("This is no webmention: ")
    assert await count(databases) == 0


@pytest.mark.parametrize(
    "sent",
    [
        {"content": b"source=a&target=b", "headers": {"content-type": "text/plain"}},
        {"content": b'{"source": "a"}', "headers": {"content-type": "application/json"}},
        {"content": b"source=a", "headers": {"content-type": "application/x-www-form-urlencoded"}},
        {"content": b"source=%ff&target=%fe", "headers": {"content-type": "application/x-www-form-urlencoded"}},
        {"content": b"source=a&source=b&target=c", "headers": {"content-type": "application/x-www-form-urlencoded"}},
        {"content": b"a=1&" * 30, "headers": {"content-type": "application/x-www-form-urlencoded"}},
        {"content": b"source=" + b"a" * 9_000, "headers": {"content-type": "application/x-www-form-urlencoded"}},
        {"files": {"source": ("a.txt", b"a")}},
        {},
    ],
    ids=range(9),
)
async def test_a_form_that_is_none_is_refused(client: httpx.AsyncClient, post: Post, sent: dict[str, object]) -> None:
    assert post
    assert (await client.post("/webmention", **sent)).status_code == 400  # ty: ignore[invalid-argument-type]


async def test_a_host_that_tells_much_is_asked_to_wait_and_others_are_not(
    client: httpx.AsyncClient, post: Post
) -> None:
    assert post
    for each in range(taking.MAX_WAITING_OF_HOST):
        assert (await tell(client, f"https://one.example/{each}")).status_code == 202
    refused = await tell(client, "https://one.example/more")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, str(taking.RETRY_S))
    assert (await tell(client, "https://ONE.example/other")).status_code == 429
    assert (await tell(client, "https://two.example/1")).status_code == 202


async def test_a_host_may_tell_so_much_an_hour(client: httpx.AsyncClient, databases: Databases, post: Post) -> None:
    assert post
    for each in range(taking.MAX_AN_HOUR_OF_HOST):
        assert (await tell(client, f"http://127.0.0.1:9/{each}")).status_code == 202
        async with databases.site.transaction() as connection:
            await execute(connection, "UPDATE webmentions SET next_us = NULL", {})
    assert (await tell(client, "http://127.0.0.1:9/more")).status_code == 429
    with clock.frozen(clock.now_us() + taking.HOUR_US + clock.SECOND_US):
        assert (await tell(client, "http://127.0.0.1:9/more")).status_code == 202


async def test_no_more_wait_than_the_queue_holds(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, post: Post
) -> None:
    assert post
    monkeypatch.setattr(taking, "MAX_WAITING", 5)
    for each in range(5):
        assert (await tell(client, f"https://{each}.example/")).status_code == 202
    assert (await tell(client, "https://more.example/")).status_code == 429


async def test_no_more_are_kept_than_there_is_room_for(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, post: Post
) -> None:
    assert post
    monkeypatch.setattr(taking, "MAX_KEPT", 2)
    assert (await tell(client, "https://1.example/")).status_code == 202
    assert (await tell(client, "https://2.example/")).status_code == 202
    assert (await tell(client, "https://3.example/")).status_code == 429


async def test_a_site_without_a_public_address_takes_none(databases: Databases, settings: Settings, post: Post) -> None:
    assert post
    unnamed = settings.model_copy(update={"SITE_URL": ""})
    with pytest.raises(NotFound, match=taking.CLOSED):
        await taking.take(databases.site, unnamed, "https://example.org/x", TARGET)
    assert await count(databases) == 0
