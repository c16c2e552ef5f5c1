"""The request log of one process: its slot, writer, visitors and shipper, from start to end."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from sdc_core import metrics
from sdc_core.metrics import Family
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.supervise import Loop

from sdc_web.request_log import retention, slots
from sdc_web.request_log.retention import Retired
from sdc_web.request_log.shipper import Shipper
from sdc_web.request_log.visitors import Visitors
from sdc_web.request_log.writer import Writer

LAST_FLUSH_S = 5.0
MOST_NAMED = 3
REMEDY = "the operator's guide, under Logs, tells what to do with a log file that is not taken"

log = logging.getLogger(__name__)


class RequestLog:
    """What the middleware writes to. `loops` must run while it is in use; requests wait for none of them. `folder` is
    this process's own.
    """

    __slots__ = ("_log_dir", "_retention_days", "_worker", "folder", "loops", "shipper", "visitors", "writer")

    def __init__(
        self, settings: Settings, folder: Path, writer: Writer, shipper: Shipper, worker: ServiceClient
    ) -> None:
        self.folder = folder
        self._log_dir: Path = settings.log_dir
        self._retention_days = settings.LOG_RETENTION_DAYS
        self._worker = worker
        self.writer = writer
        self.shipper = shipper
        self.visitors = Visitors(settings.DATA_DIR / "salts")
        self.loops: dict[str, Loop] = {
            "request_log.write": writer.run,
            "request_log.ship": shipper.run,
            "request_log.forget": self.visitors.forget_for_ever,
        }

    async def retire(self) -> Retired:
        """Delete the files of all slots that are past retention and whole at the worker; Unavailable without it."""
        return await retention.retire(self._log_dir, self._worker, self._retention_days)

    def figures(self) -> list[Family]:
        """How lines come to the disk and to the worker."""
        behind, refused = int(bool(self.shipper.error)), len(self.shipper.refused)
        return [
            *self.writer.figures(),
            metrics.single("gauge", "sdc_log_behind", "Whether lines wait for the worker.", behind),
            metrics.single("gauge", "sdc_log_files_refused", "Log files that cannot be shipped.", refused),
        ]

    def trouble(self) -> str:
        """Why lines cannot be written, for `/health`; empty while they can."""
        return self.writer.error

    def waiting(self) -> str:
        """Why lines that are written do not come to the worker, for `/health`: readers are served all the same."""
        files = sorted(self.shipper.refused.items())
        named = [f"{day} of log slot {stream}: {reason}" for (stream, day), reason in files[:MOST_NAMED]]
        more = [f"and {len(files) - MOST_NAMED} more log files"] if len(files) > MOST_NAMED else []
        remedy = [REMEDY] if files else []
        behind = ["the worker does not take lines: the log of web says why"] if self.shipper.error else []
        return "; ".join((*behind, *named, *more, *remedy))


@asynccontextmanager
async def open_request_log(settings: Settings, worker: ServiceClient) -> AsyncGenerator[RequestLog]:
    """A claimed slot and all that writes to it; at the end of the block the last lines are written.

    The lines of the block's end are shipped by whoever claims the slot next, or by another process of this machine.
    """
    slot = await asyncio.to_thread(slots.claim_lowest, settings.log_dir)
    writer = Writer(slot.folder)
    try:
        yield RequestLog(settings, slot.folder, writer, Shipper(settings.log_dir, slot, writer, worker), worker)
    finally:
        try:
            async with asyncio.timeout(LAST_FLUSH_S):
                await writer.flush()
        except TimeoutError:
            log.exception("the last lines of the access log could not be written in time")
        finally:
            slots.release(slot)
