"""The page for developers: what it tells, and that nobody else has it."""

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx
import pytest
from litestar.types import ASGIApp
from pydantic import SecretStr
from sdc_core.logging import request_id
from sdc_core.settings import Settings
from sdc_core.sqlite import execute
from sdc_web import debug_page
from sdc_web.app import Routes, build
from sdc_web.db import Databases

from signing_in import BROWSER, come_in

Running = Callable[[ASGIApp], AbstractAsyncContextManager[None]]

PATH = "/author/debug"
SQL_ROLE = "UPDATE authors SET role = :role"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    hidden = {"S3_SECRET_ACCESS_KEY": SecretStr("unseen-1"), "PING_URL": "https://hc.example/hidden-2"}
    more = {"TRACES_URL": "", "WEBSUB_HUB": "https://ada:unseen-3@hub.example/"}
    return settings.model_copy(update={"DEBUG_PAGE": True, **hidden, **more})


@pytest.fixture(scope="module")
def routes() -> Routes:
    """Those of every site, and this page."""
    return Routes([debug_page.show])


async def page(client: httpx.AsyncClient) -> str:
    answer = await client.get(PATH, headers=BROWSER)
    assert answer.status_code == 200
    return answer.text


async def test_it_tells_each_loop_and_where_it_waits(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    text = await page(client)
    for loop in ("posts.schedule", "endpoints.deliver", "redirects.count"):
        assert f"<code>{loop}</code>" in text
    assert "sdc_web/posts/schedule.py:" in text
    assert "sdc_threads_waiting" in text


async def test_it_tells_pages_that_are_kept(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    async with httpx.AsyncClient(transport=client._transport, base_url=client.base_url) as reader:
        await reader.get("/posts", headers={"accept-encoding": "gzip"})
    text = await page(client)
    assert "<code>/posts</code>" in text
    assert "<td>gzip</td>" in text


async def test_it_tells_the_newest_errors_with_their_requests(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    log = logging.getLogger("test")
    reset = request_id.set("request-7")
    try:
        log.error("<b>it</b> broke")
        log.warning("only a warning")
    finally:
        request_id.reset(reset)
    text = await page(client)
    assert "test: &lt;b&gt;it&lt;/b&gt; broke" in text
    assert "<code>request-7</code>" in text
    assert "only a warning" not in text


async def test_it_tells_settings_and_no_secret(
    client: httpx.AsyncClient, databases: Databases, settings: Settings
) -> None:
    await come_in(client, databases)
    text = await page(client)
    assert "<code>SDC_WEB_PORT</code></th><td><code>8000</code>" in text
    assert "<code>SDC_S3_SECRET_ACCESS_KEY</code></th><td><code>set</code>" in text
    assert "<code>https://hc.example/…</code>" in text
    assert "unseen" not in text
    assert all(secret not in text for secret in settings.webhook_secrets)


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("192.0.2.7", {}),
        ("192.0.2.7", {"Host": "localhost"}),
        ("", {}),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}),
        ("127.0.0.1", {"X-REAL-IP": "127.0.0.1"}),
    ],
)
async def test_from_elsewhere_there_is_no_such_page_even_for_its_owner(
    app: ASGIApp, client: httpx.AsyncClient, databases: Databases, address: str, headers: dict[str, str]
) -> None:
    await come_in(client, databases)
    transport = httpx.ASGITransport(app, client=(address, 50_000))  # ty: ignore[invalid-argument-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000", cookies=client.cookies) as far:
        assert (await far.get("/author", headers=BROWSER)).status_code == 200
        assert (await far.get(PATH, headers={**BROWSER, **headers})).status_code == 404


async def test_nobody_but_a_signed_in_owner_sees_it(client: httpx.AsyncClient, databases: Databases) -> None:
    assert (await client.get(PATH, headers=BROWSER)).status_code == 303
    await come_in(client, databases)
    for role in ("author", "viewer"):
        async with databases.site.transaction() as connection:
            await execute(connection, SQL_ROLE, {"role": role})
        assert (await client.get(PATH, headers=BROWSER)).status_code == 403


async def test_without_the_setting_there_is_no_such_page_and_nothing_is_kept_for_it(
    files: None, settings: Settings, databases: Databases, running: Running
) -> None:
    before = list(logging.getLogger().handlers)
    plain = build(settings.model_copy(update={"DEBUG_PAGE": False}), Routes())
    transport = httpx.ASGITransport(plain, client=("127.0.0.1", 50_000))  # ty: ignore[invalid-argument-type]
    async with running(plain), httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        await come_in(client, databases)
        assert logging.getLogger().handlers == before
        for method in ("GET", "HEAD", "POST", "DELETE"):
            assert (await client.request(method, PATH, headers=BROWSER)).status_code == 404
