"""Beginning and recognising sessions. 90 days from the last day of use, and a year at most."""

import hashlib

import msgspec
from sdc_core import clock

from sdc_web import audit, zones
from sdc_web.authors import store as authors
from sdc_web.authors.rights import Action, Actor, Role
from sdc_web.authors.store import Author
from sdc_web.db import Databases
from sdc_web.sessions import devices, store
from sdc_web.sessions.store import Session

ROLLING_US = 90 * clock.DAY_US
ABSOLUTE_US = 365 * clock.DAY_US
REFRESH_AFTER_US = clock.DAY_US
SEEN_AFTER_US = 10 * 60 * clock.SECOND_US
MAX_USER_AGENT = 300


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """A new session: `token` and `device` go into cookies and are kept nowhere else."""

    token: str
    device: str
    session: Session


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """Who a request comes from. `refreshed` tells that the cookie should be written again with `expires_at_us`;
    `time_zone` is empty while none is chosen, which is UTC.
    """

    id: str
    name: str
    display_name: str
    role: Role
    session_id: str
    confirmed_at_us: int
    expires_at_us: int
    refreshed: bool
    time_zone: str = ""
    session_began_us: int = 0
    told_until_us: int = 0

    @property
    def actor(self) -> Actor:
        """They, as whoever does something."""
        return Actor(id=self.id, name=self.name, role=self.role)

    def may(self, action: Action) -> bool:
        """Whether pages offer them this."""
        return self.actor.may(action)


async def start(
    databases: Databases,
    author: Author,
    *,
    user_agent: str,
    country: str,
    replaces: str = "",
    device: str = "",
    way: str = "",
) -> Started:
    """A session with an id of its own. The browser brought the tokens `replaces`, whose session ends, and `device`, by
    which it is known again; a sign-in on a device that the author has not used is told to them on the others.
    """
    token, now_us = clock.new_token(), clock.now_us()
    session = Session(
        token_sha256=sha256(token),
        id=clock.new_id(),
        author_id=author.id,
        created_at_us=now_us,
        refreshed_at_us=now_us,
        confirmed_at_us=now_us,
        expires_at_us=now_us + ROLLING_US,
        user_agent=user_agent[:MAX_USER_AGENT],
        country=country,
        way=way,
        seen_at_us=now_us,
        seen_country=country,
    )
    # Two files: what is told and did not come to be does less harm than what came to be and is not told.
    async with databases.site.transaction() as connection:
        words = ", ".join(filter(None, (f"by {way}" if way else "", devices.name(user_agent), country)))
        await audit.record(connection, author.actor, "session.begun", session.id, words)
    async with databases.ttl.transaction() as connection:
        known = await devices.is_known(connection, author.id, device)
        device = device if known else clock.new_token()
        session = msgspec.structs.replace(
            session,
            unknown_device=not known and await devices.any_known(connection, author.id),
            device_sha256=sha256(device),
        )
        await devices.remember(connection, author.id, device)
        await store.delete_by_token(connection, sha256(replaces))
        await store.insert(connection, session)
    return Started(token=token, device=device, session=session)


async def find(databases: Databases, token: str, country: str = "") -> SignedIn | None:
    """Who holds this token, or None. Prolongs the session when it was last prolonged more than a day ago, and keeps,
    to ten minutes, when and where it was last used.
    """
    now_us = clock.now_us()
    async with databases.ttl.read() as connection:
        session = await store.by_token(connection, sha256(token), now_us)
    if session is None:
        return None
    async with databases.site.read() as connection:
        author = await authors.by_id(connection, session.author_id)
    if author is None:
        return None
    due = now_us - session.refreshed_at_us > REFRESH_AFTER_US
    expires_at_us = min(now_us + ROLLING_US, session.created_at_us + ABSOLUTE_US) if due else session.expires_at_us
    if due or now_us - session.seen_at_us > SEEN_AFTER_US:
        async with databases.ttl.transaction() as connection:
            if due and not await store.refresh(connection, session.token_sha256, now_us, expires_at_us):
                return None
            await store.seen(connection, session.token_sha256, now_us, country or session.seen_country)
    return SignedIn(
        id=author.id,
        name=author.name,
        display_name=author.display_name,
        role=author.role,
        time_zone=author.time_zone if await zones.load(author.time_zone) else "",
        session_id=session.id,
        session_began_us=session.created_at_us,
        told_until_us=session.told_until_us,
        confirmed_at_us=session.confirmed_at_us,
        expires_at_us=expires_at_us,
        refreshed=due,
    )


async def listing(databases: Databases, author_id: str) -> list[Session]:
    """The author's sessions, the most recently used first."""
    async with databases.ttl.read() as connection:
        return await store.of_author(connection, author_id, clock.now_us())


def sha256(token: str) -> str:
    """The form in which a session's token is stored and looked up."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
