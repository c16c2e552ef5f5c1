"""The `sdc` command: which subcommands there are, and how their failures read."""

import sys

try:
    from importlib import import_module
    from importlib.metadata import version
    from typing import NamedTuple

    import click
    from sdc_core.errors import SdcError
except KeyboardInterrupt:
    # The imports take a tenth of a second, and who presses Ctrl-C in it wants no trace.
    sys.exit(130)


class Subcommand(NamedTuple):
    """Where a subcommand is, and its line in `sdc --help`, so that help imports none of them."""

    module: str
    function: str
    help: str


SUBCOMMANDS = {
    "up": Subcommand("up", "up", "Run the whole site: object store, Litestream, worker, web."),
    "doctor": Subcommand("doctor", "doctor", "Check everything the site needs, each failure with its remedy."),
    "version": Subcommand("versions", "version", "Tell what runs here, and the schema of each database."),
    "author": Subcommand("authors", "author", "Add and list authors, set a password, make a login link."),
    "token": Subcommand("tokens", "token", "Make, list and revoke tokens of the API."),
    "mcp": Subcommand("mcp", "mcp", "Let a language model use the site, by a token of the API."),
    "audit": Subcommand("audit", "audit_", "Tell who did what, and who was refused."),
    "backup": Subcommand("backups", "backup", "Back up now, or tell how the backups are."),
    "jobs": Subcommand("jobs", "jobs", "Tell how the cron jobs fare, and when each comes next."),
    "restore": Subcommand("restore", "restore", "Restore both databases into a scratch folder."),
    "recover": Subcommand("recover", "recover", "Bring the whole site back out of a backup, and start it."),
    "drill": Subcommand("backups", "drill", "Prove now that the backups restore."),
    "images": Subcommand("images", "images", "Make all sizes of pictures anew, and find files that nobody knows."),
    "import": Subcommand("importing", "import_", "Bring in the texts of another site."),
    "export": Subcommand("exporting", "export", "Take everything along, as one file."),
    "logs": Subcommand("logs", "logs", "Bring access logs of before, or of another server, into the statistics."),
    "prepare": Subcommand("alone", "prepare_", "Make secrets, buckets and databases, for parts that run alone."),
    "store": Subcommand("alone", "store_", "Run the object store alone."),
    "worker": Subcommand("alone", "worker", "Run Litestream and the worker alone."),
    "secrets": Subcommand("secret_files", "secrets", "Make the secrets, set one, or give each service its own."),
    "settings": Subcommand("settings", "settings", "List every setting with its default."),
}


class Subcommands(click.Group):
    """Imports a subcommand when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click passes it
        """In the order of the table."""
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click passes it
        """The command itself, or None where there is none of that name."""
        if (found := SUBCOMMANDS.get(cmd_name)) is None:
            return None
        command = getattr(import_module(f"sdc_cli.{found.module}"), found.function)
        assert isinstance(command, click.Command)  # noqa: S101 - the table above names commands only
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click passes it
        """The list of commands in the help, from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.help) for name, each in SUBCOMMANDS.items()])


@click.command(cls=Subcommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("sdc-cli"), prog_name="sdc", message="%(prog)s %(version)s")
def sdc() -> None:
    """Run, set up, back up and restore an SDC site."""


def main() -> None:
    """The `sdc` command. An expected failure is one sentence on standard error and exit code 1, misuse is 2."""
    try:
        sdc.main(prog_name="sdc")
    except SdcError as error:
        click.echo(f"sdc: {error}", err=True)
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        click.echo(
            f"sdc: unexpected {type(error).__name__}: {error} (`python -X dev -m sdc_cli` shows where)", err=True
        )
    else:
        return
    sys.exit(1)
