"""`sdc restore`: both databases as they were at a moment, in a folder of their own."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from sdc_core import clock
from sdc_core import settings as core_settings
from sdc_core.errors import Invalid, Unavailable
from sdc_core.settings import Settings
from sdc_worker.drills import replica
from sdc_worker.drills.replica import Name, Restored
from sdc_worker.mirror import child, origins
from sdc_worker.mirror.origins import Kind, Origin

KINDS: dict[str, Kind] = {
    "replica": "replica",
    "daily": "daily",
    "monthly": "monthly",
    # As they were called before.
    "local": "replica",
    "remote": "daily",
}


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """What `--dry-run` tells of a database: when the newest change was made that would come back, and the newest that
    is kept.
    """

    name: Name
    state_us: int
    newest_us: int


@click.command()
@click.option("--at", metavar="TIME", help="Such as 2026-11-24T10:00, in UTC unless it says otherwise. Default: now.")
@click.option("--into", "folder", type=click.Path(path_type=Path, file_okay=False), help="The folder.")
@click.option("--from", "kind", type=click.Choice([*KINDS]), default="replica", help="Which backup.")
@click.option("--month", default="", metavar="YYYY-MM", help="With --from monthly: which. Default: the newest.")
@click.option("--dry-run", is_flag=True, help="Tell which states would come back; restore nothing.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def restore(*, at: str | None, folder: Path | None, kind: str, month: str, dry_run: bool, as_json: bool) -> None:
    """Restore both databases into a scratch folder and check them. The live ones are not touched."""
    settings = core_settings.load()
    wanted = moment(at) if at else None
    origin = asyncio.run(_origin(settings, KINDS[kind], month))
    if dry_run:
        _tell(asyncio.run(_foresee(settings, origin, wanted)), as_json=as_json)
        return
    if folder is None:
        message = "say where to: --into FOLDER"
        raise Invalid(message, field="into")
    restored = asyncio.run(_restore(settings, origin, folder, wanted))
    if as_json:
        asked_us = clock.from_datetime(wanted) if wanted else None
        click.echo(msgspec.json.encode({"restored": restored, "asked_us": asked_us}, enc_hook=str))
        return
    for each in restored:
        newest = clock.to_datetime(each.newest_us)
        if wanted and wanted > newest:
            click.echo(f"{at} is later than the newest change that is kept: this is the state of {newest:%F %T} UTC")
        click.echo(f"{each.path}: restored and found whole in {each.duration_us / clock.SECOND_US:.1f} s")
        click.echo(f"{each.path}: the newest change in it is of {clock.to_datetime(each.state_us):%F %T} UTC")


async def _origin(settings: Settings, kind: Kind, month: str) -> Origin:
    origin = await origins.find(settings, kind, month)
    try:
        await origins.require_answer(origin, settings.S3_BACKUP_BUCKET)
    except Unavailable as error:
        if kind != "replica":
            raise
        message = f"{error}: `sdc up` runs the local store, `--from daily` restores from the mirror"
        raise Unavailable(message) from None
    return origin


async def _foresee(settings: Settings, origin: Origin, at: datetime | None) -> list[Foreseen]:
    bucket, prefix = origin.place(settings.S3_BACKUP_BUCKET)
    env = child.clean_environment(settings)
    found = []
    for name in replica.DATABASES:
        reach = await replica.kept(origin.endpoint, bucket, prefix, name, env=env)
        state_us = reach.newest_us
        if at and clock.from_datetime(at) <= reach.newest_us:
            state_us = await replica.state_us(origin.endpoint, bucket, prefix, name, at, env=env)
        found.append(Foreseen(name=name, state_us=state_us, newest_us=reach.newest_us))
    return found


def _tell(foreseen: list[Foreseen], *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode({"foreseen": foreseen}))
        return
    for each in foreseen:
        state, newest = clock.to_datetime(each.state_us), clock.to_datetime(each.newest_us)
        kept = "" if state == newest else f"; the newest that is kept is of {newest:%F %T} UTC"
        click.echo(f"{each.name}.db: the newest change would be of {state:%F %T} UTC{kept}")


async def _restore(settings: Settings, origin: Origin, folder: Path, at: datetime | None) -> list[Restored]:
    bucket, prefix = origin.place(settings.S3_BACKUP_BUCKET)
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True, mode=0o700)
    environment = child.clean_environment(settings)
    return [
        await replica.restore_database(
            origin.endpoint, bucket, prefix, name, folder / f"{name}.db", at=at, env=environment
        )
        for name in replica.DATABASES
    ]


def moment(text: str) -> datetime:
    """What a person wrote, in UTC unless it says otherwise. Raises Invalid."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text} is not a moment such as 2026-11-24T10:00 or 2026-11-24T10:00:00+01:00"
        raise Invalid(message, field="at") from None
    return read.replace(tzinfo=read.tzinfo or UTC)
