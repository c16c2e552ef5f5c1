"""Invitations: a link, good once within seven days, by which somebody becomes an author in a role."""

import logging

import msgspec
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid, NotFound, Unauthorized
from sdc_core.sqlite import IntegrityError

from sdc_web import audit
from sdc_web.about import site
from sdc_web.authors import accounts, invitation_store, passkey_store, rights, store
from sdc_web.authors.invitation_store import Invitation
from sdc_web.authors.passkey_store import Passkey
from sdc_web.authors.rights import Actor, Role
from sdc_web.authors.store import Author
from sdc_web.authors.token_store import sha256
from sdc_web.db import Databases

LIFETIME_US = 7 * clock.DAY_US
MAX_WHOM = 100
MOST = 50
"""Open at once."""

log = logging.getLogger(__name__)


def path(token: str) -> str:
    """Where the link leads, below the site's address."""
    return f"/author/invitations/{token}"


async def make(databases: Databases, by: Actor, role: Role, whom: str) -> str:
    """The token of a new invitation; `whom` is a note. Raises Forbidden, Invalid, Conflict when too many are open."""
    rights.require(by, "authors.change")
    note = " ".join(whom.split())
    if len(note) > MAX_WHOM or site.is_misleading(note):
        raise Invalid(f"the note has at most {MAX_WHOM} visible characters", field="whom")
    async with databases.site.read() as connection:
        author = await store.by_id(connection, by.id)
    token, now_us = clock.new_token(), clock.now_us()
    made = Invitation(
        id=clock.new_id(),
        token_sha256=sha256(token),
        role=role,
        whom=note,
        made_by_id=by.id,
        made_by_name=author.display_name if author else by.name,
        created_at_us=now_us,
        expires_at_us=now_us + LIFETIME_US,
    )
    async with databases.site.transaction() as connection:
        await audit.record(connection, by, "invitation.made", made.id, _words(made))
        async with databases.ttl.transaction() as ttl:
            if await invitation_store.count(ttl, now_us) >= MOST:
                raise Conflict(f"{MOST} invitations are open already: take back some first")
            await invitation_store.insert(ttl, made)
    return token


async def listing(databases: Databases, by: Actor) -> list[Invitation]:
    """Those that can still be accepted, the newest first. Raises Forbidden."""
    rights.require(by, "authors.read")
    async with databases.ttl.read() as connection:
        return await invitation_store.open_ones(connection, clock.now_us())


async def revoke(databases: Databases, by: Actor, invitation_id: str) -> None:
    """The link opens nothing any more. Raises Forbidden, NotFound."""
    rights.require(by, "authors.change")
    async with databases.site.transaction() as connection:
        async with databases.ttl.transaction() as ttl:
            gone = await invitation_store.delete(ttl, invitation_id)
        if gone is None:
            raise NotFound("there is no such invitation: it may have been accepted")
        await audit.record(connection, by, "invitation.revoked", gone.id, _words(gone))


async def find(databases: Databases, token: str) -> Invitation:
    """What the link offers. Changes nothing. Raises Unauthorized, in the same words for whatever it is not."""
    async with databases.ttl.read() as connection:
        found = await invitation_store.by_token(connection, sha256(token), clock.now_us())
    if found is None:
        raise Unauthorized("this invitation has been used or taken back, or its seven days are over: ask for a new one")
    return found


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """What the invited say of themselves; without a password they bring a passkey."""

    name: str
    display_name: str
    password: str | None


async def accept(databases: Databases, token: str, said: Acceptance, passkey: Passkey | None = None) -> Author:
    """The new author. Raises Unauthorized as `find`, Invalid and then the link still works.

    Two at once cannot both win: the token is taken inside the transaction that adds the author. A crash between the
    two files costs the link, and nothing else.
    """
    offered = await find(databases, token)
    if passkey is None and said.password is None:
        raise Invalid("choose a password, or a passkey", field="password")
    author = await accounts.prepare(
        name=said.name,
        display_name=said.display_name,
        password=said.password,
        role=offered.role,
        author_id=passkey.author_id if passkey else "",
    )
    async with databases.site.transaction() as connection:
        try:
            await store.insert(connection, author)
        except IntegrityError:
            raise Invalid("somebody has this name already: choose another one", field="name") from None
        if passkey:
            await passkey_store.insert(connection, passkey)
        words = f"{_words(offered)}, of {offered.made_by_name}"
        await audit.record(connection, author.actor, "invitation.accepted", offered.id, words)
        async with databases.ttl.transaction() as ttl:
            if await invitation_store.delete(ttl, offered.id) is None:
                raise Unauthorized("this invitation has just been used or taken back: ask for a new one")
    log.info("an invitation was accepted", extra={"author": author.name, "role": author.role})
    return author


def _words(invitation: Invitation) -> str:
    return f"{invitation.whom or 'somebody'}, as {invitation.role}"
