"""Keep a service's loops running: each in one task group, restarted when it fails, drained when the service stops."""

import asyncio
import logging
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeAlias

from sdc_core import clock

Loop: TypeAlias = Callable[[], Awaitable[None]]

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
STEADY_US = 60 * clock.SECOND_US

log = logging.getLogger(__name__)


class LoopState:
    """How one loop fares; `error` is the type and text of the last failure, empty while there was none."""

    __slots__ = ("error", "name", "restarts", "running")

    def __init__(self, name: str) -> None:
        self.name = name
        self.running = False
        self.restarts = 0
        self.error = ""


class Board:
    """The states of all loops of a service, for `/health` and `/metrics`."""

    __slots__ = ("loops",)

    def __init__(self, names: list[str]) -> None:
        self.loops = {name: LoopState(name) for name in names}

    def failing(self) -> dict[str, str]:
        """Name to error of each loop that is down at this moment."""
        return {state.name: state.error for state in self.loops.values() if not state.running and state.error}


@asynccontextmanager
async def background(loops: Mapping[str, Loop], *, grace_s: float = 5.0) -> AsyncGenerator[Board]:
    """Run the loops while the block runs. A loop that raises is logged by name and started again after a growing
    pause; one that returns is done. At the end of the block each loop is cancelled and has `grace_s` to clean up."""
    board = Board(list(loops))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_keep(board.loops[name], loop), name=name) for name, loop in loops.items()]
        try:
            yield board
        finally:
            for task in tasks:
                task.cancel()
            if tasks:
                _, late = await asyncio.wait(tasks, timeout=grace_s)
                for task in late:
                    log.warning("loop did not stop in time", extra={"loop": task.get_name(), "grace_s": grace_s})


async def until_signal() -> str:
    """Wait for SIGTERM or SIGINT and return its name. A second one meets the default action: it ends the process."""
    running = asyncio.get_running_loop()
    received: asyncio.Future[str] = running.create_future()

    def receive(number: signal.Signals) -> None:
        for each in (signal.SIGTERM, signal.SIGINT):
            running.remove_signal_handler(each)
        if not received.done():
            received.set_result(number.name)

    for number in (signal.SIGTERM, signal.SIGINT):
        running.add_signal_handler(number, receive, number)
    return await received


async def _keep(state: LoopState, loop: Loop) -> None:
    pause_s = FIRST_PAUSE_S
    while True:
        started_us = clock.monotonic_us()
        state.running = True
        try:
            await loop()
        except Exception as error:  # noqa: BLE001 - the top of a supervised loop
            state.error = f"{type(error).__name__}: {error}"
            log.exception("loop failed", extra={"loop": state.name, "restarts": state.restarts})
        else:
            return
        finally:
            state.running = False
        if clock.monotonic_us() - started_us > STEADY_US:
            pause_s = FIRST_PAUSE_S
        await asyncio.sleep(pause_s + clock.jitter(pause_s / 4))
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        state.restarts += 1
