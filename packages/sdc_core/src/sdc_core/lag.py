"""How late the event loop is: what everything else that a service does waits for."""

import asyncio
import time
from collections import deque

from sdc_core import clock, metrics
from sdc_core.metrics import Family

EVERY_S = 0.1
KEPT = 600
"""A minute of beats."""
_SHARES = (0.5, 0.99)


class Lag:
    """Beats for as long as `run` runs. A beat that is late though the loop's own thread was not busy tells of a
    machine that has no time for it; one that is late while it was, of something that should not be done in the loop.
    """

    __slots__ = ("_busy_us", "_late_us", "every_s")

    def __init__(self, every_s: float = EVERY_S) -> None:
        self.every_s = every_s
        self._late_us: deque[int] = deque(maxlen=KEPT)
        self._busy_us: deque[int] = deque(maxlen=KEPT)

    async def run(self) -> None:
        """The loop: for ever."""
        while True:
            began_us, used_ns = clock.monotonic_us(), time.thread_time_ns()
            await asyncio.sleep(self.every_s)
            due_us = began_us + int(self.every_s * clock.SECOND_US)
            self._late_us.append(max(0, clock.monotonic_us() - due_us))
            self._busy_us.append((time.thread_time_ns() - used_ns) // 1_000)

    def late_us(self, share: float) -> int:
        """What so large a share of the last minute's beats was not later than; 0 before the first."""
        return _at(self._late_us, share)

    def busy_us(self, share: float) -> int:
        """How much processor time the loop's thread took between two beats, in the same way."""
        return _at(self._busy_us, share)

    def figures(self) -> list[Family]:
        """Both, at the middle and the worst of the last minute's beats."""
        late, busy = (
            {str(share): at(share) / clock.SECOND_US for share in _SHARES} for at in (self.late_us, self.busy_us)
        )
        return [
            metrics.by("gauge", "sdc_event_loop_lag_seconds", "How late the event loop was.", "quantile", late),
            metrics.by("gauge", "sdc_event_loop_busy_seconds", "How long it worked at a stretch.", "quantile", busy),
        ]


def _at(found: deque[int], share: float) -> int:
    ordered = sorted(found)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0
