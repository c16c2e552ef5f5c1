"""`sdc import`: the texts of another site become those of this one, told line by line."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import click
import msgspec
from sdc_core import objects
from sdc_core import settings as core_settings
from sdc_core.errors import Invalid, Misconfigured
from sdc_core.settings import Settings
from sdc_web import imports
from sdc_web.authors import accounts
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases, open_databases
from sdc_web.imports import Line, Manner, Pictures, fetching


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be imported and how: `author_name` is whose it shall be, empty for the first author, `more` further
    files of the same export.
    """

    path: Path
    author_name: str = ""
    format: imports.Format = ""
    dry_run: bool = False
    incomplete: bool = False
    old_site: str = ""
    fetch_from: tuple[str, ...] = ()
    more: tuple[Path, ...] = ()


@click.command("import")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--author", "author_name", default="", help="Whose they are, by sign-in name. Unset: the first author's.")
@click.option(
    "--format",
    "wanted",
    type=click.Choice(("markdown", "ghost", "wordpress", "sdc")),
    help="What it is to be read as. Unset: what it looks like.",
)
@click.option("--dry-run", is_flag=True, help="Tell what would be done, and do nothing.")
@click.option(
    "--incomplete", is_flag=True, help="Take texts without those of their pictures that cannot be shown here."
)
@click.option("--old-site", default="", help="Its address, where pictures that did not come along are fetched from.")
@click.option(
    "--fetch-from",
    multiple=True,
    metavar="HOST",
    help="Another host to fetch pictures from; may be repeated. The report names those that have some.",
)
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def import_(
    paths: tuple[Path, ...],
    *,
    author_name: str,
    wanted: imports.Format | None,
    dry_run: bool,
    incomplete: bool,
    old_site: str,
    fetch_from: tuple[str, ...],
    as_json: bool,
) -> None:
    """Import what is at PATH: Markdown with its pictures, the JSON of Ghost, the XML of WordPress, a zip or folder of
    any of these, or what `sdc export` wrote. Several files are the parts of one export of WordPress.

    A folder is best the whole site of Hugo, Jekyll, Astro or Eleventy: its settings tell which addresses texts had.
    What is there already with the same words is left alone, and so is what is there with other words.
    """
    settings = core_settings.load()
    if not settings.DATA_DIR.is_dir():
        message = f"there is no data folder {settings.DATA_DIR}: set SDC_DATA_DIR, or start the site once with `sdc up`"
        raise Misconfigured(message)
    wish = Wish(
        path=paths[0],
        more=paths[1:],
        author_name=author_name,
        format=wanted or "",
        dry_run=dry_run,
        incomplete=incomplete,
        old_site=old_site,
        fetch_from=fetching.hosts(" ".join(fetch_from)),
    )
    # A bar and lines would write over one another.
    at_once = not (as_json or sys.stderr.isatty())
    report = asyncio.run(run(settings, wish, _show if at_once else _later))
    if as_json:
        click.echo(msgspec.json.encode(report))
        return
    for line in () if at_once else report:
        _show(line)
    counted = sorted(Counter(line.outcome for line in report).items())
    click.echo(", ".join(f"{count} {outcome}" for outcome, count in counted) or "no Markdown file there")
    if dry_run:
        click.echo("Nothing was changed.")


def _later(_: Line) -> None:
    """Told when everything is done."""


async def run(settings: Settings, wish: Wish, tell: Callable[[Line], None] = _later) -> list[Line]:
    """The report, each line of which is told as soon as it is known. Raises Invalid without such an author, and for
    what cannot be imported at all.
    """
    async with AsyncExitStack() as stack:
        databases = await stack.enter_async_context(open_databases(settings))
        store = await stack.enter_async_context(objects.open_store(objects.local_endpoint(settings)))
        by = await author(databases, wish.author_name)
        to = Pictures(settings=settings, databases=databases, store=store, by=by)
        manner = Manner(
            format=wish.format,
            dry_run=wish.dry_run,
            incomplete=wish.incomplete,
            old_site=wish.old_site,
            fetch_from=wish.fetch_from,
        )
        incoming = await stack.enter_async_context(imports.opened(to, wish.path, manner, wish.more))
        report: list[Line] = []
        hidden = not sys.stderr.isatty()
        with click.progressbar(length=incoming.total, file=sys.stderr, label="import", hidden=hidden) as shown:
            async for line in incoming.lines:
                report.append(line)
                tell(line)
                shown.update(1)
        return report


async def author(databases: Databases, name: str) -> Actor:
    """The author with that sign-in name, the first one for none. Raises Invalid."""
    authors = await accounts.everyone(databases)
    chosen = [each for each in authors if not name or each.name == name]
    if not chosen:
        message = f"there is no author named {name}" if name else "there is no author yet"
        raise Invalid(f"{message}: `sdc author add NAME` makes one")
    return min(chosen, key=lambda each: each.created_at_us).actor


def _show(line: Line) -> None:
    words = " ".join(filter(None, (line.address, line.reason)))
    click.echo(f"{line.outcome:<10} {line.file}  {words}".rstrip())
    for note in line.notes:
        click.echo(f"{'':<10}   {note}")
