"""Retention: log files go when their time is over and the worker has them whole, never before."""

import asyncio
from datetime import timedelta
from pathlib import Path

import msgspec
from sdc_core import clock
from sdc_core.answers.logs import Committed
from sdc_core.service_client import ServiceClient

from sdc_web.request_log import slots
from sdc_web.request_log.shipper import offsets


class Retired(msgspec.Struct, frozen=True, kw_only=True):
    """Files deleted, and files past their time that stay because the worker lacks some of their bytes."""

    deleted: int
    kept_unshipped: int


async def retire(log_dir: Path, worker: ServiceClient, retention_days: int) -> Retired:
    """Delete log files past their days. Raises Unavailable, with nothing deleted, when the worker is away."""
    oldest_kept = (clock.now() - timedelta(days=retention_days)).date().isoformat()
    found = await asyncio.to_thread(_older, log_dir, oldest_kept)
    if not found:
        return Retired(deleted=0, kept_unshipped=0)
    held = await offsets(worker, min(file.day for file in found))
    whole = [file for file in found if _is_whole(file, held.get(file.key))]
    await asyncio.to_thread(_delete, whole)
    return Retired(deleted=len(whole), kept_unshipped=len(found) - len(whole))


def _is_whole(file: slots.LogFile, held: Committed | None) -> bool:
    """Closed means that length and digest of the file were compared."""
    return held is not None and held.closed and held.at >= file.size_bytes


def _older(log_dir: Path, oldest_kept: str) -> list[slots.LogFile]:
    return [file for name in slots.names(log_dir) for file in slots.files(log_dir, name) if file.day < oldest_kept]


def _delete(files: list[slots.LogFile]) -> None:
    for file in files:
        slots.delete(file)
