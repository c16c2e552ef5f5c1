"""Whether the worker is well, for people and containers; unsigned, and without a secret in it."""

import asyncio

from litestar import Response, get
from litestar.di import NamedDependency
from sdc_core import disk, store_health
from sdc_core.answers.health import Health, Part
from sdc_core.errors import Unavailable
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_core.sqlite import Database, OperationalError
from sdc_core.supervise import Board

from sdc_worker.ingest import store as ingest


@get("/health")
async def health(
    database: NamedDependency[Database],
    settings: NamedDependency[Settings],
    board: NamedDependency[Board],
    objects_: NamedDependency[ObjectStore],
) -> Response[Health]:
    """Part by part; 503 when one of them is not well."""
    found = await parts(database, settings, board, objects_)
    well = all(part.ok for part in found.values())
    return Response(Health(status="ok" if well else "failed", parts=found), status_code=200 if well else 503)


async def parts(database: Database, settings: Settings, board: Board, objects_: ObjectStore) -> dict[str, Part]:
    """How each part does at this moment."""
    failing = [f"{name}: {error}" for name, error in board.failing().items()]
    reasons = {
        "database": await _database(database),
        "loops": "; ".join(failing),
        "object_store": await store_health.trouble(objects_, settings.S3_MEDIA_BUCKET),
        "disk": await asyncio.to_thread(disk.trouble, {"the data folder": settings.DATA_DIR}),
    }
    return {name: Part(ok=not reason, reason=reason) for name, reason in reasons.items()}


async def _database(database: Database) -> str:
    try:
        async with database.read() as connection:
            await ingest.count_batches(connection)
    except (Unavailable, OperationalError) as error:
        return str(error)
    return ""
