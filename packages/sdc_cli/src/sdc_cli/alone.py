"""The parts of `sdc up` one by one, as containers run them: `sdc prepare`, `sdc store`, `sdc worker`.

The last two become the program that they start, so that whoever started them watches that one itself.
"""

import os
from typing import NoReturn

import click
from sdc_core import recovering
from sdc_core import settings as core_settings
from sdc_core.errors import Misconfigured

from sdc_cli import first_run, make_plan, prepare, store
from sdc_cli.plan import Program
from sdc_cli.prepare import Event


@click.command("prepare")
def prepare_() -> None:
    """Make what is missing of secrets, buckets and databases, and end.

    A database that is missing is brought back from its replica, if there is one. For as long as there is no author the
    link is printed that makes you the author.
    """
    settings = first_run.prepare(core_settings.load())
    with recovering.serving(settings):
        prepare.run(settings, _say)


@click.command("store")
@click.option("--host", default=store.HOST, show_default=True, help="Address on which it listens.")
def store_(*, host: str) -> None:
    """Run the object store, on the port of SDC_S3_ENDPOINT_URL. Makes its keys at the first start."""
    settings = make_plan.absolute(first_run.prepare(core_settings.load(), store_alone=True))
    if not first_run.is_embedded(settings):
        message = "SDC_S3_ACCESS_KEY_ID belongs to an object store of your own: there is none to be started here"
        raise Misconfigured(message)
    _become(make_plan.store_program(settings, make_plan.environment(settings), host))


@click.command()
def worker() -> None:
    """Run Litestream with the worker inside it, on a data folder that `sdc prepare` has seen."""
    settings = make_plan.absolute(core_settings.load())
    _ = settings.webhook_secrets
    recovering.require_none(settings)
    _become(make_plan.worker_program(settings, make_plan.environment(settings)))


def _say(event: Event) -> None:
    match event.event:
        case "link":
            click.echo(f"Become its author, once, within 30 minutes: {event.text}")
        case "restored":
            click.echo(f"{event.text} was missing: restored from its replica in {event.seconds:.1f} s")
        case _:
            click.echo(f"{event.event} ready in {event.seconds:.1f} s")


def _become(program: Program) -> NoReturn:
    os.chdir(program.folder)
    os.execve(program.command[0], program.command, program.environment)  # noqa: S606 - a program of ours, no shell
