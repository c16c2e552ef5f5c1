"""`sdc recover`: from an empty machine to a running site, out of a backup."""

import asyncio
import os
import sys
from datetime import datetime

import click
import msgspec
from sdc_core import clock, objects, recovering
from sdc_core import settings as core_settings
from sdc_core.errors import NotFound
from sdc_core.process import only_one
from sdc_core.settings import Settings
from sdc_worker.mirror import origins
from sdc_worker.mirror.origins import Kind

from sdc_cli import first_run, plan, recovery, recovery_plan, recovery_store, store
from sdc_cli.recovery import Recovered
from sdc_cli.recovery_plan import Recovery
from sdc_cli.restore import moment

MISSING = 3


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """What `--dry-run` tells: the moment that was asked for, that of the newest change in each database, the older of
    them with its age, and by bucket how many objects would be copied.
    """

    origin: str
    asked_us: int | None
    states: dict[str, int]
    state_us: int
    age_us: int
    objects: dict[str, int]
    bytes: int
    free_bytes: int
    set_aside: tuple[str, ...]


@click.command()
@click.option("--from", "kind", required=True, type=click.Choice(["daily", "monthly", "replica"]), help="Which backup.")
@click.option("--month", default="", metavar="YYYY-MM", help="With --from monthly: which. Default: the newest.")
@click.option("--at", metavar="TIME", help="An older state of the databases, such as 2026-11-24T10:00 (UTC).")
@click.option("--dry-run", is_flag=True, help="Tell what would be done, and how old the result would be; do nothing.")
@click.option("--no-up", is_flag=True, help="Do not start the site afterwards.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def recover(*, kind: Kind, month: str, at: str | None, dry_run: bool, no_up: bool, as_json: bool) -> None:
    """Bring the whole site back out of a backup, and start it.

    Databases, uploads and statistics. Nothing is written over: what is in the data folder is moved aside and kept.
    Interrupted, the same command goes on where it was. With --no-up it ends with 3 where originals are missing.
    """
    settings = core_settings.load()
    wanted = moment(at) if at else None
    if dry_run:
        foreseen = _foreseen(asyncio.run(_look(settings, kind, month, wanted)), wanted)
        click.echo(msgspec.json.encode(foreseen) if as_json else "\n".join(_words(foreseen)))
        return
    settings = first_run.prepare(settings)
    with only_one(settings.DATA_DIR / plan.UP_LOCK, "`sdc up`"), recovering.alone(settings):
        recovered = asyncio.run(_recover(settings, kind, month, wanted, quiet=as_json))
    if as_json:
        click.echo(msgspec.json.encode(recovered))
    else:
        click.echo("\n".join(recovery.lines(recovered)))
    if no_up:
        sys.exit(MISSING if recovered.missing else 0)
    # This process becomes `sdc up`, and gets every signal itself.
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "sdc_cli", "up"])  # noqa: S606 - our own program


async def _plan(settings: Settings, kind: Kind, month: str, at: datetime | None) -> Recovery:
    origin = await origins.find(settings, kind, month)
    await origins.require_answer(origin, settings.S3_BACKUP_BUCKET)
    return await recovery_plan.make(settings, origin, at)


async def _look(settings: Settings, kind: Kind, month: str, at: datetime | None) -> Recovery:
    """The plan alone. The store of a site that does not run is started for it. Raises NotFound where there is none."""
    if kind != "replica" or not first_run.is_embedded(settings):
        return await _plan(settings, kind, month, at)
    home = store.folder(settings)
    if not await asyncio.to_thread(home.exists):
        message = f"the replica is in the object store of this site, and there is no {home}: use --from daily"
        raise NotFound(message)
    async with objects.open_store(objects.local_endpoint(settings)) as client:
        away = await client.ping(settings.S3_BACKUP_BUCKET)
    if not away:
        return await _plan(settings, kind, month, at)
    with only_one(settings.DATA_DIR / plan.UP_LOCK, "`sdc up`"):
        async with recovery_store.running(settings):
            return await _plan(settings, kind, month, at)


async def _recover(settings: Settings, kind: Kind, month: str, at: datetime | None, *, quiet: bool) -> Recovered:
    if kind == "replica" and first_run.is_embedded(settings):
        async with recovery_store.running(settings):
            return await _run(settings, kind, month, at, quiet=quiet)
    return await _run(settings, kind, month, at, quiet=quiet)


async def _run(settings: Settings, kind: Kind, month: str, at: datetime | None, *, quiet: bool) -> Recovered:
    planned = await _plan(settings, kind, month, at)
    recovery_plan.require_room(planned, settings)

    def say(line: str) -> None:
        _wipe()
        if not quiet:
            click.echo(line)

    if not quiet:
        click.echo("\n".join(_words(_foreseen(planned, at))))
    try:
        return await recovery.run(settings, planned, at, say, _show)
    finally:
        _wipe()


def _foreseen(planned: Recovery, at: datetime | None) -> Foreseen:
    return Foreseen(
        origin=planned.origin.words,
        asked_us=clock.from_datetime(at) if at else None,
        states={each.name: each.state_us for each in planned.databases},
        state_us=min(each.state_us for each in planned.databases),
        age_us=planned.age_us,
        objects={each.name: len(each.plan.new) + len(each.plan.changed) for each in planned.buckets},
        bytes=planned.size_bytes,
        free_bytes=planned.free_bytes,
        set_aside=planned.set_aside,
    )


def _words(foreseen: Foreseen) -> list[str]:
    minutes = foreseen.age_us // (60 * clock.SECOND_US)
    age = f"{minutes // 60} h {minutes % 60} min" if minutes else "less than a minute"
    told = [f"from {foreseen.origin}: the state of {clock.to_datetime(foreseen.state_us):%F %T} UTC, {age} old"]
    if foreseen.asked_us is not None:
        told.append(recovery.in_place_of(foreseen.asked_us, foreseen.states))
    if foreseen.objects:
        counts = ", ".join(f"{count:,} of {bucket}" for bucket, count in foreseen.objects.items())
        told.append(f"to copy: {counts}; {foreseen.bytes:,} bytes, with room for {foreseen.free_bytes:,}")
    if foreseen.set_aside:
        told.append(f"moved aside and kept: {', '.join(foreseen.set_aside)}")
    return told


def _show(line: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{line}", nl=False, err=True)


def _wipe() -> None:
    _show("")
