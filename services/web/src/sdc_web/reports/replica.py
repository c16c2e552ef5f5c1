"""Asking the Litestream beside web to copy now what `site.db` has, and waiting until it is copied."""

import asyncio
from pathlib import Path

import msgspec
from sdc_core import clock
from sdc_core.errors import Unavailable
from sdc_core.settings import Settings

WAIT_S = 3.0
AWAY = "Litestream does not answer here: what was written is copied once it does"


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """That everything committed before is in the object store, and how long that took."""

    duration_us: int


async def copy_now(settings: Settings) -> Copied:
    """Have `site.db` copied. Raises Unavailable when Litestream is not here, or does not manage within `WAIT_S`."""
    started_us = clock.monotonic_us()
    path = settings.DATA_DIR.absolute()
    order = {"path": str(path / "site.db"), "wait": True, "timeout": int(WAIT_S)}
    try:
        async with asyncio.timeout(WAIT_S):
            status = await _post(path / "run" / "litestream.sock", "/sync", msgspec.json.encode(order))
    except (OSError, TimeoutError):
        raise Unavailable(AWAY) from None
    if status != 200:
        message = "the object store did not take the copy yet: it is tried again every second"
        raise Unavailable(message)
    return Copied(duration_us=clock.monotonic_us() - started_us)


async def _post(socket: Path, target: str, body: bytes) -> int:
    """The status of an answer; the control socket speaks HTTP, and HTTP/1.0 ends it by closing. 0 for none."""
    reader, writer = await asyncio.open_unix_connection(str(socket))
    try:
        head = f"POST {target} HTTP/1.0\r\nHost: litestream\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        words = (await reader.readline()).split()
    finally:
        writer.close()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
