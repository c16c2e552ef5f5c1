"""`sdc-web`: migrates, then serves with granian until it is told to stop."""

import gc
import multiprocessing
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer
from sdc_core import logging, process, recovering, tracing
from sdc_core.errors import Misconfigured, SdcError
from sdc_core.settings import Settings, load
from sdc_core.sqlite import require_safe_version

from sdc_web import db, event_loop, leaving

if TYPE_CHECKING:
    from litestar.types import ASGIApp  # brings the whole framework with it

USAGE = """usage: sdc-web [--rehearsal PREFIX]

The public site and the author's part. Set up by SDC_* variables, see docs/settings.md; ended by SIGTERM or SIGINT.

--rehearsal   serve the public site alone and do nothing by itself; PREFIX stands before the keys of the pictures
"""
REHEARSAL = "--rehearsal"
BACKLOG = 1024
CONNECTIONS = 16_384
FILES = 512
"""Connections that one process holds at once, as far as it may open files, of which so many are left for all else.
Further ones wait in the kernel, so idle ones must not fill them: each costs some kilobytes, and ends after
`HEADER_READ_MS`. How much is worked on at once is bounded elsewhere (`edge.Crowd`).
"""
HEADER_READ_MS = 10_000
HEADERS_BYTES = 32 * 1024
"""Of a request line and its headers together, as proxies have it. A connection holds so much while they come, and no
more of a body at once: of all connections half a gigabyte at the worst, where the server's own limit is seven.
"""
STOP_S = 15
APPLICATION = "sdc_web.main:application"
FORKS = sys.platform == "linux"
"""Elsewhere the libraries of the system do not all bear it."""
_STOPS = (signal.SIGTERM, signal.SIGINT)
_below = threading.Event()
"""Whether this is a process below the first one."""
_TO_ROOT = {"loggers": {"_granian": {"handlers": [], "propagate": True}}}


def main() -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests under way. Exit 1 with one line when it cannot begin, 2
    on misuse.
    """
    given = sys.argv[1:]
    rehearses = len(given) == 2 and given[0] == REHEARSAL
    if given and not rehearses:
        asked = given == ["--help"]
        (sys.stdout if asked else sys.stderr).write(USAGE)
        sys.exit(0 if asked else 2)
    try:
        settings = load()
        logging.configure("web", settings.LOG_LEVEL)
        process.share_one_heap()
        with recovering.serving(settings):
            prepare(settings)
            if rehearses:
                serve(settings, partial(rehearsal, settings, given[1]))
                return
            if FORKS:
                load_for_all(settings)
            serve(settings)
    except SdcError as error:
        sys.stderr.write(f"sdc-web: {error}\n")
        sys.exit(1)


def prepare(settings: Settings) -> None:
    """Everything that must be right before a request is served: secrets, SQLite, own files, schemas, a free port."""
    require_safe_version()
    _ = settings.webhook_secrets
    tracing.require(settings.TRACES_URL)
    if settings.GEOIP_DB is not None:
        from sdc_web.request_log.countries import open_countries  # noqa: PLC0415 - few have such a file

        open_countries(settings.GEOIP_DB)
    require_free_port(settings.WEB_HOST, settings.WEB_PORT)
    try:
        db.migrate_all(settings)
    except OSError as error:
        message = f"the data folder {settings.DATA_DIR} (SDC_DATA_DIR) cannot be used: {error.strerror}"
        raise Misconfigured(message) from None


def require_free_port(host: str, port: int) -> None:
    """Raises Misconfigured when someone listens there. The server itself would share the port and not notice."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = f"cannot listen on {host} port {port}: {error.strerror}; choose another with SDC_WEB_PORT"
            raise Misconfigured(message) from None


def serve(settings: Settings, loader: "Callable[[], ASGIApp] | None" = None) -> None:
    """Run granian with `WEB_PROCESSES` processes below this one; each calls `loader` for what it serves."""
    if FORKS:
        # Newer Pythons begin each process anew unless told.
        multiprocessing.set_start_method("fork", force=True)
    os.register_at_fork(
        before=partial(signal.pthread_sigmask, signal.SIG_BLOCK, _STOPS),
        after_in_parent=partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, _STOPS),
        after_in_child=partial(_begin_below, os.getpid()),
    )
    LeavingServer(
        settings.WEB_LEAVE_S,
        APPLICATION,
        address=settings.WEB_HOST,
        port=settings.WEB_PORT,
        interface=Interfaces.ASGI,
        loop=event_loop.NAME,
        # To tell HTTP/2 from HTTP/1 it would wait without end for the first byte of a connection.
        http=HTTPModes.http1,
        workers=settings.WEB_PROCESSES,
        websockets=False,
        backlog=BACKLOG,
        backpressure=connections(),
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_READ_MS, max_buffer_size=HEADERS_BYTES),
        log_level=LogLevels.warning,
        log_dictconfig=_TO_ROOT,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_S,
        # A loader of ours, not a name: a process that is begun anew imports this module, and with it the loop, first.
    ).serve(target_loader=loader or application, wrap_loader=False)


class LeavingServer(MPServer):
    """Granian that says it will stop before it does."""

    def __init__(self, leave_s: float, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - granian's own, unchanged
        super().__init__(*arguments, **named)
        self._leave_s = leave_s

    def shutdown(self, exit_code: int = 0) -> None:
        """Once a proxy sends nobody here any more. What is in the kernel's queue when a socket closes is lost."""
        if self._leave_s:
            leaving.announce(self._leave_s)
        super().shutdown(exit_code)


def connections() -> int:
    """How many one process may hold; takes as many open files for it, and for those below it, as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + FILES
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        soft = allowed
    held = CONNECTIONS if soft == resource.RLIM_INFINITY else min(CONNECTIONS, soft - FILES)
    return max(held, BACKLOG // 2)


def load_for_all(settings: Settings) -> None:
    """Load here, once, what every process below has in common: they share the memory until one of them writes to it,
    and one that has to be started again serves at once.
    """
    from sdc_web import app, templating  # noqa: PLC0415 - elsewhere each process loads them for itself

    app.routes_of(settings)
    templating.environment()
    templating.static_files()
    # A collection below would write to every object that was made up here.
    gc.collect()
    gc.freeze()


def serve_with_uvicorn(settings: Settings) -> None:
    """The same application under uvicorn, should granian ever have to be left: nothing in it knows its server."""
    import uvicorn  # noqa: PLC0415 - not loaded where granian serves

    uvicorn.run(
        APPLICATION,
        factory=True,
        host=settings.WEB_HOST,
        port=settings.WEB_PORT,
        workers=settings.WEB_PROCESSES,
        access_log=False,
        proxy_headers=False,
        log_config=None,
    )


def application() -> "ASGIApp":
    """What each process below serves."""
    from sdc_web import app  # noqa: PLC0415

    return app.create()


def rehearsal(settings: Settings, below: str) -> "ASGIApp":
    """What the process of a rehearsal serves."""
    from sdc_web import app  # noqa: PLC0415

    return app.rehearse(settings, below)


def _begin_below(parent: int) -> None:
    """What each process below does first: it ends with its parent, and at once when it is told to before it serves.

    It has the handlers of the parent, which would take the word and do nothing. What came since the fork has waited.
    Those that such a process forks, as uvloop does to start a program, come here as well: they have another parent.
    """
    if not _below.is_set():
        process.die_with_parent(signal.SIGKILL, parent=parent)
        _below.set()
    for number in _STOPS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
