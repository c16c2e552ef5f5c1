"""The object store that `sdc up` brings, running for the length of a block and ready to take objects."""

import asyncio
import fcntl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from sdc_core import settings as core_settings
from sdc_core.errors import Conflict, Unavailable
from sdc_core.settings import Settings

from sdc_cli import first_run, make_plan, ports, prepare_store, store
from sdc_cli.parts import Part
from sdc_cli.plan import Port

GRACE_S = 10.0
READY_S = 60.0


@asynccontextmanager
async def running(settings: Settings) -> AsyncGenerator[None]:
    """The store of this site for the block, its buckets made and marked; one that is somebody else's is only asked.

    Raises Conflict where a port is taken and Unavailable when it does not become ready.
    """
    if not first_run.is_embedded(settings):
        await prepare_store.make_ready(settings)
        yield
        return
    await asyncio.to_thread(require_stopped, settings)
    program = await asyncio.to_thread(make_plan.store_program, settings, core_settings.environment(settings))
    said: list[str] = []
    part = Part("object store", program, GRACE_S, said.append, None)
    failure: Exception | None = None
    async with asyncio.TaskGroup() as group:
        group.create_task(part.keep())
        try:
            await _ready(part, said)
            await prepare_store.make_ready(settings)
            yield
        except Exception as error:  # noqa: BLE001 - raised again below, outside the group that would wrap it
            failure = error
        finally:
            await part.stop()
    for stray in store.possible_strays(settings):
        await asyncio.to_thread(Path.unlink, stray, missing_ok=True)
    if failure is not None:
        raise failure


def require_stopped(settings: Settings) -> None:
    """Raises Conflict while the store of this site runs, or others have its ports. Blocking.

    In containers it may run where no port of it is seen: then the locks of its index tell.
    """
    first = store.first_port(settings)
    ports.require_free([Port("127.0.0.1", port, "SDC_S3_ENDPOINT_URL") for port in range(first, first + store.PORTS)])
    for file in store.folder(settings).glob("data/**/LOCK"):
        with file.open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                message = f"the object store runs on {store.folder(settings)}: stop it first"
                raise Conflict(message) from None


async def _ready(part: Part, said: list[str]) -> None:
    try:
        async with asyncio.timeout(READY_S):
            await part.ready.wait()
    except TimeoutError:
        message = f"the object store is not ready after {READY_S:.0f} s: {' '.join(said)[-300:]}"
        raise Unavailable(message) from None
