"""The pool on other machines: jobs go to a Dask cluster, where one is set.

A job's file goes there and what it made comes back, so the cluster needs neither this disk nor the object store. Each
job is done there in a pool of one process, with the same limits and the same deadline as here.
"""

import asyncio
import importlib.util
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, runtime_checkable

import anyio
import msgspec
from sdc_core.errors import Misconfigured, SdcError, Unavailable
from sdc_core.settings import Settings

from sdc_worker import scratch
from sdc_worker.images.limits import Job
from sdc_worker.images.pool import DEADLINE_S, Pool, usable_cores

if TYPE_CHECKING:
    from distributed import Client

T = TypeVar("T")

CONNECT_S = 5.0
ANSWER_S = 600.0
"""For one job: its way, its turn and its work; a cluster without machines lets it wait for ever."""
CLOSE_S = 2.0
RETRY_S = 15


class Outcome(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """How a job ended there: what it returned or raised, and the files that it wrote, by name."""

    returned: T | None = None
    raised: SdcError | None = None
    files: dict[str, bytes] = {}


class Cluster:
    """Bounds how many jobs are under way at once; a cluster that is away is looked for again with each job."""

    __slots__ = ("_address", "_client", "_connecting", "_limiter", "answer_s", "deadline_s", "processes")

    def __init__(self, address: str, processes: int = 0) -> None:
        self.processes = processes or usable_cores()
        self.deadline_s = DEADLINE_S
        self.answer_s = ANSWER_S
        self._address = address
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        self._limiter = anyio.CapacityLimiter(self.processes)

    @property
    def busy(self) -> int:
        """Jobs under way."""
        return self._limiter.borrowed_tokens

    async def run(self, job: Job[T]) -> T:
        """Do a job there, and bring what it wrote into its folder; what it raises is raised here, as by `Pool.run`.

        Raises Unavailable when the cluster is away, has nobody for it within `answer_s`, or loses who does it.
        """
        async with self._limiter:
            outcome = await self._sent(job.function, await asyncio.to_thread(job.original.read_bytes))
        if outcome.raised is not None:
            raise outcome.raised
        await asyncio.to_thread(_write, outcome.files, job.folder)
        return outcome.returned  # ty: ignore[invalid-explicit-return] - it is what the function returned

    async def close(self) -> None:
        """Give the connection up; jobs under way are forgotten there."""
        if self._client is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await self._client.close()

    async def _sent(self, function: Callable[[Path, Path], T], content: bytes) -> Outcome[T]:
        try:
            async with asyncio.timeout(self.answer_s):
                client = await self._connected()
                original = await client.scatter(content, hash=False)
                # Once let go of, a job that has not begun is forgotten; one that has ends at its deadline.
                return await client.submit(done_there, function, original, self.deadline_s, pure=False)
        except asyncio.CancelledError:
            # A lost connection cancels what waits for it, which is not the same as that this job is not wanted.
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            reason = "the connection broke"
        except Exception as error:  # noqa: BLE001 - nowhere is listed what Dask raises; a job's own come as a value
            reason = str(error) or type(error).__name__
        message = f"the Dask cluster at {self._address} has not done a picture: {reason}"
        raise Unavailable(message, retry_after_s=RETRY_S)

    async def _connected(self) -> "Client":
        async with self._connecting:
            if self._client is None or self._client.status != "running":
                await self.close()
                client = await asyncio.to_thread(_client)
                self._client = await client(
                    self._address, asynchronous=True, set_as_default=False, timeout=CONNECT_S, name="sdc-worker"
                )
            return self._client


def _client() -> "type[Client]":
    """Half a second of imports, which nobody else should wait for."""
    from distributed import Client  # noqa: PLC0415

    return Client


async def done_there(function: Callable[[Path, Path], T], content: bytes, deadline_s: float) -> Outcome[T]:
    """Do a job, in a process of the cluster, with its original as bytes."""
    async with scratch.folder("sdc-image-") as home:
        job = Job(function=function, original=home / "original", folder=home / "made")
        await asyncio.to_thread(job.folder.mkdir)
        await asyncio.to_thread(job.original.write_bytes, content)
        try:
            returned = await Pool(1, deadline_s=deadline_s).run(job)
        except SdcError as error:
            return Outcome(raised=error)
        return Outcome(returned=returned, files=await asyncio.to_thread(_read, job.folder))


def _read(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def _write(files: dict[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        (folder / Path(name).name).write_bytes(content)


@runtime_checkable
class Runner(Protocol):
    """Where jobs are done: `processes` of them side by side, each by `run`; `busy` are under way."""

    processes: int

    @property
    def busy(self) -> int: ...

    async def run(self, job: Job[T]) -> T:
        """Do a job; what it raises is raised here."""
        ...


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Runner]:
    """Where jobs are done: here, or by a cluster when one is set. Raises Misconfigured when Dask is not installed."""
    if not settings.DASK_SCHEDULER:
        yield Pool(settings.IMAGE_PROCESSES)
        return
    if importlib.util.find_spec("distributed") is None:
        message = "SDC_DASK_SCHEDULER is set and Dask is not installed: `uv sync --all-packages --extra dask`"
        raise Misconfigured(message)
    cluster = Cluster(settings.DASK_SCHEDULER, settings.IMAGE_PROCESSES)
    try:
        yield cluster
    finally:
        await cluster.close()
