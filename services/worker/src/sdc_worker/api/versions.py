"""What the worker runs on."""

import asyncio

from litestar import get
from litestar.di import NamedDependency
from sdc_core import versions
from sdc_core.answers.versions import Versions
from sdc_core.settings import Settings

from sdc_worker.db import MIGRATIONS

PROGRAMS = ("litestream", "rclone")


@get("/versions")
async def show(settings: NamedDependency[Settings]) -> Versions:
    """Its release, the programs that it uses, and the schema of `worker.db`."""
    return await asyncio.to_thread(versions.of_process, PROGRAMS, ((settings.worker_db, MIGRATIONS),))
