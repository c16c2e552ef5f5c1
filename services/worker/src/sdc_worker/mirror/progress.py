"""How far a mirror is, in one line, kept in its run's row while it goes on."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from sdc_core.sqlite import Database

from sdc_worker.cron import store
from sdc_worker.mirror.rclone import Stats

EVERY_S = 1.0


class Progress:
    """Counts what has been copied of what was planned; `words` is empty until that is known."""

    __slots__ = ("_done", "_done_bytes", "_objects", "_size_bytes", "words")

    def __init__(self) -> None:
        self.words = ""
        self._objects = self._size_bytes = self._done = self._done_bytes = 0

    def expect(self, objects: int, size_bytes: int) -> None:
        """So much is to be copied."""
        self._objects, self._size_bytes = objects, size_bytes
        self._tell(0, 0)

    def under_way(self, stats: Stats) -> None:
        """How far the group is that is being copied."""
        self._tell(stats.transfers, stats.bytes)

    def done(self, stats: Stats) -> None:
        """A group is copied."""
        self._done += stats.transfers
        self._done_bytes += stats.bytes
        self._tell(0, 0)

    def _tell(self, objects: int, size_bytes: int) -> None:
        copied = f"{self._done + objects:,} of {self._objects:,} objects copied"
        self.words = f"{copied}, {(self._done_bytes + size_bytes) / 1e6:,.1f} of {self._size_bytes / 1e6:,.1f} MB"


@asynccontextmanager
async def noted(database: Database, run_id: str, progress: Progress) -> AsyncGenerator[None]:
    """Write the words into the run's row once a second, when they are others, for the length of the block."""

    async def note() -> None:
        told = ""
        while True:
            await asyncio.sleep(EVERY_S)
            if progress.words != told:
                told = progress.words
                with suppress(*store.FAULTS):
                    async with database.transaction() as connection:
                        await store.note_run(connection, run_id, output=told)

    failure: Exception | None = None
    async with asyncio.TaskGroup() as group:
        task = group.create_task(note())
        try:
            yield
        except Exception as error:  # noqa: BLE001 - raised again below, outside the group that would wrap it
            failure = error
        finally:
            task.cancel()
    if failure is not None:
        raise failure
