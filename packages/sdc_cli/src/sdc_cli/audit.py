"""`sdc audit`: the audit log on a terminal, or as JSON for programs that keep logs."""

import click
import msgspec
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_web import audit
from sdc_web.audit import Entry, Filters
from sdc_web.audit.actions import KINDS
from sdc_web.authors.rights import SYSTEM
from sdc_web.db import Databases

from sdc_cli.authors import with_databases


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """An entry; `at` is UTC, `who` is empty for somebody unknown."""

    id: int
    at: str
    who: str
    action: str
    subject_id: str
    words: str


@click.command("audit")
@click.option("--last", type=click.IntRange(1, 100_000), default=50, help="How many entries, the newest first; 50.")
@click.option("--since", default="", help="From this day on, as in 2026-11-28 (UTC).")
@click.option("--who", default="", help="Of this author alone, by sign-in name; `-` for somebody unknown.")
@click.option("--kind", type=click.Choice([*KINDS]), default=None, help="Of this kind alone.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def audit_(*, last: int, since: str, who: str, kind: str | None, as_json: bool) -> None:
    """Tell who did what, and who was refused."""

    async def work(databases: Databases, _: Settings) -> list[Entry]:
        async with databases.site.read() as connection:
            filters = Filters(since=since, who=who, kind=kind or "")
            return await audit.page(connection, SYSTEM, filters, last)

    entries = with_databases(work)
    if as_json:
        click.echo(msgspec.json.encode([_line(each) for each in entries]))
        return
    for each in entries:
        click.echo(f"{_at(each)}\t{each.author_name or 'somebody unknown'}\t{each.did} {each.words}".rstrip())


def _line(entry: Entry) -> Line:
    return Line(
        id=entry.id,
        at=_at(entry),
        who=entry.author_name,
        action=entry.action,
        subject_id=entry.subject_id,
        words=entry.words,
    )


def _at(entry: Entry) -> str:
    return f"{clock.to_datetime(entry.at_us):%Y-%m-%dT%H:%M:%SZ}"
