"""`sdc images`: how far the sizes of pictures are, all of them anew, and files in the store that nobody knows."""

import asyncio
import sys

import click
import msgspec
from sdc_core import settings as core_settings
from sdc_core.answers.images import Progress
from sdc_core.objects import local_endpoint, open_store
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.variants import AIMS
from sdc_web.authors.rights import SYSTEM
from sdc_web.db import Databases
from sdc_web.media import orphans as lost
from sdc_web.media import removal
from sdc_web.media.orphans import Found
from sdc_web.reports import pictures

from sdc_cli import worker_calls
from sdc_cli.authors import with_databases

LOOK_S = 1.0


@click.group()
def images() -> None:
    """The sizes of pictures, and the files that they are in."""


@images.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def status(*, as_json: bool) -> None:
    """How far all pictures are."""
    told = asyncio.run(worker_calls.get(core_settings.load(), "/images", Progress))
    click.echo(msgspec.json.encode(told) if as_json else words(told))


@images.command()
@click.option("--aim", type=click.Choice([str(each) for each in AIMS]), required=True, help="What they are to reach.")
@click.option("--wait", is_flag=True, help="Until all are made; what is left when this ends is made all the same.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def remake(*, aim: str, wait: bool, as_json: bool) -> None:
    """Have all pictures made anew for another quality, on the scale of SSIMULACRA 2: 70, 75 (usual) or 80."""

    async def work(databases: Databases, settings: Settings) -> Progress:
        async with worker_calls.connect(settings) as worker:
            told = await pictures.remake(worker, databases.site, SYSTEM, int(aim))
            return await _all_made(worker, told) if wait else told

    told = with_databases(work)
    click.echo(msgspec.json.encode(told) if as_json else words(told))


@images.command()
@click.option("--delete", is_flag=True, help="Delete them for good; without this they are only told of.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def orphans(*, delete: bool, as_json: bool) -> None:
    """Find files in the object store that belong to no picture, none of them younger than a day."""

    async def work(databases: Databases, settings: Settings) -> Found:
        async with open_store(local_endpoint(settings)) as store:
            found = await lost.find(databases.site, SYSTEM, store, settings.S3_MEDIA_BUCKET)
            if delete and found.orphans:
                found = await lost.remove(databases.site, SYSTEM, store, settings.S3_MEDIA_BUCKET, found.digest)
                await removal.clear_away_once(databases.site, store, settings.S3_MEDIA_BUCKET)
            return found

    found = with_databases(work)
    if as_json:
        click.echo(msgspec.json.encode({"deleted": delete, "young": found.young, "orphans": found.orphans}))
        return
    for each in found.orphans:
        click.echo(f"{each.id}\t{each.files} files\t{each.size_bytes} bytes")
    did = "deleted" if delete else "to be deleted with --delete"
    click.echo(f"{found.files} files, {found.size_bytes} bytes {did}; {found.young} too young to tell")


def words(told: Progress) -> str:
    """How far it is, in one line."""
    text = f"{told.made} made for {told.aim}, {told.left} left"
    text += f", {told.waiting} of these uploads" if told.waiting else ""
    return f"{text}, {told.failed} failed" if told.failed else text


async def _all_made(worker: ServiceClient, told: Progress) -> Progress:
    with click.progressbar(length=told.made + told.failed + told.left, label="pictures", file=sys.stderr) as bar:
        while told.left:
            await asyncio.sleep(LOOK_S)
            before, told = told, await pictures.progress(worker, SYSTEM)
            bar.update(before.left - told.left)
    return told
