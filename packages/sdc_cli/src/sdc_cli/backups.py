"""`sdc backup` and `sdc drill`: back up now, prove now that it restores, tell how both are."""

import asyncio

import click
import msgspec
from sdc_core import clock, objects
from sdc_core import settings as core_settings
from sdc_core.answers.backups import Backups, ReplicaHealth
from sdc_core.answers.jobs import Run
from sdc_core.errors import Conflict, SdcError, Unavailable
from sdc_core.process import find_program
from sdc_core.settings import Settings
from sdc_worker.drills import restore as drills
from sdc_worker.mirror import child

from sdc_cli import backup_plan, litestream, worker_calls

SYNC_S = 30
MIRROR = "mirror.daily"
DRILL = "drill.restore"


class Synced(msgspec.Struct, frozen=True, kw_only=True):
    """What Litestream answers to `sync`: its number of the newest transaction, here and in the replica."""

    db_path: str
    txid: int
    replica_txid: int


class Drilled(msgspec.Struct, frozen=True, kw_only=True):
    """How a drill went, and who made it: `worker`, which keeps a record, or `sdc` itself."""

    by: str
    ok: bool
    output: str


@click.group()
def backup() -> None:
    """Back up now, or tell how the backups are."""


@backup.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def status(*, as_json: bool) -> None:
    """How the replicas, the mirror, the last restore drill and the last rehearsal are."""
    told = asyncio.run(worker_calls.get(core_settings.load(), "/backups", Backups))
    if as_json:
        click.echo(msgspec.json.encode(told))
        return
    if told.replication.reason:
        click.echo(f"replicas: {told.replication.reason}")
    for each in told.replication.databases:
        click.echo(f"{each.name}: {age(each)}")
    click.echo(f"mirror: {words(told.mirror)}" if told.remote else "mirror: no remote is set (SDC_REMOTE_DAILY_BUCKET)")
    if told.monthly_remote:
        click.echo(f"monthly snapshot: {words(told.monthly)}")
    click.echo(f"restore drill: {words(told.drill)}")
    click.echo(f"rehearsal: {words(told.rehearsal)}")


@backup.command()
@click.option("--confirm", is_flag=True, help="Go on with a mirror that stopped to ask, as `sdc backup status` tells.")
@click.option("--dry-run", is_flag=True, help="Tell what the mirror would copy and delete; do nothing.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def now(*, confirm: bool, dry_run: bool, as_json: bool) -> None:
    """Copy both databases to the object store now, then everything to the remote where one is set."""
    settings = core_settings.load()
    if dry_run:
        foreseen = asyncio.run(backup_plan.foresee(settings))
        click.echo(msgspec.json.encode(foreseen) if as_json else "\n".join(backup_plan.lines(foreseen)))
        return
    synced, mirrored = asyncio.run(
        _back_up(settings, [str(path.absolute()) for path in (settings.site_db, settings.worker_db)], confirm=confirm)
    )
    if as_json:
        click.echo(msgspec.json.encode({"synced": synced, "mirror": mirrored}))
    else:
        for each in synced:
            click.echo(f"{each.db_path}: backed up, transaction {each.replica_txid}")
        click.echo(f"mirror: {words(mirrored)}" if mirrored else "mirror: no remote is set")
    if mirrored:
        worker_calls.require_ok(mirrored)


@click.group()
def drill() -> None:
    """Prove now that the backups restore."""


@drill.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def run(*, as_json: bool) -> None:
    """Restore both databases into a scratch folder, check them, compare them with the live ones."""
    done = asyncio.run(_drill(core_settings.load()))
    if as_json:
        click.echo(msgspec.json.encode(done))
    elif done.ok:
        click.echo(done.output)
    if not done.ok:
        message = f"the restore drill failed: {done.output}"
        raise SdcError(message)


def age(each: ReplicaHealth) -> str:
    """When a database was last known to be copied whole."""
    if each.synced_us is None:
        return "no replica yet"
    return f"copied whole at {clock.to_datetime(each.synced_us):%Y-%m-%d %H:%M:%S} UTC"


def words(run: Run | None) -> str:
    """A run in one line."""
    if run is None:
        return "never"
    if run.ended_us is None or run.started_us is None:
        return run.outcome
    seconds = (run.ended_us - run.started_us) / clock.SECOND_US
    ended = f"{clock.to_datetime(run.ended_us):%Y-%m-%d %H:%M} UTC"
    return f"{run.outcome.replace('_', ' ')} at {ended}, {seconds:.1f} s: {run.output}"


async def _back_up(settings: Settings, paths: list[str], *, confirm: bool) -> tuple[list[Synced], Run | None]:
    asked = await _asking(settings) if confirm else ""
    synced = [await _sync(settings, path) for path in paths]
    if objects.daily_endpoint(settings) is None:
        return synced, None
    return synced, await worker_calls.run_job(settings, MIRROR, confirms=asked)


async def _asking(settings: Settings) -> str:
    """The id of the newest mirror, which stopped to ask. Raises Conflict when it did not."""
    newest = (await worker_calls.get(settings, "/backups", Backups)).mirror
    if newest is None or not newest.confirmable:
        message = "the last mirror asked for nothing: `sdc backup now` runs it without --confirm"
        raise Conflict(message)
    return newest.id


async def _sync(settings: Settings, path: str) -> Synced:
    """Ask the running Litestream to copy what it has not yet, and wait for it."""
    command = [find_program("litestream"), "sync", "-socket", str(litestream.socket(settings))]
    command += ["-wait", "-timeout", str(SYNC_S), "-json", path]
    ended = await child.run(command, child.clean_environment(settings), deadline_s=SYNC_S + 5)
    if ended.code:
        message = f"Litestream did not copy {path}: {ended.errors.strip()[-300:]} (`sdc up` runs it)"
        raise Unavailable(message)
    return msgspec.json.decode(ended.out, type=Synced)


async def _drill(settings: Settings) -> Drilled:
    """By the worker, which records it; by this process when no worker answers."""
    if not await worker_calls.unreachable(settings):
        run = await worker_calls.run_job(settings, DRILL)
        return Drilled(by="worker", ok=run.outcome == "ok", output=run.output)
    remote = objects.daily_endpoint(settings)
    async with objects.open_store(remote or objects.local_endpoint(settings)) as store:
        source = (drills.remote if remote else drills.local)(settings, store)
        if reason := await store.ping(source.replicas_bucket):
            message = f"neither the worker answers nor the store with the backups: {reason}"
            raise Unavailable(message)
        return Drilled(by="sdc", ok=True, output=str(await drills.run(settings, source)))
