"""`sdc logs import`: access logs of before, or of another server, into the statistics. Done twice, it is done once."""

import asyncio
import sys
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

import click
import msgspec
from sdc_core import clock, service_client
from sdc_core import settings as core_settings
from sdc_core.errors import Conflict, Invalid, Misconfigured, SdcError, Unavailable
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.webhooks import Keyring
from sdc_core.write_once import write_once
from sdc_web.request_log.countries import open_countries

from sdc_cli import worker_calls
from sdc_cli.foreign_lines import Converter, Format, NotALineError
from sdc_cli.log_import import Import, Imported

SALT = "import-salt"
SALT_BYTES = 32
SALT_S = 7 * 86_400
LOOK_S = 0.2
MOST_HOSTS = 10
SEAL = "analytics.seal"


@click.group()
def logs() -> None:
    """Bring access logs into the statistics."""


@logs.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--host", "hosts", multiple=True, help="A name the site had: its links are no referrers. May be repeated."
)
@click.option(
    "--only-host",
    "only",
    multiple=True,
    help="Of a log of several sites, count what was asked of this name. Repeatable.",
)
@click.option("--format", "kind", type=click.Choice(get_args(Format)), help="Unset: what the first lines show.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def import_(
    files: tuple[Path, ...], *, hosts: tuple[str, ...], only: tuple[str, ...], kind: Format | None, as_json: bool
) -> None:
    """Import access logs: combined ones of nginx, Apache and Caddy, Caddy's JSON, and those of SDC; plain, .gz or .zst.

    Lines that are there already are not counted again, also when a file has grown since. No address is kept.
    """
    settings = core_settings.load()
    if not settings.DATA_DIR.is_dir():
        message = f"there is no data folder {settings.DATA_DIR}: set SDC_DATA_DIR, or start the site once with `sdc up`"
        raise Misconfigured(message)
    named, wanted = (frozenset(map(str.lower, each)) for each in (hosts, only))
    reports, trouble = asyncio.run(_run(settings, files, named | wanted, wanted, kind))
    if as_json:
        click.echo(msgspec.json.encode(reports))
    else:
        for report in reports:
            _tell(report)
    failed = [*(f"{report.file}: {report.error}" for report in reports if report.error), *filter(None, (trouble,))]
    if failed:
        message = "; ".join(failed)
        raise SdcError(message)


async def _run(
    settings: Settings, files: tuple[Path, ...], hosts: frozenset[str], only: frozenset[str], kind: Format | None
) -> tuple[list[Imported], str]:
    """What became of each file, and why its days were not sealed."""
    own = frozenset({"", urlsplit(settings.site_url).hostname or "", *hosts})
    salt = await asyncio.to_thread(_salt, settings.DATA_DIR)
    converter = Converter(salt, own, open_countries(settings.GEOIP_DB), only)
    async with service_client.connect(settings.worker_url, Keyring(settings.webhook_secrets)) as worker:
        reports = await bring(worker, converter, files, kind)
    if any(report.counted for report in reports):
        try:
            worker_calls.require_ok(await worker_calls.run_job(settings, SEAL))
        except SdcError as error:
            return reports, str(error)
    return reports, ""


async def bring(
    worker: ServiceClient, converter: Converter, files: tuple[Path, ...], kind: Format | None = None
) -> list[Imported]:
    """What became of each file. One that cannot be read keeps no other back; when the worker is away, those that are
    left are not begun.
    """
    reports: list[Imported] = []
    for file in files:
        each = Import(worker, converter, file, kind)
        reports.append(each.report)
        if not await _goes_on(each, file.stat().st_size):
            break
    return reports


async def _goes_on(each: Import, size_bytes: int) -> bool:
    """Import a file while it is shown how far that is; whether the next one is worth beginning."""
    async with asyncio.TaskGroup() as group:
        showing = group.create_task(_show(each, size_bytes))
        try:
            await each.run()
        except (Conflict, Invalid, NotALineError) as error:
            each.report.error = str(error)
        except Unavailable as error:
            each.report.error = str(error)
            return False
        finally:
            showing.cancel()
    return True


async def _show(running: Import, size_bytes: int) -> None:
    """How far it is, on a terminal."""
    hidden = not sys.stderr.isatty()
    name = Path(running.report.file).name
    with click.progressbar(length=max(size_bytes, 1), file=sys.stderr, label=name, hidden=hidden) as bar:
        shown = 0
        while True:
            await asyncio.sleep(LOOK_S)
            bar.update(running.read_bytes - shown)
            shown = running.read_bytes


def _salt(data_dir: Path) -> bytes:
    """A salt that lives a week, so that one visitor in two files of a day is one visitor. Blocking."""
    file = data_dir / SALT
    if file.exists() and clock.now_us() / clock.SECOND_US - file.stat().st_mtime > SALT_S:
        file.unlink()
    write_once(file, clock.random_bytes(SALT_BYTES))
    return file.read_bytes()


def _tell(report: Imported) -> None:
    period = f", {report.first_day} to {report.last_day}" if report.first_day else ""
    click.echo(
        f"{report.file}: {report.lines} lines{period}: {report.counted} new, {report.known} there already, "
        f"{report.malformed} malformed{f', {report.left_out} of other hosts' if report.left_out else ''}"
    )
    if report.hosts:
        first = list(report.hosts.items())[:MOST_HOSTS]
        more = f" and {len(report.hosts) - MOST_HOSTS} more" if len(report.hosts) > MOST_HOSTS else ""
        click.echo(f"  asked of {', '.join(f'{host} ({count})' for host, count in first)}{more}")
    for each in report.named:
        click.echo(f"  line {each.line}: {each.reason}")
    if report.malformed > len(report.named):
        click.echo(f"  and {report.malformed - len(report.named)} more")
