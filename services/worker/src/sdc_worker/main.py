"""`sdc-worker`: one process, alone on its data folder, that runs until a signal and then ends with 0.

Litestream runs the worker and skips its last sync when it ends with anything else, so a stop is a success whatever went
wrong in it; the true reason is in `DATA_DIR/worker.exit.json`.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import uvicorn
import uvloop
from sdc_core import clock, process, recovering
from sdc_core import logging as core_logging
from sdc_core.errors import Misconfigured, SdcError
from sdc_core.settings import Settings, load
from sdc_core.supervise import background, until_signal

from sdc_worker import PARENT

USAGE = """usage: sdc-worker

Log ingestion, analytics, cron jobs, images, mirrors and restore drills. Set up by SDC_* variables, see
docs/settings.md; ended by SIGTERM or SIGINT.
"""

DRAIN_S = 8.0
"""From the signal to the end, at the latest."""

REQUESTS_S = 4
LOOPS_S = 5.0
BACKLOG = 256
CONNECTIONS = 256

log = logging.getLogger(__name__)


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """How the last worker ended; `signal` is empty when it was none, `error` when all went well."""

    at: str
    pid: int
    signal: str
    code: int
    error: str


class Ending:
    """What is known of the end so far."""

    __slots__ = ("file", "signal")

    def __init__(self, file: Path) -> None:
        self.file = file
        self.signal = ""

    def write(self, code: int, error: str = "") -> None:
        """Leave the reason beside the database; a folder that cannot be written is no reason to end otherwise."""
        exit_ = Exit(at=clock.now().isoformat(), pid=os.getpid(), signal=self.signal, code=code, error=error)
        fresh = self.file.with_suffix(".tmp")
        try:
            fresh.write_bytes(msgspec.json.encode(exit_))
            fresh.replace(self.file)
        except OSError as fault:
            log.warning("the reason of the end cannot be written", extra={"file": str(self.file), "error": str(fault)})


def main() -> None:
    """Run until SIGTERM or SIGINT and end with 0; end with 1 and one line when it cannot begin, with 2 on misuse."""
    if sys.argv[1:]:
        asked = sys.argv[1:] == ["--help"]
        (sys.stdout if asked else sys.stderr).write(USAGE)
        sys.exit(0 if asked else 2)
    # Until the loop has taken over the signals, one ends the process at once, with 0: nothing has begun yet.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: os._exit(0))
    spare_pool_the_imports()
    try:
        settings = load()
        core_logging.configure("worker", settings.LOG_LEVEL)
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        process.die_with_parent(parent=PARENT)
        with process.only_one(settings.DATA_DIR / "worker.lock", "the worker"), recovering.serving(settings):
            code = _run(settings, Ending(settings.DATA_DIR / "worker.exit.json"))
    except SdcError as error:
        sys.stderr.write(f"sdc-worker: {error}\n")
        code = 1
    except OSError as error:
        sys.stderr.write(f"sdc-worker: the data folder (SDC_DATA_DIR) cannot be used: {error}\n")
        code = 1
    sys.exit(code)


def spare_pool_the_imports() -> None:
    """Have the image pool's processes begin with a file that imports nothing.

    Each of them runs the file of this process's main module again, and the script `sdc-worker` imports this module,
    with all of uvicorn and pydantic: 270 modules and half a second for a picture that needs none of them.
    """
    sys.modules["__main__"].__file__ = str(Path(__file__).with_name("__main__.py"))


def _run(settings: Settings, ending: Ending) -> int:
    """The whole life; returns the exit code."""
    error = ""
    try:
        listener = listen(settings.WORKER_HOST, settings.WORKER_PORT)
        with listener, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings, listener, ending))
    except SdcError as fault:
        if not ending.signal:
            ending.write(1, str(fault))
            raise
        error = str(fault)
    except BaseException:
        error = traceback.format_exc()
        log.exception("the worker failed")
    code = 0 if ending.signal else 1
    ending.write(code, error)
    return code


async def serve(settings: Settings, listener: socket.socket, ending: Ending) -> None:
    """HTTP and loops until a signal; then both have their time to finish, side by side."""
    # Seconds of imports on a slow machine: a start that is refused is refused before them, and a signal is heard.
    from sdc_worker import app  # noqa: PLC0415

    async with app.open_parts(settings) as parts, background(app.loops(parts), grace_s=LOOPS_S) as board:
        server = Server(
            uvicorn.Config(
                app.build(parts, board),
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                backlog=BACKLOG,
                limit_concurrency=CONNECTIONS,
                timeout_graceful_shutdown=REQUESTS_S,
                timeout_keep_alive=30,
            )
        )
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(server.serve([listener]), name="http")
            log.info("the worker is there", extra={"host": settings.WORKER_HOST, "port": settings.WORKER_PORT})
            try:
                ending.signal = await until_signal()
                log.info("the worker stops", extra={"signal": ending.signal})
                _end_in_time(ending)
            finally:
                server.should_exit = True
            await serving


class Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: the stop is decided in one place."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals alone."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises Misconfigured, with the setting to change, when the port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        message = f"cannot listen on {host} port {port}: {error.strerror}; choose another with SDC_WORKER_PORT"
        raise Misconfigured(message) from None


def _end_in_time(ending: Ending) -> None:
    """A thread that ends the process, with 0, should the orderly stop take too long: SQLite is whole at any moment."""

    def end() -> None:
        ending.write(0, f"the stop took longer than {DRAIN_S:g} s and was cut short")
        os._exit(0)

    timer = threading.Timer(DRAIN_S, end)
    timer.daemon = True
    timer.start()
