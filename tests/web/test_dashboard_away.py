import httpx
import pytest
from sdc_web.dashboard.statistics import read_question
from sdc_web.db import Databases

from signing_in import BROWSER, HTMX, make_author, send, sign_in


@pytest.fixture
async def signed_in(client: httpx.AsyncClient, databases: Databases) -> httpx.AsyncClient:
    """A browser of a signed-in author; no worker is there."""
    await make_author(databases)
    await sign_in(client)
    return client


@pytest.mark.parametrize("path", ["/author", "/author/statistics", "/author/jobs", "/author/backups"])
async def test_without_the_worker_the_page_says_so_and_stands(signed_in: httpx.AsyncClient, path: str) -> None:
    answer = await signed_in.get(path, headers=BROWSER)
    assert answer.status_code == 200
    assert "The worker does not answer" in answer.text


async def test_without_the_worker_the_home_page_still_lists_posts(signed_in: httpx.AsyncClient) -> None:
    made = await send(signed_in, "/author/posts", {"kind": "post"})
    answer = await signed_in.get("/author", headers=BROWSER)
    assert made.headers["location"] in answer.text


async def test_a_run_that_cannot_be_started_is_told_of(signed_in: httpx.AsyncClient) -> None:
    assert (await send(signed_in, "/author/jobs/cron.expire/runs", {})).status_code == 503


async def test_the_live_figure_keeps_what_it_shows_without_the_worker(signed_in: httpx.AsyncClient) -> None:
    assert (await signed_in.get("/author/statistics/live", headers=HTMX)).status_code == 503


@pytest.mark.parametrize(
    "query", ["from=yesterday", "from=2026-02-30", "from=2026-02-02&to=2026-02-01", "from=2000-01-01", "status=ok"]
)
async def test_a_period_that_is_none_is_the_senders_fault(signed_in: httpx.AsyncClient, query: str) -> None:
    assert (await signed_in.get(f"/author/statistics?{query}", headers=BROWSER)).status_code == 422


def test_the_period_is_thirty_days_where_the_address_names_none() -> None:
    question = read_question({"country": "CH", "browser": ""}, "2026-11-24")
    assert (question.from_day, question.to_day, dict(question.filters)) == (
        "2026-10-26", "2026-11-24", {"country": "CH"},
    )  # fmt: skip
