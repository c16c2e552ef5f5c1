"""The event loop of a process that serves: uvloop, which also hears the signals that come while it stands still."""

import asyncio
import signal
from collections.abc import Callable
from typing import TypeVarTuple, Unpack

import uvloop
from granian import loops
from granian.constants import Loops

Ts = TypeVarTuple("Ts")
NAME = Loops.uvloop
"""What granian is asked for; ours takes the place of its own."""


class Loop(uvloop.Loop):
    """uvloop forgets a signal that comes between two runs. granian has three: start, service, end. Told to stop between
    the first two, a process would serve on until it is killed.

    `told` is set by the first of them: each that a process of ours listens to tells it to end.
    """

    def __init__(self) -> None:
        super().__init__()
        self.told = asyncio.Event()

    def add_signal_handler(self, sig: int, callback: Callable[[Unpack[Ts]], object], *args: *Ts) -> None:
        """As asyncio describes it; the callback waits for the next run, if there is none."""

        def hear() -> None:
            self.told.set()
            callback(*args)

        signal.signal(sig, lambda *_: self.call_soon_threadsafe(hear))
        signal.siginterrupt(sig, False)  # noqa: FBT003 - takes no keyword


async def goes_on_for(seconds: float) -> bool:
    """Wait so long; False, and at once, when the process is told to end meanwhile. Another loop is not told."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, Loop):
        await asyncio.sleep(seconds)
        return True
    try:
        async with asyncio.timeout(seconds):
            await loop.told.wait()
    except TimeoutError:
        return True
    return False


@loops.register(NAME)
def build() -> asyncio.AbstractEventLoop:
    """A loop of this kind, as the thread's own."""
    loop = Loop()
    asyncio.set_event_loop(loop)
    return loop
