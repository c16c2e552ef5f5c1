"""A real worker, and the request log of web under made-up readers, as children that can be killed by the dozen.

They are forked by a server that has imported everything, so that a start takes milliseconds. That server imports this
module: it stays free of what a fork does not survive.
"""

import asyncio
import itertools
import multiprocessing
import os
import signal
import sys
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

import duckdb  # noqa: F401 - a child would load it each time
import sdc_worker.app
import sdc_worker.main
import uvloop  # noqa: F401 - as above
from sdc_core import clock, service_client
from sdc_core import settings as core_settings
from sdc_core.access_log import Line
from sdc_core.objects import Endpoint, open_store
from sdc_core.supervise import background
from sdc_core.webhooks import Keyring
from sdc_web.request_log.service import open_request_log
from sdc_worker.analytics import store
from sdc_worker.analytics.hits import Hits
from sdc_worker.analytics.seal import seal
from sdc_worker.analytics.segments import Segments
from sdc_worker.db import open_worker

OWNERS: dict[str, object] = {"Hits": Hits, "Segments": Segments, "store": store}
"""Where the steps of sealing are found."""
LINES_AT_ONCE = 40
PAUSE_S = 0.01
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


class Step(NamedTuple):
    """A step of sealing: whose function it is, and whether the process dies once it is done, or before it begins."""

    owner: str
    name: str
    after: bool


def forks() -> ForkServerContext:
    """The context whose children begin with this module imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def start_worker(context: ForkServerContext, environment: dict[str, str]) -> BaseProcess:
    """`sdc-worker`."""
    return _started(context, _worker, environment)


def start_web(context: ForkServerContext, environment: dict[str, str], *, lines: bool = True) -> BaseProcess:
    """Web's request log: it takes lines, when it is to, writes and ships them until it is killed."""
    return _started(context, _web if lines else _quiet_web, environment)


def seal_until(
    context: ForkServerContext, folder: Path, endpoint: Endpoint, bucket: str, step: Step, now_us: int
) -> BaseProcess:
    """Days are sealed by a process that dies at that step, if it comes to it."""
    process = context.Process(target=_sealing, args=(folder, endpoint, bucket, step, now_us), daemon=True)
    process.start()
    return process


def _started(context: ForkServerContext, target: object, environment: dict[str, str]) -> BaseProcess:
    process = context.Process(target=target, args=(environment,), daemon=True)  # ty: ignore[invalid-argument-type]
    process.start()
    return process


def _sealing(folder: Path, endpoint: Endpoint, bucket: str, step: Step, now_us: int) -> None:
    owner = OWNERS[step.owner]
    todo = getattr(owner, step.name)

    async def dying(*values: object, **more: object) -> object:
        if not step.after:
            os.kill(os.getpid(), signal.SIGKILL)
        await todo(*values, **more)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, step.name, dying)
    with clock.frozen(now_us):
        asyncio.run(_seal(folder, endpoint, bucket))


async def _seal(folder: Path, endpoint: Endpoint, bucket: str) -> None:
    async with open_worker(folder / "worker.db") as database, open_store(endpoint) as objects:
        await seal(database, Hits(database, Segments(objects, bucket, folder / "analytics")))


def _begin(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = []
    said = os.open(f"{environment['SDC_DATA_DIR']}/said", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(said, 1)
    os.dup2(said, 2)


def _worker(environment: dict[str, str]) -> None:
    _begin(environment)
    sdc_worker.main.PARENT = os.getppid()
    sdc_worker.main.main()


def _web(environment: dict[str, str]) -> None:
    _begin(environment)
    asyncio.run(_serve(LINES_AT_ONCE))


def _quiet_web(environment: dict[str, str]) -> None:
    _begin(environment)
    asyncio.run(_serve(0))


async def _serve(lines_at_once: int) -> None:
    settings = core_settings.load()
    async with (
        service_client.connect(settings.worker_url, Keyring(settings.webhook_secrets)) as worker,
        open_request_log(settings, worker) as log,
        background(log.loops),
    ):
        numbers = itertools.count(os.getpid() << 20)
        while True:
            for number in itertools.islice(numbers, lines_at_once):
                log.writer.append(_line(number))
            await asyncio.sleep(PAUSE_S)


def _line(number: int) -> Line:
    return Line(
        ts=clock.now_us(),
        visitor=f"{number % 977:016x}",
        rid=f"{number:012x}",
        path=f"/posts/{number % 31}",
        status=(200, 200, 304, 404, 500)[number % 5],
        bytes=number % 5_000,
        us=number % 900,
        type="text/html",
        ua=FIREFOX,
    )
