"""`sdc up` as a subprocess that is read line by line, and ports for it."""

import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

SDC = Path(sys.executable).with_name("sdc")
READY_S: float = 110
PORTS = 12
FIRST_PORT, LAST_PORT = 10_000, 32_000


class Up:
    """One `sdc up`, or another command that becomes one: its process, and everything it has printed so far. `within`
    is a command that runs it.
    """

    def __init__(
        self, environment: dict[str, str], *arguments: str, command: str = "up", within: Sequence[str] = ()
    ) -> None:
        self.started_s = time.monotonic()
        self.printed = ""
        self._more = threading.Condition()
        self.process = subprocess.Popen(
            [*within, SDC, command, *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, pattern: str, times: int = 1) -> float:
        """Seconds from the start until it had printed that."""
        with self._more:
            found = self._more.wait_for(lambda: len(re.findall(pattern, self.printed, re.MULTILINE)) >= times, READY_S)
        assert found, self.printed
        return time.monotonic() - self.started_s

    def end(self, number: signal.Signals, within_s: float = 60) -> tuple[int, float]:
        """Its exit code, and the seconds it took to end after the signal."""
        sent_s = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(timeout=within_s)
        took_s = time.monotonic() - sent_s
        self._reader.join(timeout=5)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code, took_s

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._more:
                self.printed += line
                self._more.notify_all()


def free_ports() -> int:
    """The first of twelve ports in a row that were free a moment ago.

    Below the range from which the system takes the ports of outgoing connections: one of those might take ours.
    """
    for _ in range(200):
        first = FIRST_PORT + secrets.randbelow(LAST_PORT - FIRST_PORT - PORTS)
        with ExitStack() as held, suppress(OSError):
            for port in range(first, first + PORTS):
                held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    message = f"no {PORTS} free ports in a row"
    raise RuntimeError(message)
