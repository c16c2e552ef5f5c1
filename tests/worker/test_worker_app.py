"""The process: it begins without its neighbours, ends with 0 whatever happens, and loses no line when it is killed."""

import asyncio
import hashlib
import json
import os
import random
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from sdc_core import access_log, clock, service_client
from sdc_core.access_log import Line
from sdc_core.service_client import ServiceClient
from sdc_core.webhooks import Keyring, new_secret
from sdc_worker.db import open_worker
from sdc_worker.ingest import packing, store

pytestmark = pytest.mark.timeout(120)  # each test starts a process, which takes seconds on a busy machine
START_S = 60.0
SECRET = new_secret()
DAY = "2026-03-01"


class Offset(msgspec.Struct):
    at: int


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def environment(folder: Path, port: int) -> dict[str, str]:
    """Neither store nor web is there: nobody listens on port 9."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SDC_")}
    return inherited | {
        "SDC_DATA_DIR": str(folder),
        "SDC_WORKER_PORT": str(port),
        "SDC_WEB_URL": "http://127.0.0.1:9",
        "SDC_S3_ENDPOINT_URL": "http://127.0.0.1:9",
        "SDC_WEBHOOK_SECRETS": SECRET,
        "SDC_IMAGE_PROCESSES": "1",
    }


@asynccontextmanager
async def started(folder: Path, port: int) -> AsyncGenerator[Process]:
    """A worker's process, which is killed at the end of the block when it still runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sdc_worker"), env=environment(folder, port), cwd=folder, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@asynccontextmanager
async def client_of(port: int) -> AsyncGenerator[ServiceClient]:
    async with service_client.connect(f"http://127.0.0.1:{port}", Keyring([SECRET])) as client:
        yield client


async def answering(client: ServiceClient) -> None:
    """Wait until the worker answers a signed request."""
    async with asyncio.timeout(START_S):
        while not (await client.send("GET", "/logs")).ok:  # noqa: ASYNC110 - another process begins
            await asyncio.sleep(0.05)


def last_words(folder: Path) -> dict[str, object]:
    return json.loads((folder / "worker.exit.json").read_bytes())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_with_0_and_says_so(tmp_path: Path, number: signal.Signals) -> None:
    port = free_port()
    async with started(tmp_path, port) as process, client_of(port) as client:
        await answering(client)
        process.send_signal(number)
        async with asyncio.timeout(9):
            assert await process.wait() == 0
    assert (last_words(tmp_path)["signal"], last_words(tmp_path)["error"]) == (number.name, "")


async def test_a_signal_during_the_start_ends_it_with_0(tmp_path: Path) -> None:
    async with started(tmp_path, free_port()) as process:
        async with asyncio.timeout(START_S):
            while not (tmp_path / "worker.lock").exists():  # noqa: ASYNC110 - another process begins
                await asyncio.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0


async def test_a_second_signal_changes_nothing(tmp_path: Path) -> None:
    port = free_port()
    async with started(tmp_path, port) as process, client_of(port) as client:
        await answering(client)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(9):
            assert await process.wait() == 0


async def test_a_stop_that_cannot_write_its_last_words_ends_with_0_in_time(tmp_path: Path) -> None:
    port = free_port()
    async with started(tmp_path, port) as process, client_of(port) as client:
        await answering(client)
        async with open_worker(tmp_path / "worker.db") as database, database.transaction():
            # Somebody else holds the database, so a request waits for it and no run can be marked.
            await client.send("POST", "/jobs/cron.expire/runs", timeout_s=0.2)
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(60):
                assert await process.wait() == 0
    assert last_words(tmp_path)["code"] == 0


async def test_a_port_in_use_is_one_line_and_exit_1(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        async with started(tmp_path, port) as process, asyncio.timeout(START_S):
            _, error = await process.communicate()
    lines = error.decode().splitlines()
    assert process.returncode == 1
    assert len(lines) == 1
    assert str(port) in lines[0]
    assert "SDC_WORKER_PORT" in lines[0]


async def test_a_second_worker_on_the_same_data_is_refused_in_one_line(tmp_path: Path) -> None:
    port = free_port()
    async with started(tmp_path, port), client_of(port) as client:
        await answering(client)
        async with started(tmp_path, free_port()) as second, asyncio.timeout(START_S):
            _, error = await second.communicate()
    assert (second.returncode, len(error.decode().splitlines())) == (1, 1)
    assert b"runs already" in error


def made_stream() -> bytes:
    lines = (
        Line(ts=1_772_330_511_000_000 + number, visitor=f"{number:016x}", path=f"/{number}", status=200)
        for number in range(6_000)
    )
    return b"".join(map(access_log.encode, lines))


async def ship(client: ServiceClient, stream: bytes) -> None:
    """What web's shipper does: go on from the offset that is answered, until all is there."""
    at = 0
    while at < len(stream):
        end = stream.rfind(b"\n", at, at + 4_000) + 1
        attempt = await client.send("PUT", f"/logs/0/{DAY}", query={"at": str(at)}, body=stream[at:end])
        if attempt.ok:
            at = msgspec.json.decode(attempt.body, type=Offset).at
        else:
            await asyncio.sleep(0.02)


async def kill_and_start(folder: Path, port: int, client: ServiceClient, times: int) -> None:
    dice = random.Random(clock.now_us())  # noqa: S311 - when to kill
    for _ in range(times):
        async with started(folder, port) as process:
            await answering(client)
            await asyncio.sleep(dice.random() * 0.3)
            process.kill()


async def test_kills_in_the_middle_lose_and_double_no_line(tmp_path: Path) -> None:
    port, stream = free_port(), made_stream()
    async with client_of(port) as client, asyncio.timeout(115), asyncio.TaskGroup() as group:
        shipping = group.create_task(ship(client, stream))
        await kill_and_start(tmp_path, port, client, times=3)
        async with started(tmp_path, port):
            await shipping
            await answering(client)  # all of it may have been there before the last kill
            digest = hashlib.sha256(stream).hexdigest()
            body = msgspec.json.encode({"length": len(stream), "sha256": digest})
            closed = await client.send("POST", f"/logs/0/{DAY}/close", body=body)
    assert closed.body == b'{"at":%d,"closed":true}' % len(stream)
    async with open_worker(tmp_path / "worker.db") as database, database.read() as connection:
        batches = await store.batches_after(connection, after=0, limit=10_000)
    assert b"".join(packing.unpack(batch.body) for batch in batches) == stream
