"""`sdc token`: what programs need to use the API."""

from typing import get_args

import click
import msgspec
from sdc_core import clock
from sdc_core.errors import Invalid
from sdc_core.settings import Settings
from sdc_web import tokens
from sdc_web.authors import accounts
from sdc_web.authors.rights import SYSTEM
from sdc_web.authors.store import Author
from sdc_web.db import Databases

from sdc_cli.authors import with_databases


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A token, as listed; days are UTC. `last_used` and `expires` are null for one that was not used or never ends."""

    name: str
    scope: str
    author: str
    since: str
    last_used: str | None
    expires: str | None
    expired: bool


@click.group()
def token() -> None:
    """Make, list and revoke tokens of the API."""


@token.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(get_args(tokens.Scope)),
    required=True,
    multiple=True,
    help="What it may do; give it again for more.",
)
@click.option("--days", type=int, default=None, help="Days until it expires; without them it never does.")
@click.option("--author", "author_name", default="", help="Whose it is, by sign-in name. Unset: the first author's.")
def create(name: str, *, scopes: tuple[tokens.Scope, ...], days: int | None, author_name: str) -> None:
    """Make a token called NAME and print it: it is shown this once and kept nowhere."""

    async def work(databases: Databases, _: Settings) -> str:
        author = chosen(await accounts.everyone(databases), author_name)
        issued = await tokens.issue(databases.site, SYSTEM, name=name, scope=scopes, author_id=author.id, days=days)
        return issued.text

    click.echo(with_databases(work))
    click.echo("Keep it now: it is not shown again.", err=True)


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(*, as_json: bool) -> None:
    """List the tokens; none of them is shown itself."""

    async def work(databases: Databases, _: Settings) -> list[Row]:
        names = {each.id: each.name for each in await accounts.everyone(databases)}
        return [row(each, names[each.author_id]) for each in await tokens.listing(databases.site, SYSTEM)]

    rows = with_databases(work)
    if as_json:
        click.echo(msgspec.json.encode(rows))
        return
    for each in rows:
        ends = "expired" if each.expired else f"until {each.expires}" if each.expires else "never expires"
        used = f"used {each.last_used}" if each.last_used else "not used yet"
        click.echo(f"{each.name}\t{each.scope}\t{each.author}\t{each.since}\t{used}\t{ends}")


@token.command()
@click.argument("name")
@click.option("--author", "author_name", default="", help="Whose it is, where several authors have one of that name.")
def revoke(name: str, *, author_name: str) -> None:
    """Revoke the token NAME: it opens nothing from now on."""

    async def work(databases: Databases, _: Settings) -> None:
        author_id = chosen(await accounts.everyone(databases), author_name).id if author_name else None
        await tokens.revoke(databases.site, SYSTEM, name, author_id)

    with_databases(work)
    click.echo(f"revoked {name.strip().lower()}")


def chosen(authors: list[Author], name: str) -> Author:
    """The author of that sign-in name, the first one when it is empty. Raises Invalid."""
    named = [each for each in authors if not name or each.name == name.strip().lower()]
    if not named:
        words = f"there is no author named {name}" if name else "there is no author yet"
        raise Invalid(f"{words}: `sdc author add NAME` makes one")
    return min(named, key=lambda each: each.created_at_us)


def row(each: tokens.ApiToken, author: str) -> Row:
    """What the list says of a token."""
    return Row(
        name=each.name,
        scope=each.scope,
        author=author,
        since=clock.day_of(each.created_at_us),
        last_used=None if each.last_used_at_us is None else clock.day_of(each.last_used_at_us),
        expires=None if each.expires_at_us is None else clock.day_of(each.expires_at_us),
        expired=each.expires_at_us is not None and each.expires_at_us <= clock.now_us(),
    )
