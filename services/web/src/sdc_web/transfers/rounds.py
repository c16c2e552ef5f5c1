"""The loop that does transfers, one after the other, each in a child of its own. Of all processes of web one has it.

Whoever has it holds a lock, and so does the child: nobody else begins before both are gone. A child ends with its
parent.
"""

import asyncio
import fcntl
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import msgspec
from sdc_core import clock
from sdc_core.errors import Unavailable
from sdc_core.settings import Settings
from sdc_core.settings_told import plain

from sdc_web.db import Databases
from sdc_web.transfers import folders, store
from sdc_web.transfers.records import State, Step, Transfer

LOOK_S = 0.5
TURN_S = 2.0
TIDY_S = 600.0
END_S = 10.0
ORDER_S = 10.0
DEADLINES_S: dict[Step, float] = {"look": 2 * 3_600.0, "take": 12 * 3_600.0, "write": 4 * 3_600.0}
_LOCK = "lock"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a child is told, by its input: nobody reads secrets there."""

    transfer_id: str
    settings: dict[str, object]


async def run(databases: Databases, settings: Settings) -> None:
    """The loop: for ever, have the turn or wait for it."""
    while True:
        async with _turn(settings) as lock:
            if lock is not None:
                await _serve(databases, settings, lock)
        await asyncio.sleep(TURN_S)


@asynccontextmanager
async def _turn(settings: Settings) -> AsyncGenerator[int | None]:
    """The lock for the block, None while another process has it."""
    lock = await asyncio.to_thread(_lock, settings)
    try:
        yield lock
    finally:
        if lock is not None:
            os.close(lock)


def _lock(settings: Settings) -> int | None:
    folder = folders.root(settings)
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


async def _serve(databases: Databases, settings: Settings, lock: int) -> None:
    async with databases.ttl.transaction() as connection:
        await store.interrupt(connection, clock.now_us())
    tidied_us = 0
    while True:
        with suppress(Unavailable):
            if clock.now_us() - tidied_us > TIDY_S * clock.SECOND_US:
                await tidy(databases, settings)
                tidied_us = clock.now_us()
            async with databases.ttl.read() as connection:
                waits = await store.waits(connection)
            if waits:
                async with databases.ttl.transaction() as connection:
                    transfer = await store.claim(connection)
                if transfer is not None:
                    await _do(databases, settings, transfer, lock)
                continue
        await asyncio.sleep(LOOK_S)


async def tidy(databases: Databases, settings: Settings) -> None:
    """Files go whose time is over, and folders that belong to nothing."""
    async with databases.ttl.read() as connection:
        rows = await store.everything(connection)
        overdue = await store.overdue(connection, clock.now_us())
    for each in overdue:
        await forget_file(databases, settings, each)
    await asyncio.to_thread(folders.tidy, settings, {each.id for each in rows})


async def forget_file(databases: Databases, settings: Settings, transfer: Transfer) -> None:
    """Its file goes, what is told of it stays."""
    await asyncio.to_thread(folders.remove_file, settings, transfer.id)
    async with databases.ttl.transaction() as connection:
        await store.set_file(connection, transfer.id, "", transfer.size_bytes, transfer.file_until_us)


async def _do(databases: Databases, settings: Settings, transfer: Transfer, lock: int) -> None:
    """Have one done, and see that it ends: by itself, because it is cancelled, or because it took too long."""
    # Isolated: neither the folder that web was started in nor its variables say which modules there are.
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-X", "utf8", "-m", "sdc_web.transfers.child", str(os.getpid())),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        pass_fds=(lock,),
    )
    state: State = "failed"
    try:
        try:
            async with asyncio.timeout(DEADLINES_S[transfer.step]):
                await _tell(process, transfer, settings)
                cancelled = await _ended(databases, process, transfer)
            state, words = ("cancelled", "") if cancelled else ("failed", _unsaid(process.returncode))
        except TimeoutError:
            words = f"it took longer than {DEADLINES_S[transfer.step] / 3_600:.0f} hours, and was stopped"
    finally:
        await _kill(process)
    async with databases.ttl.transaction() as connection:
        # A child that came to its end has said itself how it ended.
        await store.end(connection, transfer.id, state, words, clock.now_us())


async def _tell(process: asyncio.subprocess.Process, transfer: Transfer, settings: Settings) -> None:
    """What it has to do. Its input stays open until its end: where no kernel tells it of its parent's, that does."""
    order = Order(transfer_id=transfer.id, settings=plain(settings))
    if process.stdin is not None:
        # The last is uvloop's word for one that is gone.
        with suppress(BrokenPipeError, ConnectionResetError, RuntimeError):
            process.stdin.write(msgspec.json.encode(order) + b"\n")
            async with asyncio.timeout(ORDER_S):
                await process.stdin.drain()


async def _ended(databases: Databases, process: asyncio.subprocess.Process, transfer: Transfer) -> bool:
    """Wait for its end; True, and at once, when it is to be cancelled."""
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await process.wait()
                return False
        with suppress(Unavailable):
            async with databases.ttl.read() as connection:
                if await store.is_cancelling(connection, transfer.id):
                    return True


async def _kill(process: asyncio.subprocess.Process) -> None:
    """Every text is one transaction, so nothing is half done."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
        async with asyncio.timeout(END_S):
            await process.wait()


def _unsaid(code: int | None) -> str:
    told = f"signal {-code}" if code is not None and code < 0 else f"exit {code}"
    return (
        f"it ended without a word ({told}): the machine may have had too little memory. Start it again, and it goes on"
    )
