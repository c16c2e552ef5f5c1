"""Running a program to its end: with a deadline, and with bounded memory for what it says."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import msgspec
from sdc_core.errors import Unavailable
from sdc_core.process import die_with_parent
from sdc_core.settings import Settings, environment

KEPT_BYTES = 64 * 1024
LONGEST_LINE = 1024 * 1024
GRACE_S = 5.0
REAP_S = 5.0
_FOREIGN = ("AWS_", "RCLONE_", "LITESTREAM_", "SDC_")


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a program ended: its exit code, and the last bytes of each of its streams."""

    code: int
    out: str
    errors: str


def clean_environment(settings: Settings) -> dict[str, str]:
    """This process's environment without anything that would steer an object store client: our own values are added
    by whoever starts it, so that a forgotten AWS_CA_BUNDLE or profile changes nothing.
    """
    return {name: value for name, value in environment(settings).items() if not name.startswith(_FOREIGN)}


async def run(
    command: list[str],
    env: Mapping[str, str],
    *,
    deadline_s: float,
    each_error_line: Callable[[bytes], None] | None = None,
    out_bytes: int = KEPT_BYTES,
) -> Ended:
    """Run a program and return how it ended, whatever its exit code, with the last `out_bytes` of what it said and
    `KEPT_BYTES` of its errors. Raises Unavailable when it was stopped at `deadline_s`. When the caller is cancelled it
    is stopped too: asked first, killed after `GRACE_S`.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        env=dict(env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE,
        preexec_fn=partial(die_with_parent, signal.SIGKILL, parent=os.getpid()),
    )
    try:
        async with asyncio.timeout(deadline_s):
            async with asyncio.TaskGroup() as group:
                out = group.create_task(_tail(process.stdout, out_bytes))
                errors = group.create_task(_tail(process.stderr, KEPT_BYTES, each_error_line))
            code = await process.wait()
    except TimeoutError:
        message = f"{Path(command[0]).name} {command[1]} did not end within {deadline_s:.0f} s and was stopped"
        raise Unavailable(message) from None
    finally:
        if process.returncode is None:
            await stop(process)
    return Ended(code=code, out=out.result(), errors=errors.result())


async def stop(process: asyncio.subprocess.Process) -> None:
    """Ask a program to end, and kill it after `GRACE_S`."""
    with contextlib.suppress(ProcessLookupError, TimeoutError):
        process.terminate()
        async with asyncio.timeout(GRACE_S):
            await process.wait()
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        # The kernel ends it now; only a disk that hangs could hold that up.
        async with asyncio.timeout(REAP_S):
            await process.wait()


async def _tail(
    stream: asyncio.StreamReader | None, kept_bytes: int, each_line: Callable[[bytes], None] | None = None
) -> str:
    kept = bytearray()
    while stream and (line := await _line(stream)):
        if each_line:
            each_line(line)
        kept += line
        del kept[:-kept_bytes]
    return kept.decode(errors="replace")


async def _line(stream: asyncio.StreamReader) -> bytes:
    """The next line, or a piece of `LONGEST_LINE` bytes of one that is longer; empty at the end."""
    try:
        return await stream.readuntil()
    except asyncio.IncompleteReadError as error:
        return error.partial
    except asyncio.LimitOverrunError as error:
        return await stream.read(error.consumed)
