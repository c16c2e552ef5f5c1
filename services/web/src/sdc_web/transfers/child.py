"""The child that does one transfer, and notes in its row how far it is: `python -m sdc_web.transfers.child PARENT`."""

import asyncio
import logging
import os
import resource
import signal
import sys
import threading

import msgspec
from sdc_core import clock, disk, process
from sdc_core import logging as json_logging
from sdc_core.errors import Forbidden, SdcError
from sdc_core.settings import Settings
from sdc_core.settings_told import from_plain

from sdc_web.authors import store as authors
from sdc_web.db import Databases, open_databases
from sdc_web.transfers import store, work
from sdc_web.transfers.records import State, Transfer
from sdc_web.transfers.rounds import Order

MAX_ORDER_BYTES = 1024 * 1024
MEMORY_BYTES = 1024**3
NICENESS = 5
"""Readers come first."""
_MEMORY = "it needs more memory than an import may have (1 GB)"
_FAULT = "this is a fault of the site, not yours. It has been written down in the log of web"
log = logging.getLogger(__name__)


def main() -> None:
    """Do what the first line of the input says, and end with whoever wrote it."""
    process.die_with_parent(signal.SIGKILL, parent=int(sys.argv[1]))
    order = msgspec.json.decode(sys.stdin.buffer.readline(MAX_ORDER_BYTES), type=Order)
    settings = from_plain(order.settings)
    threading.Thread(target=_end_with_input, daemon=True).start()
    json_logging.configure("web", settings.LOG_LEVEL)
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    asyncio.run(_do(settings, order.transfer_id))


def _end_with_input() -> None:
    """Its other end is closed when the parent is gone, however it went."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(1)


async def _do(settings: Settings, transfer_id: str) -> None:
    async with open_databases(settings) as databases:
        async with databases.ttl.read() as connection:
            transfer = await store.one(connection, transfer_id)
        if transfer is None:
            return
        state, words = await _ending(databases, settings, transfer)
        async with databases.ttl.transaction() as connection:
            await store.end(connection, transfer_id, state, words, clock.now_us())


async def _ending(databases: Databases, settings: Settings, transfer: Transfer) -> tuple[State, str]:
    """How it ended, and why where it failed."""
    try:
        async with databases.site.read() as connection:
            author = await authors.by_id(connection, transfer.author_id)
        if author is None:
            raise Forbidden("whoever asked for it has no account here any more")
        await work.do(databases, settings, transfer, author.actor)
    except SdcError as error:
        return "failed", str(error)
    except MemoryError:
        return "failed", _MEMORY
    except OSError as error:
        log.exception("a transfer failed", extra={"transfer": transfer.id})
        return "failed", disk.WORDS if disk.is_full(error) else f"a file cannot be used: {error.strerror}"
    except Exception:
        log.exception("a transfer failed", extra={"transfer": transfer.id})
        return "failed", _FAULT
    return "looked_at" if transfer.step == "look" else "done", ""


if __name__ == "__main__":
    main()
