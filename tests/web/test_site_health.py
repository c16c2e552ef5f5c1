import asyncio
from http import HTTPStatus

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_core import sqlite
from sdc_web import origins
from sdc_web.site.health import Examination, Part


async def test_health_names_each_part_and_why_it_fails(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health")
    parts = answer.json()["parts"]
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert answer.json()["status"] == "failed"
    assert set(parts) == {"database", "ttl", "object_store", "worker", "loops", "disk", "access_log"}
    assert parts["database"] == {"ok": True, "reason": ""}
    assert not parts["worker"]["ok"]
    assert parts["worker"]["reason"]
    assert not parts["object_store"]["ok"]


async def test_all_who_ask_at_once_cost_one_examination() -> None:
    begun, answer = 0, asyncio.Event()

    async def examine() -> dict[str, Part]:
        nonlocal begun
        begun += 1
        await answer.wait()
        return {"worker": Part(ok=False, reason="it hangs")}

    examined = Examination(examine)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        asks = [group.create_task(examined()) for _ in range(500)]
        await asyncio.sleep(0)
        answer.set()
    assert begun == 1
    assert {each.result()["worker"].reason for each in asks} == {"it hangs"}
    await examined()
    assert begun == 2


async def test_health_shows_the_version_of_sqlite(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health")).json()["sqlite"] == sqlite.VERSION


async def test_a_process_lives_whatever_its_parts_do(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health/live")).status_code == HTTPStatus.OK


async def test_metrics_are_text_for_prometheus(client: httpx.AsyncClient) -> None:
    await client.get("/")
    await client.get("/")
    answer = await client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'sdc_page_cache_hits_total{process="0"} 1\n' in answer.text
    assert 'sdc_loop_running{process="0",loop="request_log.ship"} 1\n' in answer.text


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip"])
async def test_metrics_are_not_shown_through_a_proxy(client: httpx.AsyncClient, header: str) -> None:
    assert (await client.get("/metrics", headers={header: "127.0.0.1"})).status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("address", ["192.0.2.1", "::2", "", "localhost"])
async def test_metrics_are_not_shown_to_other_machines(app: ASGIApp, address: str) -> None:
    transport = httpx.ASGITransport(app, client=(address, 1))  # ty: ignore[invalid-argument-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert (await client.get("/metrics")).status_code == HTTPStatus.FORBIDDEN


HERE = ("localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "[::1]")
ELSEWHERE = ("fog.example", "fog.example:8000", "192.0.2.1", "", "[::1")


@pytest.mark.parametrize("host", HERE + ELSEWHERE)
def test_a_proxy_that_says_nothing_of_itself_is_known_by_the_name_it_was_asked_under(host: str) -> None:
    assert origins.is_here("127.0.0.1", {"host": host}) is (host in HERE)
