"""`sdc backup` and `sdc drill`: back up now, prove now that it restores, tell how both are."""

import asyncio

import click
import msgspec
from sdc_core import clock, objects
from sdc_core import settings as core_settings
from sdc_core.errors import SdcError, Unavailable
from sdc_core.settings import Settings
from sdc_worker.api.backups import Backups
from sdc_worker.cron.jobs import Run

from sdc_cli import programs, worker_calls

SYNC_S = 30
MIRROR = "mirror.daily"
DRILL = "drill.restore"


class Synced(msgspec.Struct, frozen=True, kw_only=True):
    """What Litestream answers to `sync`: its number of the newest transaction, here and in the replica."""

    db_path: str
    txid: int
    replica_txid: int


@click.group()
def backup() -> None:
    """Back up now, or tell how the backups are."""


@backup.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def status(*, as_json: bool) -> None:
    """How the replicas, the mirror and the last restore drill are."""
    told = asyncio.run(worker_calls.get(core_settings.load(), "/backups", Backups))
    if as_json:
        click.echo(msgspec.json.encode(told))
        return
    for name, newest in told.replication.items():
        click.echo(f"{name}: {age(newest)}")
    click.echo(f"mirror: {words(told.mirror)}" if told.remote else "mirror: no remote is set (SDC_REMOTE_DAILY_BUCKET)")
    click.echo(f"restore drill: {words(told.drill)}")


@backup.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def now(*, as_json: bool) -> None:
    """Copy both databases to the object store now, then everything to the remote where one is set."""
    settings = core_settings.load()
    synced, mirrored = asyncio.run(_back_up(settings))
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
    done = asyncio.run(worker_calls.run_job(core_settings.load(), DRILL))
    if as_json:
        click.echo(msgspec.json.encode(done))
    worker_calls.require_ok(done)
    if not as_json:
        click.echo(words(done))


def age(newest: int | str | None) -> str:
    """How old the newest object of a replica is; a string is the reason why that is not known."""
    if newest is None:
        return "no replica yet"
    if isinstance(newest, str):
        return newest
    return f"replica of {clock.to_datetime(newest):%Y-%m-%d %H:%M:%S} UTC"


def words(run: Run | None) -> str:
    """A run in one line."""
    if run is None:
        return "never"
    if run.ended_us is None or run.started_us is None:
        return run.outcome
    seconds = (run.ended_us - run.started_us) / clock.SECOND_US
    ended = f"{clock.to_datetime(run.ended_us):%Y-%m-%d %H:%M} UTC"
    return f"{run.outcome.replace('_', ' ')} at {ended}, {seconds:.1f} s: {run.output}"


async def _back_up(settings: Settings) -> tuple[list[Synced], Run | None]:
    synced = [
        await _sync(settings, path) for path in (str(settings.site_db.absolute()), str(settings.worker_db.absolute()))
    ]
    if objects.daily_endpoint(settings) is None:
        return synced, None
    return synced, await worker_calls.run_job(settings, MIRROR)


async def _sync(settings: Settings, path: str) -> Synced:
    """Ask the running Litestream to copy what it has not yet, and wait for it."""
    process = await asyncio.create_subprocess_exec(
        *(programs.find("litestream"), "sync", "-socket", str(programs.litestream_socket(settings))),
        *("-wait", "-timeout", str(SYNC_S), "-json", path),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SYNC_S + 5):
            output, errors = await process.communicate()
    except TimeoutError:
        process.kill()
        message = f"Litestream did not copy {path} within {SYNC_S} s: `sdc doctor` tells more"
        raise Unavailable(message) from None
    if process.returncode:
        message = f"Litestream did not copy {path}: {errors.decode(errors='replace').strip()} (does the site run?)"
        raise SdcError(message)
    return msgspec.json.decode(output, type=Synced)
