"""`sdc version`: what runs here, and which schemas the files have; nothing needs to be up for it."""

import click
import msgspec
from sdc_core import clock, versions
from sdc_core import settings as core_settings
from sdc_core.answers.versions import Schema, Versions
from sdc_core.settings import Settings
from sdc_web import db as web_db
from sdc_worker import db as worker_db

PROGRAMS = ("litestream", "rclone", "weed")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def version(*, as_json: bool) -> None:
    """Tell the versions of SDC, Python, SQLite and the programs that came along, and the schema of each database."""
    told = of_site(core_settings.load())
    click.echo(msgspec.json.encode(told) if as_json else "\n".join(lines(told)))


def of_site(settings: Settings) -> Versions:
    """Of this release and the files of a site. Blocking. Raises Misconfigured for a file that is no database."""
    web = web_db.MIGRATIONS
    files = (
        (settings.site_db, web / "site"),
        (settings.ttl_db, web / "ttl"),
        (settings.worker_db, worker_db.MIGRATIONS),
    )
    return versions.of_process(PROGRAMS, files)


def lines(told: Versions) -> list[str]:
    """For a terminal."""
    programs = "".join(f", {each.name} {each.version or 'missing'}" for each in told.programs)
    return [f"sdc {told.sdc}, Python {told.python}, SQLite {told.sqlite}{programs}", *map(_line, told.schemas)]


def _line(schema: Schema) -> str:
    if schema.present is None:
        return f"{schema.file:<10} not there yet"
    newer = ": made by a newer release, this one does not open it" if schema.present > schema.newest else ""
    line = f"{schema.file:<10} schema {schema.present} of {schema.newest}{newer}"
    if not schema.copies:
        return line
    last = schema.copies[0]
    return f"{line}; as it was before, {clock.to_datetime(last.made_us):%F %H:%M} UTC: snapshots/{last.file}"
