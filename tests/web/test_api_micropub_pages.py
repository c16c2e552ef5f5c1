"""Micropub for apps that run in a browser: what a page of another site may ask and read."""

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_web.db import Databases

from api_client import token
from signing_in import come_in
from writing_app import bearing

PAGE = {"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}


@pytest.mark.parametrize("path", ["/micropub", "/micropub/media"])
async def test_a_browser_is_told_what_a_page_may_send(client: httpx.AsyncClient, path: str) -> None:
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    told = await client.options(path, headers=PAGE | wanted)
    assert (told.status_code, told.headers["access-control-allow-origin"]) == (204, "*")
    allowed = told.headers["access-control-allow-headers"].lower()
    assert {"authorization", "content-type", "idempotency-key"} == set(allowed.split(", "))
    assert "POST" in told.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in told.headers


@pytest.mark.parametrize("way", ["header", "form"])
async def test_a_page_with_a_token_makes_a_post_and_reads_where_it_is(
    app: ASGIApp, databases: Databases, author_id: str, way: str
) -> None:
    text = await token(databases, author_id)
    async with bearing(app, text if way == "header" else "") as page:
        form = {"h": "entry", "content": "From a page", **({} if way == "header" else {"access_token": text})}
        made = await page.post("/micropub", data=form, headers=PAGE)
        assert (made.status_code, made.headers["access-control-allow-origin"]) == (201, "*")
        assert "Location" in made.headers["access-control-expose-headers"]
        assert (await page.get(made.headers["location"])).status_code == 200


async def test_a_page_reads_refusals_too(client: httpx.AsyncClient) -> None:
    for answer in (
        await client.get("/micropub?q=config", headers=PAGE),
        await client.post("/micropub", data={"content": "x"}, headers=PAGE),
        await client.post("/micropub/media", headers=PAGE),
    ):
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, "*")


async def test_a_cookie_lets_no_page_in_and_nothing_else_is_open(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    assert (await client.post("/micropub", data={"content": "x"}, headers=PAGE)).status_code == 401
    for path in ("/api/v1/posts", "/author", "/micropub-no", "/"):
        assert "access-control-allow-origin" not in (await client.get(path, headers=PAGE)).headers, path
