"""The statistics for programs while the worker is away."""

import pytest
from litestar.types import ASGIApp
from sdc_web.db import Databases

from api_client import program, token


@pytest.mark.parametrize("path", ["summary", "timeseries", "breakdown", "latency", "live"])
async def test_without_the_worker_a_program_is_told_to_try_again(
    app: ASGIApp, databases: Databases, author_id: str, path: str
) -> None:
    async with program(app, await token(databases, author_id, "read")) as api:
        answer = await api.get(f"/analytics/{path}")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
