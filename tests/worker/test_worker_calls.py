"""The command's calls of a worker that listens."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from sdc_cli import worker_calls
from sdc_core import clock
from sdc_core.answers.jobs import Run
from sdc_core.errors import NotFound, Unavailable
from sdc_core.settings import Settings
from sdc_core.supervise import Board
from sdc_worker import app
from sdc_worker.app import Parts
from sdc_worker.cron import store
from sdc_worker.main import Server

JOB = "mirror.daily"


@pytest.fixture
async def listening(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Settings]:
    """Settings with the address of a worker whose loops do not run."""
    monkeypatch.setattr(worker_calls, "LOOK_S", 0.01)
    async with serving(parts) as port:
        yield parts.settings.model_copy(update={"WORKER_URL": f"http://127.0.0.1:{port}"})


@asynccontextmanager
async def serving(parts: Parts, port: int = 0) -> AsyncGenerator[int]:
    """The worker's surface at a port, for the block."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        config = uvicorn.Config(app.build(parts, Board([])), lifespan="off", log_config=None, access_log=False)
        server = Server(config)
        async with asyncio.TaskGroup() as group:
            served = group.create_task(server.serve([listener]))
            yield listener.getsockname()[1]
            server.should_exit = True
            async with asyncio.timeout(60):
                await served


async def crowd(parts: Parts, number: int) -> None:
    """Runs of another job, later than any other."""
    for each in range(number):
        run = Run(
            id=f"run_{each}",
            job="cron.publish_due",
            trigger="manual",
            attempt=1,
            due_us=clock.now_us() + 30 * clock.SECOND_US,
            started_us=1,
            ended_us=2,
            outcome="ok",
            output="",
        )
        async with parts.database.transaction() as connection:
            await store.insert_run(connection, run)


async def test_a_run_is_waited_for_however_many_runs_of_other_jobs_come_after_it(
    listening: Settings, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_calls, "LONGEST_RUN_S", 5.0)
    await crowd(parts, 50)
    async with asyncio.TaskGroup() as group:
        loop = group.create_task(parts.scheduler.run())
        run = await worker_calls.run_job(listening, JOB)
        loop.cancel()
    assert (run.job, run.outcome) == (JOB, "skipped")


async def test_a_run_that_does_not_end_is_told_of_in_words(
    listening: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_calls, "LONGEST_RUN_S", 0.1)
    with pytest.raises(Unavailable, match="still under way after 0 hours"):
        await worker_calls.run_job(listening, JOB)


async def test_a_job_that_is_not_there_is_not_found(listening: Settings) -> None:
    with pytest.raises(NotFound, match="has no job"):
        await worker_calls.run_job(listening, "make.coffee")


async def begun(parts: Parts) -> None:
    """Until the command has had the worker make a run."""
    while True:
        async with parts.database.read() as connection:
            if await store.last_run(connection, JOB):
                return
        await asyncio.sleep(0.01)


async def test_a_worker_that_starts_anew_is_asked_again(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_calls, "LOOK_S", 0.01)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        async with serving(parts) as port:
            settings = parts.settings.model_copy(update={"WORKER_URL": f"http://127.0.0.1:{port}"})
            asking = group.create_task(worker_calls.run_job(settings, JOB))
            await begun(parts)
        async with serving(parts, port):
            loop = group.create_task(parts.scheduler.run())
            run = await asking
            loop.cancel()
    assert (run.job, run.outcome) == (JOB, "skipped")


async def test_a_worker_that_stays_silent_is_told_of_with_what_may_go_on(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_calls, "LOOK_S", 0.01)
    monkeypatch.setattr(worker_calls, "PATIENCE_S", 0.05)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        async with serving(parts) as port:
            settings = parts.settings.model_copy(update={"WORKER_URL": f"http://127.0.0.1:{port}"})
            asking = group.create_task(refusal(settings))
            await begun(parts)
        assert "mirror.daily may still go on: `sdc backup status` tells how it ended" in await asking


async def refusal(settings: Settings) -> str:
    """What the command says in the end."""
    with pytest.raises(Unavailable) as caught:
        await worker_calls.run_job(settings, JOB)
    return str(caught.value)
