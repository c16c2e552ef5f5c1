"""What a process must know of its own life: its parent, that it is the only one of its kind, and its programs."""

import ctypes
import fcntl
import os
import shutil
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sdc_core.errors import Conflict, Misconfigured

_PR_SET_PDEATHSIG = 1
_M_ARENA_MAX = -8


def die_with_parent(signal_number: int = signal.SIGTERM, *, parent: int = 0) -> None:
    """Ask the kernel for a signal when the parent ends, however it ends (Linux, `prctl(2)`; elsewhere nothing).

    Call it in the child, on its main thread. The kernel means the parent's *thread*: who starts such a child does so
    from a thread that lives as long as the child should. Between fork and this call the parent may be gone already:
    give its process id, and the child ends here and now.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal_number)
    if parent and os.getppid() != parent:
        os._exit(1)


def share_one_heap() -> None:
    """All threads take their memory from one heap (glibc, `mallopt(3)`; elsewhere nothing).

    Else each has one of its own and keeps back what was freed in it: 8 MB in a process of web. Call it before there are
    threads; children inherit it.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


@contextmanager
def only_one(lock_file: Path, what: str) -> Generator[None]:
    """Hold an exclusive lock for as long as the block runs; Conflict when another process holds it.

    The kernel drops the lock with the process, so a killed one leaves nothing to clean up.
    """
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            message = f"{what} runs already (process {holder or 'unknown'}, lock {lock_file}): stop it first"
            raise Conflict(message) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def find_program(name: str) -> str:
    """The path of a program, beside our Python or else on the PATH. Raises Misconfigured where there is none."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.is_file() else shutil.which(name)
    if not found:
        message = f"{name} is not installed: `uv sync` brings it on Linux and macOS"
        raise Misconfigured(message)
    return found
