"""How often one address may follow secret links: a guess costs nothing then, and a link that was passed on widely
takes no process to itself.
"""

from sdc_core import clock
from sdc_core.errors import Throttled

from sdc_web import origins

MOST = 60
MOST_ADDRESSES = 4_000
WINDOW_US = 60 * clock.SECOND_US


class Looks:
    """Requests by address, counted in windows that begin with the first one. Each process counts on its own."""

    __slots__ = ("_windows",)

    def __init__(self) -> None:
        self._windows: dict[str, tuple[int, int]] = {}

    def take(self, address: str, now_us: int) -> None:
        """Count a request; `now_us` is a reading of `clock.monotonic_us`. Raises Throttled when none was left."""
        origin = origins.of(address)
        ends_us, taken = self._windows.get(origin, (0, 0))
        if ends_us <= now_us:
            self._make_room(now_us)
            ends_us, taken = now_us + WINDOW_US, 0
        if taken >= MOST:
            raise Throttled("Too many looks in a minute: try again in a moment.", retry_after_s=60)
        self._windows[origin] = ends_us, taken + 1

    def _make_room(self, now_us: int) -> None:
        """Let windows go that ended, once there are many; all of them, should that many be open."""
        if len(self._windows) >= MOST_ADDRESSES:
            self._windows = {name: window for name, window in self._windows.items() if window[0] > now_us}
        if len(self._windows) >= MOST_ADDRESSES:
            self._windows.clear()
