"""Redirects for programs: listed, made, deleted."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_web.db import Databases

from api_client import program, token


@pytest.fixture
async def api(app: ASGIApp, databases: Databases, author_id: str) -> AsyncGenerator[httpx.AsyncClient]:
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(program(app, await token(databases, author_id)))


async def test_an_old_address_leads_on_until_its_redirect_is_deleted(
    api: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    made = await api.post("/redirects", json={"path": "/lamp", "target": "/posts"})
    assert (made.status_code, made.json()["target"], made.json()["own"]) == (201, "/posts", True)
    assert (await client.get("/lamp")).headers["location"] == "/posts"
    assert (await api.delete("/redirects", params={"path": "/lamp"})).status_code == 204
    assert (await client.get("/lamp")).status_code == 404
    again = await api.delete("/redirects", params={"path": "/lamp"})
    assert (again.status_code, again.json()["code"]) == (404, "not_found")


async def test_the_list_comes_in_pages_and_each_redirect_once(api: httpx.AsyncClient) -> None:
    for number in range(7):
        await api.post("/redirects", json={"path": f"/old/{number} é", "target": "https://example.org/"})
    seen, cursor = [], None
    while True:
        page = (await api.get("/redirects", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [each["path"] for each in page["redirects"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == [f"/old/{number} é" for number in reversed(range(7))]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"path": "lamp", "target": "/posts"}, "path"),
        ({"path": "/author/x", "target": "/posts"}, "path"),
        ({"path": "/lamp", "target": "javascript:alert(1)"}, "target"),
        ({"path": "/lamp", "target": "/lamp"}, "target"),
        ({"path": "/lamp", "target": "/posts", "uses": 3}, "uses"),
    ],
)
async def test_what_cannot_lead_on_is_refused_beside_its_field(
    api: httpx.AsyncClient, sent: dict[str, object], field: str
) -> None:
    answer = await api.post("/redirects", json=sent)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert (await api.get("/redirects")).json() == {"redirects": [], "next_cursor": None}


async def test_a_token_that_may_read_reads_and_makes_none(app: ASGIApp, databases: Databases, author_id: str) -> None:
    async with program(app, await token(databases, author_id, "read")) as reader:
        assert (await reader.get("/redirects")).status_code == 200
        assert (await reader.post("/redirects", json={"path": "/a", "target": "/posts"})).status_code == 403
