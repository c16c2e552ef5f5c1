"""Links that work once: the first set-up, and the way back in. Only a token's SHA-256 is stored."""

import logging

import msgspec
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid, NotFound, Unauthorized

from sdc_web import audit
from sdc_web.about import site
from sdc_web.authors import accounts, github, passkey_store, store, token_store
from sdc_web.authors.github_calls import Identity
from sdc_web.authors.passkey_store import Passkey
from sdc_web.authors.rights import SYSTEM
from sdc_web.authors.store import Author
from sdc_web.authors.token_store import OneTimeToken, Purpose, sha256
from sdc_web.db import Databases

LIFETIME_US = 30 * 60 * clock.SECOND_US

log = logging.getLogger(__name__)


def setup_path(token: str) -> str:
    """Where the set-up link leads, below the site's address."""
    return f"/author/setup?token={token}"


def login_path(token: str) -> str:
    """Where a login link leads, below the site's address."""
    return f"/author/login/{token}"


async def issue_setup_link(databases: Databases) -> str:
    """A token that lets its holder become the first author, within 30 minutes. Raises Conflict once there is one."""
    if await accounts.any_exists(databases):
        raise Conflict("the site has an author already: `sdc author login-link NAME` is the way in")
    return await _issue(databases, "setup", None)


async def issue_login_link(databases: Databases, name: str) -> str:
    """A token that signs an author in, within 30 minutes. Raises NotFound for an unknown name."""
    async with databases.site.read() as connection:
        author = await store.by_name(connection, name.strip())
    if author is None:
        raise NotFound(f"there is no author named {name}")
    async with databases.site.transaction() as connection:
        await audit.record(connection, SYSTEM, "author.link", author.id, author.name)
    return await _issue(databases, "login", author.id)


async def works(databases: Databases, token: str, purpose: Purpose) -> bool:
    """Whether the token would be taken now. Changes nothing: programs that preview links come here first."""
    async with databases.ttl.read() as connection:
        return await token_store.find(connection, sha256(token), purpose, clock.now_us()) is not None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What the first author says of themselves and of the site."""

    name: str
    display_name: str
    password: str | None
    site_title: str


async def set_up(databases: Databases, token: str, claim: Claim, key: Passkey | Identity | None = None) -> Author:
    """Use a set-up token: the first author, with a password, with a passkey, whose author they become, or with an
    account at GitHub. Raises Unauthorized for a spent one, Conflict when the site has been claimed.

    Invalid leaves the token unused. Two at once cannot both win: the site's write lock is held from the first look to
    the row. A crash between the two files costs the token alone, and `sdc up` prints a new one.
    """
    if not await works(databases, token, "setup"):
        raise _spent()
    title = site.clean_title(claim.site_title)
    if key is None and claim.password is None:
        raise Invalid("choose a password, or a passkey", field="password")
    author = await accounts.prepare(
        name=claim.name,
        display_name=claim.display_name,
        password=claim.password,
        role="owner",
        author_id=key.author_id if isinstance(key, Passkey) else "",
    )
    async with databases.site.transaction() as connection:
        if await store.any_exists(connection):
            raise Conflict("the site has an author already")
        await _take(databases, token, "setup")
        await store.insert(connection, author)
        match key:
            case Passkey():
                await passkey_store.insert(connection, key)
            case Identity():
                await github.keep(connection, key, author.actor)
        await site.set_title(connection, title)
        await audit.record(connection, author.actor, "author.added", author.id, f"{author.name}, as the first owner")
    log.info("the site was claimed", extra={"author": author.name})
    return author


async def log_in(databases: Databases, token: str) -> Author:
    """Use a login token. Raises Unauthorized for a spent one."""
    taken = await _take(databases, token, "login")
    async with databases.site.read() as connection:
        author = await store.by_id(connection, taken.author_id or "")
    if author is None:
        raise _spent()
    log.info("an author signed in", extra={"author": author.name, "by": "link"})
    return author


async def _issue(databases: Databases, purpose: Purpose, author_id: str | None) -> str:
    """The newest link alone works: whoever asks for another one has lost the first."""
    token = clock.new_token()
    row = OneTimeToken(
        token_sha256=sha256(token),
        purpose=purpose,
        author_id=author_id,
        expires_at_us=clock.now_us() + LIFETIME_US,
    )
    async with databases.ttl.transaction() as connection:
        await token_store.delete_of(connection, purpose, author_id)
        await token_store.insert(connection, row)
    return token


async def _take(databases: Databases, token: str, purpose: Purpose) -> OneTimeToken:
    async with databases.ttl.transaction() as connection:
        found = await token_store.find(connection, sha256(token), purpose, clock.now_us())
        if found is None:
            raise _spent()
        await token_store.delete(connection, found.token_sha256)
    return found


def _spent() -> Unauthorized:
    return Unauthorized("this link has been used or its 30 minutes are over: ask for a new one")
