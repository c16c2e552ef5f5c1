"""The restore drill: bring both databases back from the backup that would be used on a bad day, and look into them."""

import asyncio
import hashlib
import logging
import shutil
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from sdc_core import clock, keys, outside
from sdc_core.errors import Conflict, NotFound
from sdc_core.objects import ObjectStore, daily_endpoint, open_store
from sdc_core.settings import Settings

from sdc_worker import scratch
from sdc_worker.cron.jobs import JobContext
from sdc_worker.drills import checks, replica
from sdc_worker.drills.checks import Contents, Original
from sdc_worker.drills.replica import Name
from sdc_worker.mirror import child, markers
from sdc_worker.mirror.daily import BUCKET_SETTING, CURRENT

MAX_AGE_US = {"local": 15 * 60 * clock.SECOND_US, "remote": 36 * 3600 * clock.SECOND_US}
"""How much older than the live database the restored one may be: the mirror is made once a day."""
SAMPLE = 5
SCRATCH = "drill-"

log = logging.getLogger(__name__)


class DrillFailed(Conflict):
    """The backup does not give back what it should; the sentence says what is missing."""


class DatabaseReport(msgspec.Struct, frozen=True, kw_only=True):
    """One restored database. `newest_us` is the newest moment in it, `age_us` how much older that is than the newest
    one in the live file; None where there is no moment to tell or no live file. Rows by table, restored.
    """

    name: Name
    schema: int
    rows: dict[str, int]
    newest_us: int | None
    age_us: int | None
    restored_in_us: int


class DrillReport(msgspec.Struct, frozen=True, kw_only=True):
    """A drill that found everything well; one that does not raises. `source` is `remote` or `local`."""

    source: str
    databases: tuple[DatabaseReport, ...]
    originals_checked: int

    def __str__(self) -> str:
        restored = f"restored {said(self.databases)} from the {self.source} backup"
        return f"{restored}; {self.originals_checked} originals compared"


