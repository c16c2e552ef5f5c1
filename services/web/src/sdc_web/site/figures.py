"""What each process of web tells of itself, and reads of the others.

Nobody chooses which process a connection reaches. So each leaves its figures beside its access log, in the folder that
is its own by a lock, and the one that is asked reads them all.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
from sdc_core import clock, metrics
from sdc_core.metrics import Family

EVERY_S = 5.0
VALID_US = 15 * clock.SECOND_US
"""Figures that are older are of a process that has ended, or cannot write."""
_FILE = "figures.json"


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """The file of one process."""

    at_us: int
    families: list[Family]


class Process:
    """This process among the others. `own` gathers its figures, and may block."""

    __slots__ = ("_folder", "_own")

    def __init__(self, folder: Path, own: Callable[[], list[Family]]) -> None:
        self._folder = folder
        self._own = own

    async def leave(self) -> None:
        """The loop: for ever, leave what the others may read. A disk that refuses costs figures and nothing else."""
        while True:
            await asyncio.sleep(EVERY_S)
            with suppress(OSError):
                await asyncio.to_thread(self._write)

    async def of_all(self) -> list[Family]:
        """The figures of every process, labelled with its slot."""
        return await asyncio.to_thread(self._read)

    def _write(self) -> None:
        left = Left(at_us=clock.now_us(), families=self._own())
        fresh = self._folder / f"{_FILE}.tmp"
        fresh.write_bytes(msgspec.json.encode(left))
        fresh.replace(self._folder / _FILE)

    def _read(self) -> list[Family]:
        told = metrics.labelled(self._own(), {"process": self._folder.name})
        for file in sorted(self._folder.parent.glob(f"*/{_FILE}")):
            if file.parent != self._folder:
                told += metrics.labelled(_valid(file), {"process": file.parent.name})
        return told


def _valid(file: Path) -> list[Family]:
    try:
        left = msgspec.json.decode(file.read_bytes(), type=Left)
    except (OSError, msgspec.DecodeError, RecursionError):
        return []
    return left.families if abs(clock.now_us() - left.at_us) < VALID_US else []
