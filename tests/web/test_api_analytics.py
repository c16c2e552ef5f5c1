"""The statistics for programs: figures of a real worker, by a token that reads nothing else."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_web.db import Databases
from sdc_worker import app as worker_app

from api_client import program, token
from log_lines import fill, page_view

PATHS = ("summary", "timeseries", "breakdown", "latency", "live")


@pytest.fixture
def settings(settings_with_worker: Settings) -> Settings:
    return settings_with_worker


@pytest.fixture
async def api(
    worker: worker_app.Parts, app: ASGIApp, databases: Databases, author_id: str
) -> AsyncGenerator[httpx.AsyncClient]:
    """A program that may read the statistics, on a site with three page views today."""
    now_us = clock.now_us()
    views = [page_view(now_us, "1" * 16, "/a", "news.example"), page_view(now_us, "1" * 16, "/b")]
    await fill(worker.database, {clock.today(): [*views, page_view(now_us, "2" * 16, "/a")]}, slot="7")
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(program(app, await token(databases, author_id, "analytics:read")))


async def test_the_figures_are_those_of_the_statistics(api: httpx.AsyncClient) -> None:
    today = clock.today()
    summary = (await api.get("/analytics/summary")).json()
    course = (await api.get(f"/analytics/timeseries?from={today}&to={today}&by=hour")).json()
    pages = (await api.get("/analytics/breakdown?by=page&limit=1")).json()
    times = (await api.get("/analytics/latency")).json()
    now = (await api.get("/analytics/live")).json()
    assert (summary["visitors"], summary["page_views"], now["visitors"]) == (2, 3, 2)
    assert (len(course["points"]), sum(each["page_views"] for each in course["points"])) == (24, 3)
    assert (pages["total"], [each["key"] for each in pages["rows"]]) == (2, ["/a"])
    assert {each["path"] for each in times["rows"]} == {"/a", "/b"}
    assert pages["before"] is None


async def test_a_breakdown_stands_beside_the_days_before(api: httpx.AsyncClient) -> None:
    today = clock.today()
    tomorrow = clock.day_of(clock.now_us() + clock.DAY_US)
    path = "/analytics/breakdown?by=page"
    now = (await api.get(f"{path}&from={today}&to={today}&compare=before")).json()
    later = (await api.get(f"{path}&from={tomorrow}&to={tomorrow}&compare=before")).json()
    assert (len(now["rows"]), now["before"]) == (2, [])
    assert (later["rows"], later["before"]) == ([], [])
    a_year = (await api.get(f"{path}&compare=year")).json()
    assert a_year["before"] == []
    assert (await api.get(f"{path}&compare=tomorrow")).status_code == 422


async def test_filters_hold_together_and_what_is_not_is_left_out(api: httpx.AsyncClient) -> None:
    both = await api.get("/analytics/summary?referrer=news.example&not-path=/b")
    begun = await api.get("/analytics/summary", params={"path": "/*", "not-status": "404"})
    assert (both.json()["page_views"], begun.json()["page_views"]) == (1, 3)


async def test_values_of_one_filter_are_alternatives(api: httpx.AsyncClient) -> None:
    both = await api.get("/analytics/summary?path=/a&path=/b&not-status=404&not-status=500")
    neither = await api.get("/analytics/summary?not-path=/a&not-path=/b")
    assert (both.json()["page_views"], neither.json()["page_views"]) == (3, 0)


async def test_a_filter_has_twenty_values_and_a_day_is_sent_once(api: httpx.AsyncClient) -> None:
    many = "&".join(["path=/a"] * 21)
    for query in (many, "from=2026-01-01&from=2026-01-02", "status=404&status=abc"):
        assert (await api.get(f"/analytics/summary?{query}")).status_code == 422


@pytest.mark.parametrize("path", PATHS[:-1])
async def test_what_is_known_already_is_not_sent_again(api: httpx.AsyncClient, path: str) -> None:
    known = (await api.get(f"/analytics/{path}")).headers["etag"]
    assert (await api.get(f"/analytics/{path}", headers={"if-none-match": known})).status_code == 304


@pytest.mark.parametrize("path", ["/posts", "/media", "/tags"])
async def test_a_token_for_the_statistics_reads_nothing_else_and_changes_nothing(
    api: httpx.AsyncClient, path: str
) -> None:
    read, written = await api.get(path), await api.post("/posts", json={"title": "Fog"})
    assert (read.status_code, written.status_code) == (403, 403)
    for refused, scope in ((read, f"{'media' if path == '/media' else 'posts'}:read"), (written, "posts:write")):
        assert refused.json()["detail"] == f"the scope of this token leaves that out: make one with `--scope {scope}`"
        assert refused.headers["www-authenticate"] == f'Bearer error="insufficient_scope", scope="{scope}"'


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "from"),
        ("from=2026-02-30", "from"),
        ("from=2026-02-02&to=2026-02-01", "from"),
        ("from=1980-01-01", "from"),
        ("status=ok", "status"),
        ("misspelt=x", "misspelt"),
        ("by=nothing", "by"),
        ("limit=0", "limit"),
        ("limit=20001", "limit"),
    ],
)
async def test_what_cannot_be_asked_is_refused(api: httpx.AsyncClient, query: str, field: str) -> None:
    answer = await api.get(f"/analytics/breakdown?{query}")
    assert (answer.status_code, answer.json().get("field", "")) == (422, field)
