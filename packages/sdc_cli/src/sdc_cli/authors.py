"""`sdc author`: set-up without a browser, and the way back in."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar, get_args

import click
import msgspec
from sdc_core import clock
from sdc_core import settings as core_settings
from sdc_core.errors import Misconfigured
from sdc_core.settings import Settings
from sdc_web.authors import accounts, one_time_tokens, passkeys
from sdc_web.authors.rights import SYSTEM, Role
from sdc_web.db import Databases, open_databases

T = TypeVar("T")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An author, as listed."""

    name: str
    display_name: str
    role: Role
    has_password: bool
    passkeys: int
    since: str


@click.group()
def author() -> None:
    """Add and list authors, set a password, make a login link."""


@author.command()
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; else only links let in.")
@click.option("--display-name", default="", help="The name that readers see; NAME when left out.")
@click.option("--role", type=click.Choice(get_args(Role)), default="owner", help="What they may do; owner: everything.")
def add(name: str, *, password_stdin: bool, display_name: str, role: Role) -> None:
    """Add an author called NAME."""
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None

    async def work(databases: Databases, _: Settings) -> str:
        added = await accounts.create(
            databases, SYSTEM, name=name, role=role, display_name=display_name, password=password
        )
        return added.name

    click.echo(f"added {with_databases(work)}")


@author.command()
@click.argument("name")
def password(name: str) -> None:
    """Set NAME's password: the first line of standard input. Every session of theirs ends."""
    given = sys.stdin.readline().rstrip("\r\n")

    async def work(databases: Databases, _: Settings) -> str:
        changed = await accounts.set_password(databases, SYSTEM, name, given)
        return changed.name

    click.echo(f"changed the password of {with_databases(work)}")


@author.command("login-link")
@click.argument("name")
def login_link(name: str) -> None:
    """Print a link that signs NAME in, once, within 30 minutes."""

    async def work(databases: Databases, settings: Settings) -> str:
        token = await one_time_tokens.issue_login_link(databases, name)
        return f"{settings.site_url}{one_time_tokens.login_path(token)}"

    click.echo(with_databases(work))


@author.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(*, as_json: bool) -> None:
    """List the authors."""

    async def work(databases: Databases, _: Settings) -> list[Row]:
        keys = await passkeys.counts(databases)
        return [
            Row(
                name=each.name,
                display_name=each.display_name,
                role=each.role,
                has_password=each.password_hash is not None,
                passkeys=keys.get(each.id, 0),
                since=clock.day_of(each.created_at_us),
            )
            for each in await accounts.everyone(databases)
        ]

    rows = with_databases(work)
    if as_json:
        click.echo(msgspec.json.encode(rows))
        return
    for row in rows:
        click.echo(f"{row.name}\t{row.display_name}\t{row.role}\t{_ways_in(row)}\t{row.since}")


def _ways_in(row: Row) -> str:
    """How an author signs in, in words."""
    keys = f"{row.passkeys} {'passkey' if row.passkeys == 1 else 'passkeys'}" if row.passkeys else ""
    return ", ".join(way for way in (keys, "password" if row.has_password else "") if way) or "links only"


def with_databases(work: Callable[[Databases, Settings], Awaitable[T]]) -> T:
    """Run it on the site's databases. Raises Misconfigured where there is no data folder: a new one would be wrong."""
    settings = core_settings.load()
    if not settings.DATA_DIR.is_dir():
        message = f"there is no data folder {settings.DATA_DIR}: set SDC_DATA_DIR, or start the site once with `sdc up`"
        raise Misconfigured(message)

    async def run() -> T:
        async with open_databases(settings) as databases:
            return await work(databases, settings)

    return asyncio.run(run())
