"""`sdc settings`: every setting, as a table for a terminal, for documentation, or as JSON."""

import click
import msgspec
from sdc_core.settings import PREFIX, Settings


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One setting, in the words of the documentation."""

    name: str
    type: str
    default: str
    help: str


@click.command()
@click.option("--markdown", is_flag=True, help="As the table of docs/settings.md.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def settings(*, markdown: bool, as_json: bool) -> None:
    """List every setting with its type and default."""
    if as_json:
        click.echo(msgspec.json.encode(rows()))
    elif markdown:
        click.echo(as_markdown())
    else:
        for row in rows():
            click.echo(f"{row.name} ({row.type}{f', {row.default}' if row.default else ''})\n    {row.help}")


def rows() -> list[Row]:
    """Every setting in the order of its class."""
    return [
        Row(
            name=f"{PREFIX}{name}",
            type=_type(str(field.annotation)),
            default=_default(field.default),
            help=field.description or "",
        )
        for name, field in Settings.model_fields.items()
    ]


def as_markdown() -> str:
    """The table of docs/settings.md."""
    lines = ["| setting | type | default | what it is |", "|---|---|---|---|"]
    for row in rows():
        default = f"`{row.default}`" if row.default else ""
        lines.append(f"| `{row.name}` | {row.type} | {default} | {row.help} |")
    return "\n".join(lines)


def _type(written: str) -> str:
    many = "list of " if "tuple" in written else ""
    for part, word in (("SecretStr", "secret"), ("Path", "path"), ("int", "number"), ("bool", "yes or no")):
        if part in written:
            return f"{many}{word}"
    return f"{many}text"


def _default(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value not in (None, (), "") else ""
