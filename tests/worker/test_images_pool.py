import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from sdc_core.errors import Invalid
from sdc_worker import main
from sdc_worker.images.limits import Job
from sdc_worker.images.minify import minify
from sdc_worker.images.pool import JobLost, Pool

import poisoned

T = TypeVar("T")


def job(function: Callable[[Path, Path], T], original: Path = Path("/dev/null"), folder: Path = Path("/tmp")) -> Job[T]:
    """A job that wants nothing of its folder."""
    return Job(function=function, original=original, folder=folder)


async def test_a_stuck_process_is_killed_at_the_deadline() -> None:
    with pytest.raises(JobLost, match="longer than"):
        await Pool(1, deadline_s=0.3).run(job(poisoned.hang))


async def test_a_process_that_dies_leaves_its_neighbour_unharmed(tmp_path: Path) -> None:
    pool = Pool(2, deadline_s=15)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        # Opening a pipe to read waits for who opens it to write: after the other one has died.
        neighbour = group.create_task(pool.run(job(poisoned.read, pipe)))
        with pytest.raises(JobLost, match="died"):
            await pool.run(job(poisoned.die))
        await asyncio.to_thread(pipe.write_text, "unharmed")
    assert neighbour.result() == "unharmed"


async def test_the_deadline_begins_when_a_process_is_free(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("at last")
    pool = Pool(1, deadline_s=-1)
    async with asyncio.TaskGroup() as group, asyncio.timeout(60), pool._limiter:
        waiting = group.create_task(pool.run(job(poisoned.read, tmp_path / "words")))
        while not pool._limiter.statistics().tasks_waiting:  # noqa: ASYNC110 - it has no event for that
            await asyncio.sleep(0)
        pool.deadline_s = 15
    assert waiting.result() == "at last"


async def test_memory_beyond_the_limit_is_refused_inside_the_process() -> None:
    with pytest.raises(JobLost, match="too much memory"):
        await Pool(1).run(job(poisoned.hoard))


async def test_a_process_imports_nothing_that_pictures_do_not_need(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Path(sys.executable).with_name("sdc-worker")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(script), raising=False)
    main.spare_pool_the_imports()
    pool = Pool(1)
    with pytest.raises(Invalid):
        await pool.run(job(minify, script))
    loaded = await pool.run(job(poisoned.loaded))
    assert "PIL" in loaded
    assert not loaded & {"litestar", "aioboto3", "duckdb", "pydantic", "uvicorn", "httpx", "aiosqlite", "distributed"}


async def test_whatever_the_function_raises_is_a_lost_job_in_its_words(tmp_path: Path) -> None:
    with pytest.raises(JobLost, match="No such file"):
        await Pool(1).run(job(poisoned.read, tmp_path / "nothing"))
