from contextlib import AsyncExitStack

import httpx
import pytest
from litestar import Request
from litestar.datastructures import State
from sdc_core import service_client, sqlite
from sdc_core.errors import Unavailable
from sdc_core.settings import Settings
from sdc_core.webhooks import Keyring
from sdc_web.dashboard import asked, home, live
from sdc_web.db import READERS, Databases
from sdc_web.sessions.signed_in import SignedIn

from signing_in import BROWSER, HTMX, come_in, send


@pytest.fixture
async def signed_in(client: httpx.AsyncClient, databases: Databases) -> httpx.AsyncClient:
    """A browser of a signed-in author; no worker is there."""
    await come_in(client, databases)
    return client


@pytest.mark.parametrize(
    "path", ["/author", "/author/statistics", "/author/jobs", "/author/backups", "/author/versions"]
)
async def test_without_the_worker_the_page_says_so_and_stands(signed_in: httpx.AsyncClient, path: str) -> None:
    answer = await signed_in.get(path, headers=BROWSER)
    assert answer.status_code == 200
    assert "The worker does not answer" in answer.text


async def test_without_the_worker_the_home_page_still_lists_posts(signed_in: httpx.AsyncClient) -> None:
    made = await send(signed_in, "/author/posts", {"kind": "post"})
    answer = await signed_in.get("/author", headers=BROWSER)
    assert made.headers["location"] in answer.text


async def test_a_busy_database_comes_out_of_the_home_page_as_what_it_is(
    settings: Settings, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    author = SignedIn(
        id="1",
        name="ada",
        display_name="Ada",
        role="owner",
        session_id="1",
        confirmed_at_us=1,
        expires_at_us=1,
        refreshed=False,
    )
    request = Request[object, object, State]({"type": "http"})  # ty: ignore[invalid-argument-type]
    async with AsyncExitStack() as held:
        worker = await held.enter_async_context(
            service_client.connect(settings.worker_url, Keyring(settings.webhook_secrets))
        )
        for _ in range(READERS):
            await held.enter_async_context(databases.site.read())
        monkeypatch.setattr(sqlite, "LOCK_S", 0.01)
        with pytest.raises(Unavailable, match="is busy"):
            await home.show.fn(request, databases, settings, worker, author)


async def test_a_run_that_cannot_be_started_is_told_of(signed_in: httpx.AsyncClient) -> None:
    assert (await send(signed_in, "/author/jobs/cron.expire/runs", {})).status_code == 503


async def test_the_live_figure_keeps_what_it_shows_without_the_worker(
    signed_in: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "EVENTS", 1)
    answer = await signed_in.get("/author/statistics/live", headers=HTMX)
    assert answer.status_code == 200
    assert "data:" not in answer.text


async def test_a_table_that_cannot_be_had_is_told_of(signed_in: httpx.AsyncClient) -> None:
    page = await signed_in.get("/author/statistics/rows?by=page", headers=BROWSER)
    file = await signed_in.get("/author/statistics/export?by=page", headers=BROWSER)
    assert "The worker does not answer" in page.text
    assert (page.status_code, file.status_code) == (200, 503)


@pytest.mark.parametrize(
    "query", ["from=yesterday", "from=2026-02-30", "from=2026-02-02&to=2026-02-01", "from=1980-01-01", "status=ok"]
)
async def test_a_period_that_is_none_is_the_senders_fault(signed_in: httpx.AsyncClient, query: str) -> None:
    assert (await signed_in.get(f"/author/statistics?{query}", headers=BROWSER)).status_code == 422


def test_the_period_is_thirty_days_where_the_address_names_none() -> None:
    question = asked.read([("country", "CH"), ("browser", "")], "2026-11-24")
    assert (question.from_day, question.to_day, dict(question.filters)) == (
        "2026-10-26", "2026-11-24", {"country": ("CH",)},
    )  # fmt: skip
