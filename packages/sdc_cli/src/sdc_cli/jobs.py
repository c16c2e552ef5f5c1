"""`sdc jobs`: how the cron jobs fare, as the worker tells it."""

import asyncio

import click
import msgspec
from sdc_core import clock
from sdc_core import settings as core_settings
from sdc_core.answers.jobs import JobReport, JobReports

from sdc_cli import backups, worker_calls


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON, with their runs.")
def jobs(*, as_json: bool) -> None:
    """How each cron job fares, when it comes next, and what its last run said. Exit code 1 when one is not well."""
    told = asyncio.run(worker_calls.get(core_settings.load(), "/jobs", JobReports))
    if as_json:
        click.echo(msgspec.json.encode(told))
    else:
        width = max((len(each.name) for each in told.jobs), default=0)
        click.echo("\n".join(f"{each.name:<{width}}  {line(each)}" for each in told.jobs))
    if any(each.state not in ("ok", "paused") for each in told.jobs):
        raise click.exceptions.Exit(1)


def line(job: JobReport) -> str:
    """State, next due time, and the last run, of which the first hundred characters."""
    coming = "not planned" if job.next_us is None else f"next {clock.to_datetime(job.next_us):%F %H:%M} UTC"
    last = " ".join(backups.words(job.last_run).split())
    return f"{job.state:<6}  {coming:<27}  last {last[:100]}{'…' if len(last) > 100 else ''}"
