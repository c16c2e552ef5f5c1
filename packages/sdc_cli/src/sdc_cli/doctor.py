"""`sdc doctor`: everything the site needs, each failure with its remedy."""

import asyncio
import sys

import click
import msgspec
from sdc_core import settings as core_settings

from sdc_cli import delivery_checks, machine_checks, running_checks
from sdc_cli.check import Check


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def doctor(*, as_json: bool) -> None:
    """Check everything the site needs; exit code 1 when anything fails."""
    checks = asyncio.run(every_check(core_settings.load()))
    if as_json:
        click.echo(msgspec.json.encode(checks))
    else:
        for check in checks:
            click.echo(f"{'ok  ' if check.ok else 'FAIL'}  {check.name:<20} {check.found}")
            if not check.ok:
                click.echo(f"      {'':<20} -> {check.remedy}")
    sys.exit(0 if all(check.ok for check in checks) else 1)


async def every_check(settings: core_settings.Settings) -> list[Check]:
    """The machine first, then what runs on it; what runs is asked at the same time."""
    machine = await asyncio.to_thread(machine_checks.all_of, settings)
    async with asyncio.TaskGroup() as group:
        asked = [*running_checks.ALL, delivery_checks.pictures]
        running = [group.create_task(check(settings)) for check in asked]
    return [*machine, *(each for task in running for each in task.result())]
