"""Whether each part of the site works, and the reason where one does not."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from sdc_core import disk, sqlite, store_health
from sdc_core.errors import SdcError
from sdc_core.objects import ObjectStore
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.sqlite import Database, fetch_value
from sdc_core.supervise import Board

from sdc_web import leaving
from sdc_web.db import Databases

DEADLINE_S = 3.0


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """How one part does; `reason` is a sentence, empty when it is well and there is nothing to tell."""

    ok: bool
    reason: str = ""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """All parts; `status` is `ok` only when every one of them is."""

    status: str
    parts: dict[str, Part]
    sqlite: str


Parts: TypeAlias = Callable[[], Awaitable[dict[str, Part]]]


class Examination:
    """One at a time, for all who ask meanwhile: strangers may ask, and a part that hangs is asked no more for it."""

    __slots__ = ("_ended", "_examine", "_found", "_one")

    def __init__(self, examine: Parts) -> None:
        self._examine = examine
        self._one = asyncio.Lock()
        self._ended = 0
        self._found: dict[str, Part] = {}

    async def __call__(self) -> dict[str, Part]:
        ended = self._ended
        async with self._one:
            if self._ended == ended:
                self._found = await self._examine()
                self._ended += 1
            return self._found


@get("/health")
async def health(parts: NamedDependency[Parts]) -> Response[bytes]:
    found = await parts()
    ok = all(part.ok for part in found.values())
    answer = Health(status="ok" if ok else "failed", parts=found, sqlite=sqlite.VERSION)
    return _json(answer, 200 if ok else 503)


async def examine(
    databases: Databases,
    store: ObjectStore,
    worker: ServiceClient,
    settings: Settings,
    board: Board,
    log_trouble: str,
    log_waits: str,
) -> dict[str, Part]:
    """How each part does at this moment; whoever does not answer is waited for `DEADLINE_S`. Anyone may ask, so no
    reason names a folder or repeats what an error said: that is in the log.
    """
    questions: dict[str, Awaitable[str]] = {
        "database": _answers(databases.site),
        "ttl": _answers(databases.ttl),
        "object_store": store_health.trouble(store, settings.S3_MEDIA_BUCKET),
        "worker": worker.reachable(),
    }
    async with asyncio.TaskGroup() as group:
        tasks = {name: group.create_task(_asked(question)) for name, question in questions.items()}
    parts = {name: task.result() for name, task in tasks.items()}
    folders = {"the data folder": settings.DATA_DIR, "the log folder": settings.log_dir}
    parts["disk"] = _part(await asyncio.to_thread(disk.trouble, folders))
    # What waits for the worker is not lost, and no reason to take the site for ill: it is told, no more.
    parts["access_log"] = _part(log_trouble) if log_trouble else Part(ok=True, reason=log_waits)
    failing = ", ".join(board.failing())
    parts["loops"] = _part(failing and f"{failing}: failed, and is tried again; the log of web says why")
    return parts


@get("/health/live")
async def live() -> Response[bytes]:
    """The process answers, and will for a while. Says nothing of its parts."""
    leaves = leaving.is_announced()
    return _json(Health(status="leaving" if leaves else "ok", parts={}, sqlite=sqlite.VERSION), 503 if leaves else 200)


route_handlers = [health, live]


def _json(answer: Health, status: int) -> Response[bytes]:
    return Response(
        msgspec.json.encode(answer),
        status_code=status,
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )


async def _asked(question: Awaitable[str]) -> Part:
    try:
        async with asyncio.timeout(DEADLINE_S):
            return _part(await question)
    except TimeoutError:
        return _part(f"no answer within {DEADLINE_S:.0f} s")


async def _answers(database: Database) -> str:
    try:
        async with database.read() as connection:
            await fetch_value(connection, "SELECT count(*) FROM sqlite_schema")
    except (SdcError, sqlite.OperationalError) as error:
        return f"{database.path.name}: {error}"
    return ""


def _part(reason: str) -> Part:
    return Part(ok=not reason, reason=reason)
