import asyncio
import hashlib
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import TypeVar

import dask
import pytest
from distributed import LocalCluster
from PIL import Image
from sdc_core.errors import Invalid, Misconfigured, Unavailable
from sdc_core.settings import Settings
from sdc_worker.images import cluster
from sdc_worker.images.cluster import Cluster, Runner
from sdc_worker.images.limits import Job
from sdc_worker.images.minify import first, minify
from sdc_worker.images.pool import JobLost, Pool

import photograph
import poisoned

T = TypeVar("T")

pytestmark = pytest.mark.timeout(120)  # of two processes that import Dask, beside whatever else the machine does


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The address of a cluster of two processes on this machine."""
    # Both are forked from one process that has imported Dask, which takes two seconds.
    with (
        dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}),
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=":0",
            local_directory=str(tmp_path_factory.mktemp("dask")),
        ) as two,
    ):
        yield two.scheduler_address


@pytest.fixture
async def elsewhere(scheduler: str) -> AsyncGenerator[Cluster]:
    """What the worker has when a cluster is set."""
    async with cluster.opened(Settings(DASK_SCHEDULER=scheduler, IMAGE_PROCESSES=2)) as runner:
        assert isinstance(runner, Cluster)
        yield runner


async def made(runner: Runner, original: Path, home: Path) -> list[object]:
    """The manifests and the digest of every file, both kinds of job at once."""
    jobs = [Job(function=each, original=original, folder=home / each.__name__) for each in (first, minify)]
    for job in jobs:
        job.folder.mkdir(parents=True)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(runner.run(job)) for job in jobs]
    return [
        (task.result(), {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in job.folder.iterdir()})
        for task, job in zip(tasks, jobs, strict=True)
    ]


async def test_a_cluster_makes_the_very_files_that_the_pool_makes(elsewhere: Cluster, tmp_path: Path) -> None:
    original = photograph.take(tmp_path / "photo.jpg", 300, 200)
    here = await made(Pool(2), original, tmp_path / "here")
    assert await made(elsewhere, original, tmp_path / "there") == here


async def test_a_refusal_comes_back_in_its_words(elsewhere: Cluster, tmp_path: Path) -> None:
    (tmp_path / "original").write_bytes(b"not a picture at all")
    with pytest.raises(Invalid, match="it is not a JPEG"):
        await elsewhere.run(Job(function=minify, original=tmp_path / "original", folder=tmp_path))


async def test_whatever_else_a_job_raises_there_is_a_lost_job(elsewhere: Cluster, tmp_path: Path) -> None:
    Image.new("L", (9, 9)).save(tmp_path / "grey.png")
    with pytest.raises(JobLost, match="ZeroDivisionError"):
        await elsewhere.run(Job(function=poisoned.stumble, original=tmp_path / "grey.png", folder=tmp_path))


async def test_a_job_that_is_stuck_there_is_lost_and_harms_no_other(elsewhere: Cluster, tmp_path: Path) -> None:
    (tmp_path / "words").write_text("unharmed")
    elsewhere.deadline_s = 0.5
    with pytest.raises(JobLost, match="longer than"):
        await elsewhere.run(Job(function=poisoned.hang, original=Path("/dev/null"), folder=tmp_path))
    elsewhere.deadline_s = 15
    both = [Job(function=each, original=tmp_path / "words", folder=tmp_path) for each in (poisoned.die, poisoned.read)]
    async with asyncio.TaskGroup() as group:
        dying, reading = [group.create_task(_ended(elsewhere, job)) for job in both]
    assert isinstance(dying.result(), JobLost)
    assert reading.result() == "unharmed"


async def _ended(runner: Cluster, job: Job[T]) -> T | JobLost:
    try:
        return await runner.run(job)
    except JobLost as lost:
        return lost


async def test_a_cluster_that_takes_too_long_is_unavailable(elsewhere: Cluster, tmp_path: Path) -> None:
    elsewhere.answer_s, elsewhere.deadline_s = 0.2, 0.5
    with pytest.raises(Unavailable, match="has not done a picture"):
        await elsewhere.run(Job(function=poisoned.hang, original=Path("/dev/null"), folder=tmp_path))


async def test_a_cluster_that_is_away_is_unavailable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 0.2)
    with pytest.raises(Unavailable, match=r"tcp://127\.0\.0\.1:9"):
        await Cluster("tcp://127.0.0.1:9", 1).run(Job(function=first, original=Path("/dev/null"), folder=tmp_path))


async def test_without_dask_a_cluster_that_is_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(Misconfigured, match="--extra dask"):
        async with cluster.opened(Settings(DASK_SCHEDULER="tcp://127.0.0.1:9")):
            pass
