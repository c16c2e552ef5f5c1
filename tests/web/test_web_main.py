import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from sdc_core.errors import Misconfigured
from sdc_core.webhooks import new_secret
from sdc_web import event_loop
from sdc_web.main import require_free_port

LIMIT_S = 60.0
MAIN = "from sdc_web.main import main; main()"
FALLBACK = """
from sdc_core.settings import load
from sdc_web.main import serve_with_uvicorn
serve_with_uvicorn(load())
"""

TOLD_WHILE_IT_LOADS = """
import os, signal, threading
from sdc_core.settings import load
from sdc_web import main

def loading():
    os.kill(os.getppid(), signal.SIGTERM)
    threading.Event().wait()

main.serve(load(), loading)
"""

STREAMS = """
from sdc_core.settings import load
from sdc_web import event_loop, main

async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        for _ in range(2):
            await send({"type": (await receive())["type"] + ".complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    goes_on = await event_loop.goes_on_for(3600)
    await send({"type": "http.response.body", "body": b" on" if goes_on else b" ended"})

main.serve(load(), lambda: application)
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a service with files of its own and a port that is free."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SDC_")}
    return kept | {
        "SDC_DATA_DIR": str(tmp_path / "data"),
        "SDC_WEB_PORT": str(_free_port()),
        "SDC_WORKER_URL": "http://127.0.0.1:9",
        "SDC_S3_ENDPOINT_URL": "http://127.0.0.1:9",
        "SDC_WEBHOOK_SECRETS": new_secret(),
    }


@asynccontextmanager
async def _started(
    environment: dict[str, str], folder: Path, code: str = MAIN
) -> AsyncGenerator[asyncio.subprocess.Process]:
    command = [sys.executable, "-c", code]
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, cwd=folder, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _until_it_answers(address: str) -> None:
    async with asyncio.timeout(LIMIT_S), httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                await client.get(f"{address}/health/live")
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return


@pytest.mark.parametrize("code", [MAIN, FALLBACK], ids=["granian", "uvicorn"])
async def test_the_service_serves_until_it_is_told_to_stop(
    environment: dict[str, str], tmp_path: Path, code: str
) -> None:
    address = f"http://127.0.0.1:{environment['SDC_WEB_PORT']}"
    async with _started(environment, tmp_path, code) as process:
        await _until_it_answers(address)
        async with httpx.AsyncClient(trust_env=False, base_url=address) as client:
            first, second = await client.get("/"), await client.head("/")
        assert (first.status_code, second.status_code) == (200, 200)
        assert first.headers["etag"] == second.headers["etag"]
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(LIMIT_S):
            assert await process.wait() in (0, -signal.SIGTERM)


async def test_a_process_that_is_told_to_stop_while_it_loads_ends_at_once(
    environment: dict[str, str], tmp_path: Path
) -> None:
    code, error = await _outcome(environment, tmp_path, TOLD_WHILE_IT_LOADS)
    assert (code, error) == (0, "")


async def test_a_stream_that_is_open_ends_when_the_process_is_told_to(
    environment: dict[str, str], tmp_path: Path
) -> None:
    address = f"http://127.0.0.1:{environment['SDC_WEB_PORT']}"
    async with _started(environment, tmp_path, STREAMS) as process, httpx.AsyncClient(trust_env=False) as client:
        async with asyncio.timeout(LIMIT_S):
            while True:
                try:
                    async with client.stream("GET", address) as answer:
                        parts = answer.aiter_text()
                        assert await anext(parts) == "begun"
                        process.send_signal(signal.SIGTERM)
                        assert await anext(parts) == " ended"
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.05)
        # Long before granian would end it by force.
        async with asyncio.timeout(60):
            assert await process.wait() == 0


async def test_nothing_is_told_while_the_time_passes() -> None:
    assert await event_loop.goes_on_for(0.001)


def test_a_signal_that_comes_while_the_loop_stands_still_is_heard_when_it_runs() -> None:
    before, loop, heard = signal.getsignal(signal.SIGUSR2), event_loop.build(), asyncio.Event()

    async def hear() -> None:
        async with asyncio.timeout(LIMIT_S):
            await heard.wait()

    try:
        loop.add_signal_handler(signal.SIGUSR2, heard.set)
        loop.run_until_complete(asyncio.sleep(0))
        os.kill(os.getpid(), signal.SIGUSR2)
        loop.run_until_complete(hear())
        heard.clear()
        loop.call_soon(os.kill, os.getpid(), signal.SIGUSR2)
        loop.run_until_complete(hear())
    finally:
        signal.signal(signal.SIGUSR2, before)
        asyncio.set_event_loop(None)
        loop.close()


async def test_two_processes_hold_once_what_they_have_in_common(environment: dict[str, str], tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{environment['SDC_WEB_PORT']}"
    async with _started(environment | {"SDC_WEB_PROCESSES": "2"}, tmp_path) as process:
        await _until_it_answers(address)
        below = [int(pid) for pid in _text(f"/proc/{process.pid}/task/{process.pid}/children").split()]
        assert len(below) == 2
        for pid in below:
            assert _own_mib(pid) < 60


async def test_what_few_ask_for_is_not_loaded_before_they_do(environment: dict[str, str], tmp_path: Path) -> None:
    code = "import sys, sdc_web.app; sys.exit(' '.join(name for name, loaded in sys.modules.items() if loaded))"
    async with _started(environment, tmp_path, code) as process, asyncio.timeout(LIMIT_S):
        _, told = await process.communicate()
    loaded = set(told.decode().split())
    assert "sdc_web.author" in loaded
    assert not loaded & {"webauthn", "OpenSSL", "pyasn1", "segno", "zxcvbn", "PIL", "rich", "uvicorn"}


async def test_a_port_that_is_taken_is_told_in_one_line(environment: dict[str, str], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(environment["SDC_WEB_PORT"])))
        taken.listen()
        code, error = await _outcome(environment, tmp_path)
    assert code == 1
    assert error.count("\n") == 1
    assert environment["SDC_WEB_PORT"] in error
    assert "SDC_WEB_PORT" in error


async def test_a_missing_secret_is_told_in_one_line(environment: dict[str, str], tmp_path: Path) -> None:
    del environment["SDC_WEBHOOK_SECRETS"]
    code, error = await _outcome(environment, tmp_path)
    assert (code, error.count("\n")) == (1, 1)
    assert "SDC_WEBHOOK_SECRETS" in error


async def test_a_wrong_setting_is_named_in_one_line(environment: dict[str, str], tmp_path: Path) -> None:
    code, error = await _outcome(environment | {"SDC_WEB_PROCESSES": "many"}, tmp_path)
    assert (code, error.count("\n")) == (1, 1)
    assert "SDC_WEB_PROCESSES" in error


async def test_a_data_folder_that_cannot_be_is_told_in_one_line(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    code, error = await _outcome(environment | {"SDC_DATA_DIR": str(tmp_path / "file" / "data")}, tmp_path)
    assert (code, error.count("\n")) == (1, 1)
    assert "SDC_DATA_DIR" in error


def test_an_address_of_another_machine_is_no_place_to_listen() -> None:
    with pytest.raises(Misconfigured, match=r"192\.0\.2\.1"):
        require_free_port("192.0.2.1", 8000)


def _text(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


def _own_mib(pid: int) -> float:
    """Memory that the process shares with no other."""
    lines = [line.split() for line in _text(f"/proc/{pid}/smaps_rollup").splitlines()]
    return sum(int(line[1]) for line in lines if line[0].startswith("Private_")) / 1024


async def _outcome(environment: dict[str, str], folder: Path, code: str = MAIN) -> tuple[int | None, str]:
    async with _started(environment, folder, code) as process, asyncio.timeout(LIMIT_S):
        _, error = await process.communicate()
    return process.returncode, error.decode()
