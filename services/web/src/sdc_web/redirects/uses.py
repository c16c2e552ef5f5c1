"""How often redirects are used: counted in memory, written every few seconds; no request ever waits for it."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sdc_core import clock
from sdc_core.errors import Unavailable
from sdc_core.sqlite import Connection, Database, OperationalError, execute

EVERY_S = 10.0
LAST_S = 2.0
MAX_PATHS = 10_000
"""Redirects that are counted between two writes; uses of further ones are not."""

log = logging.getLogger(__name__)


class Uses:
    """The uses that no row has yet: path to their number and the moment of the last one."""

    __slots__ = ("_counted", "_database")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counted: dict[str, tuple[int, int]] = {}

    def count(self, path: str) -> None:
        """One more use, now."""
        self._add(path, 1, clock.now_us())

    async def run(self) -> None:
        """The loop: for ever, write what was counted."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.write()

    async def write(self) -> None:
        """Write what was counted. Raises Unavailable or OperationalError when it cannot be; then it is kept."""
        counted, self._counted = self._counted, {}
        if not counted:
            return
        try:
            async with self._database.transaction() as connection:
                for path, (uses, at_us) in counted.items():
                    await used(connection, path, uses, at_us)
        except (Unavailable, OperationalError):
            for path, (uses, at_us) in counted.items():
                self._add(path, uses, at_us)
            raise

    def _add(self, path: str, uses: int, at_us: int) -> None:
        before = self._counted.get(path)
        if before is None and len(self._counted) >= MAX_PATHS:
            return
        count, last_us = before or (0, 0)
        self._counted[path] = (count + uses, max(last_us, at_us))


@asynccontextmanager
async def open_uses(database: Database) -> AsyncGenerator[Uses]:
    """A counter; at the end of the block what it has is written, unless that takes too long."""
    uses = Uses(database)
    try:
        yield uses
    finally:
        try:
            async with asyncio.timeout(LAST_S):
                await uses.write()
        except (TimeoutError, Unavailable, OperationalError):
            log.warning("the last uses of redirects could not be written in time")


SQL_USED = """
UPDATE redirects SET uses = uses + :uses, used_at_us = max(coalesce(used_at_us, 0), :at_us) WHERE path = :path
"""


async def used(connection: Connection, path: str, uses: int, at_us: int) -> None:
    """More uses of a redirect; nothing happens to one that is gone."""
    await execute(connection, SQL_USED, {"path": path, "uses": uses, "at_us": at_us})
