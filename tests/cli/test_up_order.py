"""`sdc up` with small programs for its parts: in which order they start and stop when something goes wrong."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from sdc_cli import parts, up
from sdc_cli.plan import Plan, Probe, Program
from sdc_core.errors import SdcError

PART = """
import signal, sys
def end(*_):
    print("ended in order", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("started", flush=True)
signal.pause()
"""

NOWHERE = Probe("127.0.0.1", 1, "/")


def _plan(folder: Path, probe: Probe = NOWHERE) -> Plan:
    def program(name: str) -> Program:
        log_file = str(folder / f"{name}.log")
        return Program([sys.executable, "-S", "-c", PART], ".", {}, log_file, probe, signal.SIGKILL)

    return Plan(str(folder), "", [], {}, program("web"), program("worker"), program("store"), [], warm=True)


async def _started(log_file: Path) -> None:
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(parts.size_bytes, log_file):  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.01)


async def test_an_unexpected_error_stops_the_parts_in_order_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def prepare(*_: object) -> str:
        await _started(tmp_path / "store.log")
        message = "not foreseen"
        raise ValueError(message)

    monkeypatch.setattr(up, "_prepare", prepare)
    with pytest.raises(ExceptionGroup):
        await up._run(_plan(tmp_path), demo=False)
    assert "ended in order" in (tmp_path / "store.log").read_text()


async def test_a_store_that_is_late_does_not_cost_the_site_its_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def prepare(*_: object) -> str:
        return ""

    monkeypatch.setattr(up, "_prepare", prepare)
    monkeypatch.setattr(up, "READY_S", 0.05)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        running = group.create_task(up._run(_plan(tmp_path), demo=False))
        await _started(tmp_path / "worker.log")
        os.kill(os.getpid(), signal.SIGTERM)
        assert await running == 0


async def test_samples_that_take_longer_than_the_start_may_are_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def prepare(*_: object) -> str:
        return ""

    async def fill(*_: object) -> str:
        await asyncio.sleep(up.READY_S + 0.1)
        asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)
        return "https://sign.in"

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n")
        writer.close()

    monkeypatch.setattr(up, "_prepare", prepare)
    monkeypatch.setattr(up, "_fill", fill)
    monkeypatch.setattr(up, "READY_S", 2.0)
    async with asyncio.timeout(60), await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        probe = Probe("127.0.0.1", server.sockets[0].getsockname()[1], "/")
        await up._run(_plan(tmp_path, probe), demo=True)
    assert "https://sign.in" in capsys.readouterr().out


async def test_a_child_that_does_not_end_in_time_is_killed() -> None:
    with pytest.raises(SdcError, match="did not end within"):
        async with up.child(["http.server"], None, 0.01) as process:
            await process.communicate()
    assert await process.wait() == -signal.SIGKILL
