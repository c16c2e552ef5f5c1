"""What a pooled process may use: set in the process itself, anew for each job."""

import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import TypeVar

from sdc_core.process import die_with_parent

T = TypeVar("T")
A = TypeVar("A")

MEMORY_BYTES = 1 << 30
CPU_S = 60
NICENESS = 10


def limited(function: Callable[[A], T], argument: A) -> T:
    """Call the function with at most `MEMORY_BYTES` of address space (then MemoryError) and `CPU_S` of processor time
    (then the kernel ends the process).
    """
    # One that is stuck would not notice that its worker was killed.
    die_with_parent(signal.SIGKILL)
    if sys.platform == "linux":  # macOS refuses a limit of the address space
        _lower(resource.RLIMIT_AS, MEMORY_BYTES)
    used = resource.getrusage(resource.RUSAGE_SELF)
    # The count goes on over the life of the process, and processes are used again.
    _lower(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + CPU_S)
    os.nice(max(0, NICENESS - os.nice(0)))
    return function(argument)


def _lower(which: int, soft: int) -> None:
    _, hard = resource.getrlimit(which)
    resource.setrlimit(which, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))
