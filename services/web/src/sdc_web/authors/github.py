"""Accounts at GitHub that authors sign in with: linking one, knowing its author again, unlinking it."""

import logging

import msgspec
from sdc_core import clock
from sdc_core.errors import Conflict, Forbidden, NotFound
from sdc_core.sqlite import Connection, IntegrityError, execute, fetch_one

from sdc_web import audit
from sdc_web.authors import accounts, rights, store, ways_in
from sdc_web.authors.github_calls import Identity, Provider
from sdc_web.authors.rights import Actor
from sdc_web.authors.store import Author
from sdc_web.db import Databases
from sdc_web.sessions import endings

MAX_LOGIN = 100

log = logging.getLogger(__name__)


class GithubAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account of an author's; `login` as it was when last seen."""

    github_id: int
    author_id: str
    login: str
    linked_at_us: int
    used_at_us: int | None


def require_allowed(provider: Provider, who: Identity) -> None:
    """Raises Forbidden for one whom the settings do not name."""
    if who.id not in provider.allowed_ids:
        raise Forbidden(
            f"the GitHub account number {who.id} may not sign in here: SDC_GITHUB_ALLOWED_IDS names those that may"
        )


async def sign_in(databases: Databases, who: Identity) -> Author:
    """The author with that account, which is allowed. Raises Forbidden when it belongs to nobody yet."""
    async with databases.site.transaction() as connection:
        found = await by_github_id(connection, who.id)
        author = None if found is None else await store.by_id(connection, found.author_id)
        if author is not None:
            await touch(connection, who, clock.now_us())
    if author is None:
        raise Forbidden(
            "this GitHub account is allowed, but nobody's here yet: sign in another way, and link it under Account"
            if await accounts.any_exists(databases)
            else "nobody has set this site up yet: open the set-up link, and choose GitHub there"
        )
    log.info("an author signed in", extra={"author": author.name, "by": "github"})
    return author


async def link(databases: Databases, by: Actor, who: Identity, *, kept_id: str = "") -> None:
    """This account signs them in from now on; where it takes the place of another one, sessions end but the one named.
    Raises Conflict for one of somebody else's.
    """
    rights.require(by, "account.change", by.id)
    async with databases.site.transaction() as connection:
        before = await of_author(connection, by.id)
        await keep(connection, who, by)
        if before is not None and before.github_id != who.id:
            await endings.with_change(databases, connection, by, by.id, kept_id)
    log.info("a GitHub account was linked")


async def keep(connection: Connection, who: Identity, by: Actor) -> None:
    """The row, in whatever transaction. Raises Conflict when the account is another author's."""
    try:
        await put(connection, who, by.id, clock.now_us())
    except IntegrityError:
        raise Conflict("this GitHub account signs another author in already") from None
    await audit.record(connection, by, "factor.github_linked", str(who.id), f"{who.login}, number {who.id}")


async def unlink(databases: Databases, by: Actor, *, kept_id: str = "") -> None:
    """It opens nothing from now on, and sessions end but the one named. Raises NotFound when there is none, Conflict
    while no other way in is left but a login link.
    """
    rights.require(by, "account.change", by.id)
    async with databases.site.transaction() as connection:
        last = await ways_in.count(connection, by.id) == 1
        found = await of_author(connection, by.id)
        if found is None:
            raise NotFound("no GitHub account is linked")
        if last:
            raise Conflict("GitHub is your only way in: set a password or add a passkey first")
        await delete(connection, by.id)
        words = f"{found.login}, number {found.github_id}"
        await audit.record(connection, by, "factor.github_unlinked", str(found.github_id), words)
        await endings.with_change(databases, connection, by, by.id, kept_id)
    log.info("a GitHub account was unlinked")


async def account_of(databases: Databases, author_id: str) -> GithubAccount | None:
    """The author's account, if there is one."""
    async with databases.site.read() as connection:
        return await of_author(connection, author_id)


SQL_BY_GITHUB_ID = """
SELECT github_id, author_id, login, linked_at_us, used_at_us FROM github_accounts WHERE github_id = :github_id
"""


async def by_github_id(connection: Connection, github_id: int) -> GithubAccount | None:
    return await fetch_one(connection, GithubAccount, SQL_BY_GITHUB_ID, {"github_id": github_id})


SQL_OF_AUTHOR = """
SELECT github_id, author_id, login, linked_at_us, used_at_us FROM github_accounts WHERE author_id = :author_id
"""


async def of_author(connection: Connection, author_id: str) -> GithubAccount | None:
    return await fetch_one(connection, GithubAccount, SQL_OF_AUTHOR, {"author_id": author_id})


SQL_PUT = """
INSERT INTO github_accounts (github_id, author_id, login, linked_at_us)
VALUES (:github_id, :author_id, :login, :now_us)
ON CONFLICT (author_id) DO UPDATE SET github_id = excluded.github_id, login = excluded.login,
    linked_at_us = excluded.linked_at_us, used_at_us = NULL
"""


async def put(connection: Connection, who: Identity, author_id: str, now_us: int) -> None:
    """IntegrityError when another author has it."""
    values = {"github_id": who.id, "author_id": author_id, "login": who.login[:MAX_LOGIN], "now_us": now_us}
    await execute(connection, SQL_PUT, values)


SQL_TOUCH = "UPDATE github_accounts SET used_at_us = :now_us, login = :login WHERE github_id = :github_id"


async def touch(connection: Connection, who: Identity, now_us: int) -> None:
    """It was used, under this login."""
    values = {"github_id": who.id, "login": who.login[:MAX_LOGIN], "now_us": now_us}
    await execute(connection, SQL_TOUCH, values)


SQL_DELETE = "DELETE FROM github_accounts WHERE author_id = :author_id"


async def delete(connection: Connection, author_id: str) -> None:
    await execute(connection, SQL_DELETE, {"author_id": author_id})
