"""The threads of `asyncio.to_thread`: what blocks goes there, and all that goes there waits for one that is free."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from sdc_core import metrics
from sdc_core.metrics import Family

P = ParamSpec("P")
T = TypeVar("T")


class Threads(ThreadPoolExecutor):
    """As many threads as Python itself would have, whose work is counted."""

    def __init__(self) -> None:
        super().__init__(thread_name_prefix="to_thread")
        self._counting = threading.Lock()
        self._busy = 0

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have a thread do it."""

        def counted() -> T:
            self._count(1)
            try:
                return function(*args, **kwargs)
            finally:
                self._count(-1)

        return super().submit(counted)

    def figures(self) -> list[Family]:
        """How many there may be, are at work, and are wanted further. Any thread may ask."""
        waiting = self._work_queue.qsize()
        return [
            metrics.single("gauge", "sdc_threads", "Threads that may work side by side.", self._max_workers),
            metrics.single("gauge", "sdc_threads_busy", "Threads that are at work.", self._busy),
            metrics.single("gauge", "sdc_threads_waiting", "What waits for a thread.", waiting),
        ]

    def _count(self, more: int) -> None:
        with self._counting:
            self._busy += more


def install() -> Threads:
    """Have `asyncio.to_thread` use counted ones in the loop that runs; it closes them at its own end."""
    threads = Threads()
    asyncio.get_running_loop().set_default_executor(threads)
    return threads
