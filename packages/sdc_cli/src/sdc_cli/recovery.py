"""Bringing a whole site back out of a backup: databases, objects, the log of the days that are still open."""

import asyncio
import errno
import hashlib
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from sdc_core import clock, keys, recovering
from sdc_core.errors import Conflict, Unavailable
from sdc_core.objects import local_endpoint, open_store
from sdc_core.settings import Settings
from sdc_core.sqlite import aiosqlite, execute
from sdc_worker.drills import checks, replica
from sdc_worker.mirror import child, markers, plan, rclone
from sdc_worker.mirror.rclone import Stats

from sdc_cli import first_run, prepare_store, recovery_logs, recovery_plan, recovery_store, store
from sdc_cli.recovery_plan import Bucket, Recovery

SAMPLE = 20
LITESTREAM = f"{keys.LITESTREAM}/"

Say = Callable[[str], None]


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """What came back. `missing` are originals that the database names and no object holds; `asked_us` is the moment
    that was asked for, `states` that of the newest change in each database, `state_us` the older of them.
    """

    origin: str
    asked_us: int | None
    states: dict[str, int]
    state_us: int
    rows: dict[str, int]
    objects: int
    size_bytes: int
    originals: int
    missing: tuple[str, ...]
    log_lines: int
    aside: str
    duration_us: int


async def run(settings: Settings, recovery: Recovery, at: datetime | None, say: Say, show: Say) -> Recovered:
    """Restore into a scratch folder, copy, check, and only then put the databases in their place. What was there is
    moved aside and kept. Interrupted anywhere, it goes on when it is begun again.

    `say` is told each step, `show` how far the one under way is. Raises RestoreFailed and Conflict for a backup that
    does not come back whole, and Unavailable.
    """
    started_us = clock.monotonic_us()
    scratch = settings.DATA_DIR / f"{recovering.NAME}.databases"
    await asyncio.to_thread(_empty, scratch)
    rows, states = await _databases(settings, recovery, scratch, at, say)
    originals, missing = 0, tuple[str, ...]()
    if recovery.buckets:
        if first_run.is_embedded(settings):
            await asyncio.to_thread(recovery_store.require_stopped, settings)
        await asyncio.to_thread(_set_aside, settings, recovery, {store.folder(settings).name})
        async with recovery_store.running(settings):
            await _keep_replica(settings, recovery)
            # From here on what is in the store is this backup's, and a repeat goes on with it.
            await asyncio.to_thread(recovering.begin, settings, recovery.begun_us)
            await _objects(settings, recovery, say, show)
            originals, missing = await _compare_originals(settings, scratch / "site.db")
    await asyncio.to_thread(recovering.begin, settings, recovery.begun_us)
    await _end_runs(scratch / settings.worker_db.name)
    await asyncio.to_thread(_in_place, settings, recovery, scratch)
    lines = await recovery_logs.write(settings)
    await asyncio.to_thread(recovering.end, settings)
    return Recovered(
        origin=recovery.origin.words,
        asked_us=clock.from_datetime(at) if at else None,
        states=states,
        state_us=min(states.values()),
        rows=rows,
        objects=sum(each.objects for each in recovery.buckets),
        size_bytes=sum(each.size_bytes for each in recovery.buckets),
        originals=originals,
        missing=missing,
        log_lines=lines,
        aside=recovery.aside if recovery.set_aside else "",
        duration_us=clock.monotonic_us() - started_us,
    )


def _empty(scratch: Path) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True, mode=0o700)


async def _databases(
    settings: Settings, recovery: Recovery, scratch: Path, at: datetime | None, say: Say
) -> tuple[dict[str, int], dict[str, int]]:
    """Rows of each file, and when the newest change in each database was made."""
    bucket, prefix = recovery.origin.place(settings.S3_BACKUP_BUCKET)
    rows, states = {}, {}
    for each in recovery.databases:
        path = scratch / f"{each.name}.db"
        restored = await replica.restore_database(
            recovery.origin.endpoint, bucket, prefix, each.name, path, at=at, env=child.clean_environment(settings)
        )
        async with checks.reading(path) as connection:
            if found := await checks.faults(connection):
                message = f"the restored {path.name} is damaged: {'; '.join(found)}"
                raise Conflict(message)
            rows[path.name] = sum(table.rows for table in (await checks.contents(connection)).tables.values())
        states[each.name] = restored.state_us
        seconds = restored.duration_us / clock.SECOND_US
        say(f"{path.name}: {rows[path.name]:,} rows, found whole in {seconds:.1f} s")
    return rows, states


async def _objects(settings: Settings, recovery: Recovery, say: Say, show: Say) -> None:
    for bucket in recovery.buckets:
        started_us = clock.monotonic_us()
        wanted = await recovery_plan.differing(settings, bucket)
        await _copy(settings, recovery, bucket, wanted, show)
        left = await recovery_plan.differing(settings, bucket)
        if left.new or left.changed:
            differing = (*left.new, *left.changed)
            message = f"{len(differing)} objects of bucket {bucket.name} differ after the copy, such as {differing[0]}"
            raise Unavailable(message)
        seconds = (clock.monotonic_us() - started_us) / clock.SECOND_US
        say(f"bucket {bucket.name}: {bucket.objects:,} objects, {bucket.size_bytes:,} bytes, in {seconds:.1f} s")


async def _copy(settings: Settings, recovery: Recovery, bucket: Bucket, wanted: plan.Plan, show: Say) -> None:
    ends = _ends(settings, recovery)
    source = "/".join(part.rstrip("/") for part in recovery.origin.place(bucket.name))
    replicas = bucket.name == settings.S3_BACKUP_BUCKET
    kept = "" if replicas else f"{settings.S3_BACKUP_BUCKET}/{recovery.aside}/{bucket.name}"

    def told(stats: Stats) -> None:
        show(f"{bucket.name}: {stats.transfers:,} objects, {stats.bytes:,} bytes")

    # In no order: a recovery that is interrupted begins with the backup again, and no site starts before its end.
    if keys_ := (*wanted.new, *wanted.changed):
        await rclone.copy(ends, source, bucket.name, kept, keys_, in_turn=False, told=told)


