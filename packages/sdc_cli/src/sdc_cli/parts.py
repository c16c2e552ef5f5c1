"""One part of the running site: a child process that is started, watched, started again, and stopped.

Imports little, because it lives in `sdc up` for as long as the site runs.
"""

import asyncio
import os
import signal
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from sdc_core import clock, disk
from sdc_core.process import die_with_parent

from sdc_cli.plan import Probe, Program

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
STEADY_S = 60.0
DEATHS = 5
LEFTOVER_S = 3.0
LOOK_S = 0.05
ANSWER_S = 2.0
LOG_BYTES = 5 * 1024 * 1024
TAIL_LINES = 20
TAIL_BYTES = 64 * 1024

Say = Callable[[str], None]


class Part:
    """A program kept running; `ready` is set while it answers."""

    def __init__(self, name: str, program: Program, grace_s: float, say: Say, give_up: Say | None) -> None:
        """`give_up` is told why when the part dies five times within a minute and has never answered; without one, or
        once it has, it is tried for ever: what ended a part that ran, a full disk for example, may pass.
        """
        self.name = name
        self.ready = asyncio.Event()
        self._program = program
        self._grace_s = grace_s
        self._say = say
        self._give_up = give_up
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._answered = False

    async def keep(self) -> None:
        """Start the program, and again whenever it ends, until `stop`."""
        log_file = Path(self._program.log_file)
        turn_over(log_file)
        deaths: deque[float] = deque(maxlen=DEATHS)
        pause_s = FIRST_PAUSE_S
        while not self._stopping.is_set():
            started_s, written = _now_s(), size_bytes(log_file)
            how = await self._run_once(started_s)
            if self._stopping.is_set():
                return
            deaths.append(_now_s())
            if not self.ready.is_set() and len(deaths) == 1:
                self._say(await asyncio.to_thread(tail, log_file, written))
            self.ready.clear()
            if self._give_up and not self._answered and len(deaths) == DEATHS and deaths[-1] - deaths[0] < STEADY_S:
                self._say(await asyncio.to_thread(tail, log_file, written))
                # On a full disk each part fails in words of its own, or without any.
                is_full = await asyncio.to_thread(disk.has_no_room, log_file.parent)
                why = f"{self.name} ended {DEATHS} times within a minute: {log_file} tells why"
                self._give_up(disk.WORDS if is_full else why)
                return
            if deaths[-1] - started_s > STEADY_S:
                pause_s = FIRST_PAUSE_S
            self._say(f"sdc: {self.name} {how}; starting it again in {pause_s:g} s")
            await _within(self._stopping.wait(), pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def stop(self) -> None:
        """Ask the program to end; after its grace, end it and all that it started."""
        self._stopping.set()
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.terminate()
            await _within(self._process.wait(), self._grace_s)
        signal_group(self._process.pid, signal.SIGKILL)
        await _within(self._process.wait(), ANSWER_S)

    def kill(self) -> None:
        """End the program and all that it started, at once."""
        self._stopping.set()
        if self._process is not None:
            signal_group(self._process.pid, signal.SIGKILL)

    async def _run_once(self, started_s: float) -> str:
        """Run the program to its end, and say in words how it ended."""
        try:
            self._process = await start(self._program)
        except OSError as error:
            return f"cannot be started ({error})"
        if self._stopping.is_set():
            # Meanwhile, with no program there to be ended.
            self.kill()
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(self._wait_until_ready(started_s))
            code = await self._process.wait()
            waiting.cancel()
        # Litestream killed outright leaves the worker, which then ends by itself: two must never run at a time.
        give_up_s = _now_s() + LEFTOVER_S
        while signal_group(self._process.pid, 0) and _now_s() < give_up_s:  # noqa: ASYNC110 - a group tells nobody
            await asyncio.sleep(LOOK_S)
        signal_group(self._process.pid, signal.SIGKILL)
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"

    async def _wait_until_ready(self, started_s: float) -> None:
        while not await answers(self._program.probe):  # noqa: ASYNC110 - nor does a server
            await asyncio.sleep(LOOK_S)
        self._say(f"  {self.name:<14} ready in {_now_s() - started_s:.1f} s")
        self.ready.set()
        self._answered = True


async def start(program: Program) -> asyncio.subprocess.Process:
    """Start it in a process group of its own: a terminal's Ctrl-C reaches only `sdc up`, which gives the orders."""
    descriptor = os.open(program.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return await asyncio.create_subprocess_exec(
            *program.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            cwd=program.folder,
            env=program.environment,
            process_group=0,
            # One millisecond, measured; a Python in between would take ten.
            preexec_fn=partial(die_with_parent, program.orphan_signal, parent=os.getpid()),
        )
    finally:
        os.close(descriptor)


async def answers(probe: Probe) -> bool:
    """Whether a GET is answered at all."""
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection(probe.host, probe.port)
            try:
                writer.write(f"GET {probe.path} HTTP/1.0\r\nHost: localhost:{probe.port}\r\n\r\n".encode())
                return (await reader.read(5)).startswith(b"HTTP/")
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


def turn_over(log_file: Path) -> None:
    """Make room: a log that has grown large becomes `<name>.1`, in the place of the one before."""
    log_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if size_bytes(log_file) > LOG_BYTES:
        log_file.replace(log_file.with_name(f"{log_file.name}.1"))


def size_bytes(log_file: Path) -> int:
    """How much has been written to a log so far."""
    return log_file.stat().st_size if log_file.exists() else 0


def tail(log_file: Path, written: int) -> str:
    """The last lines of what was added to a log after its first `written` bytes, indented."""
    try:
        with log_file.open("rb") as file:
            file.seek(max(written, size_bytes(log_file) - TAIL_BYTES))
            added = file.read(TAIL_BYTES)
    except OSError:
        return ""
    lines = added.decode(errors="replace").splitlines()[-TAIL_LINES:]
    return "\n".join(f"    {line}" for line in lines)


def signal_group(process_group: int, number: int) -> bool:
    """Whether the group still had a process, which then got the signal (0 is none)."""
    try:
        os.killpg(process_group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


async def _within(waiting: Awaitable[object], timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await waiting
    except TimeoutError:
        return


def _now_s() -> float:
    return clock.monotonic_us() / clock.SECOND_US
