"""What the doctor says of a Litestream that has only just been started."""

import asyncio
import json
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sdc_cli import running_checks
from sdc_core import clock
from sdc_core.settings import Settings

import loopback


@asynccontextmanager
async def _litestream(monkeypatch: pytest.MonkeyPatch, *synced: str | None) -> AsyncGenerator[Settings]:
    """A control socket that tells, one after the other, when site.db was copied; the last for ever."""
    left = list(synced)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        at = left.pop(0) if len(left) > 1 else left[0]
        databases = [{"path": "/data/site.db", "status": "replicating", "last_sync_at": at}]
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + json.dumps({"databases": databases}).encode())
        writer.close()

    with tempfile.TemporaryDirectory(prefix="sdc-") as folder:
        (Path(folder) / "run").mkdir()
        monkeypatch.setenv("SDC_DATA_DIR", folder)
        async with await asyncio.start_unix_server(answer, f"{folder}/run/litestream.sock"):
            yield Settings()


async def test_a_first_copy_that_is_under_way_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async with _litestream(monkeypatch, None, None, clock.now().isoformat()) as settings:
        (check,) = await running_checks.replicas(settings)
    assert check.ok, check.found


async def test_a_first_copy_that_does_not_come_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running_checks, "FIRST_COPY_S", 0.02)
    async with _litestream(monkeypatch, None) as settings:
        (check,) = await running_checks.replicas(settings)
    assert (check.ok, check.found) == (False, "site: not copied since Litestream was started")


async def test_the_buckets_are_asked_for_at_once(tmp_path: Path) -> None:
    asked = asyncio.Barrier(3)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asked.wait()
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    async with loopback.serving(answer) as url:
        (check,) = await running_checks.store(Settings(DATA_DIR=tmp_path, S3_ENDPOINT_URL=url))
    assert check.found.count("the object store has no ") == 3, check.found
