"""A job, and what the pooled process that does it may use: set in the process itself, anew for each job."""

import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from sdc_core.errors import SdcError
from sdc_core.process import die_with_parent

T = TypeVar("T")

MEMORY_BYTES = 1 << 30
CPU_S = 60
NICENESS = 10


class JobLost(SdcError):
    """The job ended without a result: it raised, or its process died or was killed. The job may be at fault, or the
    machine.
    """


class Job(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A function of a module, the file that it reads and the empty folder that it writes to: nothing else goes in, and
    nothing comes out but what it returns and the files of the folder, so it may be done wherever these can be brought.
    """

    function: Callable[[Path, Path], T]
    original: Path
    folder: Path


def limited(job: Job[T]) -> T:
    """Do the job with at most `MEMORY_BYTES` of address space and `CPU_S` of processor time, after which the kernel
    ends the process. An SdcError that it raises is raised; any other as JobLost.
    """
    # One that is stuck would not notice that its worker was killed.
    die_with_parent(signal.SIGKILL)
    if sys.platform == "linux":  # macOS refuses a limit of the address space
        _lower(resource.RLIMIT_AS, MEMORY_BYTES)
    used = resource.getrusage(resource.RUSAGE_SELF)
    # The count goes on over the life of the process, and processes are used again.
    _lower(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + CPU_S)
    os.nice(max(0, NICENESS - os.nice(0)))
    try:
        return job.function(job.original, job.folder)
    except SdcError:
        raise
    except MemoryError:
        message = "it takes too much memory"
        raise JobLost(message) from None
    except Exception as error:  # noqa: BLE001 - nowhere is listed what decoders and encoders raise
        message = str(error) or type(error).__name__
        raise JobLost(message) from None


def _lower(which: int, soft: int) -> None:
    _, hard = resource.getrlimit(which)
    resource.setrlimit(which, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))
