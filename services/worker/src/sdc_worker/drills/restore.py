"""The restore drill: bring both databases back from the backup that would be used on a bad day, and look into them."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from sdc_core import clock, outside
from sdc_core.errors import Unavailable
from sdc_core.objects import ObjectStore, daily_endpoint, open_store
from sdc_core.settings import Settings

from sdc_worker import scratch
from sdc_worker.cron import store as runs
from sdc_worker.cron.jobs import JobContext, Skipped
from sdc_worker.drills import checks, compare, replica, samples
from sdc_worker.drills.checks import Contents
from sdc_worker.drills.compare import Lost
from sdc_worker.drills.replica import Name
from sdc_worker.drills.samples import DrillFailed, Kind, Sampled, Source
from sdc_worker.mirror import child, markers
from sdc_worker.mirror.daily import BUCKET_SETTING, CURRENT
from sdc_worker.mirror.origins import Origin

MAX_AGE_US: dict[Kind, int] = {
    "local": 15 * 60 * clock.SECOND_US,
    "remote": 36 * 3600 * clock.SECOND_US,
    "monthly": 34 * clock.DAY_US,
}
"""How much older than the live database the restored one may be: the mirror is made once a day, or once a month."""
WRITTEN_LATE_US = 600 * clock.SECOND_US
"""Far longer than any row is dated before it is written, as an attempt is that waits for its answer."""
SCRATCH = "drill-"
RETRIES = 3
"""Of a scheduled drill, over two hours: a mirror that is being written has ended by then, but for a first one."""
BEING_WRITTEN = "the mirror is being written: a drill looks at it after that"

log = logging.getLogger(__name__)


class DatabaseReport(msgspec.Struct, frozen=True, kw_only=True):
    """One restored database. `newest_us` is the newest moment in it, `age_us` how much older that is than the newest
    one in the live file; None where there is no moment to tell or no live file. By table: `rows` that were restored,
    `live_rows` beside them, and `ages_us`, where both tell a moment. `due` counts rows that the live file has had
    unchanged since and that must be there, `lost` those of them that are not: no more than may come about.
    """

    name: Name
    schema: int
    rows: dict[str, int]
    live_rows: dict[str, int]
    newest_us: int | None
    age_us: int | None
    ages_us: dict[str, int]
    due: int
    lost: int
    restored_in_us: int


class DrillReport(msgspec.Struct, frozen=True, kw_only=True):
    """A drill that found everything well; one that does not raises. `source` is `remote`, `local` or `monthly`."""

    source: str
    databases: tuple[DatabaseReport, ...]
    objects: Sampled

    @property
    def originals_checked(self) -> int:
        """How many uploads were hashed."""
        return self.objects.originals

    def __str__(self) -> str:
        return f"restored {said(self.databases)} from the {self.source} backup; {self.objects}"


def said(databases: Sequence[DatabaseReport]) -> str:
    """Restored databases in words."""
    texts = sum(each.rows.get("posts", 0) for each in databases if each.name == "site")
    rows = ", ".join(f"{each.name}.db with {sum(each.rows.values()):,} rows" for each in databases)
    oldest_us = max((each.age_us for each in databases if each.age_us is not None), default=0)
    due, lost = sum(each.due for each in databases), sum(each.lost for each in databases)
    missing = f"{lost:,} missing" if lost else "none missing"
    kept = f", {missing} of {due:,} that must be there" if due else ""
    return f"{texts:,} texts ({rows}, at most {oldest_us / clock.SECOND_US:.0f} s behind{kept})"


async def restore(context: JobContext) -> str | Skipped:
    """The action of the cron job: drill with the remote mirror where one is set, else with the local backup bucket;
    then fetch `PING_URL` where one is set. Returns the report as a sentence; raises DrillFailed and RestoreFailed with
    one, Misconfigured when the remote has no such bucket, and Unavailable as `has_to_wait` does.
    """
    settings = context.settings
    if await has_to_wait(context):
        return Skipped(words=BEING_WRITTEN)
    async with farthest(settings, context.store) as source:
        report = await run(settings, source)
    return f"{report}{await _pinged(settings.PING_URL)}"


async def has_to_wait(context: JobContext) -> bool:
    """Whether the daily mirror is being written: of what was uploaded last it has the rows, and not yet the files. Who
    asks for a drill is told so at once; a scheduled one raises Unavailable, so that it follows when the mirror is done,
    unless it has no further attempt: a first copy may take all day, and is no failure of the drill.
    """
    if daily_endpoint(context.settings) is None:
        return False
    async with context.database.read() as connection:
        newest = await runs.last_run(connection, "mirror.daily")
    if newest is None or newest.outcome != "running":
        return False
    if context.run.trigger != "manual" and context.run.attempt <= RETRIES:
        raise Unavailable(BEING_WRITTEN)
    return True


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
        days_bucket=settings.S3_ANALYTICS_BUCKET,
        days="",
    )


def remote(settings: Settings, store: ObjectStore) -> Source:
    """The daily mirror."""
    return _mirrored(settings, store, "remote", settings.REMOTE_DAILY_BUCKET, CURRENT)


def month(settings: Settings, store: ObjectStore, origin: Origin) -> Source:
    """A month of the monthly mirror."""
    return _mirrored(settings, store, "monthly", origin.bucket, origin.prefix)


def _mirrored(settings: Settings, store: ObjectStore, kind: Kind, bucket: str, prefix: str) -> Source:
    return Source(
        kind=kind,
        store=store,
        replicas_bucket=bucket,
        replicas=f"{prefix}{settings.S3_BACKUP_BUCKET}/",
        uploads_bucket=bucket,
        uploads=f"{prefix}{settings.S3_MEDIA_BUCKET}/",
        days_bucket=bucket,
        days=f"{prefix}{settings.S3_ANALYTICS_BUCKET}/",
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
        sampled = await samples.look(settings, source, home)
    return DrillReport(source=source.kind, databases=reports, objects=sampled)


@asynccontextmanager
async def restored(
    settings: Settings, source: Source, prefix: str
) -> AsyncGenerator[tuple[Path, tuple[DatabaseReport, ...]]]:
    """Both databases, restored and found whole, in a folder that is there for the block. What a killed run of that
    prefix has left goes first. Raises as `run` does.
    """
    await asyncio.to_thread(scratch.forget, prefix, settings.DATA_DIR)
    # In the data folder, where there is room for the databases; /tmp may be small and in memory.
    async with scratch.folder(prefix, settings.DATA_DIR) as home:
        yield home, tuple([await _drill(settings, source, name, home / f"{name}.db") for name in replica.DATABASES])


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
    lost = await _lost(database, path, contents, live, settings)
    age_us = _age_us(contents, live)
    if age_us is not None and age_us > MAX_AGE_US[source.kind]:
        message = f"the newest row of the restored {database}.db is {age_us / 3600 / clock.SECOND_US:.1f} h older"
        raise DrillFailed(f"{message} than that of the live one: the {source.kind} backup has stopped")
    report = DatabaseReport(
        name=database,
        schema=contents.schema,
        rows={name: table.rows for name, table in contents.tables.items()},
        live_rows={name: table.rows for name, table in live.tables.items()} if live else {},
        newest_us=contents.newest_us,
        age_us=age_us,
        ages_us=_ages_us(contents, live),
        due=sum(each.due for each in lost),
        lost=sum(each.lost for each in lost),
        restored_in_us=restored.duration_us,
    )
    by_table = {"rows": report.rows, "live_rows": report.live_rows, "ages_us": report.ages_us}
    log.info("database restored and compared", extra={"database": database, **by_table})
    return report


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
    if restored.schema == live.schema:
        # Those are compared row by row, which also knows what was dated back when it came.
        return
    until_us = (restored.newest_us or 0) - WRITTEN_LATE_US
    for name, table in live.tables.items():
        known = restored.tables.get(name)
        if known and not known.rows and table.oldest_us is not None and table.oldest_us < until_us:
            message = f"table {name} of the restored {database}.db has lost rows that are older than it"
            raise DrillFailed(message)


async def _lost(
    database: Name, path: Path, restored: Contents, live: Contents | None, settings: Settings
) -> list[Lost]:
    """What the restored file must have and lacks, by table; of two schemas nothing can be told. Raises DrillFailed
    where that is more than can have come about since.
    """
    if live is None or restored.schema != live.schema:
        return []
    async with compare.beside(path, _live_path(settings, database)) as connection:
        until_us = (restored.newest_us or 0) - WRITTEN_LATE_US
        found = await compare.lost(connection, sorted(live.tables), until_us)
    for each in found:
        if each.is_much:
            message = f"table {each.table} of the restored {database}.db lacks {each.lost:,} of {each.due:,} rows"
            raise DrillFailed(f"{message} that the live one has had unchanged since before the backup")
    return found


def _ages_us(restored: Contents, live: Contents | None) -> dict[str, int]:
    """How much older the newest moment of each table is than in the live one."""
    found = {}
    for name, table in live.tables.items() if live else ():
        newest_us = restored.tables[name].newest_us if name in restored.tables else None
        if table.newest_us is not None and newest_us is not None:
            found[name] = max(0, table.newest_us - newest_us)
    return found


def _age_us(restored: Contents, live: Contents | None) -> int | None:
    if live is None or live.newest_us is None:
        return None
    return max(0, live.newest_us - (restored.newest_us or 0))
