"""The pool of processes: one function, `run`, that a stuck or dying process cannot hold up."""

import asyncio
import os
from typing import TypeVar

import anyio
from anyio import BrokenWorkerProcess, to_process

from sdc_worker.images.limits import Job, JobLost, limited

T = TypeVar("T")

DEADLINE_S = 120.0


class Pool:
    """Bounds how many processes work at once. They start when needed and end with the event loop or this process."""

    __slots__ = ("_limiter", "deadline_s", "processes")

    def __init__(self, processes: int = 0, *, deadline_s: float = DEADLINE_S) -> None:
        self.processes = processes or usable_cores()
        self.deadline_s = deadline_s
        self._limiter = anyio.CapacityLimiter(self.processes)

    @property
    def busy(self) -> int:
        """Jobs under way."""
        return self._limiter.borrowed_tokens

    async def run(self, job: Job[T]) -> T:
        """Do a job in a process; an SdcError that it raises is raised here.

        Raises JobLost for any other, after `deadline_s`, when the process is killed, and when a second process died
        over the job. Waiting for a free process is not counted. A cancelled caller kills its process and no other.
        """
        async with self._limiter:
            try:
                async with asyncio.timeout(self.deadline_s):
                    try:
                        return await _call(job)
                    except BrokenWorkerProcess:
                        # An idle process may have been killed by the system, with no fault of this job.
                        return await _call(job)
            except TimeoutError:
                message = f"it took longer than {self.deadline_s:.0f} s"
                raise JobLost(message) from None
            except BrokenWorkerProcess:
                message = "the process that worked on it died"
                raise JobLost(message) from None


async def _call(job: Job[T]) -> T:
    # Its own limiter would count against the machine's cores and would be waited for on our deadline.
    return await to_process.run_sync(limited, job, cancellable=True, limiter=anyio.CapacityLimiter(1))


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
