"""`sdc export`: everything an author would take along, as one file."""

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import click
import msgspec
from sdc_core import clock, objects
from sdc_core import settings as core_settings
from sdc_core.errors import Misconfigured
from sdc_core.settings import Settings
from sdc_web import exports
from sdc_web.authors import rights
from sdc_web.db import open_databases
from sdc_web.exports import static_site
from sdc_web.exports.archive import Report


@click.command("export")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--static", is_flag=True, help="Write the public site as files into the folder PATH instead.")
@click.option("--json", "as_json", is_flag=True, help="What the export holds, as JSON.")
def export(path: Path | None, *, static: bool, as_json: bool) -> None:
    """Write texts, pictures, redirects, tags, series, statistics and the site's own words into one zip at PATH, or with
    --static the public site as files.

    Without PATH it is `sdc-export-DAY.zip` here. `sdc import` reads it back whole, and Hugo builds it as it is. No
    password, key or token is in it.
    """
    settings = core_settings.load()
    if not settings.DATA_DIR.is_dir():
        message = f"there is no data folder {settings.DATA_DIR}: set SDC_DATA_DIR, or start the site once with `sdc up`"
        raise Misconfigured(message)
    if static:
        _static(settings, path, as_json=as_json)
        return
    target = path or Path(f"sdc-export-{clock.today()}.zip")
    if target.is_dir():
        target = target / f"sdc-export-{clock.today()}.zip"
    report = asyncio.run(run(settings, target))
    if as_json:
        click.echo(msgspec.json.encode(report))
        return
    click.echo(f"{target}: {report.texts} texts, {report.media} pictures, {report.bytes} bytes")
    for note in report.notes:
        click.echo(f"  {note}")


def _static(settings: Settings, folder: Path | None, *, as_json: bool) -> None:
    if folder is None:
        raise click.UsageError("name the folder that the copy goes to")
    copy = asyncio.run(run_static(settings, folder))
    if as_json:
        click.echo(msgspec.json.encode(copy))
        _end(copy)
        return
    for each in copy.broken:
        click.echo(f"broken     {each.address}  {each.why}; on {', '.join(each.pages)}")
    words = f"{copy.files} files, {copy.written} written, {copy.removed} removed, {copy.redirects} redirects"
    click.echo(f"{folder}: {words}, {len(copy.broken)} broken links")
    _end(copy)


def _end(copy: static_site.Report) -> None:
    """With 1 where the copy is not the whole site as it is now."""
    if unanswered := sum(each.unanswered for each in copy.broken):
        click.echo(f"{unanswered} pages are as they were: the site could not answer. Make the copy again.", err=True)
        sys.exit(1)


async def run_static(settings: Settings, folder: Path) -> static_site.Report:
    """Copy the site as it runs. Raises Unavailable where it does not."""
    ask = static_site.asking(settings)
    async with open_databases(settings) as databases:
        with click.progressbar(length=1, file=sys.stderr, label="copy", hidden=not sys.stderr.isatty()) as shown:

            def told(done: int) -> None:
                shown.length = done + 1
                shown.update(1)

            return await static_site.write(databases, rights.SYSTEM, ask, settings.site_url, folder, told=told)


async def run(settings: Settings, target: Path) -> Report:
    """Write the export. Raises Unavailable without the object store, OSError where the file cannot be written."""
    async with AsyncExitStack() as stack:
        databases = await stack.enter_async_context(open_databases(settings))
        store = await stack.enter_async_context(objects.open_store(objects.local_endpoint(settings)))
        extra = await exports.statistics.of_site(settings, rights.SYSTEM)
        hidden = not sys.stderr.isatty()
        with click.progressbar(length=1, file=sys.stderr, label="export", hidden=hidden) as shown:

            def told(done: int, total: int) -> None:
                shown.length = total
                shown.update(done - shown.pos)

            return await exports.archive.write(
                databases, rights.SYSTEM, store, settings, target, extra=extra, told=told
            )
