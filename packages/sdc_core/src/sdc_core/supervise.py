"""Keep a service's loops running: each in one task group, restarted when it fails, drained when the service stops."""

import asyncio
import logging
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeAlias

from sdc_core import clock, metrics
from sdc_core.metrics import Family

Loop: TypeAlias = Callable[[], Awaitable[None]]

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
STEADY_US = 60 * clock.SECOND_US
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger(__name__)


class LoopState:
    """How one loop fares; `error` is the type and text of the last failure, empty while there was none and once the
    loop is done.
    """

    __slots__ = ("error", "name", "restarts", "running")

    def __init__(self, name: str) -> None:
        self.name = name
        self.running = False
        self.restarts = 0
        self.error = ""


class Board:
    """The states of all loops of a service, for `/health` and `/metrics`."""

    __slots__ = ("loops", "stopping")

    def __init__(self, names: list[str]) -> None:
        self.loops = {name: LoopState(name) for name in names}
        self.stopping = False

    def failing(self) -> dict[str, str]:
        """Name to error of each loop that is down at this moment."""
        return {state.name: state.error for state in self.loops.values() if not state.running and state.error}

    def figures(self) -> list[Family]:
        """How the loops fare. One that is done does not run and has not failed."""
        running = {name: int(each.running) for name, each in self.loops.items()}
        failed = {name: int(bool(each.error) and not each.running) for name, each in self.loops.items()}
        restarts = {name: each.restarts for name, each in self.loops.items()}
        return [
            metrics.by("gauge", "sdc_loop_running", "Whether the loop runs.", "loop", running),
            metrics.by("gauge", "sdc_loop_failed", "Whether it failed and waits for its next start.", "loop", failed),
            metrics.by("counter", "sdc_loop_restarts_total", "How often it was started again.", "loop", restarts),
        ]


@asynccontextmanager
async def background(loops: Mapping[str, Loop], *, grace_s: float = 5.0) -> AsyncGenerator[Board]:
    """Run the loops while the block runs.

    A loop that raises is logged by name and started again after a growing pause; one that returns is done. At the end
    of the block each loop is cancelled and has `grace_s` to clean up; one that is late is named in the log, cancelled
    once more and waited for. What the block raises comes out as it is, not in a group.
    """
    board = Board(list(loops))
    failure: Exception | None = None
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_keep(board, board.loops[name], loop), name=name) for name, loop in loops.items()]
        try:
            yield board
        except Exception as error:  # noqa: BLE001 - raised again below, outside the group that would wrap it
            failure = error
        finally:
            board.stopping = True
            await _stop(tasks, grace_s)
    if failure is not None:
        raise failure


async def until_signal() -> str:
    """Wait for SIGTERM or SIGINT and return its name.

    Later ones change nothing: a terminal sends SIGINT to every process of `sdc up`, which then sends SIGTERM, and a
    service that dies of the second one in the middle of its stop would cost Litestream its last sync. The stop has its
    own deadlines, and SIGKILL is always there.
    """
    running = asyncio.get_running_loop()
    received: asyncio.Future[str] = running.create_future()

    def receive(number: signal.Signals) -> None:
        if not received.done():
            received.set_result(number.name)

    for number in _STOP_SIGNALS:
        running.add_signal_handler(number, receive, number)
    try:
        return await received
    except asyncio.CancelledError:
        for number in _STOP_SIGNALS:
            running.remove_signal_handler(number)
        raise


async def _stop(tasks: list[asyncio.Task[None]], grace_s: float) -> None:
    for task in tasks:
        task.cancel()
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=grace_s)
    for task in late:
        log.warning("loop did not stop in time", extra={"loop": task.get_name(), "grace_s": grace_s})
        task.cancel()


async def _keep(board: Board, state: LoopState, loop: Loop) -> None:
    pause_s = FIRST_PAUSE_S
    while True:
        started_us = clock.monotonic_us()
        if await _run(board, state, loop):
            return
        if clock.monotonic_us() - started_us > STEADY_US:
            pause_s = FIRST_PAUSE_S
        await asyncio.sleep(pause_s + clock.jitter(pause_s / 4))
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        state.restarts += 1


async def _run(board: Board, state: LoopState, loop: Loop) -> bool:
    """Run a loop once; whether it is done."""
    state.running = True
    try:
        await loop()
    except asyncio.CancelledError as error:
        # Nobody cancels a loop before the stop: something inside waited for a task that was cancelled. Unless it is
        # taken as a failure, the loop ends here without a word. (`cancelling` cannot tell: up to Python 3.12 a task
        # group that failed leaves it raised.)
        if board.stopping:
            raise
        _failed(state, error)
    except Exception as error:  # noqa: BLE001 - the top of a supervised loop
        _failed(state, error)
    else:
        state.error = ""
        return True
    finally:
        state.running = False
    return board.stopping


def _failed(state: LoopState, error: BaseException) -> None:
    state.error = f"{type(error).__name__}: {error}"
    log.error("loop failed", exc_info=error, extra={"loop": state.name, "restarts": state.restarts})
