"""Who asks: address, country and visitor, worked out once a day for each who comes again and again.

One page brings its files along and readers turn pages, so most requests come from a caller of a moment ago.
"""

from collections.abc import Callable
from functools import lru_cache

from sdc_core import clock
from sdc_core.access_log import MAX_TEXT

from sdc_web.request_log.client import Proxies, truncated
from sdc_web.request_log.countries import Countries
from sdc_web.request_log.visitors import Visitors

MAX_CALLERS = 2_048
"""Held at once, in memory alone; some 1.5 kB each at the worst."""


class Caller:
    """A client as one peer, its `X-Forwarded-For` and its User-Agent tell of it. `trusted` says whether the peer is a
    proxy of ours, `net` is what lines keep of the address.
    """

    __slots__ = ("_day", "_visitor", "address", "country", "net", "trusted", "user_agent")

    def __init__(self, address: str, country: str, user_agent: str, *, trusted: bool, net: str = "") -> None:
        self.address = address
        self.net = net
        self.country = country
        self.user_agent = user_agent
        self.trusted = trusted
        self._day = ""
        self._visitor = ""

    def visitor(self, day: str) -> str:
        """The visitor's hash of that day, or nothing when it has not been asked for yet."""
        return self._visitor if day == self._day else ""

    async def visit(self, day: str, visitors: Visitors) -> str:
        """The same, for the first time that day."""
        visitor = await visitors.hashed(day, self.address, self.user_agent)
        self._day, self._visitor = day, visitor
        return visitor


class Callers:
    """Finds callers. At the first request of a day all earlier ones are forgotten, as their salt is."""

    __slots__ = ("_country", "_day", "_keeps_net", "_known", "_number", "_proxies")

    def __init__(self, proxies: Proxies, country: Countries, *, keeps_net: bool = False) -> None:
        self._keeps_net = keeps_net
        self._proxies = proxies
        self._country = country
        self._number = -1
        self._day = ""
        self._known: Callable[[str, bytes, bytes], Caller] = self._remembering()

    def find(self, peer: str, forwarded_for: bytes, user_agent: bytes) -> Caller:
        """The caller; one whose headers are absurdly long is not remembered."""
        if len(forwarded_for) > MAX_TEXT:
            return self._meet(peer, forwarded_for, user_agent)
        return self._known(peer, forwarded_for, user_agent[:MAX_TEXT])

    def day_of(self, at_us: int) -> str:
        """The UTC day of that moment, which is now."""
        number = at_us // clock.DAY_US
        if number != self._number:
            self._number, self._day = number, clock.day_of(at_us)
            self._known = self._remembering()
        return self._day

    def _remembering(self) -> Callable[[str, bytes, bytes], Caller]:
        return lru_cache(maxsize=MAX_CALLERS)(self._meet)

    def _meet(self, peer: str, forwarded_for: bytes, user_agent: bytes) -> Caller:
        address = self._proxies.client(peer, forwarded_for.decode("latin-1"))
        trusted = self._proxies.is_trusted(peer)
        net = truncated(address) if self._keeps_net else ""
        agent = user_agent[:MAX_TEXT].decode("latin-1")
        return Caller(address, self._country(address), agent, trusted=trusted, net=net)
