"""Pings: a monitor outside hears of the runs of chosen jobs, and raises the alarm when it hears nothing."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Literal, TypeAlias
from urllib.parse import urlsplit, urlunsplit

from sdc_core import outside

Word: TypeAlias = Literal["start", "success", "fail"]
MOST_WAITING = 100
PING_S = 5.0

log = logging.getLogger(__name__)


class Pings:
    """What is to be fetched, in order. A monitor that is slow holds up no job: what finds no room is left out."""

    __slots__ = ("_addresses", "_waiting")

    def __init__(self, pairs: Iterable[str] = ()) -> None:
        self._addresses = dict(pair.split("=", 1) for pair in pairs)
        self._waiting: asyncio.Queue[tuple[str, Word]] = asyncio.Queue(MOST_WAITING)

    def tell(self, job: str, word: Word) -> None:
        """Have it fetched soon, where that job has an address."""
        if job not in self._addresses:
            return
        try:
            self._waiting.put_nowait((job, word))
        except asyncio.QueueFull:
            log.warning("a ping is left out: too many wait", extra={"job": job, "word": word})

    async def run(self) -> None:
        """The loop: for ever, fetch what waits."""
        while True:
            job, word = await self._waiting.get()
            if reason := await outside.ping(address(self._addresses[job], word), timeout_s=PING_S):
                log.warning("a ping was not taken", extra={"job": job, "word": word, "reason": reason})


def address(url: str, word: Word) -> str:
    """Where a word goes: the address itself for success, `/start` and `/fail` below it."""
    if word == "success":
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{word}"))
