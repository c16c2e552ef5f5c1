import asyncio
import operator
import os
import signal
import sys
from pathlib import Path

import pytest
from sdc_core.errors import Invalid
from sdc_worker import main
from sdc_worker.images.minify import Minify, minify
from sdc_worker.images.pool import JobLost, Pool


async def test_a_stuck_process_is_killed_at_the_deadline() -> None:
    with pytest.raises(JobLost, match="longer than"):
        await Pool(1, deadline_s=0.3).run(signal.sigwait, frozenset({signal.SIGUSR1}))


async def test_a_process_that_dies_leaves_its_neighbour_unharmed(tmp_path: Path) -> None:
    pool = Pool(2, deadline_s=15)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    async with asyncio.timeout(15), asyncio.TaskGroup() as group:
        # Opening a pipe to read waits for who opens it to write: after the other one has died.
        neighbour = group.create_task(pool.run(Path.read_text, pipe))
        with pytest.raises(JobLost, match="died"):
            await pool.run(os._exit, 1)
        await asyncio.to_thread(pipe.write_text, "unharmed")
    assert neighbour.result() == "unharmed"


async def test_the_deadline_begins_when_a_process_is_free() -> None:
    pool = Pool(1, deadline_s=-1)
    async with asyncio.TaskGroup() as group, asyncio.timeout(5), pool._limiter:
        waiting = group.create_task(pool.run(operator.neg, 7))
        while not pool._limiter.statistics().tasks_waiting:  # noqa: ASYNC110 - it has no event for that
            await asyncio.sleep(0)
        pool.deadline_s = 15
    assert waiting.result() == -7


async def test_memory_beyond_the_limit_is_refused_inside_the_process() -> None:
    with pytest.raises(MemoryError):
        await Pool(1).run(bytearray, 2 << 30)


async def test_a_process_imports_nothing_that_pictures_do_not_need(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Path(sys.executable).with_name("sdc-worker")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(script), raising=False)
    main.spare_pool_the_imports()
    pool = Pool(1)
    with pytest.raises(Invalid):
        await pool.run(minify, Minify(original=str(script), folder=""))
    loaded = set(await pool.run(eval, "list(__import__('sys').modules)"))
    assert "PIL" in loaded
    assert not loaded & {"litestar", "aioboto3", "duckdb", "pydantic", "uvicorn", "httpx", "aiosqlite"}


async def test_what_the_function_raises_reaches_the_caller() -> None:
    with pytest.raises(ValueError, match="not a number"):
        await Pool(1).run(int, "not a number")
