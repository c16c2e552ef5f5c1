"""A program run to its end, whatever it says and whatever becomes of who started it."""

import os
import select
import subprocess
import sys

from sdc_worker.mirror import child


async def test_a_line_without_an_end_is_read_in_pieces() -> None:
    script = f"import sys; sys.stderr.write('x' * {3 * child.LONGEST_LINE} + '\\nlast words')"
    ended = await child.run([sys.executable, "-c", script], os.environ, deadline_s=15)
    assert ended.code == 0
    assert ended.errors.endswith("last words")


def test_a_program_dies_with_the_worker_that_started_it() -> None:
    script = """
import asyncio, os, sys
from sdc_worker.mirror import child
program = "import os, signal, sys; print('up', file=sys.stderr, flush=True); signal.pause()"
def say(line): os.write(1, line)
asyncio.run(child.run([sys.executable, "-c", program], os.environ, deadline_s=20, each_error_line=say))
"""
    worker = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    with worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"up\n"
        below = int(subprocess.check_output(["cat", f"/proc/{worker.pid}/task/{worker.pid}/children"]).split()[0])
        died = os.pidfd_open(below)
        worker.kill()
    try:
        assert select.select([died], [], [], 3)[0] == [died]
    finally:
        os.close(died)
