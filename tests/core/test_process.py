import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sdc_core import process
from sdc_core.errors import Conflict

GRANDCHILD = (
    "import signal; from sdc_core.process import die_with_parent; "
    "die_with_parent({}); print('up', flush=True); signal.pause()"
)
PARENT = "import subprocess, sys, signal; subprocess.Popen([sys.executable, '-c', sys.argv[1]]); signal.pause()"


def _family(signal_name: str) -> tuple[subprocess.Popen[bytes], int]:
    """A parent and its child, which shares our pipe: the pipe's end is the child's death."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT, GRANDCHILD.format(signal_name)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"up\n"
    return parent, parent.stdout.fileno()


@pytest.mark.parametrize("child_gets", ["", "signal.SIGKILL"])
def test_a_child_dies_with_a_parent_that_is_killed(child_gets: str) -> None:
    parent, pipe = _family(child_gets)
    with parent:
        parent.kill()
        assert os.read(pipe, 1) == b""  # the last holder of its other end, the child, is gone


def test_only_one_holder_at_a_time(tmp_path: Path) -> None:
    lock = tmp_path / "new folder" / "worker.lock"
    with process.only_one(lock, "the worker"):
        with pytest.raises(Conflict, match=rf"the worker runs already \(process {os.getpid()}, lock .*\): stop it"):
            _hold(lock)
        assert lock.read_text(encoding="ascii") == f"{os.getpid()}\n"
    _hold(lock)


def _hold(lock: Path) -> None:
    with process.only_one(lock, "the worker"):
        pass


def test_the_lock_is_dropped_when_the_block_raises(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), process.only_one(tmp_path / "lock", "it"):
        _ = 1 / 0
    _hold(tmp_path / "lock")


def test_a_killed_holder_leaves_nothing_to_clean_up(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    program = (
        "import sys, signal; from pathlib import Path; from sdc_core.process import only_one\n"
        "with only_one(Path(sys.argv[1]), 'it'):\n    print('held', flush=True); signal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(lock)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Conflict, match=f"process {holder.pid},"):
            _hold(lock)
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=5)
        _hold(lock)


def test_a_child_program_does_not_inherit_the_lock(tmp_path: Path) -> None:
    program = [sys.executable, "-c", "print('up', flush=True); input()"]
    with process.only_one(tmp_path / "lock", "it"):
        child = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False)
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
    with child:
        _hold(tmp_path / "lock")
        child.communicate(b"\n")


def test_a_child_whose_parent_was_gone_before_it_asked_ends_at_once() -> None:
    program = "import os; from sdc_core.process import die_with_parent; die_with_parent(parent=os.getpid())"
    assert subprocess.run([sys.executable, "-c", program], timeout=10, check=False).returncode == 1


HEAPS = """
import ctypes, sys, threading
from sdc_core import process
if sys.argv[1:]:
    process.share_one_heap()
met = threading.Barrier(4)
threads = [threading.Thread(target=lambda: (bytearray(5_000), met.wait())) for _ in range(4)]
[each.start() for each in threads]
[each.join() for each in threads]
library = ctypes.CDLL(None)
if hasattr(library, "malloc_info"):
    library.malloc_info(0, ctypes.c_void_p.in_dll(library, "stdout"))
"""


def _heaps(*arguments: str) -> int:
    done = subprocess.run([sys.executable, "-c", HEAPS, *arguments], stdout=subprocess.PIPE, check=True)
    return done.stdout.count(b"<heap ")


def test_threads_share_one_heap_once_it_was_asked_for() -> None:
    assert _heaps("shared") <= min(1, _heaps())