def said(databases: Sequence[DatabaseReport]) -> str:
    """Restored databases in words."""
    texts = sum(each.rows.get("posts", 0) for each in databases if each.name == "site")
    rows = ", ".join(f"{each.name}.db with {sum(each.rows.values()):,} rows" for each in databases)
    oldest_us = max((each.age_us for each in databases if each.age_us is not None), default=0)
    return f"{texts:,} texts ({rows}, at most {oldest_us / clock.SECOND_US:.0f} s behind)"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A backup: the replicas are at `replicas` + `litestream/<name>`, the uploads at `uploads` + their key."""

    kind: str
    store: ObjectStore
    replicas_bucket: str
    replicas: str
    uploads_bucket: str
    uploads: str


async def restore(context: JobContext) -> str:
    """The action of the cron job: drill with the remote mirror where one is set, else with the local backup bucket;
    then fetch `PING_URL` where one is set. Returns the report as a sentence; raises DrillFailed and RestoreFailed with
    one, and Misconfigured when the remote has no such bucket.
    """
    settings = context.settings
    async with farthest(settings, context.store) as source:
        report = await run(settings, source)
    return f"{report}{await _pinged(settings.PING_URL)}"


@asynccontextmanager
async def farthest(settings: Settings, store: ObjectStore) -> AsyncGenerator[Source]:
    """The backup that would be used on a bad day: the remote one where it is set. Raises Misconfigured when the remote
    has no such bucket.
    """
    endpoint = daily_endpoint(settings)
    if endpoint is None:
        yield local(settings, store)
        return
    async with open_store(endpoint) as there:
        await markers.require_bucket(there, settings.REMOTE_DAILY_BUCKET, BUCKET_SETTING)
        yield remote(settings, there)


def local(settings: Settings, store: ObjectStore) -> Source:
    """The backups beside the site."""
    return Source(
        kind="local",
        store=store,
        replicas_bucket=settings.S3_BACKUP_BUCKET,
        replicas="",
        uploads_bucket=settings.S3_MEDIA_BUCKET,
        uploads="",
    )


def remote(settings: Settings, store: ObjectStore) -> Source:
    """The daily mirror."""
    return Source(
        kind="remote",
        store=store,
        replicas_bucket=settings.REMOTE_DAILY_BUCKET,
        replicas=f"{CURRENT}{settings.S3_BACKUP_BUCKET}/",
        uploads_bucket=settings.REMOTE_DAILY_BUCKET,
        uploads=f"{CURRENT}{settings.S3_MEDIA_BUCKET}/",
    )


async def _pinged(url: str) -> str:
    """What is added to the report: a watcher that hears nothing raises the alarm, so this is no fault of the drill."""
    if not url:
        return ""
    if reason := await outside.ping(url):
        log.warning("PING_URL was not fetched", extra={"reason": reason})
        return f"; SDC_PING_URL was not fetched: {reason}"
    return "; SDC_PING_URL was fetched"


async def run(settings: Settings, source: Source) -> DrillReport:
    """Restore, check, compare; nothing of it stays. Raises DrillFailed, RestoreFailed, NotFound without a replica, and
    Unavailable.
    """
    async with restored(settings, source, SCRATCH) as (home, reports):
        compared = await _compare_originals(settings, source, home / "site.db")
    return DrillReport(source=source.kind, databases=reports, originals_checked=compared)


@asynccontextmanager
async def restored(
    settings: Settings, source: Source, prefix: str
) -> AsyncGenerator[tuple[Path, tuple[DatabaseReport, ...]]]:
    """Both databases, restored and found whole, in a folder that is there for the block. What a killed run of that
    prefix has left goes first. Raises as `run` does.
    """
    await asyncio.to_thread(_forget_scratch, settings.DATA_DIR, prefix)
    # In the data folder, where there is room for the databases; /tmp may be small and in memory.
    async with scratch.folder(prefix, settings.DATA_DIR) as home:
        yield home, tuple([await _drill(settings, source, name, home / f"{name}.db") for name in replica.DATABASES])


def _forget_scratch(folder: Path, prefix: str) -> None:
    for old in folder.glob(f"{prefix}*"):
        shutil.rmtree(old, ignore_errors=True)


async def _drill(settings: Settings, source: Source, database: Name, path: Path) -> DatabaseReport:
    restored = await replica.restore_database(
        source.store.endpoint,
        source.replicas_bucket,
        source.replicas,
        database,
        path,
        env=child.clean_environment(settings),
    )
    async with checks.reading(path) as connection:
        if found := await checks.faults(connection):
            message = f"the restored {database}.db is damaged: {'; '.join(found)}"
            raise DrillFailed(message)
        contents = await checks.contents(connection)
    live = await _live(_live_path(settings, database))
    _require_whole(database, contents, live)
    age_us = _age_us(contents, live)
    if age_us is not None and age_us > MAX_AGE_US[source.kind]:
        message = f"the newest row of the restored {database}.db is {age_us / 3600 / clock.SECOND_US:.1f} h older"
        raise DrillFailed(f"{message} than that of the live one: the {source.kind} backup has stopped")
    return DatabaseReport(
        name=database,
        schema=contents.schema,
        rows={name: table.rows for name, table in contents.tables.items()},
        newest_us=contents.newest_us,
        age_us=age_us,
        restored_in_us=restored.duration_us,
    )


def _live_path(settings: Settings, database: Name) -> Path:
    return settings.site_db if database == "site" else settings.worker_db


async def _live(path: Path) -> Contents | None:
    if not await asyncio.to_thread(path.exists):
        return None
    async with checks.reading(path) as connection:
        return await checks.contents(connection)


def _require_whole(database: Name, restored: Contents, live: Contents | None) -> None:
    """Raises DrillFailed where the restored file cannot be an earlier state of the live one."""
    if not restored.schema:
        message = f"the restored {database}.db has no schema"
        raise DrillFailed(message)
    if live is None:
        return
    if restored.schema > live.schema:
        message = f"the restored {database}.db has schema {restored.schema}, the live one only {live.schema}"
        raise DrillFailed(message)
    if restored.schema == live.schema and (missing := live.tables.keys() - restored.tables.keys()):
        message = f"the restored {database}.db lacks table {min(missing)}"
        raise DrillFailed(message)
    until_us = restored.newest_us or 0
    for name, table in live.tables.items():
        known = restored.tables.get(name)
        if known and not known.rows and table.oldest_us is not None and table.oldest_us < until_us:
            message = f"table {name} of the restored {database}.db has lost rows that are older than it"
            raise DrillFailed(message)


def _age_us(restored: Contents, live: Contents | None) -> int | None:
    if live is None or live.newest_us is None:
        return None
    return max(0, live.newest_us - (restored.newest_us or 0))


async def _compare_originals(settings: Settings, source: Source, restored: Path) -> int:
    """Hash some uploads of the backup and compare with the restored database. What was deleted since is left out."""
    async with checks.reading(restored) as connection:
        originals = await checks.sample(connection, SAMPLE)
    if await asyncio.to_thread(settings.site_db.exists):
        async with checks.reading(settings.site_db) as connection:
            originals = [each for each in originals if await checks.knows(connection, each.id)]
    for original in originals:
        await _compare(source, original)
    return len(originals)


async def _compare(source: Source, original: Original) -> None:
    key = source.uploads + keys.original(original.id)
    digest = hashlib.sha256()
    try:
        async with source.store.stream(source.uploads_bucket, key) as stream:
            async for chunk in stream.chunks:
                digest.update(chunk)
    except NotFound:
        message = f"the {source.kind} backup lacks the original {original.id}, which the restored database names"
        raise DrillFailed(message) from None
    if digest.hexdigest() != original.sha256:
        message = f"the original {original.id} in the {source.kind} backup differs from what was uploaded"
        raise DrillFailed(message)
