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


async def test_filters_hold_together_and_what_is_not_is_left_out(api: httpx.AsyncClient) -> None:
    both = await api.get("/analytics/summary?referrer=news.example&not-path=/b")
    begun = await api.get("/analytics/summary", params={"path": "/*", "not-status": "404"})
    assert (both.json()["page_views"], begun.json()["page_views"]) == (1, 3)


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
    for refused, scope in ((read, "read"), (written, "write")):
        assert refused.json()["detail"] == f"the scope of this token leaves that out: make one with `--scope {scope}`"
        assert refused.headers["www-authenticate"] == f'Bearer error="insufficient_scope", scope="{scope}"'


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "from"),
        ("from=2026-02-30", "from"),
        ("from=2026-02-02&to=2026-02-01", "from"),
        ("from=2000-01-01", "from"),
        ("status=ok", "status"),
        ("misspelt=x", "misspelt"),
        ("by=nothing", "by"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("country=DE&country=CH", ""),
    ],
)
async def test_what_cannot_be_asked_is_refused(api: httpx.AsyncClient, query: str, field: str) -> None:
    answer = await api.get(f"/analytics/breakdown?{query}")
    assert (answer.status_code, answer.json().get("field", "")) == (422, field)
