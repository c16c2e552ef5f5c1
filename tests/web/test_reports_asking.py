import asyncio
from urllib.parse import parse_qs

import httpx
import msgspec
import pytest
from litestar.types import Receive, Scope, Send
from sdc_core import clock
from sdc_core.answers.analytics import Known, PagesRead, PathDays
from sdc_core.errors import Unavailable
from sdc_core.service_client import ServiceClient
from sdc_core.webhooks import Keyring, new_secret
from sdc_web.redirects import Former
from sdc_web.reports import asking, readership


async def fail(error: Exception) -> None:
    raise error


async def all_of(*errors: Exception) -> None:
    async with asking.together() as group:
        for error in errors:
            group.create_task(fail(error))
        await asyncio.Event().wait()


async def test_the_failure_of_one_question_comes_out_as_it_is_and_ends_the_others() -> None:
    with pytest.raises(Unavailable, match="away"):
        await all_of(Unavailable("away"))


async def test_what_is_unexpected_is_not_hidden_behind_a_worker_that_is_away() -> None:
    with pytest.raises(ValueError, match="a bug"):
        await all_of(Unavailable("away"), ValueError("a bug"))


async def counting(scope: Scope, _: Receive, send: Send) -> None:
    """A worker that is there, and counts and counts."""
    if scope["type"] == "http" and scope["path"] != "/health/live":
        await asyncio.Event().wait()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}", "more_body": False})


async def test_a_worker_that_is_there_and_counts_for_long_is_not_said_to_be_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, seconds in (("SLOW_S", 0.05), ("THERE_S", 0.2), ("TIMEOUT_S", 0.5)):
        monkeypatch.setattr(asking, name, seconds)
    transport = httpx.ASGITransport(app=counting)  # ty: ignore[invalid-argument-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://worker") as client:
        worker = ServiceClient(client, Keyring([new_secret()]))
        found, why = await asking.or_why(asking.ask(worker, "/analytics/days", Known))
    assert (found, why) == (None, asking.SLOW)


async def test_a_worker_that_is_away_says_nothing_of_why() -> None:
    assert await asking.or_why(fail_for_known()) == (None, "")


async def fail_for_known() -> Known:
    raise Unavailable("connection refused")


def test_what_was_read_at_former_addresses_is_read_at_the_present_one() -> None:
    read = [
        PathDays(path="/posts/old", page_views=5, days=[5, 0]),
        PathDays(path="/posts/b", page_views=4, days=[2, 2]),
        PathDays(path="/posts/new", page_views=1, days=[0, 1]),
    ]
    former = [Former(path="/posts/old", kind="post", slug="new"), Former(path="/posts/older", kind="post", slug="new")]
    assert readership.together(read, former) == [
        PathDays(path="/posts/new", page_views=6, days=[5, 1]),
        PathDays(path="/posts/b", page_views=4, days=[2, 2]),
    ]


class Reading:
    """A worker that says how often pages were read, and remembers of which it was asked."""

    def __init__(self, **views: int) -> None:
        self.views = {f"/posts/{slug}": number for slug, number in views.items()}
        self.asked: list[list[str]] = []

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        self.asked.append(parse_qs(scope["query_string"].decode())["paths"][0].split("\n"))
        read = [PathDays(path=path, page_views=self.views.get(path, 0), days=[]) for path in self.asked[-1]]
        body = msgspec.json.encode(PagesRead(rows=[each for each in read if each.page_views]))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body, "more_body": False})


async def test_lists_that_follow_one_another_ask_once_a_minute_of_each_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readership, "SOON_S", 60)
    monotonic_us = clock.monotonic_us()
    monkeypatch.setattr(clock, "monotonic_us", lambda: monotonic_us)
    reading, views = Reading(a=1, b=2, old=3), readership.Views()
    transport = httpx.ASGITransport(app=reading)  # ty: ignore[invalid-argument-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://worker") as client:
        worker = ServiceClient(client, Keyring([new_secret()]))
        assert await views.of_month(worker, []) == {}
        assert await views.of_month(worker, ["/posts/a", "/posts/none"]) == {"/posts/a": 1}
        former = [Former(path="/posts/old", kind="post", slug="b")]
        assert await views.of_month(worker, ["/posts/b", "/posts/a", "/posts/none"], former) == {
            "/posts/a": 1,
            "/posts/b": 5,
        }
        reading.views = {"/posts/a": 7}
        assert await views.of_month(worker, ["/posts/a"]) == {"/posts/a": 1}
        monotonic_us += 60 * clock.SECOND_US
        assert await views.of_month(worker, ["/posts/a"]) == {"/posts/a": 7}
    assert reading.asked == [["/posts/a", "/posts/none"], ["/posts/b", "/posts/old"], ["/posts/a"]]
