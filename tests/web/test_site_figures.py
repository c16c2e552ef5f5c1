"""Processes of web that tell each other's figures."""

import asyncio
from pathlib import Path

import httpx
import pytest
from sdc_core import clock, metrics
from sdc_core.metrics import Family
from sdc_web.site import figures
from sdc_web.site.figures import Process


def process(log_dir: Path, slot: str) -> Process:
    folder = log_dir / slot
    folder.mkdir(parents=True)
    return Process(folder, lambda: [metrics.single("gauge", "size", "Size.", int(slot))])


def sizes(told: list[Family]) -> dict[str, float]:
    return {each.labels["process"]: each.value for family in told for each in family.samples}


async def test_whoever_is_asked_tells_of_all(tmp_path: Path) -> None:
    one, other = process(tmp_path, "1"), process(tmp_path, "2")
    assert sizes(await one.of_all()) == {"1": 1}
    await asyncio.to_thread(other._write)
    assert sizes(await one.of_all()) == {"1": 1, "2": 2}


async def test_a_process_that_ended_is_not_told_of_for_long(tmp_path: Path) -> None:
    one, other = process(tmp_path, "1"), process(tmp_path, "2")
    await asyncio.to_thread(other._write)
    with clock.frozen(clock.now_us() + figures.VALID_US + 1):
        assert sizes(await one.of_all()) == {"1": 1}


@pytest.mark.parametrize("left", [b"", b"{}", b"[" * 100_000, b'{"at_us": 1, "families": [3]}'])
async def test_a_file_that_is_none_is_passed_over(tmp_path: Path, left: bytes) -> None:
    one, other = process(tmp_path, "1"), process(tmp_path, "2")
    await asyncio.to_thread(other._write)
    await asyncio.to_thread((tmp_path / "2" / "figures.json").write_bytes, left)
    assert sizes(await one.of_all()) == {"1": 1}


async def test_requests_are_counted_by_route_and_never_by_address(client: httpx.AsyncClient) -> None:
    for path in ("/", "/posts/no-such-thing", "/posts/nor-this", "/nowhere/at/all", "/nowhere//"):
        await client.get(path)
    await client.head("/")
    told = (await client.get("/metrics")).text
    counted = [line for line in told.splitlines() if line.startswith("sdc_requests_total")]
    assert 'sdc_requests_total{process="0",route="/",status="200"} 1' in counted
    assert 'sdc_requests_total{process="0",route="(kept)",status="200"} 1' in counted
    assert 'sdc_requests_total{process="0",route="/posts/{slug}",status="404"} 2' in counted
    assert 'sdc_requests_total{process="0",route="(none)",status="308"} 1' in counted
    assert "nowhere" not in told
    assert 'sdc_requests_under_way{process="0"} 1' in told
