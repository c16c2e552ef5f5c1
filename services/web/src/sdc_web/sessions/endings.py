"""Ending sessions: one, all but one, and those that must not outlive a change of what lets an author in."""

from sdc_core.errors import NotFound
from sdc_core.sqlite import Connection

from sdc_web import audit
from sdc_web.authors import pending, rights
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.sessions import devices, store


async def revoke(databases: Databases, by: Actor, session_id: str, *, from_id: str = "") -> None:
    """End one of one's own sessions. Raises NotFound when it is none of theirs.

    `from_id` is the session that asks: what another one ends is a browser that is known no more, so that a sign-in
    there is told like any new one. Signing out leaves it known.
    """
    async with databases.ttl.transaction() as connection:
        ended = await store.delete(connection, by.id, session_id)
        if ended is None:
            raise NotFound("there is no such session")
        if from_id and from_id != session_id:
            await devices.forget(connection, by.id, ended.device_sha256)
    async with databases.site.transaction() as connection:
        words = ", ".join(filter(None, (devices.name(ended.user_agent), ended.country)))
        await audit.record(connection, by, "session.ended", session_id, words)


async def revoke_all(databases: Databases, by: Actor, author_id: str, *, kept_id: str = "") -> int:
    """End all sessions of an author but the one named, and sign-ins under way; returns how many sessions ended. Raises
    Forbidden.
    """
    rights.require(by, "account.change", author_id)
    async with databases.site.transaction() as connection:
        return await with_change(databases, connection, by, author_id, kept_id)


async def with_change(databases: Databases, site: Connection, by: Actor, author_id: str, kept_id: str) -> int:
    """The same inside the transaction of a change of the ways in, so that nothing which the former way opened outlives
    it; of two files the sessions are written first. The browsers of sessions that ended are known no more.
    """
    async with databases.ttl.transaction() as connection:
        await pending.delete_of(connection, author_id)
        await devices.forget_others(connection, author_id, kept_id)
        ended = await store.delete_others(connection, author_id, kept_id)
    if ended:
        whose = "" if author_id == by.id else " of another author"
        words = f"{ended} {'session' if ended == 1 else 'sessions'}{whose}"
        await audit.record(site, by, "session.ended", author_id, words)
    return ended
