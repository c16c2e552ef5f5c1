"""`sdc restore`: both databases as they were at a moment, in a folder of their own."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from sdc_core import clock, objects
from sdc_core import settings as core_settings
from sdc_core.errors import Invalid, Misconfigured, Unavailable
from sdc_core.objects import Endpoint
from sdc_core.settings import Settings
from sdc_worker.drills import replica
from sdc_worker.drills.replica import Restored
from sdc_worker.mirror import child
from sdc_worker.mirror.daily import CURRENT


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where replicas are: a bucket, and what stands before their own keys in it."""

    endpoint: Endpoint
    bucket: str
    prefix: str


@click.command()
@click.option("--at", metavar="TIME", help="Such as 2026-11-24T10:00, in UTC unless it says otherwise. Default: now.")
@click.option("--into", "folder", required=True, type=click.Path(path_type=Path, file_okay=False), help="The folder.")
@click.option("--from", "origin", type=click.Choice(["local", "remote"]), default="local", help="Which backup.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def restore(*, at: str | None, folder: Path, origin: str, as_json: bool) -> None:
    """Restore both databases into a scratch folder and check them. The live ones are not touched."""
    settings = core_settings.load()
    wanted = moment(at) if at else None
    restored = asyncio.run(_restore(settings, _source(settings, origin), folder, wanted))
    if as_json:
        click.echo(msgspec.json.encode({"restored": restored}, enc_hook=str))
        return
    for each in restored:
        newest = clock.to_datetime(each.newest_us)
        if wanted and wanted > newest:
            click.echo(f"{at} is later than the newest change that is kept: this is the state of {newest:%F %T} UTC")
        click.echo(f"{each.path}: restored and found whole in {each.duration_us / clock.SECOND_US:.1f} s")


async def _restore(settings: Settings, source: Source, folder: Path, at: datetime | None) -> list[Restored]:
    async with objects.open_store(source.endpoint) as client:
        if reason := await client.ping(source.bucket):
            message = f"{reason}: `sdc up` runs the local store, `--from remote` restores from the mirror"
            raise Unavailable(message)
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True, mode=0o700)
    environment = child.clean_environment(settings)
    return [
        await replica.restore_database(
            source.endpoint, source.bucket, source.prefix, name, folder / f"{name}.db", at=at, env=environment
        )
        for name in replica.DATABASES
    ]


def _source(settings: Settings, origin: str) -> Source:
    if origin == "local":
        return Source(endpoint=objects.local_endpoint(settings), bucket=settings.S3_BACKUP_BUCKET, prefix="")
    endpoint = objects.daily_endpoint(settings)
    if endpoint is None:
        message = "no remote is set: SDC_REMOTE_DAILY_ENDPOINT_URL, _BUCKET and its keys name one"
        raise Misconfigured(message)
    prefix = f"{CURRENT}{settings.S3_BACKUP_BUCKET}/"
    return Source(endpoint=endpoint, bucket=settings.REMOTE_DAILY_BUCKET, prefix=prefix)


def moment(text: str) -> datetime:
    """What a person wrote, in UTC unless it says otherwise. Raises Invalid."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text} is not a moment such as 2026-11-24T10:00 or 2026-11-24T10:00:00+01:00"
        raise Invalid(message, field="at") from None
    return read.replace(tzinfo=read.tzinfo or UTC)