def _ends(settings: Settings, recovery: Recovery) -> rclone.Remotes:
    return rclone.remotes(recovery.origin.endpoint, local_endpoint(settings), child.clean_environment(settings))


async def _keep_replica(settings: Settings, recovery: Recovery) -> None:
    """Files of two lives of a database must not lie in one replica: those that are there already are moved away.
    Those of an interrupted recovery are of the same life, and stay.
    """
    if recovery.resumed:
        return
    bucket = settings.S3_BACKUP_BUCKET
    async with open_store(local_endpoint(settings)) as client:
        present = await markers.listing(client, bucket, LITESTREAM)
    if present:
        kept = f"{bucket}/{recovery.aside}/{keys.LITESTREAM}"
        await rclone.move_away(_ends(settings, recovery), f"{bucket}/{keys.LITESTREAM}", kept, sorted(present))


async def _compare_originals(settings: Settings, restored: Path) -> tuple[int, tuple[str, ...]]:
    """How many originals the database names, and which of them no object holds. A sample is hashed: raises Conflict
    for one that differs.
    """
    async with checks.reading(restored) as connection:
        named = await checks.sample(connection, -1)
    bucket = settings.S3_MEDIA_BUCKET
    async with open_store(local_endpoint(settings)) as client:
        present = {id_ for prefix in keys.UPLOADS for id_ in await markers.listing(client, bucket, prefix)}
        for original in [each for each in named if each.id in present][:SAMPLE]:
            digest = hashlib.sha256()
            async with client.stream(bucket, original.key) as stream:
                async for chunk in stream.chunks:
                    digest.update(chunk)
            if digest.hexdigest() != original.sha256:
                message = f"the original {original.id} in the backup differs from what was uploaded"
                raise Conflict(message)
    return len(named), tuple(sorted({each.id for each in named} - present))


def _set_aside(settings: Settings, recovery: Recovery, names: Collection[str]) -> None:
    """Move what would be written over into a folder that stays."""
    for path in [settings.DATA_DIR / name for name in recovery.set_aside if name in names]:
        try:
            _move(path, settings.DATA_DIR / recovery.aside)
        except OSError as error:
            if error.errno not in (errno.EBUSY, errno.EXDEV):
                raise
            # A volume of its own, as containers have it, stays where it is; what is in it goes aside within it.
            aside = path / recovery.aside
            for each in [each for each in path.iterdir() if each.name not in (aside.name, "lost+found")]:
                _move(each, aside)


def _move(path: Path, aside: Path) -> None:
    if not path.exists():
        return
    aside.mkdir(exist_ok=True, mode=0o700)
    if not (aside / path.name).exists():
        path.replace(aside / path.name)
    elif path.is_dir():
        # What was here first is aside already: this is what an interrupted run of the same recovery put in its place.
        shutil.rmtree(path)
    else:
        path.unlink()


SQL_END_RUNS = """
UPDATE runs SET outcome = 'failed', ended_us = :now_us, output = 'it was under way when the backup was made'
WHERE outcome = 'running'
"""


async def _end_runs(worker_db: Path) -> None:
    """The site that starts out of it shall begin no mirror of itself before anybody has looked at it."""
    async with aiosqlite.connect(worker_db, isolation_level=None) as connection:
        await execute(connection, SQL_END_RUNS, {"now_us": clock.now_us()})


def _in_place(settings: Settings, recovery: Recovery, scratch: Path) -> None:
    # The store that was in the way is aside; the one that is there now has what was brought back.
    _set_aside(settings, recovery, set(recovery.set_aside) - {store.folder(settings).name})
    for path in prepare_store.files(settings).values():
        (scratch / path.name).replace(path)
    shutil.rmtree(scratch)


def in_place_of(asked_us: int, states: Mapping[str, int]) -> str:
    """What a moment that was asked for has become, in words."""
    found = ", ".join(f"{name}.db of {clock.to_datetime(at_us):%F %T}" for name, at_us in states.items())
    return f"asked for {clock.to_datetime(asked_us):%F %T} UTC: the newest changes kept until then are in {found}"


def lines(recovered: Recovered) -> Sequence[str]:
    """The report, a line for each thing."""
    state, seconds = clock.to_datetime(recovered.state_us), recovered.duration_us / clock.SECOND_US
    told = [f"brought back from {recovered.origin}, the state of {state:%F %T} UTC, in {seconds:.1f} s"]
    if recovered.asked_us is not None:
        told.append(in_place_of(recovered.asked_us, recovered.states))
    if recovered.originals:
        told.append(f"originals: {recovered.originals - len(recovered.missing):,} of {recovered.originals:,} are there")
    if recovered.missing:
        told.append(f"missing: {', '.join(recovered.missing[:5])}{' …' if len(recovered.missing) > 5 else ''}")
    if recovered.log_lines:
        told.append(f"access log: {recovered.log_lines:,} lines of days that are still open, written anew")
    if recovered.aside:
        told.append(f"what was here before is kept in {recovered.aside}")
    told.append(
        "in no backup: sessions, so everybody signs in again; links to previews and invitations, which are made anew; "
        "imports and exports under way; ids of API calls, so one that is repeated from before may be done twice; "
        "factors.key, so codes after the password and secrets of webhook endpoints are set anew unless you bring it "
        "along; log lines of the seconds before the loss"
    )
    return told
