"""How often a token may ask."""

from collections.abc import AsyncGenerator

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_core import clock
from sdc_core.errors import Throttled
from sdc_web import tokens
from sdc_web.api import rates
from sdc_web.api.rates import Rates
from sdc_web.db import Databases

from api_client import program, token
from raw_requests import ask
from signing_in import OWNER

MINUTE_US = 60 * clock.SECOND_US


@pytest.fixture
async def api(app: ASGIApp, databases: Databases, author_id: str) -> AsyncGenerator[httpx.AsyncClient]:
    async with program(app, await token(databases, author_id)) as opened:
        yield opened


async def test_an_answer_tells_what_is_left(api: httpx.AsyncClient) -> None:
    told = [(await api.get(path)).headers for path in ("/posts", "/posts/nothing", "/posts?limit=0", "/tags")]
    assert [each["ratelimit-policy"] for each in told] == ['"token";q=1000;w=60'] * 4
    assert [each["ratelimit"].rpartition(";")[0] for each in told] == [
        f'"token";r={left}' for left in range(999, 995, -1)
    ]


async def test_who_asks_too_often_is_told_when_to_come_back(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "MOST", 2)
    answers = [await api.get("/tags") for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert answers[2].json()["code"] == "throttled"
    assert 0 < int(answers[2].headers["retry-after"]) <= 60
    assert answers[2].headers["ratelimit"] == f'"token";r=0;t={answers[2].headers["retry-after"]}'


async def test_a_token_that_asks_too_often_changes_nothing_and_holds_up_no_other(
    api: httpx.AsyncClient, app: ASGIApp, databases: Databases, author_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "MOST", 1)
    other = await tokens.issue(databases.site, OWNER, name="other", scope="read", author_id=author_id)
    await api.get("/tags")
    assert (await api.post("/posts", json={})).status_code == 429
    async with program(app, other.text) as second:
        assert (await second.get("/posts")).json()["posts"] == []


async def test_who_has_no_token_is_told_nothing_of_it(app: ASGIApp) -> None:
    answer = await ask(app, "GET", "/api/v1/posts")
    assert (answer.status, [name for name in answer.headers if name.startswith("ratelimit")]) == (401, [])


async def test_the_window_begins_with_its_first_request_and_ends(app: ASGIApp) -> None:
    scope, counted = (await ask(app, "GET", "/health/live")).scope, Rates()
    for second in range(rates.MOST):
        counted.take("a", second, scope)
    with pytest.raises(Throttled):
        counted.take("a", MINUTE_US - 1, scope)
    counted.take("a", MINUTE_US, scope)


async def test_tokens_that_are_used_no_more_take_no_room(app: ASGIApp) -> None:
    scope, counted = (await ask(app, "GET", "/health/live")).scope, Rates()
    for number in range(100):
        counted.take(f"{number}", number * MINUTE_US, scope)
    assert [*counted._windows] == ["99"]
