"""Making authors and knowing them again: by password here, by link in `one_time_tokens`."""

import logging
import re

import msgspec
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid, NotFound, Throttled, Unauthorized
from sdc_core.sqlite import Database, IntegrityError

from sdc_web import audit, zones
from sdc_web.about import site
from sdc_web.authors import passwords, rights, store, throttle
from sdc_web.authors.rights import Actor, Role
from sdc_web.authors.store import Author
from sdc_web.db import Databases
from sdc_web.sessions import devices, endings

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
MAX_DISPLAY_NAME = 100

log = logging.getLogger(__name__)


async def create(
    databases: Databases,
    by: Actor,
    *,
    name: str,
    role: Role,
    display_name: str = "",
    password: str | None = None,
) -> Author:
    """Add an author; without a password, one who signs in by login links. Raises Forbidden, Invalid, Conflict for a
    taken name.
    """
    rights.require(by, "authors.change")
    author = await prepare(name=name, display_name=display_name, password=password, role=role)
    async with databases.site.transaction() as connection:
        try:
            await store.insert(connection, author)
        except IntegrityError:
            raise Conflict(f"there is an author named {author.name} already") from None
        await audit.record(connection, by, "author.added", author.id, f"{author.name}, as {author.role}")
    return author


async def prepare(*, name: str, display_name: str, password: str | None, role: Role, author_id: str = "") -> Author:
    """A checked author that is stored nowhere yet. The slow part, kept out of any transaction."""
    name = name.strip().lower()
    if not _NAME.fullmatch(name):
        raise Invalid("a name has 1 to 32 letters, digits, dots, hyphens or underscores", field="name")
    if name == rights.SYSTEM.name:
        raise Invalid("this is how the site itself is called in the audit log: choose another name", field="name")
    display_name = " ".join(display_name.split()) or name
    if len(display_name) > MAX_DISPLAY_NAME or site.is_misleading(display_name):
        raise Invalid(f"the shown name may have at most {MAX_DISPLAY_NAME} visible characters", field="display_name")
    if password is not None:
        await passwords.require_strong(password, name, display_name)
    return Author(
        id=author_id or clock.new_id(),
        name=name,
        display_name=display_name,
        password_hash=None if password is None else await passwords.hashed(password),
        created_at_us=clock.now_us(),
        role=role,
    )


async def any_exists(databases: Databases) -> bool:
    """Whether the site has been claimed."""
    async with databases.site.read() as connection:
        return await store.any_exists(connection)


async def has_password(databases: Databases, author_id: str) -> bool:
    """Whether they sign in by one; else by links alone."""
    async with databases.site.read() as connection:
        author = await store.by_id(connection, author_id)
    return author is not None and author.password_hash is not None


async def everyone(databases: Databases) -> list[Author]:
    """All authors, by name."""
    async with databases.site.read() as connection:
        return await store.everyone(connection)


async def sign_in(databases: Databases, *, name: str, password: str, address: str, device: str = "") -> Author:
    """The author with that name and password. `device` is what the browser brings of an earlier sign-in.

    Raises Unauthorized, in the same words and after the same work for an unknown name, and Throttled after failures.
    """
    async with databases.site.read() as connection:
        author = await store.by_name(connection, name.strip())
    if author is None or not await _knows(databases, author, device):
        device = ""
    concerned = (author.id, f"as {author.name}") if author else ("", "under a name that nobody has")
    limits = throttle.keys(name, address, device)
    try:
        await throttle.count(databases.ttl, limits)
    except Throttled:
        await audit.refused(databases, None, "session.throttled", *concerned)
        raise
    kept = await passwords.verify(author.password_hash if author else None, password)
    if author is None or kept is None:
        log.warning("a sign-in was refused", extra={"known_name": author is not None})
        await audit.refused(databases, None, "session.refused", *concerned)
        raise Unauthorized("this name and password do not belong together")
    await throttle.forgive(databases.ttl, limits)
    if kept != author.password_hash:
        await _keep_hash(databases.site, author, kept)
    log.info("an author signed in", extra={"author": author.name, "by": "password"})
    return msgspec.structs.replace(author, password_hash=kept)


async def set_password(databases: Databases, by: Actor, name: str, password: str, *, kept_id: str = "") -> Author:
    """A new password for whoever has that name, or the first one; it ends their sessions but the one named. Raises
    Forbidden, NotFound, Invalid.
    """
    async with databases.site.read() as connection:
        author = await store.by_name(connection, name.strip())
    if author is None:
        raise NotFound(f"there is no author named {name.strip()}")
    rights.require(by, "account.change", author.id)
    await passwords.require_strong(password, author.name, author.display_name)
    password_hash = await passwords.hashed(password)
    async with databases.site.transaction() as connection:
        await store.set_password_hash(connection, author.id, password_hash)
        await audit.record(connection, by, "author.password", author.id, author.name)
        await endings.with_change(databases, connection, by, author.id, kept_id)
    log.info("a password was changed", extra={"author": author.name})
    return msgspec.structs.replace(author, password_hash=password_hash)


async def set_time_zone(databases: Databases, by: Actor, author_id: str, name: str) -> None:
    """Whose clocks tell them the time in their area, by an IANA name. Raises Forbidden, Invalid."""
    rights.require(by, "account.change", author_id)
    if not name or not await zones.load(name):
        raise Invalid("choose one of these time zones", field="time_zone")
    async with databases.site.transaction() as connection:
        await store.set_time_zone(connection, author_id, name)
        await audit.record(connection, by, "author.time_zone", author_id, name)


async def _knows(databases: Databases, author: Author, device: str) -> bool:
    """Whether they have signed in there."""
    if not device:
        return False
    async with databases.ttl.read() as connection:
        return await devices.is_known(connection, author.id, device)


async def _keep_hash(site: Database, author: Author, password_hash: str) -> None:
    async with site.transaction() as connection:
        await store.set_password_hash(connection, author.id, password_hash)
