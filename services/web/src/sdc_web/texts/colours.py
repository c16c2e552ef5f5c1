"""Code with its tokens in classes, found by a child process: some lexers take hours over forty thousand letters that
were put together for it, and hold every thread of theirs meanwhile. Here that ends the child, and the code stays plain.
"""

import atexit
import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

from sdc_core import clock

TEXT_US = 10 * clock.SECOND_US
"""For all blocks of a text, with waiting for their turn, on a machine that is busy: what is left then stays plain."""
FRESH_US = 240 * clock.SECOND_US
"""A child that nobody asked for longer is replaced: it is about to end by itself."""

_PROGRAM = Path(__file__).with_name("colours_child.py")


class _Child:
    """The one child of this process: started when there is something to ask, ended by what takes it too long."""

    __slots__ = ("_asked_us", "_line", "_process", "_turn")

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._asked_us = 0
        atexit.register(self.end)

    def ask(self, language: str, code: str, within_us: int) -> str | None:
        """HTML, None for an unknown language. Blocking, for milliseconds as a rule. Raises TimeoutError."""
        ends_us = clock.monotonic_us() + within_us
        if not self._turn.acquire(timeout=max(0, within_us) / clock.SECOND_US):
            raise TimeoutError
        try:
            line = self._ready()
            line.settimeout(max(1, ends_us - clock.monotonic_us()) / clock.SECOND_US)
            line.sendall(json.dumps({"language": language, "code": code}).encode() + b"\n")
            with line.makefile("rb") as answers:
                answer = answers.readline()
            if not answer.endswith(b"\n"):
                raise TimeoutError  # it has ended
            self._asked_us = clock.monotonic_us()
            return json.loads(answer)
        except OSError:
            self.end()
            raise TimeoutError from None
        finally:
            self._turn.release()

    def end(self) -> None:
        """End the child, if there is one. Nothing of it is left."""
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._line = self._process = None

    def _ready(self) -> socket.socket:
        """The line to a child that lives."""
        stale = clock.monotonic_us() - self._asked_us > FRESH_US
        if self._line is not None and self._process is not None and not stale and self._process.poll() is None:
            return self._line
        self.end()
        self._line, other = socket.socketpair()
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-X", "utf8", str(_PROGRAM)],
                stdin=other.fileno(),
                stdout=other.fileno(),
                stderr=subprocess.DEVNULL,
                env={},  # nothing that it has no use for
            )
        self._asked_us = clock.monotonic_us()
        return self._line


_child = _Child()


def coloured(language: str, code: str, within_us: int) -> str | None:
    """HTML of the code, None for an unknown language. Blocking: 0.2 s for the first of a process. Raises TimeoutError
    when the tokens could not be found by then, or within the memory there is.
    """
    return _child.ask(language, code, within_us)
