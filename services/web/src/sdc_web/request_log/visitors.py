"""The visitor: a hash of address and User-Agent under a random salt that dies with its day."""

import asyncio
import hashlib
import logging
from pathlib import Path

from sdc_core import clock
from sdc_core.write_once import write_once

SALT_BYTES = 32
HASH_BYTES = 8
READ_S = 2.0
FORGET_EVERY_S = 60.0

log = logging.getLogger(__name__)


class Visitors:
    """Hashes under the salt of a day, which every process of this data folder shares."""

    __slots__ = ("_folder", "_salts")

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._salts: dict[str, bytes] = {}

    async def hashed(self, day: str, address: str, user_agent: str) -> str:
        """16 hexadecimal digits, the same for the same three values in every process, and unreadable after the day.

        Waits for the disk on the first call of a day alone. Where the folder cannot be used, the salt stays in memory:
        each process then counts visitors for itself, and the site is served.
        """
        salt = self._salts.get(day) or await self._open(day)
        said = f"{address}\n{user_agent}".encode(errors="replace")
        return hashlib.blake2b(said, key=salt, digest_size=HASH_BYTES).hexdigest()

    async def forget_for_ever(self) -> None:
        """The loop: the salts of days that are over go, from the start on, whether anybody comes or not."""
        while True:
            await self.forget(clock.today())
            await asyncio.sleep(FORGET_EVERY_S)

    async def forget(self, today: str) -> None:
        """Delete the salts of earlier days, in memory and on disk. A folder that cannot be used holds none of ours."""
        self._keep_from(today)
        try:
            await asyncio.to_thread(delete_earlier, self._folder, today)
        except OSError as error:
            log.warning("old visitor salts may be left", extra={"folder": str(self._folder), "error": str(error)})

    def _keep_from(self, day: str) -> None:
        self._salts = {each: kept for each, kept in self._salts.items() if each >= day}

    async def _open(self, day: str) -> bytes:
        try:
            async with asyncio.timeout(READ_S):
                salt = await asyncio.to_thread(shared_salt, self._folder, day)
        except (OSError, TimeoutError) as error:
            salt = clock.random_bytes(SALT_BYTES)
            log.warning("the visitor salt is not shared", extra={"folder": str(self._folder), "error": str(error)})
        # Another request may have opened the day meanwhile: two salts in one process would split its visitors.
        salt = self._salts.setdefault(day, salt)
        self._keep_from(day)
        return salt


def shared_salt(folder: Path, day: str) -> bytes:
    """The salt of the day, made by whichever process comes first; salts of earlier days are deleted. Blocking.

    Nobody ever reads half a salt, and nobody replaces one in use.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = folder / day
    write_once(target, clock.random_bytes(SALT_BYTES))
    delete_earlier(folder, day)
    return target.read_bytes()


def delete_earlier(folder: Path, day: str) -> None:
    """Delete the salts of days before this one. Blocking."""
    for other in folder.iterdir() if folder.is_dir() else ():
        if other.name < day and not other.name.startswith("."):
            other.unlink(missing_ok=True)
