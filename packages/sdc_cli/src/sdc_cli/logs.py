"""`sdc logs import`: access logs of before, or of another server, into the statistics. Done twice, it is done once."""

import asyncio
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click
import msgspec
from sdc_core import clock, service_client
from sdc_core import settings as core_settings
from sdc_core.errors import Misconfigured, SdcError
from sdc_core.settings import Settings
from sdc_core.webhooks import Keyring
from sdc_core.write_once import write_once
from sdc_web.request_log.countries import open_countries

from sdc_cli import worker_calls
from sdc_cli.foreign_lines import Converter, NotALineError
from sdc_cli.log_import import Import, Imported

SALT = "import-salt"
SALT_BYTES = 32
SALT_S = 7 * 86_400
LOOK_S = 0.2
SEAL = "analytics.seal"


@click.group()
def logs() -> None:
    """Bring access logs into the statistics."""


@logs.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--host", "hosts", multiple=True, help="A name the site had: its links are no referrers. May be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def import_(files: tuple[Path, ...], *, hosts: tuple[str, ...], as_json: bool) -> None:
    """Import access logs: combined ones of nginx, Apache and Caddy, Caddy's JSON, and those of SDC; plain, .gz or .zst.

    Lines that are there already are not counted again, also when a file has grown since. No address is kept.
    """
    settings = core_settings.load()
    if not settings.DATA_DIR.is_dir():
        message = f"there is no data folder {settings.DATA_DIR}: set SDC_DATA_DIR, or start the site once with `sdc up`"
        raise Misconfigured(message)
    reports = asyncio.run(_run(settings, files, frozenset(map(str.lower, hosts))))
    if as_json:
        click.echo(msgspec.json.encode(reports))
        return
    for report in reports:
        _tell(report)


async def _run(settings: Settings, files: tuple[Path, ...], hosts: frozenset[str]) -> list[Imported]:
    own = frozenset({"", urlsplit(settings.site_url).hostname or "", *hosts})
    salt = await asyncio.to_thread(_salt, settings.DATA_DIR)
    converter = Converter(salt, own, open_countries(settings.GEOIP_DB))
    reports: list[Imported] = []
    async with service_client.connect(settings.worker_url, Keyring(settings.webhook_secrets)) as worker:
        for file in files:
            each = Import(worker, converter, file)
            async with asyncio.TaskGroup() as group:
                showing = group.create_task(_show(each, file.stat().st_size))
                try:
                    reports.append(await each.run())
                except NotALineError as error:
                    message = f"{file}: {error}"
                    raise SdcError(message) from None
                finally:
                    showing.cancel()
    if any(report.counted for report in reports):
        worker_calls.require_ok(await worker_calls.run_job(settings, SEAL))
    return reports


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
        f"{report.malformed} malformed"
    )
    for each in report.named:
        click.echo(f"  line {each.line}: {each.reason}")
    if report.malformed > len(report.named):
        click.echo(f"  and {report.malformed - len(report.named)} more")
