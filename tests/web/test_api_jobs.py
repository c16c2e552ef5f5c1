"""Jobs and backups for programs that watch the site: what a real worker tells."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_core.settings import Settings
from sdc_web.db import Databases
from sdc_worker import app as worker_app

from api_client import program, token


@pytest.fixture
def settings(settings_with_worker: Settings) -> Settings:
    return settings_with_worker


@pytest.fixture
async def api(
    worker: worker_app.Parts, app: ASGIApp, databases: Databases, author_id: str
) -> AsyncGenerator[httpx.AsyncClient]:
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(program(app, await token(databases, author_id, "read")))


async def test_every_job_is_told_with_its_next_time(api: httpx.AsyncClient) -> None:
    jobs = {each["name"]: each for each in (await api.get("/jobs")).json()["jobs"]}
    assert {"drill.restore", "mirror.daily", "images.sweep"} <= jobs.keys()
    assert all(each["next_at"].endswith("Z") for each in jobs.values())


async def test_the_runs_of_a_job_are_told_and_of_none_that_there_is_not(api: httpx.AsyncClient) -> None:
    assert (await api.get("/jobs/images.sweep/runs")).json() == {"runs": [], "next_cursor": None}
    for name in ("nothing", "..%2Fbackups", "images.sweep%2Fruns%3F"):
        assert (await api.get(f"/jobs/{name}/runs")).status_code == 404


async def test_the_backups_are_told_each_with_a_verdict(api: httpx.AsyncClient) -> None:
    told = {each["name"]: each["verdict"] for each in (await api.get("/backups")).json()["backups"]}
    assert told.keys() == {"replica", "mirror", "drill", "rehearsal"}
    assert told["drill"] == "unknown"
