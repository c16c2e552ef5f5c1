"""Both services send traces: a page and what it asked of the worker are one."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager

import httpx
import msgspec
import pytest
from litestar.types import ASGIApp
from sdc_core.settings import Settings
from sdc_web.app import Routes, build
from sdc_web.db import Databases

import traces
from loopback import serving
from receiver import Receiver
from signing_in import BROWSER, come_in

Running = Callable[[ASGIApp], AbstractAsyncContextManager[None]]

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PROXY = "192.0.2.7"

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture
def collector() -> Receiver:
    return traces.collector()


@pytest.fixture
async def settings(settings_with_worker: Settings, collector: Receiver) -> AsyncGenerator[Settings]:
    async with serving(collector.serve) as address:
        yield settings_with_worker.model_copy(update={"TRACES_URL": address, "TRUSTED_PROXIES": (PROXY,)})


@pytest.fixture
def built(files: None, settings: Settings, routes: Routes) -> ASGIApp:
    """The application, before its start: with its end all its spans have been sent."""
    return build(settings, routes)


def browser(app: ASGIApp, address: str = "127.0.0.1") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=(address, 50_000))  # ty: ignore[invalid-argument-type]
    return httpx.AsyncClient(transport=transport, base_url="http://localhost:8000")


async def test_a_page_and_what_it_asked_of_the_worker_are_one_trace(
    built: ASGIApp, running: Running, databases: Databases, collector: Receiver
) -> None:
    async with running(built), browser(built) as client:
        await come_in(client, databases)
        page = await client.get("/author/jobs", headers=BROWSER)
        assert page.status_code == 200
    made = traces.spans(collector)
    page_span = traces.named(collector, "GET /author/jobs")
    assert page_span.about == {
        "http.request.method": "GET",
        "http.route": "/author/jobs",
        "http.response.status_code": 200,
        "sdc.request_id": page.headers["x-request-id"],
    }
    of_page = [each for each in made if each.trace == page_span.trace]
    call = next(each for each in of_page if each.name == "GET /jobs" and each.parent == page_span.id)
    answered = next(each for each in of_page if each.parent == call.id)
    assert answered.about["http.route"] == "/jobs"


@pytest.mark.parametrize(("address", "believed"), [(PROXY, 1), ("192.0.2.8", 0)])
async def test_only_a_proxy_that_is_trusted_names_a_trace(
    built: ASGIApp, running: Running, collector: Receiver, address: str, believed: int
) -> None:
    async with running(built), browser(built, address) as client:
        await client.get("/no-such-page", headers={"traceparent": CALLER})
    asked = CALLER.split("-")[1]
    assert [each.trace for each in traces.spans(collector)].count(asked) == believed


async def test_no_span_tells_what_was_asked_or_by_whom(built: ASGIApp, running: Running, collector: Receiver) -> None:
    async with running(built), browser(built) as client:
        for path in ("/preview/forbidden-token", "/search?q=forbidden-words", "/forbidden-page"):
            await client.get(path, headers={"user-agent": "forbidden-browser", "referer": "https://forbidden.example/"})
    assert len(traces.spans(collector)) >= 3
    told = msgspec.json.encode(traces.spans(collector))
    assert b"forbidden" not in told
    assert b"127.0.0.1" not in told


async def test_a_reader_who_left_is_told_as_in_the_access_log(
    built: ASGIApp, running: Running, collector: Receiver
) -> None:
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": "/search", "raw_path": b"/search", "root_path": "", "query_string": b"q=gone",
        "headers": [(b"host", b"localhost:8000")], "client": ("127.0.0.1", 50_000), "server": ("localhost", 8000),
    }  # fmt: skip

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: object) -> None:
        raise asyncio.CancelledError

    async with running(built):
        with pytest.raises(asyncio.CancelledError):
            await built(scope, receive, send)  # ty: ignore[invalid-argument-type]
    span = traces.named(collector, "GET /search")
    assert (span.about["http.response.status_code"], span.failed) == (499, "CancelledError")
